/** Claim: why there is no bpftrace and what to do are told apart, whatever a program printed in between. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBpftrace } from "bpftrace-wrapper";
import { expect, test } from "vitest";
import { lackOfBpftrace } from "../../../collector/lackOfBpftrace.ts";
import { scratch } from "../trace/recorded.ts";

async function lackOf(script: string, mode = 0o755) {
  const path = join(scratch(), "bpf. trace");
  writeFileSync(path, script);
  chmodSync(path, mode);
  const lack = lackOfBpftrace(await findBpftrace({ path }));
  return { reason: lack?.reason.replace(path, "PATH"), remedy: lack?.remedy };
}

test.each([
  [
    "too old",
    "#!/bin/sh\necho bpftrace v0.14.1\n",
    0o755,
    /^PATH is bpftrace v0\.14\.1; 0\.17 or later/,
    /^install a newer/,
  ],
  ["garbage", "#!/bin/sh\necho 'one. Two. Three'\n", 0o755, /but "one\. Two\. Three\\n"$/, /^it is another program/],
  ["not executable", "", 0o644, /^PATH exists but cannot be run/, /^correct that \(chmod \+x\)/],
])("%s", async (_, script, mode, reason, remedy) => {
  const lack = await lackOf(script, mode);
  expect(lack.reason).toMatch(reason);
  expect(lack.remedy).toMatch(remedy);
  expect(`${lack.reason}${lack.remedy}`).not.toMatch(/\.$/);
});

test("none at all, and one that is well", async () => {
  const named = await findBpftrace({ path: "/nonexistent" });
  expect(lackOfBpftrace(named)).toEqual({
    reason: "There is no file /nonexistent",
    remedy: "correct the path, or leave it out to search PATH",
  });
  const script = join(scratch(), "bpftrace");
  writeFileSync(script, "#!/bin/sh\necho bpftrace v0.23.0\n", { mode: 0o755 });
  expect(lackOfBpftrace(await findBpftrace({ path: script }))).toBeUndefined();
});
