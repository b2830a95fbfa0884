/** Claim: descriptors that wait in sockets are counted, each socket once, and that they were taken is noticed. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { lookForFlights, stillWaits } from "../../../collector/sources/procfs/inFlight.ts";
import { FakeProc } from "./fixture.ts";

let proc: FakeProc;
beforeEach(() => {
  proc = new FakeProc();
});
afterEach(() => proc.remove());

const fdinfo = (waiting: number) => `pos:\t0\nflags:\t02000002\nmnt_id:\t10\nino:\t11\nscm_fds: ${waiting}\n`;

test("each socket is counted once, whoever has it open", async () => {
  proc.process(7, { descriptors: { 3: "socket:[11]", 4: "socket:[12]", 5: "/dev/null", 6: 5 } });
  proc.file("7/fdinfo/3", fdinfo(2));
  proc.file("7/fdinfo/4", fdinfo(0));
  proc.process(8, { descriptors: { 0: "socket:[11]", 1: "socket:[13]" } });
  proc.file("8/fdinfo/0", fdinfo(2));
  proc.file("8/fdinfo/1", fdinfo(1));
  expect(await lookForFlights(proc.root)).toEqual({
    descriptors: 3,
    sockets: [`${proc.root}/7/fdinfo/3`, `${proc.root}/8/fdinfo/1`],
  });
});

test("a TCP socket says nothing of it, and a process may end while it is looked at", async () => {
  proc.process(7, { descriptors: { 3: "socket:[11]", 4: "socket:[12]" } });
  proc.file("7/fdinfo/3", "pos:\t0\nflags:\t02\n");
  expect(await lookForFlights(proc.root)).toEqual({ descriptors: 0, sockets: [] });
});

test("something still waits until the last socket is empty, or gone", async () => {
  proc.process(7, { descriptors: { 3: "socket:[11]", 4: "socket:[12]" } });
  proc.file("7/fdinfo/3", fdinfo(1));
  proc.file("7/fdinfo/4", fdinfo(1));
  const found = await lookForFlights(proc.root);
  proc.file("7/fdinfo/3", fdinfo(0));
  expect(stillWaits(found)).toBe(true);
  proc.remove();
  expect(stillWaits(found)).toBe(false);
});
