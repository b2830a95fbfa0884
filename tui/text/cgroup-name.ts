/** A cgroup path as the name that a person knows it by. */

/** Scopes and folders that container engines make: the id is what their own commands take. */
const containers: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)docker[-/]([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?:\/|$)/, "docker"],
  [/(?:^|\/)libpod-(?:conmon-)?([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?:\/|$)/, "podman"],
  [/(?:^|\/)(?:cri-containerd|crio)[-:]([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?:\/|$)/, "container"],
  [/(?:^|\/)kubepods.*\/([0-9a-f]{12})[0-9a-f]{52}(?:\/|$)/, "container"],
  [/(?:^|\/)(?:lxc\.payload\.|lxc\/)([^/]+)/, "lxc"],
  [/(?:^|\/)machine-([^/]+)\.scope(?:\/|$)/, "machine"],
  [/(?:^|\/)systemd-nspawn@([^/]+)\.service(?:\/|$)/, "machine"],
];

/** "docker 1a2b3c4d5e6f", "nginx.service", "session-3.scope"; the path itself when it has no better name; "?" unknown. */
export function cgroupName(path: string | null): string {
  if (path === null) return "?";
  for (const [pattern, engine] of containers) {
    const id = pattern.exec(path)?.[1];
    if (id !== undefined) return `${engine} ${id}`;
  }
  const unit = path
    .split("/")
    .reverse()
    .find((part) => /\.(service|scope)$/.test(part));
  return unit ?? path;
}
