/**
 * One OOM kill comes in several lines, since a tuple of bpftrace has room for few elements: who was chosen and by whom,
 * the trigger's cgroups, the stack, and, when the victim ends, its own cgroup. Lines of one kill share its number.
 */
import { isCgroupOom } from "../../../probes/kernel/cause.ts";
import type { OomConstraint, OomKillEvent } from "../../events.ts";
import { type MonotonicNs, pid as toPid } from "../../units.ts";

interface CgroupLevel {
  readonly id: bigint;
  readonly usage: number;
  readonly limit: number;
}

/** The first line of a kill. */
export interface OomBegin {
  readonly at: MonotonicNs;
  readonly victimPid: number;
  readonly triggerPid: number;
  readonly triggerUid: number;
  readonly triggerComm: string;
  readonly victimUid: number;
}

interface Kill extends Omit<OomBegin, "victimUid"> {
  victimUid: number | null;
  victimComm: string;
  victimCgroup: string | null;
  constraint: OomConstraint | null;
  levels: CgroupLevel[];
  stack: readonly string[];
}

/** enum oom_constraint, include/linux/oom.h. */
const constraints: readonly OomConstraint[] = ["none", "cpuset", "mempolicy", "memcg"];
/** A kill whose lines never became complete is not kept for ever. */
const keep = 64;

export class OomLines {
  readonly #kills = new Map<number, Kill>();
  readonly #constraintBy = new Map<number, OomConstraint>();
  readonly #pathOf: (id: bigint) => string | null;
  readonly #cgroupOfProcess: (pid: number) => string | null;

  constructor(pathOf: (id: bigint) => string | null, cgroupOfProcess: (pid: number) => string | null) {
    this.#pathOf = pathOf;
    this.#cgroupOfProcess = cgroupOfProcess;
  }

  /** The constraint is said before the victim, by the function route, in the trigger's context. */
  constraint(triggerPid: number, value: number): void {
    const constraint = constraints[value];
    if (constraint !== undefined) this.#constraintBy.set(triggerPid, constraint);
    if (this.#constraintBy.size > keep) this.#constraintBy.clear();
  }

  begin(kill: number, said: OomBegin): void {
    this.#kills.set(kill, {
      ...said,
      // -1 where the tracepoint does not say it, as a signed or an unsigned number.
      victimUid: said.victimUid < 0 || said.victimUid >= 0xffffffff ? null : said.victimUid,
      victimComm: "",
      // The victim still is there for a moment; its own last line says it for certain.
      victimCgroup: this.#cgroupOfProcess(said.victimPid),
      constraint: this.#constraintBy.get(said.triggerPid) ?? null,
      levels: [],
      stack: [],
    });
    this.#constraintBy.delete(said.triggerPid);
    if (this.#kills.size > keep) {
      const oldest = this.#kills.keys().next().value;
      if (oldest !== undefined) this.#kills.delete(oldest);
    }
  }

  victimName(kill: number, comm: string): void {
    const known = this.#kills.get(kill);
    if (known !== undefined && comm !== "") known.victimComm = comm;
  }

  stack(kill: number, frames: readonly string[]): void {
    const known = this.#kills.get(kill);
    if (known === undefined) return;
    known.stack = frames;
    if (known.constraint === null) {
      const byCgroup = isCgroupOom(frames);
      if (byCgroup !== null) known.constraint = byCgroup ? "memcg" : "none";
    }
  }

  cgroup(kill: number, level: CgroupLevel): void {
    this.#kills.get(kill)?.levels.push(level);
  }

  /** The victim's end, in its own context. */
  victimEnded(kill: number, uid: number, cgroupId: bigint, comm: string): void {
    const known = this.#kills.get(kill);
    if (known === undefined) return;
    known.victimUid = uid;
    known.victimCgroup = this.#pathOf(cgroupId) ?? known.victimCgroup;
    if (known.victimComm === "") known.victimComm = comm;
  }

  event(kill: number, epoch: number): OomKillEvent | undefined {
    const known = this.#kills.get(kill);
    if (known === undefined) return undefined;
    return {
      kind: "oomKill",
      at: known.at,
      epoch,
      kill,
      victim: {
        pid: toPid(known.victimPid),
        comm: known.victimComm,
        uid: known.victimUid,
        cgroup: known.victimCgroup,
      },
      trigger: {
        pid: toPid(known.triggerPid),
        comm: known.triggerComm,
        uid: known.triggerUid,
        cgroup: this.#levelPath(known.levels[0]),
      },
      constraint: known.constraint,
      cgroup: known.constraint === "memcg" ? (this.#levelPath(exhausted(known.levels)) ?? known.victimCgroup) : null,
    };
  }

  #levelPath(level: CgroupLevel | undefined): string | null {
    return level === undefined ? null : this.#pathOf(level.id);
  }
}

/** The limit that was hit is the one with the least room left: a charge fails at the first ancestor without any. */
function exhausted(levels: readonly CgroupLevel[]): CgroupLevel | undefined {
  return levels.reduce<CgroupLevel | undefined>(
    (least, level) => (least === undefined || level.limit - level.usage < least.limit - least.usage ? level : least),
    undefined,
  );
}
