import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type BpftraceProcess,
  type BpftraceVersion,
  findBpftrace,
  type Message,
  type StartOptions,
  startBpftrace,
  toBigInt,
} from "../../probes/bpftrace-wrapper/src/index.ts";

// The real bpftrace of this machine, or the one that BPFTRACE names. Needs root.
// The orphan test runs the built package: `npx tsc -b probes/bpftrace-wrapper` first.

let path = "";
let version: BpftraceVersion;
const running: BpftraceProcess[] = [];
const helpers: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), "bpftrace-wrapper-"));

beforeAll(async () => {
  const finding = await findBpftrace();
  if (finding.kind !== "found") throw new Error(finding.message);
  ({ path, version } = finding);
  return () => rmSync(folder, { recursive: true });
});

afterEach(async () => {
  for (const helper of helpers.splice(0)) helper.kill("SIGKILL");
  await Promise.all(running.splice(0).map((bpftrace) => bpftrace.stop()));
});

async function start(program: string, options: Partial<StartOptions> = {}): Promise<BpftraceProcess> {
  const bpftrace = await startBpftrace({ path, version, program, ...options });
  running.push(bpftrace);
  return bpftrace;
}

/** Starts with a callback; `until` waits for a message that fits. */
async function collect(program: string, options: Partial<StartOptions> = {}) {
  const messages: Message[] = [];
  let wake = () => {};
  const onMessage = (message: Message) => {
    messages.push(message);
    wake();
  };
  const bpftrace = await start(program, { ...options, onMessage });
  const until = async (fits: (message: Message) => boolean): Promise<Message> => {
    let ended = false;
    void bpftrace.exited.then(() => {
      ended = true;
      wake();
    });
    for (;;) {
      const found = messages.find(fits);
      if (found !== undefined) return found;
      if (ended) throw new Error(`bpftrace ended: ${(await bpftrace.exited).message}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { bpftrace, messages, until };
}

async function waitFor(condition: () => boolean, what: string, ms = 20_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited ${ms} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A process that makes read(2) calls as fast as it can. */
function flood(): void {
  helpers.push(spawn("dd", ["if=/dev/zero", "of=/dev/null", "bs=1"], { stdio: "ignore" }));
}

const FLOODED = "tracepoint:syscalls:sys_enter_read { print((nsecs, pid, comm, kstack(8))); }";

function stateOf(pid: number): string | undefined {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

describe("starting", () => {
  test("is ready when bpftrace says that it has attached, and tuples come as arrays with exact 64-bit times", async () => {
    const { bpftrace, until } = await collect(
      "interval:ms:50 { $n = nsecs; print(($n, $n + 8070450532247928832, pid, comm)); }",
    );
    // From 0.24 on attached_probes comes after attaching, one line before the notice.
    const by = version.minor < 24 ? "notice" : "attachedProbes";
    expect(await bpftrace.ready).toMatchObject({ state: "ready", by });
    expect(bpftrace.probes).toBe(1);
    const before = process.hrtime.bigint();
    const tuple = await until(({ type }) => type === "value");
    if (tuple.type !== "value" || !Array.isArray(tuple.data)) throw new Error("no tuple");
    const [time, shifted, pid, comm] = tuple.data;
    expect(toBigInt(shifted)).toBe((toBigInt(time) ?? 0n) + 8070450532247928832n);
    expect(Math.abs(Number((toBigInt(time) ?? 0n) - before))).toBeLessThan(10e9);
    expect([typeof pid, typeof comm]).toEqual(["number", "string"]);
  });

  test("without the notice, the caller's tick makes it ready", async () => {
    // `env -u` takes the request for the notice away again; from 0.24 on attached_probes then comes first.
    const script = join(folder, "silent-bpftrace");
    writeFileSync(script, `#!/bin/sh\nexec env -u __BPFTRACE_NOTIFY_PROBES_ATTACHED ${path} "$@"\n`);
    chmodSync(script, 0o755);
    const bpftrace = await start('interval:ms:100 { print(("tick", nsecs)); }', {
      path: script,
      onMessage: () => {},
      isTick: (message) => message.type === "value",
    });
    const by = version.minor < 24 ? "tick" : "attachedProbes";
    expect(await bpftrace.ready).toMatchObject({ state: "ready", by });
  });

  test("it has a session of its own, so a terminal's Ctrl-C does not reach it", async () => {
    const { bpftrace } = await collect("interval:s:1 { @ = count(); }");
    await bpftrace.ready;
    const [, , group, session] = (readFileSync(`/proc/${bpftrace.pid}/stat`, "utf8").split(") ")[1] ?? "").split(" ");
    expect([Number(group), Number(session)]).toEqual([bpftrace.pid, bpftrace.pid]);
  });

  test("the program is in no command line", async () => {
    const { bpftrace } = await collect("interval:s:1 { @unlikely_name = count(); }");
    await bpftrace.ready;
    expect(readFileSync(`/proc/${bpftrace.pid}/cmdline`, "utf8")).not.toContain("unlikely_name");
  });

  test("the limits reach it", async () => {
    const { messages, bpftrace } = await collect("BEGIN { @a[1] = 1; @a[2] = 1; @a[3] = 1; exit(); }", {
      limits: { maxMapKeys: 2, maxStringLength: 32, perfPages: 2 },
      args: ["-k"],
    });
    await bpftrace.exited;
    expect(messages).toContainEqual(expect.objectContaining({ type: "helper_error", retcode: -7 }));
    const map = messages.find(({ type }) => type === "map");
    expect(map).toMatchObject({ name: "@a", data: { 1: 1, 2: 1 } });
  });
});

describe("failing", () => {
  test.each([
    ["BEGIN { foo", "scriptError"],
    ["BEGIN { @a = nosuchfunction(1); }", "scriptError"],
    ["tracepoint:secretscope:nosuch { @ = count(); }", "probeMissing"],
    ["kprobe:no_such_function_at_all { @ = count(); }", "probeMissing|attachFailed"],
    ["struct foo { nosuchtype x; }; BEGIN { @ = sizeof(struct foo); exit(); }", "clangError|scriptError"],
  ])("%s", async (program, causes) => {
    const { bpftrace } = await collect(program);
    const exit = await bpftrace.exited;
    expect(causes.split("|"), exit.message).toContain(exit.cause);
    expect(exit.code).not.toBe(0);
    expect(exit.message).toContain("bpftrace said: ");
    expect(exit.stderr.join("\n")).toContain("ERROR");
    expect(await bpftrace.ready).toEqual({ state: "failed", exit });
  });

  test("without rights it says so", async () => {
    const script = join(folder, "bpftrace-as-nobody");
    writeFileSync(script, `#!/bin/sh\nexec setpriv --reuid 65534 --clear-groups ${path} "$@"\n`);
    chmodSync(script, 0o755);
    const { bpftrace } = await collect("interval:s:1 { @ = count(); }", { path: script });
    expect(await bpftrace.exited).toMatchObject({ cause: "notPermitted", code: 1 });
  });

  test("a file that is not there", async () => {
    const { bpftrace } = await collect("BEGIN { exit(); }", { path: "/nonexistent/bpftrace" });
    expect(await bpftrace.exited).toMatchObject({ cause: "spawnFailed" });
    expect(await bpftrace.ready).toMatchObject({ state: "failed" });
  });

  test("SIGKILL from elsewhere is seen as such", async () => {
    const { bpftrace } = await collect("interval:s:1 { @ = count(); }");
    await bpftrace.ready;
    process.kill(bpftrace.pid ?? 0, "SIGKILL");
    expect(await bpftrace.exited).toMatchObject({ cause: "killed", signal: "SIGKILL", code: null });
  });
});

describe("ending", () => {
  const program = "BEGIN { @a[1,2] = 3; } interval:s:1 { @n = count(); } END { print((1, 2)); clear(@n); }";

  test("stop() lets END run and the maps print, and all of it is read", async () => {
    const { bpftrace, messages } = await collect(program);
    await bpftrace.ready;
    const [first, second] = await Promise.all([bpftrace.stop(), bpftrace.stop()]);
    expect(first).toMatchObject({ cause: "stopped", code: 0 });
    expect(second).toBe(first);
    expect(messages).toContainEqual({ type: "value", data: [1, 2] });
    expect(messages).toContainEqual({ type: "map", name: "@a", data: { "1,2": 3 } });
    expect(bpftrace.counters.messages.unparsed).toBe(0);
  });

  test("a SIGINT that bpftrace misses, as it comes just before it waits for events, is made up for", async () => {
    for (let round = 0; round < 8; round++) {
      const { bpftrace, messages } = await collect(program);
      await bpftrace.ready;
      expect(await bpftrace.stop()).toMatchObject({ cause: "stopped", code: 0 });
      expect(messages).toContainEqual({ type: "value", data: [1, 2] });
    }
  });

  test("stop() while it is still compiling ends it", async () => {
    const { bpftrace } = await collect(program);
    expect(await bpftrace.stop()).toMatchObject({ cause: "stopped" });
  });

  test("an aborted signal stops it, and so does leaving an `await using` scope", async () => {
    const controller = new AbortController();
    const { bpftrace } = await collect(program, { signal: controller.signal });
    await bpftrace.ready;
    controller.abort();
    expect(await bpftrace.exited).toMatchObject({ cause: "stopped" });
    const scoped = await start(program, { onMessage: () => {} });
    await scoped.ready;
    await scoped[Symbol.asyncDispose]();
    expect(await scoped.exited).toMatchObject({ cause: "stopped" });
  });

  test("exit() in the program", async () => {
    const { bpftrace } = await collect("BEGIN { exit(); }");
    expect(await bpftrace.exited).toMatchObject({ cause: "programExit", code: 0 });
  });

  test("one that does not react to SIGINT is forced", async () => {
    const { bpftrace } = await collect("interval:s:1 { @ = count(); }");
    await bpftrace.ready;
    process.kill(bpftrace.pid ?? 0, "SIGSTOP");
    const exit = await bpftrace.stop({ timeoutMs: 200, killAfterMs: 200 });
    expect(exit).toMatchObject({ cause: "stopTimedOut", signal: "SIGKILL" });
  });

  test("when our process is killed, bpftrace goes with it", async () => {
    const code = `
      import { startBpftrace } from "bpftrace-wrapper";
      const bpftrace = await startBpftrace({ ...JSON.parse(process.argv[1]), onMessage() {} });
      const { state } = await bpftrace.ready;
      console.log(JSON.stringify({ state, pid: bpftrace.pid, guard: bpftrace.orphanGuard }));
    `;
    // Without a print of its own this program would never notice a closed pipe.
    const options = JSON.stringify({ path, version, program: "interval:s:1 { @ = count(); }" });
    const parent = spawn(process.execPath, ["--input-type=module", "-e", code, options], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    helpers.push(parent);
    const [line] = (await parent.stdout.take(1).toArray()) as Buffer[];
    const { state, pid, guard } = JSON.parse(String(line));
    expect({ state, guard }).toEqual({ state: "ready", guard: "pdeathsig" });
    expect(stateOf(pid)).toBe("S");
    parent.kill("SIGKILL");
    // Some containers' init reaps slowly: a zombie is dead.
    await waitFor(() => [undefined, "Z", "X"].includes(stateOf(pid)), "bpftrace is gone", 5000);
  });
});

describe("under load", () => {
  test("with a buffer of one page events are lost, and the sum is what bpftrace itself says", async () => {
    // The first print switches 0.24 and later to hexadecimal counts.
    const { bpftrace, until } = await collect(`BEGIN { print("\\xc3\\xa9"); } ${FLOODED}`, {
      limits: { perfPages: 1 },
    });
    await bpftrace.ready;
    flood();
    flood();
    await until((message) => message.type === "lost_events" && message.events > 9);
    const exit = await bpftrace.stop();
    const { lostEvents, messages } = bpftrace.counters;
    expect(lostEvents).toBeGreaterThan(9);
    expect(messages.unparsed).toBe(0);
    expect(messages.unknown).toBe(0);
    if (version.minor >= 27) expect(exit.lostEventsReported).toBe(lostEvents);
  });

  test("a slow reader costs bounded memory: the pipe is left full, bpftrace waits and reports what it loses", async () => {
    const bound = 500;
    const bpftrace = await start(FLOODED, { maxQueuedMessages: bound, limits: { perfPages: 1 } });
    await bpftrace.ready;
    flood();
    const reader = bpftrace.messages();
    let read = 0;
    const waiting = () => {
      const total = Object.values(bpftrace.counters.messages).reduce((sum, count) => sum + count, 0);
      return total - read;
    };
    let most = 0;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 50; i++) if (!(await reader.next()).done) read++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      most = Math.max(most, waiting());
    }
    const chunkOfMessages = 65_536 / 60;
    expect(most).toBeGreaterThan(bound);
    expect(most).toBeLessThan(bound + chunkOfMessages);
    expect(bpftrace.counters.pauses).toBeGreaterThan(0);
    // Reading on, what was lost meanwhile is said.
    for await (const message of reader) if (message.type === "lost_events") break;
    expect(bpftrace.counters.lostEvents).toBeGreaterThan(0);
    expect(await bpftrace.stop()).toMatchObject({ cause: "stopped" });
  });

  test("with messages() nothing is left out: the reader gets the maps that are printed at the end", async () => {
    const bpftrace = await start("BEGIN { @a = 7; } interval:s:1 { @n = count(); }");
    await bpftrace.ready;
    const stopped = bpftrace.stop();
    const messages: Message[] = [];
    for await (const message of bpftrace.messages()) messages.push(message);
    expect(await stopped).toMatchObject({ cause: "stopped" });
    expect(messages).toContainEqual({ type: "map", name: "@a", data: 7 });
  });
});

test("process names are data: quotes, newlines, escapes, tags, right-to-left marks, invalid UTF-8", async () => {
  const names = [
    Buffer.from('a"b\\c'),
    Buffer.from("a\nb\tc\r"),
    Buffer.from("\u001b[31mred"),
    Buffer.from("{red-fg}x{/}"),
    Buffer.from("<script>x"),
    Buffer.from("\u202etxt.exe"),
    Buffer.from("日本語"),
    Buffer.from('{"type":"map"}'),
    Buffer.from("\\uffffffc3"),
    Buffer.from("c080fffeeda080f5808080e282f09f", "hex"),
  ];
  const { bpftrace, messages, until } = await collect(
    "tracepoint:syscalls:sys_enter_kill /args->sig == 0/ { print((pid, comm, 31)); }",
  );
  await bpftrace.ready;
  const octal = (name: Buffer) => [...name].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  const script = names.map((name) => `printf '${octal(name)}' > /proc/$$/comm; kill -0 $$;`).join("\n");
  const pid = Number(execFileSync("/bin/sh", ["-c", `${script}\necho $$`]).toString());
  const ours = (message: Message) => message.type === "value" && Array.isArray(message.data) && message.data[0] === pid;
  await until(() => messages.filter(ours).length === names.length);
  expect(messages.filter(ours)).toEqual(
    names.map((name) => ({ type: "value", data: [pid, new TextDecoder().decode(name), 31] })),
  );
  expect(bpftrace.counters.messages).toMatchObject({ unparsed: 0, unknown: 0 });
});
