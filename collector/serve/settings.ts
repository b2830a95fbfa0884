/** What `secretscope serve` was told, read and trusted; and what it does when it was told nothing. */
import { type DeliverySettings, defaultDeliverySettings } from "../alerts/delivery/settings.ts";
import type { RouteChoice } from "../observation.ts";
import type { TopLimits } from "../publish/metrics/secretMemory.ts";
import { defaultListen, type ListenAddress } from "./listenAddress.ts";

export interface ServeSettings {
  readonly listen: ListenAddress;
  /** How often counters are read and rules are judged, ms. */
  readonly intervalMs: number;
  readonly route: RouteChoice;
  /** Path; null: found on PATH. */
  readonly bpftrace: string | null;
  /** default: those that secretscope comes with. Otherwise the absolute path of a file. */
  readonly rules: "default" | "none" | { readonly file: string };
  readonly metrics: TopLimits;
  readonly deliver: DeliverySettings;
}

export const defaultSettings: ServeSettings = {
  listen: defaultListen,
  intervalMs: 1000,
  route: "auto",
  bpftrace: null,
  rules: "default",
  metrics: { cgroups: 20, users: 20, processes: 0 },
  deliver: defaultDeliverySettings,
};

/** What `--per-process` means, when the configuration does not say how many. */
export const defaultProcesses = 50;

/** With all of them, and 500 rules, the series stay under 2000. */
export const serveLimits = {
  interval: { leastMs: 100, mostMs: 3_600_000, said: "100ms to 1h" },
  cgroups: 300,
  users: 300,
  processes: 500,
  fileBytes: 2 ** 20,
} as const;

/** A record, so that the compiler misses one that was added. */
const allRoutes: Readonly<Record<RouteChoice, true>> = { auto: true, tracepoint: true, function: true, procfs: true };
export const routeChoices = Object.keys(allRoutes) as RouteChoice[];
