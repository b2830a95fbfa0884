/** A recording whose way from one end to the other is long: many events a sample, and no checkpoint. */
import type { Event } from "../../../collector/events.ts";
import type { RecorderOptions } from "../../../collector/trace/recorder.ts";
import { inode, monotonicNs, pages, pid, startTicks } from "../../../collector/units.ts";
import { oneOfEach } from "./everyKind.ts";
import { record } from "./recorded.ts";

export const second = 1_000_000_000n;

function* events(samples: number, files: number): Generator<Event> {
  const { clock, host, kernel, self } = oneOfEach;
  for (let sample = 1; sample <= samples; sample++) {
    const at = monotonicNs(BigInt(sample) * second);
    if (sample === 1)
      yield* [
        { ...host, at },
        { ...clock, at },
      ];
    for (let file = 1; file <= files; file++) {
      const who = { pid: pid(100 + file), started: startTicks(1) };
      yield { kind: "allocated", at, epoch: 1, inode: inode(file), ...who, pages: pages(sample + file) };
    }
    yield { ...kernel, at, splits: { "2m": sample, "1g": 0 } };
    yield { kind: "tick", at, epoch: 1, sequence: sample };
    yield { ...self, at };
  }
}

/** A sample each second, from the first second on. */
export const longRecording = (options: Partial<RecorderOptions> = {}) =>
  record(events(1000, 400), { checkpointWork: Number.POSITIVE_INFINITY, ...options });
