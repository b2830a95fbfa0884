/** Claim: a refusal goes by the name that man pages and design.md give it. */
import { expect, test } from "vitest";
import { errnoName } from "../../../probes/kernel/errno.ts";
import { faultResult } from "../../../probes/kernel/faultResult.ts";

test.each([
  [1, "EPERM"],
  [12, "ENOMEM"],
  [22, "EINVAL"],
  [24, "EMFILE"],
  [4000, "E4000"],
])("%i is %s", (number, name) => {
  expect(errnoName(number)).toBe(name);
});

// Node lists EWOULDBLOCK after EAGAIN, with the same number.
test("11 is EAGAIN, as mmap(2) says of RLIMIT_MEMLOCK", () => {
  expect(errnoName(11)).toBe("EAGAIN");
});

test.each([
  [0, "0"],
  [0x200, "VM_FAULT_LOCKED"],
  [0x2, "VM_FAULT_SIGBUS"],
  [0x1 | 0x400, "VM_FAULT_OOM|VM_FAULT_RETRY"],
  [0x8000, "32768"],
])("a fault that returned %i: %s", (value, words) => {
  expect(faultResult(value)).toBe(words);
});
