import { basename } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// unit: pure, anywhere. live: this machine's kernel. truth: what live runs, also inside each lab guest (see test/lab).
// service: only in a guest, where systemd is process 1.
/** In a guest of the lab everything takes several times as long. */
const emulated = process.env.SECRETSCOPE_LAB !== undefined;

const project = (name: string, timeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
    fileParallelism: name === "unit",
    // An emulated processor takes many seconds to load vitest: once, rather than for each file.
    isolate: !emulated,
    // A machine that gets no time from its host can miss a deadline; what is false is false twice. A person sees it at once.
    retry: name !== "unit" && (emulated || process.env.CI === "true") ? 1 : 0,
  },
});

/**
 * Files of a guest that share a watch (test/truth/watch.ts), first the one whose claims are about what was there before it,
 * last the one that ends it. Another order only takes longer.
 */
const sharing = ["identity", "names", "churn", "pages", "oom", "refusals", "splits"];

class SharingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = sharing.indexOf(basename(moduleId, ".test.ts"));
      return place === -1 ? sharing.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    ...(emulated ? { sequence: { sequencer: SharingFirst } } : {}),
    // By default one core is left to vitest itself, which has nearly nothing to do.
    maxWorkers: "100%",
    projects: [
      project("unit", 20_000),
      project("live", 180_000),
      project("truth", emulated ? 900_000 : 180_000),
      project("service", 900_000),
    ],
  },
});
