// perf as the competitor: it records the same page events of the kernel, and prints them.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { has, start, stop } from "./overhead-children.mjs";
import { openLoad } from "./overhead-load.mjs";

const event = "filemap:mm_filemap_add_to_page_cache";
const pagesAtOnce = 50_000;

/** @returns {string | undefined} why it cannot be asked here */
export function perfMissing() {
  if (!has("perf")) return "perf is not installed: apt-get install -y linux-perf";
  if (process.geteuid() !== 0) return "recording the kernel's events needs root";
  return undefined;
}

/** @returns figures of perf.data, and of perf script over it */
export async function perfFigures(folder, device, pages) {
  const path = join(folder, "perf.data");
  const load = openLoad();
  try {
    const perf = start(
      ["perf", "record", "-q", "-a", "-m", "16M", "-o", path, "-e", event, "--filter", `s_dev == ${device}`],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    for (let done = 0; done < pages; done += pagesAtOnce) await load.ask(`secret ${pagesAtOnce}`);
    await stop(perf);
    const bytes = statSync(path).size;
    const gzipped = gzipSync(readFileSync(path)).length;
    const { stdout } = spawnSync("bash", ["-c", `perf script -i "$1" 2>/dev/null | wc -l; times`, "bash", path], {
      encoding: "utf8",
    });
    const [lines = "0", , children = ""] = stdout.trim().split("\n");
    const events = Number(lines);
    if (!(events >= 0.5 * pages)) throw new Error(`perf kept ${events} of ${pages} events`);
    return { bytes, gzipped, events, seconds: seconds(children) };
  } finally {
    await load.close();
    rmSync(path, { force: true });
  }
}

/** 0m1.234s 0m0.123s: user and system. */
function seconds(times) {
  return times
    .split(" ")
    .map((text) => /^(\d+)m([\d.]+)s$/.exec(text))
    .reduce((sum, found) => sum + Number(found?.[1] ?? Number.NaN) * 60 + Number(found?.[2] ?? Number.NaN), 0);
}
