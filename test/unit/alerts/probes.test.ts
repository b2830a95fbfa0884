/**
 * Claim: while the probes do not run, or are late, what they told of before fires and clears nothing: no new refusal is
 * not none, and a file whose holder ended meanwhile may be gone with it. And where others cannot be seen, what they hold
 * is not nothing. Told to a ledger, judged by the engine.
 */
import { describe, expect, test } from "vitest";
import { AlertEngine } from "../../../collector/alerts/engine.ts";
import { figureNames } from "../../../collector/alerts/figures.ts";
import { readRules } from "../../../collector/alerts/readRules.ts";
import { bytes } from "../../../collector/units.ts";
import { pageBytes, process, Story } from "../ledger/story.ts";

const program = process(7);
const directMap = { "4k": bytes(2 ** 30), "2m": bytes(2 ** 30), "1g": null };
const gone = { detached: (story: Story) => story.detached(), late: () => {} };

class Watched {
  readonly story = Story.watching();
  readonly said: string[] = [];
  readonly #engine: AlertEngine;

  constructor(rule: string) {
    const { rules, mistakes } = readRules(`rules: [{name: r, ${rule}}]`);
    expect(mistakes).toEqual([]);
    this.#engine = new AlertEngine(rules);
    this.story.named(program, "program", "/unit");
  }

  get state(): string | undefined {
    return this.#engine.states[0]?.state;
  }

  /** Snapshots twice a minute; kernel figures of /proc come whatever the probes do. */
  minutes(count: number, each: () => void): void {
    for (let n = 0; n < 2 * count; n++) {
      this.story.wait(30_000);
      each();
      this.story.kernel({ "2m": 0 }, { directMapBytes: directMap });
      const alerts = this.#engine.observe(this.story.snapshot);
      this.said.push(...alerts.map(({ change }) => change));
    }
  }
}

describe.each(Object.entries(gone))("probes that are %s", (_, go) => {
  test("do not clear refusals", () => {
    const watched = new Watched("figure: refusals_per_minute, above: 1, for: 2m, clear: 2m");
    const { story } = watched;
    let refused = 0;
    watched.minutes(10, () => {
      refused += 5;
      story.refused(program, refused, "map", "EAGAIN");
      story.look([]);
      story.tick();
    });
    expect(watched.said).toEqual(["fired"]);
    go(story);
    watched.minutes(30, () => story.look([]));
    expect([watched.said, watched.state]).toEqual([["fired"], "unknown"]);
  });

  test("do not make memory unheld, nor charged without a holder", () => {
    for (const figure of ["unheld_bytes", "charged_without_holder_bytes"]) {
      const watched = new Watched(`figure: ${figure}, above: 1MiB, for: 2m`);
      const { story } = watched;
      story.created(program, 5);
      story.allocated(program, 5, 2 ** 21 / pageBytes);
      watched.minutes(2, () => {
        story.look([[program, 5]]);
        story.tick();
      });
      expect(watched.state, figure).toBe("inactive");
      go(story);
      // It ends, and its file with it; nobody is there to tell of the second.
      watched.minutes(30, () => story.look([]));
      expect([watched.said, watched.state], figure).toEqual([[], "unknown"]);
    }
  });

  test("leave nothing known but what /proc tells", () => {
    const known = figureNames.filter((figure) => {
      const is = ["hibernation_blocked", "evidence_lost"].includes(figure) ? "is: no" : "above: 0";
      const watched = new Watched(`figure: ${figure}, ${is}`);
      const { story } = watched;
      const look = () => {
        const { now: began } = story.ledger;
        story.holding(program, 5, { memlockLimitBytes: bytes(2 ** 20) });
        story.tell({ kind: "scan", began, processes: 1, hidden: 0, partial: false });
      };
      story.created(program, 5);
      watched.minutes(15, () => {
        look();
        story.tick();
      });
      expect(watched.state, figure).not.toBe("unknown");
      go(story);
      watched.minutes(2, look);
      return watched.state !== "unknown";
    });
    expect(known).toEqual([
      "splits_per_minute",
      "direct_map_4k_share",
      "hours_until_last_2m",
      "secret_share_of_user",
      "secret_share_of_cgroup",
      "memlock_share",
      "hibernation_blocked",
      "evidence_lost",
    ]);
  });
});

test("what is shown as it was before a gap may be gone: it neither keeps nor makes an alert", () => {
  for (const figure of ["secret_share", "unheld_bytes"]) {
    const watched = new Watched(`figure: ${figure}, above: 0, for: 2m, clear: 2m`);
    const { story } = watched;
    story.created(program, 5);
    story.allocated(program, 5, 10);
    story.look([[program, 5]]);
    story.tick();
    story.restart();
    watched.minutes(10, () => {
      story.look([]);
      story.tick();
    });
    expect([watched.said, watched.state, story.residentPages(5)], figure).toEqual([[], "unknown", 10]);
  }
});

test("lost evidence: what stopped or was missed, also where it was never complete; what is dark from the start is not", () => {
  const watched = new Watched("figure: evidence_lost, is: yes, for: 2m, clear: 2m");
  const { story } = watched;
  const look = () => {
    story.look([], 1);
    story.tick();
  };
  watched.minutes(5, look);
  expect([watched.said, watched.state, story.snapshot.evidence.complete]).toEqual([[], "inactive", false]);
  story.detached();
  watched.minutes(5, () => story.look([], 1));
  expect(watched.said).toEqual(["fired"]);
});

test.each(["secret_share", "secret_share_of_user", "secret_share_of_cgroup", "memlock_share"])(
  "an ordinary user's look says nothing of %s",
  (figure) => {
    const watched = new Watched(`figure: ${figure}, above: 10%`);
    watched.story.plan({});
    watched.minutes(1, () => watched.story.look([]));
    expect(watched.state).toBe("inactive");
    watched.minutes(1, () => watched.story.look([], 87));
    expect(watched.state).toBe("unknown");
  },
);
