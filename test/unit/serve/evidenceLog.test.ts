/** Claim: the journal tells once what cannot be seen, again when that becomes another, and is never flooded. */
import { expect, test } from "vitest";
import { EvidenceLog } from "../../../collector/serve/evidenceLog.ts";
import type { EvidenceReason, EvidenceWord, Snapshot } from "../../../collector/snapshot.ts";
import { empty } from "../commands/snapshots.ts";

function story() {
  const lines: string[] = [];
  let now = 0;
  const log = new EvidenceLog(
    (line) => lines.push(line),
    () => now,
  );
  const say = (seconds: number, word: EvidenceWord, ...reasons: EvidenceReason[]) => {
    now = seconds * 1000;
    const evidence = { ...empty.evidence, word, reasons, why: reasons.map(({ text }) => text) };
    log.observe({ ...empty, evidence } satisfies Snapshot);
  };
  return { lines, say };
}
const detached: EvidenceReason = { kind: "detached", text: "the probes are not running: refused" };
const late = (age: number): EvidenceReason => ({ kind: "late", text: `counters are ${age} s old` });

test("at the beginning, whatever it is", () => {
  const { lines, say } = story();
  say(0, "complete");
  expect(lines).toEqual(["evidence is complete"]);
  const other = story();
  other.say(0, "partial", detached, late(3));
  expect(other.lines).toEqual(["evidence is partial: the probes are not running: refused; counters are 3 s old"]);
});

test("a figure that moves in a sentence says nothing new", () => {
  const { lines, say } = story();
  for (let second = 0; second < 1000; second++) say(second, "late", late(second));
  expect(lines).toEqual(["evidence is late: counters are 0 s old"]);
});

test("what changes all the time is told once a minute, with what it is then", () => {
  const { lines, say } = story();
  for (let second = 0; second < 600; second++) {
    if (second % 2 === 0) say(second, "complete");
    else say(second, "late", late(second));
  }
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.length).toBeLessThanOrEqual(10);
});

test("a change that lasts is told, late rather than never", () => {
  const { lines, say } = story();
  say(0, "complete");
  say(5, "partial", detached);
  expect(lines).toEqual(["evidence is complete"]);
  say(61, "partial", detached);
  expect(lines[1]).toBe("evidence is partial: the probes are not running: refused");
});
