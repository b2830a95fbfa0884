/** What the program prints once, when it happens: names, ends, creations, sizes, OOM kills. Tuples: a tag, then fields. */
import { integer, toBigInt, type Value } from "bpftrace-wrapper";
import { framesOf } from "../../../probes/kernel/cause.ts";
import type { Emit } from "../../events.ts";
import { block, inode, type MonotonicNs, monotonicNs, pages } from "../../units.ts";
import type { Identities } from "./identities.ts";
import type { OomLines } from "./oomLines.ts";

export interface LinesOptions {
  readonly epoch: number;
  /** secretmem's s_dev; sizes of other files are not ours. */
  readonly device: number | null;
  readonly emit: Emit;
  readonly now: () => MonotonicNs;
  readonly identities: Identities;
  readonly oom: OomLines;
  readonly cgroupPath: (id: bigint) => string | null;
  /** Who holds what may have changed. */
  readonly onChange: (pid?: number) => void;
  /** No key of this process will move again. */
  readonly onEnd: (pid: number, rawStart: bigint) => void;
}

/** Has to fit into the column of a trace: that is 8 EiB of memory. */
const mostBlock = 2 ** 32 - 1;

export class Lines {
  readonly #options: LinesOptions;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  /** @returns false when the tag is not one of these. */
  take(tag: Value, values: readonly Value[]): boolean {
    const { emit, identities, cgroupPath, onChange } = this.#options;
    const fields = new Fields(values, this.#options.now);
    switch (tag) {
      case "page":
      case "pageBack":
        this.#page(fields, tag === "page");
        return true;
      case "process":
        emit({
          kind: "process",
          at: fields.time(0),
          ...identities.of(fields.number(1), fields.number(2)),
          uid: fields.number(3),
          cgroup: cgroupPath(fields.big(4)),
          comm: fields.text(5),
        });
        return true;
      case "rename":
        emit({
          kind: "process",
          at: fields.time(0),
          ...identities.of(fields.number(1), fields.number(2)),
          uid: null,
          cgroup: null,
          comm: fields.text(3),
        });
        return true;
      case "exit":
        this.#options.onEnd(fields.number(1), fields.big(2));
        emit({ kind: "exit", at: fields.time(0), ...identities.of(fields.number(1), fields.number(2)) });
        onChange();
        return true;
      case "create":
        emit({
          kind: "created",
          at: fields.time(0),
          ...identities.of(fields.number(1), fields.number(2)),
          inode: inode(fields.number(3)),
        });
        onChange(fields.number(1));
        return true;
      case "size":
        if (fields.number(2) === this.#options.device) {
          emit({
            kind: "fileSize",
            at: fields.time(0),
            inode: inode(fields.number(1)),
            pages: pages(fields.number(3)),
          });
        }
        return true;
      default:
        return this.#oom(tag, fields);
    }
  }

  /** Hot, with --detail page. */
  #page(fields: Fields, taken: boolean): void {
    const { emit, identities, now } = this.#options;
    const pid = fields.number(1);
    const start = fields.number(2);
    const file = fields.number(3);
    const number = fields.number(4);
    if (!(pid >= 0 && start >= 0 && file >= 0 && number >= 0 && number <= mostBlock)) {
      emit({ kind: "lost", at: now(), what: "unreadable", count: 1 });
      return;
    }
    const process = identities.of(pid, start);
    emit({ kind: "page", at: fields.time(0), ...process, inode: inode(file), block: block(number), taken });
  }

  #oom(tag: Value, fields: Fields): boolean {
    const { oom, onChange } = this.#options;
    switch (tag) {
      case "oomConstraint":
        oom.constraint(fields.number(1), fields.number(2));
        return true;
      case "oom":
        oom.begin(fields.number(1), {
          at: fields.time(0),
          victimPid: fields.number(2),
          triggerPid: fields.number(3),
          triggerUid: fields.number(5),
          victimUid: fields.number(6),
          triggerComm: fields.text(7),
        });
        onChange();
        return this.#tell(fields.number(1));
      case "oomVictim":
        oom.victimName(fields.number(0), fields.text(1));
        return this.#tell(fields.number(0));
      case "oomStack":
        oom.stack(fields.number(0), framesOf(fields.text(1)));
        return this.#tell(fields.number(0));
      case "oomCgroup":
        oom.cgroup(fields.number(0), { id: fields.big(2), usage: fields.number(3), limit: fields.number(4) });
        return this.#tell(fields.number(0));
      case "victim":
        oom.victimEnded(fields.number(1), fields.number(3), fields.big(4), fields.text(5));
        onChange();
        return this.#tell(fields.number(1));
      default:
        return false;
    }
  }

  /** A kill is told again with each line of it; the ledger keeps one. */
  #tell(kill: number): true {
    const event = this.#options.oom.event(kill, this.#options.epoch);
    if (event !== undefined) this.#options.emit(event);
    return true;
  }
}

/** Fields of a tuple; what is missing or not a number is NaN, and matches nothing. */
class Fields {
  readonly #values: readonly Value[];
  readonly #now: () => MonotonicNs;

  constructor(values: readonly Value[], now: () => MonotonicNs) {
    this.#values = values;
    this.#now = now;
  }

  number(index: number): number {
    return Number(integer(this.#values[index]) ?? Number.NaN);
  }

  big(index: number): bigint {
    return toBigInt(this.#values[index]) ?? 0n;
  }

  text(index: number): string {
    const value = this.#values[index];
    return typeof value === "string" ? value : "";
  }

  time(index: number): MonotonicNs {
    const value = toBigInt(this.#values[index]);
    return value === undefined ? this.#now() : monotonicNs(value);
  }
}
