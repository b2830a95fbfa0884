/** Claims that hold after every event of every history, whatever is lost on the way. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Event } from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { histories, live, runs } from "./histories.ts";

const losses = fc.array(fc.boolean(), { minLength: 1, maxLength: 60, size: "max" });

/** All that a ledger would be told in this history. */
const told = fc.tuple(histories, losses, fc.boolean(), fc.boolean()).map(([steps, bits, tellsLevel, lastWords]) => {
  let at = 0;
  const arrives = () => bits[at++ % bits.length] ?? true;
  return live(steps, { arrives, tellsLevel, lastWords, reusesInodes: true }).story.events;
});

function replayed(events: readonly Event[], check: (snapshot: Snapshot, event: Event) => void): Ledger {
  const ledger = new Ledger();
  for (const event of events) {
    ledger.apply(event);
    check(ledger.snapshot(), event);
  }
  return ledger;
}

function splitsAddUp({ directMap, splitCauses, evidence }: Snapshot): void {
  const { "2m": small, "1g": large } = directMap.sinceStart.splits;
  if (small === null || large === null) return;
  const attributed = splitCauses.reduce((sum, { count }) => sum + count, 0);
  expect(attributed + (evidence.unattributedSplits ?? Number.NaN)).toBe(small + large);
}

describe("attributed + unattributed is what vmstat moved by", () => {
  test("after every reading", () => {
    fc.assert(
      fc.property(told, (events) => {
        replayed(events, (snapshot, { kind }) => {
          if (kind === "tick") splitsAddUp(snapshot);
        });
      }),
      runs,
    );
  });

  // Splits whose level is not known yet count as attributed and stand in no row until the next tick.
  test("after every event", () => {
    fc.assert(
      fc.property(told, (events) => {
        replayed(events, splitsAddUp);
      }),
      runs,
    );
  });
});

// Within a reading what was freed comes before what was allocated.
test("no figure of memory is ever below zero", () => {
  fc.assert(
    fc.property(told, (events) => {
      replayed(events, ({ secret }) => {
        const figures = [secret.residentBytes, secret.unheldBytes, ...secret.files.map((file) => file.residentBytes)];
        for (const figure of figures) expect(figure ?? 0).toBeGreaterThanOrEqual(0);
      });
    }),
    runs,
  );
});

test("the same events end in the same snapshot, and looking changes nothing", () => {
  fc.assert(
    fc.property(told, (events) => {
      const watched = replayed(events, () => {});
      const unwatched = new Ledger();
      for (const event of events) unwatched.apply(event);
      expect(unwatched.snapshot()).toEqual(watched.snapshot());
      expect(watched.snapshot()).toEqual(watched.snapshot());
    }),
    runs,
  );
});

test("a snapshot survives JSON as it is: no bigint, no NaN, nothing undefined", () => {
  fc.assert(
    fc.property(told, (events) => {
      replayed(events, (snapshot) => {
        expect(JSON.parse(JSON.stringify(snapshot))).toStrictEqual(snapshot);
      });
    }),
    { ...runs, numRuns: 30 },
  );
});

test("before anything is known, what is not known is null and not zero", () => {
  const { secret, directMap, oom, hibernation, evidence, host } = new Ledger().snapshot();
  expect({
    resident: secret.residentBytes,
    unheld: secret.unheldBytes,
    bytes: directMap.bytes,
    splits: directMap.splits,
    collapses: directMap.collapses,
    sinceStart: directMap.sinceStart,
    kills: oom.kills,
    blocked: hibernation.blocked,
    unattributed: evidence.unattributedSplits,
    scanAgeMs: evidence.scanAgeMs,
    differencePages: evidence.differencePages,
    accounting: host.accounting,
  }).toEqual({
    resident: null,
    unheld: null,
    bytes: { "4k": null, "2m": null, "1g": null },
    splits: { "2m": null, "1g": null },
    collapses: { "2m": null, "1g": null },
    sinceStart: { splits: { "2m": null, "1g": null }, own: { "2m": null, "1g": null } },
    kills: null,
    blocked: null,
    unattributed: null,
    scanAgeMs: null,
    differencePages: null,
    accounting: null,
  });
});
