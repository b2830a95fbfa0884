// How many tests passed, failed and were skipped, read from what vitest's JSON reporter wrote. See counts.d.mts.
import { readFileSync } from "node:fs";

/** @typedef {import("./counts.d.mts").Counts} Counts */

/** @returns {Counts} */
export const nothing = () => ({ passed: 0, failed: 0, skipped: 0, skippedNames: [] });

/** @param {boolean} good @returns {Counts} */
export const one = (good) => ({ ...nothing(), passed: good ? 1 : 0, failed: good ? 0 : 1 });

/**
 * @param {string} report
 * @param {number | null} status
 * @returns {Counts}
 */
export function countsOf(report, status) {
  /** @type {{ success: boolean, testResults: { status: string, assertionResults: { status: string, fullName: string }[] }[] }} */
  let results;
  try {
    results = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return one(false);
  }
  const counts = nothing();
  for (const file of results.testResults) {
    const before = counts.failed;
    for (const test of file.assertionResults) {
      if (test.status === "passed") counts.passed += 1;
      else if (test.status === "skipped" || test.status === "todo") {
        counts.skipped += 1;
        counts.skippedNames.push(test.fullName);
      } else counts.failed += 1;
    }
    if (file.status === "failed" && counts.failed === before) counts.failed += 1;
  }
  const ran = counts.passed + counts.failed + counts.skipped;
  if (counts.failed === 0 && (status !== 0 || !results.success || ran === 0)) counts.failed += 1;
  return counts;
}
