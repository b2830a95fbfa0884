/** No bpftrace that could be run: why, and what to do. */
import type { Finding } from "bpftrace-wrapper";

/** undefined: there is one. The wrapper's last sentence says what to do; what a program printed may stand before it. */
export function lackOfBpftrace(finding: Finding): { reason: string; remedy: string } | undefined {
  if (finding.kind === "found") return undefined;
  const end = finding.message.lastIndexOf(". ");
  const advice = finding.message.slice(end + 2).replace(/\.$/, "");
  return { reason: finding.message.slice(0, end), remedy: advice.charAt(0).toLowerCase() + advice.slice(1) };
}
