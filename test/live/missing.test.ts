/**
 * Where something is missing, everything else is shown, and what is missing is named with its remedy: no stack trace,
 * no silent zero. Each place is made for real, with this machine's own kernel, in namespaces of its own.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { Workload } from "../truth/workload.ts";

const repository = join(import.meta.dirname, "../..");
/** Where the repository is mounted: a clone may lie where only its owner may look. */
const mounted = "/mnt";
const nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";

interface Place {
  /** In a mount namespace, as root. */
  readonly prepare: string;
  /** Who runs the command, when not root. */
  readonly run?: string;
  readonly remedy: RegExp;
  /** What `who` says of those whom it may not see, where there are some. */
  readonly unseen?: RegExp;
  /** What `splits` says, where that is something else. */
  readonly ofSplits?: RegExp;
}

const places: Readonly<Record<string, Place>> = {
  "without tracefs": {
    prepare: "for place in debug/tracing tracing debug; do umount -q /sys/kernel/$place 2>/dev/null; done; true",
    remedy: /tracefs is not mounted; mount -t tracefs tracefs \/sys\/kernel\/tracing/,
  },
  "without BTF": {
    prepare: "mount -t tmpfs none /sys/kernel/btf",
    remedy: /does not describe its structures; a kernel with CONFIG_DEBUG_INFO_BTF/,
    ofSplits: /split the direct map in this time|known cause/,
  },
  "without root": {
    prepare: "true",
    run: nobody,
    remedy: /not root; run it with sudo/,
    unseen: /root sees them \(sudo\)/,
  },
  "as root of a container, with no capabilities": {
    prepare: "true",
    run: "setpriv --bounding-set=-all --inh-caps=-all",
    remedy: /root without CAP_BPF and CAP_PERFMON; give it all capabilities \(docker: --privileged\)/,
    unseen: /even this root may not \(no CAP_SYS_PTRACE/,
  },
  "without root, where /proc hides the processes of others": {
    prepare: "mount -o remount,hidepid=2 /proc",
    run: nobody,
    remedy: /hidepid/,
    unseen: /root on the host sees them/,
    ofSplits: /host's pid namespace \(docker: --pid=host\)/,
  },
  "without bpftrace": {
    prepare: "mount --bind /dev/null $(command -v bpftrace)",
    remedy: /bpftrace was not found.*; install it \(/,
  },
};

const oneLine = (text: string) => text.replace(/\s+/g, " ");

let holder: Workload;
beforeAll(async () => {
  holder = await Workload.start();
  await holder.secret(32);
});
afterAll(async () => {
  await holder?.finish();
});

/** In mount and pid namespaces of its own: what is hidden here is hidden from nobody else. */
function within(place: string, ...words: string[]): SpawnSyncReturns<string> {
  const { prepare = "", run = "" } = places[place] ?? {};
  const script = `mount --bind "$0" ${mounted} && cd / && { ${prepare}; } && exec ${run} "$@"`;
  const own = place.includes("hides") ? ["--pid", "--fork", "--mount-proc"] : [];
  return spawnSync(
    "unshare",
    ["--mount", ...own, "sh", "-c", script, repository, process.execPath, join(mounted, "dist/tui/cli.js"), ...words],
    {
      encoding: "utf8",
      timeout: 60_000,
      env: { ...process.env, COLUMNS: "400", HOME: "/" },
    },
  );
}

describe.each(Object.keys(places))("%s", (place) => {
  const { remedy, unseen, ofSplits = remedy } = places[place] as Place;

  test.each([["doctor"], ["watch", "--once"], ["splits", "--for", "1s"]])("%s", (...words) => {
    const { status, stdout, stderr } = within(place, ...words);
    expect(stderr).toBe("");
    expect([0, 1]).toContain(status);
    expect(oneLine(stdout)).toMatch(words[0] === "splits" ? ofSplits : remedy);
    expect(stdout).not.toMatch(/^\s+at |undefined|NaN|\[object/m);
  });

  test("the snapshot says null, not 0, for what nobody counted", () => {
    const { status, stdout } = within(place, "watch", "--once", "--json");
    expect(status).toBe(0);
    const snapshot = JSON.parse(stdout) as Snapshot;
    if (snapshot.evidence.route.splits === null) expect(snapshot.splitCauses).toEqual([]);
    if (snapshot.evidence.route.pages === "procfs") {
      expect(snapshot.secret.unheldBytes).toBeNull();
      expect(snapshot.secret.holders.map(({ allocatedBytes }) => allocatedBytes)).not.toContain(0);
    }
    expect(snapshot.evidence.complete).toBe(false);
    expect(snapshot.evidence.blind.every(({ reason, remedy: what }) => reason !== "" && what !== "")).toBe(true);
  });

  test("who still finds whom it may see, and counts whom it may not", () => {
    const { status, stdout } = within(place, "who");
    const sees = unseen === undefined;
    expect(status).toBe(sees ? 1 : 0);
    expect(stdout.includes(String(holder.pid))).toBe(sees);
    if (!sees) expect(oneLine(stdout)).toMatch(unseen);
  });
});

test.each([["who"], ["doctor"], ["watch", "--once"], ["splits", "--for", "1s"]])(
  "without /proc nothing can be known: %s says so, and what to do",
  (...words) => {
    const script = 'mount -t tmpfs none /proc && exec "$@"';
    const command = [process.execPath, join(repository, "dist/tui/cli.js"), ...words];
    const { status, stdout, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script, "sh", ...command], {
      encoding: "utf8",
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe("secretscope: /proc/meminfo cannot be read; mount -t proc proc /proc\n");
  },
);

test("nothing of this is left behind", () => {
  expect(spawnSync("mount", { encoding: "utf8" }).stdout).not.toMatch(/hidepid=(?!0)|\/sys\/kernel\/btf/);
});
