import { describe, expect, test } from "vitest";
import { bpftraceEnvironment } from "../../../probes/bpftrace-wrapper/src/environment.ts";
import { Backoff, type Message } from "../../../probes/bpftrace-wrapper/src/index.ts";
import { MessageQueue } from "../../../probes/bpftrace-wrapper/src/message-queue.ts";

describe("the environment", () => {
  test("limits go under the names of every release", () => {
    expect(bpftraceEnvironment({ PATH: "/bin" }, { maxMapKeys: 10, maxStringLength: 20, perfPages: 4 })).toEqual({
      PATH: "/bin",
      __BPFTRACE_NOTIFY_PROBES_ATTACHED: "1",
      BPFTRACE_MAP_KEYS_MAX: "10",
      BPFTRACE_MAX_MAP_KEYS: "10",
      BPFTRACE_STRLEN: "20",
      BPFTRACE_MAX_STRLEN: "20",
      BPFTRACE_PERF_RB_PAGES: "4",
    });
    expect(bpftraceEnvironment({}, {})).toEqual({ __BPFTRACE_NOTIFY_PROBES_ATTACHED: "1" });
  });

  test.each([0, -1, 1.5, Number.NaN])("a limit of %s is refused", (maxMapKeys) => {
    expect(() => bpftraceEnvironment({}, { maxMapKeys })).toThrow(RangeError);
  });
});

describe("the queue", () => {
  const message = (index: number): Message => ({ type: "value", data: index });

  test("says once when it is full, and once when it is down to half", async () => {
    const said: boolean[] = [];
    const queue = new MessageQueue({ maxMessages: 4, maxSize: 1000 }, (full) => said.push(full));
    for (let index = 0; index < 10; index++) queue.push(message(index), 1);
    expect(said).toEqual([true]);
    const reader = queue.read();
    for (let index = 0; index < 8; index++) {
      expect((await reader.next()).value).toEqual(message(index));
      expect(said).toEqual(index < 7 ? [true] : [true, false]);
    }
  });

  test("is also full by size", async () => {
    const said: boolean[] = [];
    const queue = new MessageQueue({ maxMessages: 100, maxSize: 10 }, (full) => said.push(full));
    queue.push(message(0), 10);
    expect(said).toEqual([]);
    queue.push(message(1), 1);
    expect(said).toEqual([true]);
    await queue.read().next();
    expect(said).toEqual([true, false]);
  });

  test("gives every message in order, to whoever reads next, and then ends", async () => {
    const queue = new MessageQueue({ maxMessages: 100, maxSize: 10_000 }, () => {});
    const first = queue.read().next();
    for (let index = 0; index < 5000; index++) queue.push(message(index), 1);
    queue.close();
    const seen = [(await first).value];
    for await (const next of queue.read()) {
      seen.push(next);
      if (seen.length === 2500) break;
    }
    for await (const next of queue.read()) seen.push(next);
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, index) => message(index)));
  });
});

describe("the backoff", () => {
  test("doubles up to its cap, and begins again after a healthy run", () => {
    let now = 0;
    const backoff = new Backoff({ initialMs: 100, maxMs: 1000, healthyMs: 60_000, now: () => now });
    const runFor = (ms: number) => {
      backoff.started();
      now += ms;
      return backoff.failed();
    };
    expect([1, 2, 3, 4, 5, 6].map(() => runFor(10))).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(backoff.failures).toBe(6);
    expect(runFor(59_999)).toBe(1000);
    expect(runFor(60_000)).toBe(100);
    expect(runFor(10)).toBe(200);
  });

  test("a start that never came about is no healthy run", () => {
    let now = 0;
    const backoff = new Backoff({ initialMs: 100, maxMs: 1000, healthyMs: 60_000, now: () => now });
    backoff.failed();
    now += 100_000;
    expect(backoff.failed()).toBe(200);
  });
});
