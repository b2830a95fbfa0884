/** Webhooks to real servers that answer well, late, wrongly or not at all. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { Pace } from "../../../../collector/alerts/delivery/backoff.ts";
import { hostileName } from "../../commands/snapshots.ts";
import { deadPort, Hooks } from "./hooks.ts";
import { notice, opened, told, until } from "./notices.ts";

const open: { close(patienceMs: number): Promise<void> }[] = [];
const servers: Hooks[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close(0)));
  await Promise.all(servers.splice(0).map((each) => each.close()));
});

function deliver(source: string, pace?: Pace) {
  const all = opened(source, undefined, pace);
  open.push(all.deliveries);
  return all;
}

async function serve(...options: Parameters<typeof Hooks.open>): Promise<Hooks> {
  const hooks = await Hooks.open(...options);
  servers.push(hooks);
  return hooks;
}

const hook = (url: string, more = "") => `webhook: [{name: hook, url: "${url}"${more}}]\nlog: no`;

test("a notice arrives once, as JSON, with the token and whatever names are in it", async () => {
  const hooks = await serve();
  const { deliveries, of } = deliver(hook(`${hooks.url}/a/b?c=d`, ", token: abc"));
  const told = notice("share", "fired", { who: hostileName, message: `${hostileName} "}]` });
  deliveries.tell(told);
  await until("it is sent", () => of("hook").sent === 1);
  expect(hooks.requests.map(({ url, method }) => ({ url, method }))).toEqual([{ url: "/a/b?c=d", method: "POST" }]);
  const [request] = hooks.requests;
  expect(request?.headers).toMatchObject({ authorization: "Bearer abc", "content-type": "application/json" });
  expect(JSON.parse(request?.body ?? "")).toEqual(told);
  // Whoever prints the body as it came is not harmed either.
  expect(request?.body).not.toMatch(/\p{Cc}|\p{Cf}/u);
});

test("down, it is tried again until it is there; what came meanwhile arrives in order, once", async () => {
  const port = await deadPort();
  const { deliveries, of, notes } = deliver(hook(`http://127.0.0.1:${port}`));
  for (const rule of ["a", "b", "c"]) deliveries.tell(notice(rule));
  await until("three attempts", () => of("hook").failed >= 3);
  expect(of("hook")).toMatchObject({ queued: 3, sent: 0, dropped: 0, failing: true });
  expect(of("hook").lastError).toBe("no connection: ECONNREFUSED");
  const hooks = await serve(undefined, port);
  await until("all are sent", () => of("hook").sent === 3);
  expect(hooks.bodies.map(({ rule }) => rule)).toEqual(["a", "b", "c"]);
  expect(of("hook")).toMatchObject({ queued: 0, dropped: 0, failing: false });
  // Trouble and its end, not every attempt.
  expect(notes).toEqual([
    "delivery hook: no connection: ECONNREFUSED; trying again, up to 1000 notices wait",
    expect.stringMatching(/^delivery hook: works again after \d+ failed attempts$/),
  ]);
});

test.each([
  [500, "answered 500"],
  [503, "answered 503"],
  [401, "answered 401"],
  [404, "answered 404"],
])("%i is tried again", async (status, error) => {
  const hooks = await serve((response, number) => response.writeHead(number < 3 ? status : 204).end());
  const { deliveries, of } = deliver(hook(hooks.url));
  deliveries.tell(notice("a"));
  await until("it is sent", () => of("hook").sent === 1);
  expect(of("hook")).toMatchObject({ failed: 2, dropped: 0, lastError: error, failing: false });
});

test("a notice that is refused does not hold up the next", async () => {
  const hooks = await serve((response, number) => response.writeHead(number === 1 ? 400 : 200).end());
  const { deliveries, of, notes } = deliver(hook(hooks.url));
  deliveries.tell(notice("a"));
  deliveries.tell(notice("b"));
  await until("the second is sent", () => of("hook").sent === 1);
  expect(of("hook")).toMatchObject({ failed: 1, dropped: 1, queued: 0, lastError: "answered 400" });
  expect(notes).toEqual(["delivery hook: answered 400: that notice is dropped"]);
});

test("Retry-After is kept to", async () => {
  const at: number[] = [];
  const hooks = await serve((response, number) => {
    at.push(performance.now());
    response.writeHead(number === 1 ? 429 : 200, { "retry-after": "1" }).end();
  });
  const { deliveries, of } = deliver(hook(hooks.url));
  deliveries.tell(notice("a"));
  await until("it is sent", () => of("hook").sent === 1);
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(950);
});

test("a redirect is not followed: the token stays here", async () => {
  const thief = await serve();
  const hooks = await serve((response) => response.writeHead(307, { location: thief.url }).end());
  const { deliveries, of } = deliver(hook(hooks.url, ", token: abc"));
  deliveries.tell(notice("a"));
  await until("two attempts", () => of("hook").failed >= 2);
  expect(of("hook").lastError).toBe("answered 307; redirects are not followed");
  expect(thief.requests).toEqual([]);
});

test("a port that fetch keeps away from is named as the reason", async () => {
  const { deliveries, of } = deliver(hook("http://127.0.0.1:9/hush"));
  deliveries.tell(notice("a"));
  await until("it was tried", () => of("hook").failed >= 1);
  expect(of("hook").lastError).toBe(
    "no connection: this port is for another protocol, and fetch does not connect to it",
  );
});

test.each([
  ["garbage", (socket: import("node:net").Socket) => socket.end("\x00\x01 hush garbage\r\n\r\n")],
  ["nothing", (socket: import("node:net").Socket) => socket.destroy()],
])("an answer of %s is a failure with a code, and says nothing of what came", async (_, answer) => {
  const hooks = await serve((response, number, socket) => (number === 1 ? answer(socket) : response.end()));
  const { deliveries, of } = deliver(hook(hooks.url));
  deliveries.tell(notice("a"));
  await until("it is sent", () => of("hook").sent === 1);
  // Node 20.19 gives no code for what is no HTTP.
  expect(of("hook").lastError).toMatch(/^no connection: ([A-Z_]+|unknown reason)$/);
});

test("an answer without end is not waited for", async () => {
  const hooks = await serve((response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write("x".repeat(100_000)), 1);
    response.on("close", () => clearInterval(timer));
  });
  const { deliveries, of } = deliver(hook(hooks.url));
  for (const rule of ["a", "b", "c"]) deliveries.tell(notice(rule));
  await until("all are sent", () => of("hook").sent === 3, 3000);
});

test("one that does not answer is given up after its time, and delays nobody else", async () => {
  const slow = await serve(() => {});
  const well = await serve();
  const { deliveries, of } = deliver(
    `log: no\nwebhook: [{name: slow, url: "${slow.url}", timeout: 1s}, {name: well, url: "${well.url}"}]`,
  );
  const began = performance.now();
  for (let number = 0; number < 50; number++) deliveries.tell(notice(`rule-${number}`));
  expect(performance.now() - began).toBeLessThan(50);
  await until("the others have arrived", () => of("well").sent === 50, 900);
  expect(of("slow")).toMatchObject({ sent: 0, failed: 0, queued: 50 });
  await until("it is given up", () => of("slow").failed >= 1);
  expect(of("slow").lastError).toBe("no answer within 1 s");
});

test("a full queue drops the oldest, counts them and says so", async () => {
  const port = await deadPort();
  const { deliveries, of, notes } = deliver(hook(`http://127.0.0.1:${port}`, ", queue: 3"));
  for (let number = 1; number <= 10; number++) deliveries.tell(notice(`rule-${number}`));
  await until("it was tried", () => of("hook").failed >= 1);
  expect(of("hook")).toMatchObject({ queued: 3, dropped: 7 });
  const hooks = await serve(undefined, port);
  await until("the rest is sent", () => of("hook").sent === 3);
  expect(hooks.bodies.map(({ rule }) => rule)).toEqual(["rule-8", "rule-9", "rule-10"]);
  expect(notes.join("\n")).toContain("some are being dropped now");
  await until("the sum is said", () => notes.join("\n").includes("7 notices did not reach it"));
});

test("what is too old to be of use is dropped and counted", async () => {
  const port = await deadPort();
  const { deliveries, of } = deliver(hook(`http://127.0.0.1:${port}`, ", retry_for: 1s"));
  deliveries.tell(notice("a"));
  await until("it is dropped", () => of("hook").dropped === 1);
  expect(of("hook")).toMatchObject({ queued: 0, sent: 0 });
});

test("flapping while it is down: every change arrives, in order", async () => {
  const port = await deadPort();
  const { deliveries, of } = deliver(hook(`http://127.0.0.1:${port}`));
  for (let turn = 0; turn < 5; turn++) {
    deliveries.tell(notice("a", "fired"));
    deliveries.tell(notice("a", "cleared"));
  }
  await until("it was tried", () => of("hook").failed >= 1);
  const hooks = await serve(undefined, port);
  await until("all are sent", () => of("hook").sent === 10);
  expect(hooks.bodies.map(({ status }) => status).join()).toBe(Array(5).fill("firing,resolved").join());
});

test("only: who asks for some labels is told of no others", async () => {
  const hooks = await serve();
  const { deliveries, of } = deliver(hook(hooks.url, ", only: {severity: critical}"));
  deliveries.tell(notice("a"));
  deliveries.tell(notice("b", "fired", { labels: { severity: "critical", team: "x" } }));
  await until("it is sent", () => of("hook").sent === 1);
  expect(hooks.bodies.map(({ rule }) => rule)).toEqual(["b"]);
  expect(told(of("hook"))).toBe(1);
});

test("a token in a file is read anew, and no error says what is in it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "secretscope-token-"));
  const path = join(folder, "token");
  try {
    const hooks = await serve();
    const { deliveries, of, notes } = deliver(hook(hooks.url, `, token_file: "${path}"`));
    deliveries.tell(notice("a"));
    await until("it fails without the file", () => of("hook").failed >= 1);
    expect(of("hook").lastError).toBe(`token_file ${path} cannot be read: ENOENT`);
    writeFileSync(path, "hush hush\r\nhush");
    await until("it fails with a bad one", () => of("hook").lastError?.includes("one word") === true);
    writeFileSync(path, "first\n");
    await until("it is sent", () => of("hook").sent === 1);
    writeFileSync(path, "second\n");
    deliveries.tell(notice("b"));
    await until("the next is sent", () => of("hook").sent === 2);
    expect(hooks.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer first", "Bearer second"]);
    expect(JSON.stringify([notes, deliveries.status()])).not.toMatch(/hush|first|second/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a URL is not repeated in an error, neither one from the configuration nor one from a file", async () => {
  const port = await deadPort();
  const folder = mkdtempSync(join(tmpdir(), "secretscope-url-"));
  const path = join(folder, "url");
  writeFileSync(path, "http://hush:hush@127.0.0.1/hush");
  try {
    const { deliveries, of, notes } = deliver(
      `log: no\nwebhook: [{name: a, url: "http://127.0.0.1:${port}/hush"}, {name: b, url_file: "${path}"}]`,
    );
    deliveries.tell(notice("x"));
    await until("both fail", () => of("a").failed >= 1 && of("b").failed >= 1);
    expect(of("b").lastError).toContain("no name and password");
    expect(JSON.stringify([notes, deliveries.status()])).not.toContain("hush");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("close sends what waits, even what waits for a second try", async () => {
  const port = await deadPort();
  const { deliveries, of } = deliver(hook(`http://127.0.0.1:${port}`), { firstMs: 60_000, longestMs: 60_000 });
  for (const rule of ["a", "b"]) deliveries.tell(notice(rule));
  await until("it was tried", () => of("hook").failed === 1);
  const hooks = await serve(undefined, port);
  const began = performance.now();
  await deliveries.close(5000);
  expect(performance.now() - began).toBeLessThan(3000);
  expect(hooks.bodies.map(({ rule }) => rule)).toEqual(["a", "b"]);
  expect(of("hook")).toMatchObject({ sent: 2, queued: 0, dropped: 0 });
});

test("close gives up in time, and counts what never left", async () => {
  const slow = await serve(() => {});
  const { deliveries, of, notes } = deliver(hook(slow.url));
  for (const rule of ["a", "b", "c"]) deliveries.tell(notice(rule));
  await until("the first is under way", () => slow.requests.length === 1);
  const began = performance.now();
  await deliveries.close(200);
  expect(performance.now() - began).toBeLessThan(1500);
  expect(of("hook")).toMatchObject({ sent: 0, queued: 0, dropped: 3 });
  expect(notes.join("\n")).toContain("3 notices not delivered before the end");
  deliveries.tell(notice("late"));
  await sleep(20);
  expect(of("hook").dropped).toBe(4);
});
