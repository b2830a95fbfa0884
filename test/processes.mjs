/** Processes that a test started, as /proc knows them. A machine need not have ps. */
import { readFileSync } from "node:fs";

/**
 * The children of a process's main thread, as the kernel lists them (CONFIG_PROC_CHILDREN).
 * @param {number | undefined} pid
 * @returns {number[]} none when it is gone
 */
export function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
