/** A trace that was opened: its head, where its batches are, and each batch's rows. Damage is named, never hidden. */
import { CannotRun } from "../cannotRun.ts";
import { isBody } from "./checksum.ts";
import { formatVersion, rowKinds } from "./columns.ts";
import { type Damage, Damaged } from "./damage.ts";
import { assumedSchema, decodeColumns, decodeDictionaries } from "./decodeBatch.ts";
import { type ColumnReaders, decodeRow } from "./decodeRows.ts";
import { FileWindow } from "./fileWindow.ts";
import type { TraceHeader } from "./header.ts";
import { headLengthAt, type MessageHead, readHead } from "./messageHead.ts";
import { decodeBurst } from "./pages/decodeBurst.ts";
import { readHeader, type TraceColumn } from "./readHeader.ts";
import type { Row } from "./rows.ts";
import { type BatchPlace, indexTrace, type Place, type TraceIndex } from "./traceIndex.ts";

/** Rows made at once: few enough that they are gone before the garbage collector has to move them. */
const atOnce = 512;

export class TraceFile {
  readonly path: string;
  /** null when it is damaged; the rows can be read all the same. */
  readonly header: TraceHeader | null;
  /** What a person should know before reading on: a newer minor version. */
  readonly note: string | null;
  readonly batches: readonly BatchPlace[];
  readonly end: TraceIndex["end"];
  readonly #window: FileWindow;
  /** undefined: the head that says them is damaged. */
  readonly #columns: readonly TraceColumn[] | undefined;
  readonly #damage: Damage[];
  #hasPages = false;

  /** @throws CannotRun when it is not there, no trace, or of a version that only another program reads */
  constructor(path: string) {
    this.path = path;
    this.#window = open(path);
    try {
      const index = indexTrace(this.#window);
      if (index.schema === undefined && index.batches.length === 0) throw notATrace(path, this.#window);
      const read = index.schema === undefined ? undefined : readHeader(index.schema, path);
      this.header = read?.header ?? null;
      this.note = read?.note ?? null;
      this.#columns = read?.columns;
      this.batches = index.batches;
      this.end = index.end;
      this.#damage = [...index.damage];
    } catch (error) {
      this.#window.close();
      throw error;
    }
  }

  /** What could not be read so far: broken heads when it was opened, broken bodies once they are read. */
  get damage(): readonly Damage[] {
    return this.#damage;
  }

  /** Time of the last whole batch, ns; null when there is none. */
  get lastTime(): bigint | null {
    return this.batches.at(-1)?.to ?? null;
  }

  /** Whether rows of single pages were met so far. */
  get hasPages(): boolean {
    return this.#hasPages;
  }

  get size(): number {
    return this.#window.size;
  }

  /** The rows of a batch in their order, some hundred at a time; last the damage, if not all can be read. */
  *rows(place: BatchPlace): Generator<readonly Row[] | Damage, void, undefined> {
    try {
      const schema = this.#columns ?? assumedSchema(this.#part(place.columns).head, place.dictionaries.length);
      const dictionaries = decodeDictionaries(this.#parts(place.dictionaries), schema);
      const { head, body } = this.#part(place.columns);
      const batch = decodeColumns(head, body, dictionaries, schema);
      const hasPages = [...dictionaries.texts.values()].some((texts) => texts.includes("page"));
      for (let row = 0; row < batch.rows; ) {
        const rows: Row[] = [];
        while (row < batch.rows && rows.length < atOnce) {
          if (hasPages && batch.columns.kind.get(row) === "page") {
            const burst = decodeBurst(batch.columns, row, batch.rows);
            rows.push(burst);
            this.#hasPages = true;
            row += burst.blocks.length;
          } else {
            if (!this.#isNewer(batch.columns, row)) rows.push(decodeRow(batch.columns, row));
            row++;
          }
        }
        yield rows;
      }
    } catch (error) {
      // What a hostile trace makes a library throw (a RangeError of a typed array) is damage as well.
      if (!(error instanceof Damaged || error instanceof RangeError)) throw error;
      yield this.#damaged(place, error.message);
    }
  }

  close(): void {
    this.#window.close();
  }

  /** A kind of row that a newer minor version added: passed over, as the note says. */
  #isNewer({ kind }: ColumnReaders, row: number): boolean {
    return this.note !== null && !Object.hasOwn(rowKinds, kind.get(row));
  }

  #damaged(
    { from, to, number, dictionaries, columns: { offset, headLength, bodyLength } }: BatchPlace,
    reason: string,
  ): Damage {
    const start = dictionaries[0].offset;
    const length = offset + headLength + bodyLength - start;
    const damage: Damage = { from, to, offset: start, length, batch: number, reason };
    const known = this.#damage.find((other) => other.batch === number && other.offset === damage.offset);
    if (known === undefined) this.#damage.push(damage);
    return known ?? damage;
  }

  *#parts(places: readonly Place[]): Generator<{ readonly head: MessageHead; readonly body: Buffer }> {
    for (const place of places) yield this.#part(place);
  }

  #part({ offset, headLength, bodyLength }: Place): { readonly head: MessageHead; readonly body: Buffer } {
    const head = readHead(this.#window.read(offset, headLength));
    const body = this.#window.read(offset + headLength, bodyLength);
    if (head === undefined || body.length !== bodyLength || !isBody(body, head.bodySum)) {
      throw new Damaged("its checksum does not match");
    }
    return { head, body };
  }
}

function open(path: string): FileWindow {
  try {
    return new FileWindow(path);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : message;
    throw new CannotRun(`cannot open ${path}: ${reason}`, "name a file made by secretscope record", { cause: error });
  }
}

function notATrace(path: string, window: FileWindow): CannotRun {
  const remedy = "name a file made by secretscope record";
  if (window.size === 0) return new CannotRun(`${path} is empty`, remedy);
  if (endsInHead(window)) return new CannotRun(`${path} was cut off in its head, before the first sample`, remedy);
  return new CannotRun(
    `${path} is no recording that this version (format ${formatVersion.major}.${formatVersion.minor}) can read`,
    remedy,
  );
}

/** Whether it begins as an Arrow stream does and ends before the first message does. */
function endsInHead(window: FileWindow): boolean {
  const length = headLengthAt(window.read(0, 8));
  return length !== undefined && length > window.size;
}
