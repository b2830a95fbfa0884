/** `deliver:` out of YAML: what is right is read, what is wrong is said with its place, and secrets are not repeated. */
import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LineCounter } from "yaml";
import { readDeliverySettings } from "../../../../collector/alerts/delivery/readSettings.ts";
import { hidden } from "../../../../collector/alerts/delivery/secret.ts";
import { defaultDeliverySettings } from "../../../../collector/alerts/delivery/settings.ts";
import { shownDeliverySettings } from "../../../../collector/alerts/delivery/shownSettings.ts";
import { Mistakes } from "../../../../collector/alerts/yamlFields.ts";
import { reading, settingsOf } from "./reading.ts";

const said = (source: string) =>
  reading(source).mistakes.map(({ line, column, text, suggestion }) => ({ at: `${line}:${column}`, text, suggestion }));

test("without deliver: a line in the log and nothing else", () => {
  expect(readDeliverySettings(undefined, new Mistakes(new LineCounter()), "/")).toEqual(defaultDeliverySettings);
  expect(defaultDeliverySettings).toMatchObject({ log: true, stdout: false, webhook: [] });
});

test("every key is read", () => {
  const settings = settingsOf(`
log: no
stdout: yes
alertmanager:
  - name: am
    url: http://127.0.0.1:9093/base
    token_file: am-token
    only: { severity: critical }
    timeout: 5s
    resend: 30s
    link: https://wiki.example.org/secretscope
  - url: http://127.0.0.2:9093
webhook:
  name: pager
  url_file: /run/secrets/url
  token: abc
  timeout: 2s
  queue: 50
  retry_for: 10m
command:
  - name: mail
    run: [/usr/local/bin/page, "--subject={rule}", --, "{message}"]
    timeout: 3s
    queue: 5
    retry_for: 30s
`);
  expect(settings).toMatchObject({
    log: false,
    stdout: true,
    alertmanager: [
      {
        name: "am",
        token: { file: "/etc/secretscope/am-token" },
        only: { severity: "critical" },
        timeoutMs: 5000,
        resendMs: 30_000,
        link: "https://wiki.example.org/secretscope",
      },
      { name: "alertmanager-2", token: null, only: {}, timeoutMs: 10_000, resendMs: 60_000, link: null },
    ],
    webhook: [
      { name: "pager", url: { file: "/run/secrets/url" }, timeoutMs: 2000, queue: 50, retryForMs: 600_000, only: {} },
    ],
    command: [
      {
        name: "mail",
        program: "/usr/local/bin/page",
        args: ["--subject={rule}", "--", "{message}"],
        timeoutMs: 3000,
        queue: 5,
        retryForMs: 30_000,
      },
    ],
  });
  const [url, token] = [settings.alertmanager[0]?.url, settings.webhook[0]?.token];
  expect(url && "secret" in url && url.secret.reveal()).toBe("http://127.0.0.1:9093/base");
  expect(token && "secret" in token && token.secret.reveal()).toBe("abc");
});

test.each([
  ["logs: yes", "1:1", 'deliver has no "logs"', "log"],
  ["log: maybe", "1:6", "yes or no", null],
  ["- log", "1:1", "deliver is a mapping", null],
  ["webhook: []", "1:10", "is empty", null],
  ["webhook: [{urll: http://a}]", "1:12", 'no "urll"', "url"],
  ["webhook: [{name: a}]", "1:11", "has no url", null],
  ["webhook: [{url: ftp://a}]", "1:17", "http://", null],
  ["webhook: [{url: http://u:hush@a/}]", "1:17", "token_file", null],
  ["webhook: [{url: http://a, token: [x]}]", "1:34", "one word", null],
  ["webhook: [{url: http://a, token: a b}]", "1:34", "one word", null],
  ["webhook: [{url: http://a, token: a, token_file: b}]", "1:37", "write one of them", null],
  ["webhook: [{url: http://a, timeout: 0s}]", "1:36", "from 1s to 300s", null],
  ["webhook: [{url: http://a, retry_for: 8d}]", "1:38", "retry_for is at most 7d", null],
  ["webhook: [{url: http://a, queue: 0}]", "1:34", "1 to 10000", null],
  ["webhook: [{url: http://a, name: a}, {url: http://b, name: a}]", "1:59", "two receivers", null],
  ["webhook: [{url: http://a, name: log}]", "1:33", "two receivers", null],
  ['webhook: [{url: http://a, name: "a\\n"}]', "1:33", "up to 63", null],
  ["alertmanager: [{url: http://a, queue: 3}]", "1:32", 'no "queue"', null],
  ["alertmanager: [{url: http://a, resend: 1s}]", "1:40", "from 5s", null],
  ["command: [{name: a}]", "1:11", "has run", null],
  ["command: [{run: mail root}]", "1:17", "never a line for a shell", null],
  ["command: [{run: [mail]}]", "1:18", "absolute path", null],
  ['command: [{run: ["/bin/{who}"]}]', "1:18", "absolute path", null],
  ['command: [{run: [/bin/a, "{massage}"]}]', "1:26", "no word", "{message}"],
  ['command: [{run: [/bin/a, "{message}"]}]', "1:26", 'put "--" before it', null],
  ['command: [{run: [/bin/a, "{who}", --]}]', "1:26", 'put "--" before it', null],
  ['command: [{run: [/bin/sh, -c, "echo {rule}"]}]', "1:31", "$SECRETSCOPE_MESSAGE", null],
  ['command: [{run: [/bin/a, "--eval={rule}"]}]', "1:26", "$SECRETSCOPE_MESSAGE", null],
  ["command: [{run: [/bin/a, 5]}]", "1:26", "an argument is text", null],
])("%s", (source, at, text, suggestion) => {
  expect(said(source)).toContainEqual({ at, text: expect.stringContaining(text), suggestion });
});

test("an argument may begin with own words, hold foreign ones, and begin with them after --", () => {
  const run = ["{rule}", "message={message}", "-m{who}", "--", "{host}", "{message}"];
  expect(said(`command: [{run: ${JSON.stringify(["/bin/a", ...run])}}]`)).toEqual([]);
});

test("no more than 32 receivers", () => {
  const many = Array.from({ length: 33 }, (_, index) => `{url: "http://a/${index}"}`);
  expect(said(`webhook: [${many.join()}]`)[0]?.text).toContain("at most 32");
});

test("no secret is in a mistake, in JSON, or in what is printed while looking for a fault", () => {
  const secret = "hush-hush";
  const wrong = [
    `webhook: [{url: "http://${secret}:${secret}@a/${secret}"}]`,
    `webhook: [{url: "${secret}"}]`,
    `webhook: [{url: http://a, token: "${secret} ${secret}"}]`,
    `webhook: [{url: http://a, token: ["${secret}"]}]`,
    `webhook: [{url: http://a, token: {"a": "${secret}"}}]`,
  ];
  for (const source of wrong) {
    const mistakes = JSON.stringify(said(source));
    expect(mistakes).toContain("text");
    expect(mistakes).not.toContain(secret);
  }
  const settings = settingsOf(`webhook: [{url: "http://a/${secret}", token: ${secret}}]`);
  const shown = [
    JSON.stringify(settings),
    inspect(settings, { depth: 9, showHidden: true }),
    `${settings.webhook[0]?.url}`,
  ];
  for (const text of shown) expect(text).not.toContain(secret);
  expect(shown[0]).toContain(hidden);
});

test("settings are shown in the words they are written in, without secrets", () => {
  const source = `
log: no
stdout: yes
alertmanager: [{name: am, url: "http://127.0.0.1:9093", resend: 30s, timeout: 5s, link: "http://a/", token_file: /t}]
webhook:
  - {name: pager, url: "https://a:8443/services/hush?key=hush", token: hush, only: {severity: page}, queue: 5, retry_for: 90s}
  - {name: other, url_file: /run/url}
command: [{name: mail, run: [/bin/mail, "--", "{message}"], timeout: 1m}]`;
  const shown = shownDeliverySettings(settingsOf(source));
  expect(shown).toEqual({
    log: false,
    stdout: true,
    alertmanager: [
      {
        name: "am",
        url: "http://127.0.0.1:9093",
        token_file: "/t",
        resend: "30s",
        link: "http://a/",
        timeout: "5s",
      },
    ],
    webhook: [
      {
        name: "pager",
        url: "https://a:8443/(hidden)",
        token: hidden,
        only: { severity: "page" },
        timeout: "10s",
        queue: 5,
        retry_for: "90s",
      },
      { name: "other", url_file: "/run/url", timeout: "10s", queue: 1000, retry_for: "60m" },
    ],
    command: [{ name: "mail", run: ["/bin/mail", "--", "{message}"], timeout: "1m", queue: 1000, retry_for: "60m" }],
  });
  // Without the two secrets it is a configuration that says the same.
  const { webhook, ...rest } = shown as { webhook: Record<string, unknown>[] };
  const again = shownDeliverySettings(settingsOf(JSON.stringify({ ...rest, webhook: webhook.slice(1) })));
  expect(again).toEqual({ ...rest, webhook: webhook.slice(1) });
});

test("any text is read or refused, quickly and without an error", () => {
  const words = fc.constantFrom("log", "webhook", "url", "run", "command", "token", "{message}", "- ", ": ", "[", "]");
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(words, { maxLength: 20 }).map((each) => each.join("")),
  );
  fc.assert(
    fc.property(texts, (source) => {
      expect(Array.isArray(reading(source).mistakes)).toBe(true);
    }),
    { numRuns: 60 },
  );
});
