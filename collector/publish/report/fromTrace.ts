/** A report of a whole trace: through the same replay as every screen. */
import { setImmediate } from "node:timers/promises";
import { TraceReplay } from "../../sources/trace-file/replay.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import { ReportMaker } from "./make.ts";
import type { Report } from "./report.ts";

/** Read in one go, ms, before signals get their turn, and before what was unpacked can be freed. */
const longestTurn = 50;

/** @returns undefined when it was stopped */
export async function reportOf(file: TraceFile, stop: AbortSignal): Promise<Report | undefined> {
  const replay = new TraceReplay(file);
  const maker = new ReportMaker();
  if (replay.takeState()) maker.continued(replay.ledger);
  replay.onPages = (burst) => maker.toldPages(burst, replay.ledger);
  const told = { afterSample: false };
  const step = () => {
    told.afterSample = false;
    return replay.step((event) => {
      told.afterSample = true;
      maker.told(event, replay.ledger);
    });
  };
  for (let began = performance.now(); step(); ) {
    maker.sample(replay.ledger);
    if (performance.now() - began < longestTurn) continue;
    await setImmediate();
    if (stop.aborted) return undefined;
    began = performance.now();
  }
  if (told.afterSample) maker.rest(replay.ledger);
  return maker.report(replay.ledger, file);
}
