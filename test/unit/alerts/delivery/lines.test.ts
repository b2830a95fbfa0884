/** The log and NDJSON, what they are made from, and the pauses between attempts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { delayMs, retryAfterMs, usualPace } from "../../../../collector/alerts/delivery/backoff.ts";
import { Notices, withdrawn } from "../../../../collector/alerts/delivery/notice.ts";
import type { Alert } from "../../../../collector/alerts/engine.ts";
import { AlertEngine } from "../../../../collector/alerts/engine.ts";
import { readRules } from "../../../../collector/alerts/readRules.ts";
import type { Snapshot } from "../../../../collector/snapshot.ts";
import { empty, hostileName } from "../../commands/snapshots.ts";
import { notice, opened, told, until } from "./notices.ts";

const share = (seconds: number, value: number): Snapshot => ({
  ...empty,
  time: new Date(1_000_000 + seconds * 1000).toISOString(),
  monotonicNs: String(BigInt(seconds) * 1_000_000_000n),
  secret: { ...empty.secret, residentBytes: value * empty.host.memoryBytes },
});

test("a notice says since when; what clears and what is repeated has the time of its firing", () => {
  const { rules } = readRules("rules: [{name: a, figure: secret_share, above: 50%, every: 20s}]");
  const engine = new AlertEngine(rules);
  const notices = new Notices();
  const all = [0.6, 0.6, 0.6, 0.1, 0.7].flatMap((value, index) => {
    const snapshot = share(index * 10, value);
    return notices.of(engine.observe(snapshot), snapshot);
  });
  const second = (time: string) => (Date.parse(time) - 1_000_000) / 1000;
  expect(all.map(({ change, status, startedAt, time }) => [change, status, second(startedAt), second(time)])).toEqual([
    ["fired", "firing", 0, 0],
    ["repeated", "firing", 0, 20],
    ["cleared", "resolved", 0, 30],
    ["fired", "firing", 40, 40],
  ]);
  expect(new Set(all.map(({ id }) => id)).size).toBe(4);
  expect(all[0]).toMatchObject({ host: "box", rule: "a", value: 0.6, id: "b/a/0/fired" });
  const last = all.at(-1);
  if (last === undefined) throw new Error("there is one");
  expect(withdrawn(last, share(50, 0.7))).toMatchObject({
    status: "resolved",
    change: "cleared",
    startedAt: last.time,
  });
});

test("the log has one line for each change, inert on a terminal", async () => {
  const { deliveries, notes, of } = opened("log: yes");
  for (const change of ["fired", "repeated", "cleared"] as const) {
    deliveries.tell(notice("share", change, { message: `box: ${hostileName}` }));
  }
  await until("all are written", () => of("log").sent === 3);
  const safe = "box: \\x1b[2J\\u202e\\n{red-fg}\\x9b";
  expect(notes).toEqual([
    `alert FIRING: share: ${safe}`,
    `alert still firing: share: ${safe}`,
    `alert resolved: share: ${safe}`,
  ]);
  await deliveries.close(100);
});

test("NDJSON: one object a line, the same when parsed, inert on a terminal", async () => {
  const printed: string[] = [];
  const { deliveries, of } = opened("log: no\nstdout: yes", async (text) => void printed.push(text));
  const given = notice("a", "fired", { who: hostileName });
  deliveries.tell(given);
  deliveries.tell(notice("b", "cleared"));
  await until("both are printed", () => of("stdout").sent === 2);
  expect(printed.every((line) => /^[^\p{Cc}\p{Cf}]+\n$/u.test(line))).toBe(true);
  expect(JSON.parse(printed[0] ?? "")).toEqual(given);
  await deliveries.close(100);
});

test("a reader that reads nothing fills a queue of its own and no more; one that left is counted", async () => {
  let isRead: () => void = () => {};
  const blocked = new Promise<void>((resolve) => {
    isRead = resolve;
  });
  const { deliveries, of } = opened("log: yes\nstdout: yes", () => blocked);
  for (let number = 0; number < 2000; number++) deliveries.tell(notice(`rule-${number}`));
  await until("the log has them", () => of("log").sent === 2000);
  expect(of("stdout")).toMatchObject({ queued: 1000, dropped: 1000, sent: 0 });
  isRead();
  await until("the rest is printed", () => of("stdout").sent === 1000);
  await deliveries.close(100);

  const gone = opened("log: no\nstdout: yes", () => Promise.reject(new Error("EPIPE")));
  gone.deliveries.tell(notice("a"));
  await until("it is counted", () => gone.of("stdout").dropped === 1);
  expect(gone.of("stdout").failing).toBe(true);
  await gone.deliveries.close(100);

  const stuck = opened("log: no\nstdout: yes", () => new Promise(() => {}));
  stuck.deliveries.tell(notice("a"));
  await stuck.deliveries.close(50);
  expect([told(stuck.of("stdout")), stuck.of("stdout").dropped]).toEqual([1, 1]);
});

test("nobody who is told can throw: neither a note nor an odd alert gets out", async () => {
  const { openDeliveries } = await import("../../../../collector/alerts/delivery/deliveries.ts");
  const { settingsOf } = await import("./reading.ts");
  const deliveries = openDeliveries(settingsOf("log: yes"), {
    note: () => {
      throw new Error("standard error is gone");
    },
    print: async () => {},
    link: null,
  });
  deliveries.tell({ rule: "a" } as Alert as never);
  await deliveries.close(50);
  expect(deliveries.status()[0]).toMatchObject({ sent: 0, queued: 0, dropped: 1 });
});

test("pauses double up to five minutes, half of them at random, and never end before Retry-After", () => {
  expect([1, 2, 3, 9, 10, 1000].map((failures) => delayMs(failures, 0, 1))).toEqual([
    1000, 2000, 4000, 256_000, 300_000, 300_000,
  ]);
  expect([delayMs(1, 0, 0), delayMs(3, 0, 0)]).toEqual([500, 2000]);
  expect(delayMs(1, 60_000, 0.5)).toBe(60_000);
  const day = 86_400_000;
  expect(delayMs(1, day, 0.5)).toBe(3_600_000);
  fc.assert(
    fc.property(fc.nat(1e6), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const ms = delayMs(failures + 1, 0, random);
      expect(ms).toBeGreaterThanOrEqual(usualPace.firstMs / 2);
      expect(ms).toBeLessThanOrEqual(usualPace.longestMs);
    }),
  );
});

test.each([
  ["120", 120_000],
  [" 7 ", 7000],
  ["Thu, 01 Jan 1970 00:00:30 GMT", 20_000],
  ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
  ["-5", 0],
  ["soon", 0],
  ["99999999999999999999", 0],
  ["", 0],
])("Retry-After: %s", (header, ms) => {
  expect(retryAfterMs(header, 10_000)).toBe(ms);
});
