/** `npm start` must notice packages that are missing or of another version, and not those of other platforms. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packagesAreInstalled } from "../../../.ci/installed-packages.mjs";

const folder = mkdtempSync(join(tmpdir(), "secretscope-installed-"));
mkdirSync(join(folder, "node_modules"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wanted = {
  "": { name: "x" },
  "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
  "node_modules/own": { resolved: "own", link: true },
  "node_modules/for-another-platform": { version: "2.0.0", optional: true },
};

function installed(present: object | undefined): boolean {
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages: wanted }));
  const hidden = join(folder, "node_modules/.package-lock.json");
  if (present === undefined) rmSync(hidden, { force: true });
  else writeFileSync(hidden, JSON.stringify({ packages: present }));
  return packagesAreInstalled(folder);
}

const complete = { "node_modules/a": wanted["node_modules/a"], "node_modules/own": wanted["node_modules/own"] };

test.each([
  ["everything that is for this platform", complete, true],
  ["nothing, or an interrupted npm ci", undefined, false],
  ["one package missing", { "node_modules/own": complete["node_modules/own"] }, false],
  ["another version", { ...complete, "node_modules/a": { version: "1.0.1", integrity: "sha512-a" } }, false],
  ["another content", { ...complete, "node_modules/a": { version: "1.0.0", integrity: "sha512-b" } }, false],
  ["a registry package where ours should be", { ...complete, "node_modules/own": { version: "1.0.0" } }, false],
])("%s", (_, present, answer) => {
  expect(installed(present)).toBe(answer);
});
