/**
 * Names from the kernel as label values. prom-client escapes what the format needs (backslash, quote, newline); what
 * could act on the terminal of a person who reads /metrics, and length, are ours.
 */
import { createHash } from "node:crypto";
import { safeText } from "../../safeText.ts";

/** A path of a cgroup has up to 4096 characters; every series carries its labels in memory at Prometheus. */
export const longestLabel = 160;
const keptEnd = 70;

/** Inert and short. What is cut carries a digest of the whole, so that two long names stay two. */
export function labelValue(text: string): string {
  const safe = safeText(text);
  if (safe.length <= longestLabel) return safe;
  const characters = [...safe];
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 8);
  return `${characters.slice(0, keptEnd).join("")}...${digest}...${characters.slice(-keptEnd).join("")}`;
}
