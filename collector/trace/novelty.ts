/**
 * What is worth writing. Counters are read again and again and holders are looked at every second; a row that says what
 * is known already would change nothing in a ledger and is left out:
 * - a split or request whose count is that of its last row;
 * - a holding that is as the last scan found it: the scan's row says `repeats`.
 *
 * HoldingsExpander is the mirror for holdings; counters need none.
 */
import type { Event, HoldingSample, PageEvent, ScanEvent } from "../events.ts";
import { holdingKey, type Row } from "./rows.ts";

/** Counters remembered; beyond that all are forgotten, and each is written once more. */
const mostCounters = 16_384;

export class Novelty {
  readonly #write: (row: Row) => void;
  readonly #counts = new Map<string, string>();
  /** Of the last look; undefined: the first one is told whole, whatever a recording begins with. */
  #holdings: Map<string, HoldingSample> | undefined;
  /** Holdings of the look that is under way. */
  #look: HoldingSample[] = [];
  /** Something else came between them: they are written where they came. */
  #inPlace: HoldingSample[] | undefined;

  constructor(write: (row: Row) => void) {
    this.#write = write;
  }

  /** Between looks: nothing is held back. */
  get settled(): boolean {
    return this.#look.length === 0 && this.#inPlace === undefined;
  }

  take(event: Exclude<Event, PageEvent>): void {
    switch (event.kind) {
      case "holding":
        if (this.#inPlace === undefined) this.#look.push(event);
        else this.#writeInPlace([event]);
        return;
      case "scan":
        this.#scan(event);
        return;
      case "split":
        if (
          this.#isKnown(`${event.pid}:${event.started} ${event.level} ${event.cause} ${event.stack.join("\n")}`, event)
        )
          return;
        break;
      case "requests":
        if (this.#isKnown(`${event.function} ${event.result} ${event.totalNs}`, event)) return;
        break;
      default:
        break;
    }
    if (this.#look.length > 0) this.#writeInPlace(this.#look.splice(0));
    if (event.kind === "exit" && this.#holdings !== undefined) endHoldings(this.#holdings, event);
    this.#write(event);
  }

  #isKnown(name: string, { epoch, count }: { readonly epoch: number; readonly count: number }): boolean {
    const value = `${epoch} ${count}`;
    if (this.#counts.get(name) === value) return true;
    if (this.#counts.size >= mostCounters) this.#counts.clear();
    this.#counts.set(name, value);
    return false;
  }

  #writeInPlace(holdings: readonly HoldingSample[]): void {
    this.#inPlace ??= [];
    for (const holding of holdings) {
      this.#inPlace.push(holding);
      this.#write(holding);
    }
  }

  #scan(scan: ScanEvent): void {
    const before = this.#holdings;
    const found = this.#inPlace ?? this.#look;
    const inPlace = this.#inPlace !== undefined;
    const now = new Map(found.map((holding) => [holdingKey(holding), holding]));
    this.#holdings = now;
    this.#look = [];
    this.#inPlace = undefined;
    const isRepeat = before !== undefined && !inPlace && found.length === now.size && isContinued(before, now);
    if (isRepeat) {
      for (const [key, { pid, started, inode }] of before) {
        if (!now.has(key)) this.#write({ kind: "released", at: scan.at, pid, started, inode });
      }
      for (const [key, holding] of now) if (!isSame(before.get(key), holding)) this.#write(holding);
    } else if (!inPlace) {
      for (const holding of found) this.#write(holding);
    }
    this.#write({ ...scan, repeats: isRepeat });
  }
}

/** A reader that leaves out what was released and appends what is new has them in the same order. */
function isContinued(before: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, unknown>): boolean {
  const order = [...before.keys()].filter((key) => now.has(key));
  let index = 0;
  for (const key of now.keys()) {
    if (index < order.length) {
      if (key !== order[index]) return false;
      index++;
    } else if (before.has(key)) return false;
  }
  return true;
}

function isSame(before: HoldingSample | undefined, now: HoldingSample): boolean {
  return (
    before !== undefined &&
    before.descriptors === now.descriptors &&
    before.mappings === now.mappings &&
    before.mappedBytes === now.mappedBytes &&
    before.residentBytes === now.residentBytes &&
    before.proportionalBytes === now.proportionalBytes &&
    before.memlockLimitBytes === now.memlockLimitBytes
  );
}

/** A process that ended holds nothing: what it held is not repeated. */
export function endHoldings(
  holdings: Map<string, HoldingSample>,
  { pid, started }: { readonly pid: number; readonly started: number },
): void {
  for (const [key, holding] of holdings) {
    if (holding.pid === pid && holding.started === started) holdings.delete(key);
  }
}
