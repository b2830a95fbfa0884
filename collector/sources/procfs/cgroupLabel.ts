/** A short name for a cgroup path: the container or unit that a person knows it by. Pure; the result is hostile text still. */

export interface CgroupLabel {
  readonly kind: "docker" | "podman" | "containerd" | "crio" | "kubernetes" | "lxc" | "machine" | "unit" | "path";
  /** As on a screen: docker:3f2a9c0d1e4b, kubernetes:<pod uid>/<container id>, nginx.service. */
  readonly text: string;
  /** Full id of the container, where there is one. */
  readonly container: string | null;
  /** Uid of the Kubernetes pod, where there is one. */
  readonly pod: string | null;
}

const shortId = 12;
const containerId = "[0-9a-f]{64}";

/** How each runtime names the last directory of a container: cgroupfs driver, systemd driver. */
const runtimes: readonly { readonly kind: CgroupLabel["kind"]; readonly pattern: RegExp }[] = [
  { kind: "docker", pattern: new RegExp(`/docker[-/](${containerId})(?:\\.scope)?(?:/|$)`) },
  { kind: "podman", pattern: new RegExp(`/libpod-(?:payload-)?(${containerId})(?:\\.scope)?(?:/|$)`) },
  { kind: "containerd", pattern: new RegExp(`[/:](?:cri-)?containerd[-:](${containerId})(?:\\.scope)?(?:/|$)`) },
  { kind: "crio", pattern: new RegExp(`/crio-(${containerId})(?:\\.scope)?(?:/|$)`) },
];

/** kubepods-burstable-pod<uid with underscores>.slice, or kubepods/burstable/pod<uid>; nested in any other (kind). */
const podUid =
  /kubepods[^/]*(?:\/[^/]+)*?[-/]pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?:\/|$)/;
const bareContainer = new RegExp(`/(${containerId})(?:/|$)`);
const lxc = /\/lxc(?:\.payload[./]|\.monitor[./]|\/)([^/]+)/;
const machine = /\/machine\.slice\/machine-([^/]+)\.scope(?:\/|$)/;
const unit = /\/([^/]+\.(?:service|scope|socket|mount|slice))(?=\/|$)/g;

/** null in, null out: what is not known has no name. */
export function cgroupLabel(path: string): CgroupLabel;
export function cgroupLabel(path: string | null): CgroupLabel | null;
export function cgroupLabel(path: string | null): CgroupLabel | null {
  if (path === null) return null;
  return kubernetesLabel(path) ?? runtimeLabel(path) ?? namedLabel(path) ?? label("path", path);
}

function label(kind: CgroupLabel["kind"], text: string, container: string | null = null, pod: string | null = null) {
  return { kind, text, container, pod };
}

function runtimeOf(path: string) {
  for (const { kind, pattern } of runtimes) {
    const id = pattern.exec(path)?.[1];
    if (id !== undefined) return { kind, id };
  }
  return undefined;
}

function kubernetesLabel(path: string): CgroupLabel | undefined {
  const pod = podUid.exec(path)?.[1]?.replaceAll("_", "-");
  if (pod === undefined) return undefined;
  const id = runtimeOf(path)?.id ?? bareContainer.exec(path)?.[1] ?? null;
  const text = id === null ? pod : `${pod}/${id.slice(0, shortId)}`;
  return label("kubernetes", `kubernetes:${text}`, id, pod);
}

function runtimeLabel(path: string): CgroupLabel | undefined {
  const found = runtimeOf(path);
  return found && label(found.kind, `${found.kind}:${found.id.slice(0, shortId)}`, found.id);
}

function namedLabel(path: string): CgroupLabel | undefined {
  const container = lxc.exec(path)?.[1];
  if (container !== undefined) return label("lxc", `lxc:${container}`, container);
  const name = machine.exec(path)?.[1];
  if (name !== undefined) return label("machine", `machine:${unescapeUnit(name)}`, unescapeUnit(name));
  // The innermost unit says most; a slice only when there is nothing else.
  const units = Array.from(path.matchAll(unit), ([, unitName = ""]) => unitName);
  const innermost = units.findLast((unitName) => !unitName.endsWith(".slice")) ?? units.at(-1);
  return innermost === undefined ? undefined : label("unit", unescapeUnit(innermost));
}

/** systemd writes bytes that a unit name may not hold as \xNN (systemd-escape(1)). */
function unescapeUnit(name: string): string {
  if (!name.includes("\\x")) return name;
  const bytes = name.replace(/[^\0-\x7f]/g, (character) => Buffer.from(character).toString("latin1"));
  const raw = bytes.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(raw, "latin1").toString("utf8");
}
