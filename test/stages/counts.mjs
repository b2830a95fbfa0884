// How many tests passed, failed and were skipped, read from what vitest's JSON reporter wrote. See counts.d.mts.
import { readFileSync } from "node:fs";

/** @typedef {import("./counts.d.mts").Counts} Counts */

/** @returns {Counts} */
export const nothing = () => ({ passed: 0, failed: 0, skipped: 0, skippedNames: [], failures: [], secondAttempts: [] });

/** @param {boolean} good @returns {Counts} */
export const one = (good) => ({ ...nothing(), passed: good ? 1 : 0, failed: good ? 0 : 1 });

/**
 * @param {string} report
 * @param {number | null} status
 * @returns {Counts}
 */
export function countsOf(report, status) {
  /** @type {{ success: boolean, testResults: { name: string, status: string, message: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }[] }} */
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
      const message = `${test.fullName}: ${firstLines(test.failureMessages.join("\n"))}`;
      if (test.status === "passed") {
        counts.passed += 1;
        // What passed and has a failure to tell of was run again.
        if (test.failureMessages.length > 0) counts.secondAttempts.push(message);
      } else if (test.status === "skipped" || test.status === "todo") {
        counts.skipped += 1;
        counts.skippedNames.push(test.fullName);
      } else {
        counts.failed += 1;
        counts.failures.push(message);
      }
    }
    if (file.status === "failed" && counts.failed === before) {
      counts.failed += 1;
      counts.failures.push(`${file.name}: ${firstLines(file.message)}`);
    }
  }
  const ran = counts.passed + counts.failed + counts.skipped;
  if (counts.failed === 0 && (status !== 0 || !results.success || ran === 0)) counts.failed += 1;
  return counts;
}

/** Enough to know what it was where the whole output is not kept. @param {string} text */
const firstLines = (text) => text.slice(0, 1500);
