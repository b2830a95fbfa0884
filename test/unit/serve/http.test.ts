/** The HTTP endpoint with real sockets: what it answers, what it refuses, and that nobody can hold it up. */
import { createConnection, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatFor } from "../../../collector/serve/http/accept.ts";
import { refusal } from "../../../collector/serve/http/answer.ts";
import { isForLoopback } from "../../../collector/serve/http/hostCheck.ts";
import { httpLimits } from "../../../collector/serve/http/limits.ts";
import { HttpEndpoint } from "../../../collector/serve/http/server.ts";

const large = "x".repeat(8 * 2 ** 20);
const errors: unknown[] = [];
const endpoint = new HttpEndpoint({
  listen: { host: "127.0.0.1", port: 0 },
  pages: {
    "/": () => refusal(200, "index"),
    "/large": () => refusal(200, large),
    "/broken": () => Promise.reject(new Error("a secret reason")),
  },
  onError: (error) => errors.push(error),
});
let url = "";
let port = 0;

beforeAll(async () => {
  url = await endpoint.open();
  port = Number(new URL(url).port);
});
afterAll(() => endpoint.close(100));

interface Raw {
  readonly socket: Socket;
  /** What came so far. */
  text(): string;
  readonly ended: Promise<string>;
}

/** A connection that sends what it is told and nothing else. */
function connect(first = ""): Raw {
  const socket = createConnection({ host: "127.0.0.1", port });
  let text = "";
  socket.setEncoding("latin1").on("data", (more: string) => {
    text += more;
  });
  socket.on("error", () => {});
  const ended = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
  socket.write(first);
  return { socket, text: () => text, ended };
}

/** A whole request as text; the connection is closed by the server, or the test waits in vain. */
const raw = (request: string) => connect(request.replaceAll("\n", "\r\n")).ended;
const head = (line: string, ...headers: string[]) => `${[line, `Host: 127.0.0.1:${port}`, ...headers].join("\n")}\n\n`;
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

describe("what it answers", () => {
  test("a page, with headers that keep browsers and caches out of it", async () => {
    const answer = await fetch(`${url}/?a=b`);
    expect([answer.status, await answer.text()]).toEqual([200, "index\n"]);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("HEAD is GET without the body", async () => {
    const [get, headOnly] = [await fetch(url), await fetch(url, { method: "HEAD" })];
    expect(await headOnly.text()).toBe("");
    expect(headOnly.headers.get("content-length")).toBe(get.headers.get("content-length"));
    await get.text();
  });

  test("an error of ours is 500 without the reason, which is told elsewhere", async () => {
    const answer = await fetch(`${url}/broken`);
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining("secret")]);
    expect(errors).toHaveLength(1);
  });
});

describe("what it refuses", () => {
  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])(
    "%s: 405, with what is allowed",
    async (method) => {
      const answer = await raw(head(`${method} / HTTP/1.1`, "Content-Length: 0"));
      expect(statusOf(answer)).toBe(405);
      expect(answer).toContain("\r\nAllow: GET, HEAD\r\n");
    },
  );

  test.each([
    ["an unknown path", "GET /nothing HTTP/1.1", [], 404],
    ["a path of a prototype", "GET /constructor HTTP/1.1", [], 404],
    ["a path that goes up", "GET /../etc/passwd HTTP/1.1", [], 404],
    ["a path that is too long", `GET /${"a".repeat(httpLimits.pathCharacters)} HTTP/1.1`, [], 414],
    ["another server's path", "GET http://example.org/ HTTP/1.1", [], 400],
    ["headers that are too long", "GET / HTTP/1.1", [`X: ${"a".repeat(httpLimits.headerBytes)}`], 431],
    ["a body", "GET / HTTP/1.1", ["Content-Length: 5"], 413],
    ["a body without a length", "GET / HTTP/1.1", ["Transfer-Encoding: chunked"], 413],
    ["a body that asks first", "GET / HTTP/1.1", ["Content-Length: 5", "Expect: 100-continue"], 413],
    ["two lengths", "GET / HTTP/1.1", ["Content-Length: 5", "Content-Length: 6"], 400],
    ["a length and chunks", "GET / HTTP/1.1", ["Content-Length: 5", "Transfer-Encoding: chunked"], 400],
    ["no HTTP", "\x16\x03\x01 hello", [], 400],
  ] as const)("%s", async (_, line, headers, status) => {
    const answer = await raw(head(line, ...headers, "Connection: close"));
    expect(statusOf(answer)).toBe(status);
  });

  test("a body is not waited for, however long it says it is", async () => {
    const sender = connect(head("POST / HTTP/1.1", "Content-Length: 1000000000000").replaceAll("\n", "\r\n"));
    const chunk = "x".repeat(65_536);
    const began = performance.now();
    const pump = () => {
      while (!sender.socket.destroyed && sender.socket.write(chunk));
    };
    sender.socket.on("drain", pump);
    pump();
    await sender.ended;
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test.each([
    "evil.example.org",
    "127.0.0.1.evil.org",
    "evil.org:80",
    "localhost.evil.org",
    "10.0.0.1",
    "[::2]",
    "a@127.0.0.1",
    "",
  ])("Host: %s, as a page does whose name was turned to 127.0.0.1", async (host) => {
    expect(isForLoopback(host)).toBe(false);
    const answer = await raw(`GET / HTTP/1.1\nHost: ${host}\nConnection: close\n\n`);
    expect([400, 403]).toContain(statusOf(answer));
    expect(answer).not.toContain("index");
  });

  test.each(["localhost", "localhost:8080", "LOCALHOST.:1", "127.0.0.1", "127.5.5.5:1", "[::1]:9", "x.localhost"])(
    "Host: %s is this machine",
    async (host) => {
      expect(isForLoopback(host)).toBe(true);
      expect(statusOf(await raw(`GET / HTTP/1.1\nHost: ${host}\nConnection: close\n\n`))).toBe(200);
    },
  );

  test("HTTP/1.0 without a Host", async () => {
    expect(statusOf(await raw("GET / HTTP/1.0\n\n"))).toBe(403);
  });

  test("to be more than a request: CONNECT, upgrades", async () => {
    expect(statusOf(await raw(head("CONNECT 127.0.0.1:22 HTTP/1.1")))).not.toBe(200);
    const upgrade = await raw(head("GET / HTTP/1.1", "Connection: Upgrade, close", "Upgrade: websocket"));
    expect(statusOf(upgrade)).not.toBe(101);
  });
});

describe("slow clients", () => {
  test("headers that trickle in are cut off, and meanwhile everybody else is answered", {
    timeout: 30_000,
  }, async () => {
    const began = performance.now();
    const slow = Array.from({ length: 20 }, () => connect("GET / HTTP/1.1\r\nHost: localhost\r\n"));
    const silent = connect();
    const drip = setInterval(() => {
      for (const { socket } of slow) if (socket.writable) socket.write("X: y\r\n");
    }, 300);
    const times: number[] = [];
    while (performance.now() - began < 3000) {
      const asked = performance.now();
      expect((await fetch(url)).status).toBe(200);
      times.push(performance.now() - asked);
    }
    const answers = await Promise.all(slow.map(({ ended }) => ended));
    clearInterval(drip);
    expect(answers.map(statusOf)).toEqual(answers.map(() => 408));
    await silent.ended;
    expect(performance.now() - began).toBeLessThan(2 * httpLimits.idleMs);
    expect(times.sort((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(100);
  });

  test("who does not read what it asked for is cut off", { timeout: 30_000 }, async () => {
    const reader = connect();
    reader.socket.pause();
    reader.socket.write(head("GET /large HTTP/1.1").replaceAll("\n", "\r\n"));
    // A paused socket does not notice the other end: bytes that come late show that it went.
    await new Promise((resolve) => setTimeout(resolve, httpLimits.answerMs + 2000));
    reader.socket.resume();
    expect((await reader.ended).length).toBeLessThan(large.length);
  });

  test("more connections than allowed are closed at once; those that are there go on", async () => {
    const first = connect();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const all = Array.from({ length: httpLimits.connections + 20 }, () => connect());
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(all.filter(({ socket }) => socket.destroyed || socket.readableEnded).length).toBeGreaterThanOrEqual(20);
    first.socket.write(head("GET / HTTP/1.1", "Connection: close").replaceAll("\n", "\r\n"));
    expect(statusOf(await first.ended)).toBe(200);
    for (const { socket } of all) socket.destroy();
  });
});

test.each([
  [undefined, "text"],
  ["*/*", "text"],
  ["text/html,*/*;q=0.8", "text"],
  ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "openMetrics"],
  ["application/openmetrics-text;version=2.0.0,text/plain;q=0.5", "text"],
  ["application/openmetrics-text;q=0.3,text/plain;q=0.9", "text"],
  ["application/openmetrics-text;q=0", "text"],
  ["application/openmetrics-text;q=nonsense", "text"],
] as const)("Accept: %s gets %s", (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});

test("an address that is taken is said in one line, with what to do", async () => {
  const second = new HttpEndpoint({ listen: { host: "127.0.0.1", port }, pages: {}, onError: () => {} });
  await expect(second.open()).rejects.toMatchObject({
    message: `cannot listen at 127.0.0.1:${port}: something listens there already`,
    remedy: expect.stringContaining("--listen"),
  });
});
