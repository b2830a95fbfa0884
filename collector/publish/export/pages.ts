/**
 * A table with a row for each page of a recording made with --detail page. Its times are whole: what the recording says
 * as a burst's time and steps is added up here.
 */
import type { PageBurst } from "../../events.ts";
import { processKey } from "../../ledger/processes.ts";
import { TraceReplay } from "../../sources/trace-file/replay.ts";
import { pageEvents } from "../../trace/pages/pageEvents.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import { wallTime } from "../report/wallTime.ts";
import type { Inert } from "./conversion.ts";
import { cellText, line } from "./csv.ts";

const columns = ["time", "monotonic_ns", "change", "pid", "start_ticks", "comm", "inode", "block_2m"];

export function* pages(file: TraceFile, inert: Inert): Generator<string, void, undefined> {
  yield line(columns);
  const bursts: PageBurst[] = [];
  const replay = new TraceReplay(file);
  replay.onPages = (burst) => bursts.push(burst);
  for (let more = true; more; ) {
    more = replay.step();
    for (const burst of bursts.splice(0)) {
      const { clock, processes } = replay.ledger;
      const comm = cellText(processes.get(processKey(burst))?.comm, inert);
      const { pid, started, inode, taken } = burst;
      const rest = [taken ? "taken" : "given back", pid, started, comm, inode].join(",");
      let text = "";
      for (const { at, block } of pageEvents(burst)) text += `${wallTime(clock, at) ?? ""},${at},${rest},${block}\n`;
      yield text;
    }
    yield "";
  }
}
