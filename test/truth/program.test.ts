/** Claim: bpftrace need not compile this kernel's structs: all that the program reads of them is read by offset. */
import { expect, test } from "vitest";
import { readOffer } from "../../probes/kernel/offer.ts";
import { planFor } from "../../probes/plan.ts";
import { routes } from "./machine.ts";

test.each(routes)("by the %s route", (choice) => {
  const options = { choice, device: 1, collector: 1, canCommand: true, intervalMs: 1000 };
  const { program, commands } = planFor(readOffer(), options);
  expect(commands).toBe(true);
  expect(program).toContain("(uint64)curtask + ");
  expect(program?.split("\n").filter((line) => line.includes("struct "))).toEqual([]);
});
