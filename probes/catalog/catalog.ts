/** Every probe there is. Adding one is adding a folder and a line here. */
import { blocksProbe } from "./blocks/probe.ts";
import { creationProbe } from "./creation/probe.ts";
import { faultsProbe } from "./faults/probe.ts";
import { mappingProbe } from "./mapping/probe.ts";
import { oomProbe } from "./oom/probe.ts";
import { pagesProbe } from "./pages/probe.ts";
import type { Probe } from "./probe.ts";
import { processProbe } from "./process/probe.ts";
import { requestsProbe } from "./requests/probe.ts";
import { splitsProbe } from "./splits/probe.ts";

export const catalog: readonly Probe[] = [
  processProbe,
  pagesProbe,
  blocksProbe,
  splitsProbe,
  creationProbe,
  mappingProbe,
  faultsProbe,
  oomProbe,
  requestsProbe,
];
