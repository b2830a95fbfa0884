/** Commands as real programs: what reaches them, as what, and what happens when they fail or stay. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fillWords, wordsOf } from "../../../../collector/alerts/delivery/words.ts";
import { notice, opened, until } from "./notices.ts";

let folder: string;
let deliveries: ReturnType<typeof opened>["deliveries"] | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "secretscope-command-"));
});

afterEach(async () => {
  await deliveries?.close(0);
  rmSync(folder, { recursive: true });
});

/** A program that writes what it was given: arguments, environment and standard input, one JSON line each time. */
function recorder(): { readonly program: string; readonly read: () => Given[] } {
  const out = join(folder, "given");
  const program = join(folder, "record");
  const script = `#!${process.execPath}
const input = require("node:fs").readFileSync(0, "utf8");
const given = { args: process.argv.slice(2), env: process.env, input };
require("node:fs").appendFileSync(${JSON.stringify(out)}, JSON.stringify(given) + "\\n");
`;
  writeFileSync(program, script);
  chmodSync(program, 0o755);
  const read = () =>
    (existsSync(out) ? readFileSync(out, "utf8").trim().split("\n") : []).map((line) => JSON.parse(line));
  return { program, read };
}

interface Given {
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly input: string;
}

function script(text: string): string {
  const path = join(folder, "script");
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

function deliver(run: readonly string[], more = "") {
  const all = opened(`log: no\ncommand: [{name: cmd, run: ${JSON.stringify(run)}${more}}]`);
  deliveries = all.deliveries;
  return { ...all, status: () => all.of("cmd") };
}

const evil = "$(touch pwned); `id` \"'\n-rf --help\x1b[2J {host} \0 \u202e";

test("words reach it as arguments, variables and JSON, and nothing in them is interpreted", async () => {
  const { program, read } = recorder();
  const { deliveries, status } = deliver([program, "{rule}/{status}", "who={who}", "--", "{message}", ""]);
  const told = notice("share", "fired", { who: evil, message: `-x ${evil}` });
  deliveries.tell(told);
  await until("it has run", () => status().sent === 1);
  const [given] = read();
  const shown = evil.replace("\n", "\\n").replace("\x1b", "\\x1b").replace("\0", "\\x00").replace("\u202e", "\\u202e");
  expect(given?.args).toEqual(["share/firing", `who=${shown}`, "--", `-x ${shown}`, ""]);
  expect(given?.env).toMatchObject({
    SECRETSCOPE_RULE: "share",
    SECRETSCOPE_STATUS: "firing",
    SECRETSCOPE_VALUE: "0.5",
    SECRETSCOPE_WHO: shown,
    SECRETSCOPE_MESSAGE: `-x ${shown}`,
  });
  expect(JSON.parse(given?.input ?? "")).toEqual(told);
});

test("our own environment stays here", async () => {
  process.env.SECRETSCOPE_TEST_TOKEN = "hush";
  try {
    const { program, read } = recorder();
    const { deliveries, status } = deliver([program]);
    deliveries.tell(notice("a"));
    await until("it has run", () => status().sent === 1);
    expect(read()[0]?.env.PATH).toBe(process.env.PATH);
    expect(JSON.stringify(read()[0]?.env)).not.toContain("hush");
  } finally {
    delete process.env.SECRETSCOPE_TEST_TOKEN;
  }
});

test("any name stays inside its argument", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const words = wordsOf(notice("a", "fired", { who: name, message: name }));
      // execve ends a text at NUL, and one argument may have 128 KiB.
      const argument = fillWords("{message}{who}", words);
      expect(argument).not.toMatch(/\p{Cc}/u);
      expect(Buffer.byteLength(argument)).toBeLessThan(20_000);
      expect(argument).toBe(words.message + words.who);
    }),
  );
});

test("one that fails is tried again; its status is said", async () => {
  const mark = join(folder, "mark");
  const path = script(`cat > /dev/null; [ -e ${mark} ] && exit 0; touch ${mark}; exit 7`);
  const { deliveries, status } = deliver([path]);
  deliveries.tell(notice("a"));
  await until("it has run", () => status().sent === 1);
  expect(status()).toMatchObject({ failed: 1, lastError: "ended with status 7", dropped: 0 });
});

test("one that is not there or ends without reading is no harm", async () => {
  const missing = deliver([join(folder, "missing")]);
  missing.deliveries.tell(notice("a"));
  await until("it fails", () => missing.status().failed >= 1);
  expect(missing.status().lastError).toBe("cannot be started: ENOENT");
  await missing.deliveries.close(0);
  const deaf = deliver([script("exec true")]);
  deaf.deliveries.tell(notice("a", "fired", { message: "x".repeat(500_000) }));
  await until("it has run", () => deaf.status().sent === 1);
});

const alive = (pid: number) => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

test("one that stays is ended with everything it started", async () => {
  const pids = join(folder, "pids");
  const path = script(`trap '' TERM\nsleep 600 &\necho $$ $! > ${pids}\nwhile :; do wait; done`);
  const { deliveries, status } = deliver([path], ", timeout: 1s");
  deliveries.tell(notice("a"));
  await until("it is given up", () => status().failed >= 1);
  expect(status().lastError).toBe("did not end within 1 s: killed");
  const [shell = 0, child = 0] = readFileSync(pids, "utf8").trim().split(" ").map(Number);
  expect([shell, child].every((pid) => pid > 1)).toBe(true);
  await until("both are gone", () => !alive(shell) && !alive(child));
});

test("close ends one that is under way", async () => {
  const pids = join(folder, "pids");
  const { deliveries, status } = deliver([script(`echo $$ > ${pids}\nexec sleep 600`)]);
  deliveries.tell(notice("a"));
  await until("it runs", () => existsSync(pids) && readFileSync(pids, "utf8").endsWith("\n"));
  await deliveries.close(100);
  expect(status()).toMatchObject({ sent: 0, dropped: 1, queued: 0 });
  const pid = Number(readFileSync(pids, "utf8"));
  await until("it is gone", () => !alive(pid));
});
