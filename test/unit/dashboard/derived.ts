/**
 * Snapshots recorded by test/fixtures/record-snapshots.mjs, and what is derived from them by stated changes. Fields that
 * snapshots gained after they were recorded (evidence.word and reasons, refusals by kind) were added to the files, each
 * from what the recorded fields say.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Evidence, Snapshot } from "../../../collector/snapshot.ts";
import { crowdOf } from "../../fixtures/crowd.mjs";

const folder = join(import.meta.dirname, "../../fixtures/snapshots");

export function recorded(name: "empty" | "busy" | "blind"): readonly Snapshot[] {
  const lines = readFileSync(join(folder, `${name}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as Snapshot);
}

/** busy, with what the evidence says when lines are lost and the probes had to be started again. */
export function lossy(): readonly Snapshot[] {
  return recorded("busy").map((snapshot, index, all) => {
    if (index < all.length - 3) return snapshot;
    const gap = { from: all[index - 2]?.time ?? "", to: snapshot.time, reason: "bpftrace was killed by SIGKILL" };
    const text = "3 printed lines lost: totals are not affected, names and times of single events may be missing";
    const evidence: Evidence = {
      ...snapshot.evidence,
      complete: false,
      lost: 3,
      restarts: 1,
      gaps: [gap],
      unattributedSplits: 17,
      why: [text],
      word: "lossy",
      reasons: [{ kind: "lost", text }],
    };
    return { ...snapshot, evidence };
  });
}

/** busy, with its holders repeated (test/fixtures/crowd.mjs). */
export function crowd(holders: number): readonly Snapshot[] {
  return crowdOf(recorded("busy"), holders);
}

/** What processes and containers may be called. Cut to nothing: the kernel's own limit of 15 bytes is not relied on. */
export const hostileNames = [
  "\"quotes\" 'and' `$(x)`",
  "\x1b[2J\x1b[31mred",
  "{red-fg}{bold}x{/}",
  "世界世界世界世界世界",
  "👩‍👩‍👧‍👦🔑🗝️é",
  "\u202egnp.txe",
  "שלום עולם",
  Buffer.from([0xff, 0xfe, 0x41, 0xc3]).toString("utf8"),
  "a\nb\rc\td\x07\x9b31m",
  "\u0301\u0301combining",
  "zero\u200bwidth\ufeff",
  "</div><script>",
];

/** busy, with hostile names for holders, causes, victims, cgroups and the host. */
export function hostile(): readonly Snapshot[] {
  const name = (index: number) => hostileNames[index % hostileNames.length] ?? "";
  return crowd(hostileNames.length).map((snapshot) => ({
    ...snapshot,
    host: { ...snapshot.host, name: "{red-fg}host\x1b]0;pwned\x07", kernel: "6.18\u202e世" },
    splitCauses: snapshot.splitCauses.map((cause, index) => ({ ...cause, comm: name(index + 1) })),
    secret: {
      ...snapshot.secret,
      holders: snapshot.secret.holders.map((holder, index) => ({
        ...holder,
        comm: name(index),
        cgroup: `/${name(index + 3)}.slice/${name(index + 1)}`,
      })),
      // A stranger too: asked, was turned down, holds nothing.
      refusedProcesses: snapshot.secret.refusedProcesses.flatMap((refused) => [
        { ...refused, comm: name(0) },
        { ...refused, pid: 7, comm: name(2) },
      ]),
    },
    oom: {
      ...snapshot.oom,
      recent: snapshot.oom.recent.map((kill) => ({
        ...kill,
        victim: { ...kill.victim, comm: name(3) },
        trigger: { ...kill.trigger, comm: name(1) },
        cgroup: `/${name(2)}`,
      })),
    },
  }));
}
