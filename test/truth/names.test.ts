/** Claim: a process name is text. No name changes a figure, a line count, or the state of the terminal. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lab, repository, seconds } from "./machine.ts";
import { holderOf, nothingLeft, type Picture, picture } from "./picture.ts";
import { cli, Watch } from "./watch.ts";
import { type SecretFile, type Worker, Workload } from "./workload.ts";

/** The kernel keeps 15 bytes of a name. */
// The watch shows the largest holders only, and the first ones here are the largest: put the worst first.
const hostile: Readonly<Record<string, string | Uint8Array>> = {
  quotes: `a"b'c\\d\`e`,
  "a newline": "two\nFAKEROW 1",
  "carriage return and tab": "a\r\nFAKEROW\t1",
  "an escape sequence": "\x1b[31m\x1b[2J\x1b[H",
  "a terminal title": "\x1b]0;title\x07",
  "a C1 control": "\u009b31mred",
  "a blessed tag": "{red-fg}x{/}",
  HTML: "<script>x</scri",
  "a right-to-left override": "\u202egnp.exe",
  "isolates and marks": "\u2066a\u2069\u200f\u061c",
  "a line separator": "a\u2028FAKEROW",
  "a wide and a joined letter": "漢字e\u0301",
  "15 bytes of invalid UTF-8": new Uint8Array(15).fill(0xff),
  "a cut UTF-8 sequence": new Uint8Array([0x61, 0xe6, 0xbc]),
  "a message of bpftrace": `{"type":"map"}`,
  "the end of one": `"]}\n{"type":1,`,
  "a map key": "1,2,3: 4",
  "a format": "%s%n%d%lld",
  "an escape for JSON": "\\u0041\\n\\x41",
  "the prototype": "__proto__",
  "nothing at all": "",
};

const kinds = Object.keys(hostile);
const pagesOf = (i: number) => 20 + kinds.length - i;

let watch: Watch;
let root: Workload;
const processes: Record<string, Worker> = {};
const files: Record<string, SecretFile> = {};

beforeAll(async () => {
  watch = await Watch.shared("tracepoint");
  root = await Workload.start();
  for (const [i, kind] of kinds.entries()) {
    const worker = await root.fork(`child${i}`);
    processes[kind] = worker;
    await worker.rename(`plain${i}`);
    files[kind] = await worker.secret(pagesOf(i));
  }
});
afterAll(async () => {
  await root?.finish();
  await watch?.finish();
});

const each = <T>(value: (kind: string, i: number) => T) =>
  Object.fromEntries(kinds.map((kind, i) => [kind, value(kind, i)]));
const total = kinds.reduce((sum, _, i) => sum + pagesOf(i), 0);
const expected = (): Picture => ({
  holders: each((_, i) => ({ resident: pagesOf(i), allocated: pagesOf(i), descriptors: 1, mappings: 1 })),
  files: each((kind, i) => ({ resident: pagesOf(i), holders: [kind] })),
  resident: total,
  unheld: 0,
});

function plainOutput(...command: string[]): { status: number | null; stdout: Buffer } {
  const { status, stdout } = spawnSync(process.execPath, [cli, ...command], {
    cwd: repository,
    timeout: seconds(30),
    env: { ...process.env, COLUMNS: "200" },
  });
  return { status, stdout };
}
const rows = (output: Buffer) => output.toString("utf8").split("\n").length;

/** C0 but for \n, DEL, C1, bidi controls, separators that some terminals break at. */
const dangerous = /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

let plainRows: number;

test("with plain names", async () => {
  await watch.becomes((snapshot) => picture(snapshot, processes, files), expected());
  if (lab) return;
  const { status, stdout } = plainOutput("who");
  expect(status).toBe(1);
  plainRows = rows(stdout);
});

test("every process renamed to something hostile: the same figures, and the names as they are", async () => {
  for (const kind of kinds) await processes[kind]?.rename(hostile[kind] ?? "");
  const texts = kinds.filter((kind) => typeof hostile[kind] === "string");
  await watch.becomes(
    (snapshot) => ({
      picture: picture(snapshot, processes, files),
      names: texts.map((kind) => holderOf(snapshot, processes[kind]?.pid ?? 0)?.comm),
    }),
    () => ({ picture: expected(), names: texts.map((kind) => hostile[kind]) }),
  );
});

test("pages touched under a hostile name are counted like any other", async () => {
  for (const [i, kind] of kinds.entries()) {
    const worker = processes[kind];
    const file = await worker?.secret(100, 5 + i);
    if (worker && file) await worker.letGo(file);
  }
  await watch.becomes((snapshot) => picture(snapshot, processes, files), expected());
});

// The text of a screen depends neither on the route (reading /proc is the quickest) nor on the kernel: no guest is asked.
test.each(lab ? [] : ["who", "watch --once --route procfs"])("plain output of %s stays plain", (command) => {
  const { stdout } = plainOutput(...command.split(" "));
  const text = stdout.toString("utf8");
  expect(Buffer.from(text, "utf8").equals(stdout), "stdout is not valid UTF-8").toBe(true);
  expect(text.split("\n").filter((line) => dangerous.test(line))).toEqual([]);
  expect(text.split("\n").filter((line) => /^\s*FAKEROW/.test(line))).toEqual([]);
  const shown = command === "who" ? kinds : kinds.slice(0, 8);
  for (const kind of shown) expect(text, kind).toMatch(new RegExp(`\\b${processes[kind]?.pid}\\b`));
  if (command === "who") expect(rows(stdout), "rows, with plain names and with hostile ones").toBe(plainRows);
});

test("when they are gone there is nothing", async () => {
  await root.finish();
  await nothingLeft(watch, Object.values(processes));
});
