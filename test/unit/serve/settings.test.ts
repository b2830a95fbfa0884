/** The configuration out of YAML: what is right is read, what is wrong is said with its place, secrets stay secret. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { Faulty, readConfiguration } from "../../../collector/serve/configuration.ts";
import { formatListen, isLoopback, parseListen } from "../../../collector/serve/listenAddress.ts";
import { printedSettings } from "../../../collector/serve/printedSettings.ts";
import { metricKeys, readSettings, settingKeys } from "../../../collector/serve/readSettings.ts";
import { defaultSettings } from "../../../collector/serve/settings.ts";

const said = (source: string) =>
  readSettings(source, "/etc/secretscope").mistakes.map(({ line, column, text, suggestion }) => ({
    at: `${line}:${column}`,
    text,
    suggestion,
  }));

test.each(["", "# nothing\n", "---\n"])("without a word it is the defaults: %j", (source) => {
  expect(readSettings(source, "/")).toEqual({ settings: defaultSettings, mistakes: [] });
});

test("every key is read; paths are relative to the file", () => {
  const { settings, mistakes } = readSettings(
    "listen: '[::1]:1234'\ninterval: 500ms\nroute: procfs\nbpftrace: bin/bpftrace\nrules: rules.yaml\n" +
      "metrics: {cgroups: 1, users: 2, processes: 3}\ndeliver: {log: no}\n",
    "/etc/secretscope",
  );
  expect(mistakes).toEqual([]);
  expect(settings).toMatchObject({
    listen: { host: "::1", port: 1234 },
    intervalMs: 500,
    route: "procfs",
    bpftrace: "/etc/secretscope/bin/bpftrace",
    rules: { file: "/etc/secretscope/rules.yaml" },
    metrics: { cgroups: 1, users: 2, processes: 3 },
    deliver: { log: false },
  });
});

test.each([
  ["lisen: 127.0.0.1:1", "1:1", 'no "lisen"', "listen"],
  ["interval: 1s\nmetrics:\n  cgroup: 3", "3:3", 'no "cgroup"', "cgroups"],
  ["deliver:\n  webhok: {}", "2:3", 'no "webhok"', "webhook"],
  ["route: tracepiont", "1:8", "no route", "tracepoint"],
  ["listen: 9100", "1:9", "HOST:PORT", null],
  ["listen: 127.0.0.1:65536", "1:9", "HOST:PORT", null],
  ["interval: 1", "1:11", "like 30s", null],
  ["interval: 2h", "1:11", "100ms to 1h", null],
  ["interval: 99ms", "1:11", "100ms to 1h", null],
  ["metrics: {users: 301}", "1:18", "0 to 300", null],
  ["metrics: {processes: 1.5}", "1:22", "0 to 500", null],
  ["metrics: 5", "1:10", "a mapping", null],
  ["rules: [a]", "1:8", "a path", null],
  ["interval: 1s\ninterval: 2s", "2:1", "twice", null],
  ["listen: &a x", "1:9", "an anchor", null],
  ["- a", "1:1", "a mapping", null],
  [`x: ${"[".repeat(50_000)}`, "1:12", "nested too deeply", null],
] as const)("%s", (source, at, text, suggestion) => {
  const wanted = text === "a path" ? "the path of a file" : text;
  expect(said(source)).toContainEqual({ at, text: expect.stringContaining(wanted), suggestion });
});

test("any text is read or refused, with a place for each mistake", () => {
  const keys = fc.constantFrom(...settingKeys, ...metricKeys, "deliver: {webhook", "x");
  const lines = fc.array(fc.tuple(fc.constantFrom("", "  ", "- "), keys, fc.constantFrom(": ", ":"), fc.string()));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        lines.map((all) => all.map((line) => line.join("")).join("\n")),
      ),
      (source) => {
        const { settings, mistakes } = readSettings(source, "/");
        for (const { line, column, text } of mistakes) expect(line >= 1 && column >= 1 && text.length > 5).toBe(true);
        expect(Object.keys(settings)).toEqual(Object.keys(defaultSettings));
      },
    ),
  );
});

test.each([
  ["127.0.0.1:19447", true],
  ["127.9.9.9:1", true],
  ["[::1]:80", true],
  ["localhost:80", true],
  ["a.localhost:80", true],
  ["0.0.0.0:80", false],
  ["[::]:80", false],
  ["10.0.0.5:80", false],
  ["localhost.example.org:80", false],
  ["notlocalhost:80", false],
] as const)("%s is loopback: %s", (text, loopback) => {
  const listen = parseListen(text);
  expect(listen && isLoopback(listen.host)).toBe(loopback);
  expect(listen && formatListen(listen)).toBe(text);
});

test.each([
  "",
  ":80",
  "80",
  "a:",
  "a:b",
  "::1:80",
  "[1.2.3.4]:80",
  "1.2.3:80",
  "999.1.1.1:80",
  "a b:80",
  "-a:80",
  "a:99999",
  "a:80/x",
])("%j is no address", (text) => {
  expect(parseListen(text)).toBeUndefined();
});

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), "secretscope-serve-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test("what is printed reads back as the same settings", () => {
  const source =
    "listen: '[::1]:1234'\ninterval: 1500ms\nroute: procfs\nbpftrace: /b\nrules: none\nmetrics: {processes: 3}\n" +
    "deliver:\n  log: no\n  stdout: yes\n  alertmanager: {url: http://127.0.0.1:9093, resend: 90s, only: {a: 'yes'}}\n" +
    "  webhook: [{name: w, url_file: u, token_file: t, queue: 5, retry_for: 2h}]\n" +
    "  command: {run: [/bin/x, --, '{message}', '# no comment', 'a: b'], timeout: 7s}\n";
  const { settings, mistakes } = readSettings(source, "/etc");
  expect(mistakes).toEqual([]);
  const again = readSettings(printedSettings(settings), "/elsewhere");
  expect(again.mistakes).toEqual([]);
  expect(JSON.stringify(again.settings)).toBe(JSON.stringify(settings));
  expect(readSettings(printedSettings(defaultSettings), "/").settings).toEqual(defaultSettings);
});

test("no secret is printed, nor part of a mistake", () => {
  const path = folder({
    "good.yaml": "deliver: {webhook: {url: 'https://hooks.example.org/T-hush', token: hush-hush}}\n",
    "bad.yaml": "deliver: {webhook: {url: 'nonsense hush', token: [hush], tokn: hush-hush}}\n",
  });
  const printed = printedSettings(readConfiguration(join(path, "good.yaml"), {}).settings);
  expect(printed).toContain("hidden");
  expect(printed).not.toContain("hush");
  let failure: unknown;
  try {
    readConfiguration(join(path, "bad.yaml"), {});
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(Faulty);
  const { lines, message } = failure as Faulty;
  expect(lines.length).toBeGreaterThan(1);
  expect(`${message}${lines.join("")}`).not.toContain("hush");
});

test("mistakes in the rules are mistakes of the configuration; the command line goes before the file", () => {
  const path = folder({
    "c.yaml": "rules: r.yaml\ninterval: 5s\nmetrics: {users: 1}\n",
    "r.yaml": "rules: [{name: a}]\n",
  });
  const file = join(path, "c.yaml");
  expect(() => readConfiguration(file, {})).toThrow(`${join(path, "r.yaml")} has a mistake`);
  const { settings, rules } = readConfiguration(file, { rules: "default", intervalMs: 100, perProcess: true });
  expect(settings).toMatchObject({ rules: "default", intervalMs: 100, metrics: { users: 1, processes: 50 } });
  expect(rules.length).toBeGreaterThan(10);
  expect(readConfiguration(undefined, { rules: "none" }).rules).toEqual([]);
});

const example = join(import.meta.dirname, "../../../docs/example-config.yaml");

/** Paths of all keys, lists left out: deliver.webhook.url. */
function keysOf(node: unknown, path = ""): string[] {
  if (isSeq(node)) return node.items.flatMap((item) => keysOf(item, path));
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => {
    const name = `${path}${isScalar(key) ? String(key.value) : "?"}`;
    return [name, ...keysOf(value, `${name}.`)];
  });
}

/** The keys that a mapping may have, as the reader itself says when it meets one that it does not know. */
function allowedIn(source: string): string[] {
  const text = readSettings(source, "/")
    .mistakes.map((mistake) => mistake.text)
    .find((each) => each.includes("qqqqqqqqqqqqqq") && each.includes("there are: "));
  return text?.split("there are: ")[1]?.split(", ") ?? [];
}

test("the example explains every key that the reader knows, and is right", () => {
  const source = readFileSync(example, "utf8");
  const { settings, mistakes } = readSettings(source, "/etc/secretscope");
  expect(mistakes).toEqual([]);
  // What is not "for example" is the default.
  const { bpftrace, deliver, ...rest } = settings;
  expect({ ...rest, bpftrace: null, deliver: defaultSettings.deliver }).toEqual(defaultSettings);
  expect(bpftrace).toBe("/usr/bin/bpftrace");
  expect(deliver.webhook[0]).toMatchObject({
    name: "webhook-1",
    queue: 1000,
    retryForMs: 3_600_000,
    timeoutMs: 10_000,
  });

  const unknown = "qqqqqqqqqqqqqq: 1";
  const wanted = [
    ...allowedIn(unknown),
    ...allowedIn(`metrics: {${unknown}}`).map((key) => `metrics.${key}`),
    ...allowedIn(`deliver: {${unknown}}`).map((key) => `deliver.${key}`),
    ...["alertmanager", "webhook", "command"].flatMap((kind) =>
      allowedIn(`deliver: {${kind}: {${unknown}}}`).map((key) => `deliver.${kind}.${key}`),
    ),
  ];
  expect(wanted.length).toBeGreaterThan(30);
  const written = keysOf(parseDocument(source).contents);
  // Of these two only one can stand there; the comment beside it names the other.
  const named = (key: string) => {
    const [, path = "", word = ""] = /^(.*\.)(url|url_file|token|token_file)$/.exec(key) ?? [];
    const twin = word.endsWith("_file") ? word.slice(0, -5) : `${word}_file`;
    return path !== "" && written.includes(path + twin) && source.includes(`${word}:`);
  };
  expect(wanted.filter((key) => !written.includes(key) && !named(key))).toEqual([]);
});
