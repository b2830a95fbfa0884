// Traced and untraced blocks by turns, U T U T U, each traced one compared with the untraced ones on both sides of it.
import { isLeaving, pause } from "./overhead-children.mjs";
import { isDisturbed, observed } from "./overhead-quiet.mjs";

export const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * What stands for a block of short samples: whatever disturbs a sample makes it longer, never shorter, and a quarter of
 * them is left alone even on a busy machine. Robust where the least of them would be luck.
 */
const lowerQuartile = (values) => values.toSorted((a, b) => a - b)[(values.length - 1) >> 2];

/** The middle 95% of the medians of resamples. */
export function interval(values, resamples = 2000) {
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[Math.floor(Math.random() * values.length)])),
  ).sort((a, b) => a - b);
  return [medians[Math.floor(resamples * 0.025)], medians[Math.ceil(resamples * 0.975) - 1]];
}

function shuffled(values) {
  const rest = [...values];
  return values.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]);
}

/**
 * @param {object} plan
 * @param {{name: string, wanted?: number, start: () => Promise<{stop: () => Promise<void>}>}[]} plan.tracers
 *   wanted: half the width of the interval that is narrow enough
 * @param {() => Promise<Record<string, number>>} plan.sample one sample, several figures; the first is the one judged
 * @param {number} plan.samples in a block
 * @param {[number, number]} plan.rounds at least, at most
 * @param {{wait: () => Promise<void>}} plan.quiet
 * @param {(line: string) => void} plan.progress
 */
export async function compare({ tracers, sample, samples, rounds: [least, most], quiet, progress }) {
  const pairs = new Map(tracers.map(({ name }) => [name, []]));
  const failed = new Map();
  const untraced = [];
  const block = async () => {
    const { result, others } = await observed(async () => {
      const taken = [];
      while (taken.length < samples) taken.push(await sample());
      return taken;
    });
    return { figures: columns(result, lowerQuartile), disturbed: isDisturbed(others) };
  };
  const plain = async () => {
    await pause(200); // what the last tracer left to be done
    await quiet.wait();
    const taken = await block();
    untraced.push(taken);
    return taken;
  };
  const traced = async (tracer) => {
    const running = await tracer.start();
    try {
      await pause(200);
      return await block();
    } finally {
      await running.stop();
    }
  };
  const isOpen = ({ name, wanted }) =>
    !failed.has(name) && (usable(pairs.get(name), least).length < least || !isNarrow(pairs.get(name), wanted, least));
  let before = await plain();
  for (let round = 1; round <= most && !isLeaving(); round++) {
    for (const tracer of shuffled(tracers.filter(({ name }) => !failed.has(name)))) {
      try {
        const during = await traced(tracer);
        const after = await plain();
        pairs.get(tracer.name).push(pair(before, during, after));
        before = after;
      } catch (error) {
        if (isLeaving()) throw error;
        failed.set(tracer.name, error.message);
      }
    }
    progress(
      `round ${round} (${least} to ${most}): ${tracers.map(({ name }) => standing(name, pairs.get(name))).join(", ")}`,
    );
    if (round >= least && !tracers.some(isOpen)) break;
  }
  return {
    untraced: columns(
      usable(untraced, least).map(({ figures }) => figures),
      median,
    ),
    tracers: tracers.map(({ name }) =>
      failed.has(name) ? { name, failed: failed.get(name) } : { name, figures: summary(pairs.get(name), least) },
    ),
  };
}

/** Figures of many samples, each figure put through `reduce`. */
function columns(samples, reduce) {
  return Object.fromEntries(Object.keys(samples[0]).map((key) => [key, reduce(samples.map((sample) => sample[key]))]));
}

function pair(before, during, after) {
  const ratio = (key) => during.figures[key] / Math.sqrt(before.figures[key] * after.figures[key]);
  return {
    figures: during.figures,
    ratios: Object.fromEntries(Object.keys(during.figures).map((key) => [key, ratio(key)])),
    disturbed: before.disturbed || during.disturbed || after.disturbed,
  };
}

/** Those that nobody disturbed, if there are enough of them. */
function usable(measured, least) {
  const clean = measured.filter(({ disturbed }) => !disturbed);
  return clean.length >= least ? clean : measured;
}

const judged = (pairs) => pairs.map(({ ratios }) => Object.values(ratios)[0]);

function isNarrow(pairs, wanted, least) {
  if (wanted === undefined) return true;
  const [low, high] = interval(judged(usable(pairs, least)), 500);
  return (high - low) / 2 <= wanted;
}

function standing(name, pairs) {
  if (pairs.length === 0) return `${name} -`;
  const disturbed = pairs.filter((one) => one.disturbed).length;
  return `${name} ${median(judged(pairs)).toFixed(3)}${disturbed > 0 ? ` (${disturbed} of ${pairs.length} disturbed)` : ""}`;
}

function summary(all, least) {
  const pairs = usable(all, least);
  return Object.fromEntries(
    Object.keys(pairs[0].figures).map((key) => {
      const ratios = pairs.map((one) => one.ratios[key]);
      return [
        key,
        {
          ratio: median(ratios),
          interval: interval(ratios),
          value: median(pairs.map(({ figures }) => figures[key])),
          pairs: pairs.length,
          disturbed: pairs.filter(({ disturbed }) => disturbed).length,
        },
      ];
    }),
  );
}
