/** Claim: replay is live. Whatever happened, the ledger that is fed from the trace says the same at every reading. */
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { histories, live, runs } from "../ledger/histories.ts";
import { readAll, readSeen, record, scratch, snapshots } from "./recorded.ts";

test("a replayed history gives the snapshots of the live one, field for field", async () => {
  const path = join(scratch(), "trace.arrows");
  await fc.assert(
    fc.asyncProperty(histories, fc.boolean(), fc.boolean(), async (steps, tellsLevel, reusesInodes) => {
      const { events } = live(steps, { tellsLevel, reusesInodes }).story;
      await record(events, { path, overwrite: true });
      const lived = snapshots(events);
      expect(snapshots(readAll(path))).toEqual(lived);
      expect(snapshots(readSeen(path))).toEqual(lived);
    }),
    runs,
  );
}, 120_000);
