/** Claim: `--rules FILE` is read before anything else happens, and its mistakes are said as `alerts check` says them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { figureNames } from "../../../collector/alerts/figures.ts";

const repository = join(import.meta.dirname, "../../..");
const cli = join(repository, "dist/tui/cli.js");
const recording = join(repository, "test/fixtures/traces/format-1.0.arrows");
const folder = mkdtempSync(join(tmpdir(), "secretscope-rules-"));
afterAll(() => rmSync(folder, { recursive: true }));

function secretscope(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { encoding: "utf8" });
  return { status, stdout, stderr };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const good = file("good.yaml", "rules: [{name: some, figure: secret_share, above: 1%}]\n");
const bad = file(
  "bad.yaml",
  "rules:\n  - name: some\n    figure: secret_shar\n    above: 1%\n  - name: other\n    abov: 1\n",
);

test.each([
  ["the dashboard", ["--rules", bad]],
  ["replay", ["replay", recording, "--rules", bad]],
  ["demo", ["demo", "--rules", bad]],
  ["alerts test", ["alerts", "test", bad, "--trace", recording]],
])("%s: mistakes in rules with their places, and status 2", (_, words) => {
  const found = secretscope("alerts", "check", bad);
  expect(found.status).toBe(1);
  expect(found.stdout).toContain(`${bad}:3:13: `);
  expect(found.stdout).toContain("did you mean secret_share?");
  const mistakes = found.stdout.trimEnd().split("\n");
  expect(mistakes.length).toBeGreaterThan(1);
  const { status, stdout, stderr } = secretscope(...words);
  // What demo says of itself comes first.
  expect(stderr.replace(/^secretscope: this is a recording of another machine.*\n/, "")).toBe(
    [...mistakes, `${bad} has ${mistakes.length} mistakes; mend the rules first`]
      .map((line) => `secretscope: ${line}\n`)
      .join(""),
  );
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

test("a file that is not there, and a name that is no word for rules", () => {
  const { status, stderr } = secretscope("replay", recording, "--rules", join(folder, "gone.yaml"));
  expect(stderr).toMatch(/^secretscope: [^\n]*gone\.yaml[^\n]*\n$/);
  expect(status).toBe(2);
});

test.each(["json", "at=+1s"])("rules for a screen that was not asked for: --%s", (option) => {
  const { status, stderr } = secretscope("replay", recording, "--rules", good, `--${option}`);
  expect(stderr).toMatch(/^secretscope: option '--rules <file>' cannot be used with option '--/);
  expect(status).toBe(2);
});

test.each([good, "default", "none"])("in a pipe --rules %s is for nobody, and that is said", (rules) => {
  const { status, stdout, stderr } = secretscope("replay", recording, "--rules", rules);
  expect(stderr).toBe(
    "secretscope: --rules is for the screen; secretscope alerts test RULES --trace FILE prints what fired\n",
  );
  expect(stdout).toMatch(/^direct map /m);
  expect(status).toBe(0);
});

test.each([["dashboard"], ["replay"], ["demo"], ["serve"]])("%s --help tells of it", (command) => {
  expect(secretscope(command, "--help").stdout).toMatch(/^ {2}--rules <file> /m);
});

test("alerts --help shows a file of rules that is one, and alerts figures all that they can be about", async () => {
  const help = secretscope("alerts", "--help").stdout;
  const example = /\n( {2}rules:\n(?: {4}.*\n)+)/.exec(help)?.[1] ?? "";
  const checked = secretscope("alerts", "check", file("help.yaml", example));
  expect([checked.stdout, checked.status]).toEqual([expect.stringContaining("1 rule, no mistakes"), 0]);
  const { status, stdout } = secretscope("alerts", "figures");
  const { figures } = JSON.parse(secretscope("alerts", "figures", "--json").stdout);
  expect([status, figures.length]).toEqual([0, figureNames.length]);
  const rules = figureNames.map((name) => {
    const [, compared = ""] = new RegExp(`^${name}, for example (.*)$`, "m").exec(stdout) ?? [];
    return `{name: of_${name}, figure: ${name}, ${compared}}`;
  });
  const all = secretscope("alerts", "check", file("all.yaml", `rules: [${rules.join(", ")}]`));
  expect(all.stdout).toContain(`${figureNames.length} rules, no mistakes`);
});
