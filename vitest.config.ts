import { defineConfig } from "vitest/config";

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

export default defineConfig({
  test: {
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
