/** The last line of `npm test` must not be better than what happened. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { countsOf } from "../../stages/counts.mjs";

const folder = mkdtempSync(join(tmpdir(), "secretscope-counts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function report(success: boolean, files: { status: string; tests: string[] }[]): string {
  const path = join(folder, "report.json");
  const testResults = files.map(({ status, tests }) => ({
    name: "file",
    status,
    message: "could not be loaded",
    assertionResults: tests.map((each, index) => ({
      status: each === "again" ? "passed" : each,
      fullName: `test ${index}`,
      failureMessages: ["failed", "again"].includes(each) ? ["expected 1 to be 2"] : [],
    })),
  }));
  writeFileSync(path, JSON.stringify({ success, testResults }));
  return path;
}

test("each test counts once, and the skipped, the failed and the repeated are named", () => {
  const path = report(false, [
    { status: "failed", tests: ["passed", "failed", "skipped"] },
    { status: "passed", tests: ["passed", "todo", "again"] },
  ]);
  expect(countsOf(path, 1)).toEqual({
    passed: 3,
    failed: 1,
    skipped: 2,
    skippedNames: ["test 2", "test 1"],
    failures: ["test 1: expected 1 to be 2"],
    secondAttempts: ["test 2: expected 1 to be 2"],
  });
});

test.each([
  ["a file that could not be loaded", () => report(false, [{ status: "failed", tests: [] }]), 1],
  ["a test that never ended", () => report(true, [{ status: "passed", tests: ["pending"] }]), 0],
  ["an exit status that no test explains", () => report(true, [{ status: "passed", tests: ["passed"] }]), 1],
  ["a run that was killed", () => report(true, [{ status: "passed", tests: ["passed"] }]), null],
  ["no tests at all", () => report(true, []), 0],
  ["no report", () => join(folder, "missing.json"), 0],
] as const)("%s is a failure", (_, path, status) => {
  expect(countsOf(path(), status).failed).toBe(1);
});
