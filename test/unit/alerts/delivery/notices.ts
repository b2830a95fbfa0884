/** Notices written by hand, and waiting for what deliveries do with them. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Deliveries, openDeliveries } from "../../../../collector/alerts/delivery/deliveries.ts";
import type { AlertNotice } from "../../../../collector/alerts/delivery/notice.ts";
import { settingsOf } from "./reading.ts";

export function notice(rule: string, change: AlertNotice["change"] = "fired", more: Partial<AlertNotice> = {}) {
  const time = new Date().toISOString();
  return {
    schema: "secretscope.alert/1",
    id: `boot/${rule}/1/${change}`,
    rule,
    change,
    status: change === "cleared" ? "resolved" : "firing",
    time,
    startedAt: time,
    monotonicNs: "1",
    figure: "secret_share",
    value: 0.5,
    who: "rosenpass [12]",
    host: "box",
    labels: { severity: "warning" },
    message: `${rule}: half of it`,
    ...more,
  } satisfies AlertNotice;
}

/** Fast enough for a test, and still growing. */
export const quick = { firstMs: 20, longestMs: 200 };

export function opened(source: string, print: (text: string) => Promise<void> = async () => {}, pace = quick) {
  const notes: string[] = [];
  const note = (line: string) => void notes.push(line);
  const deliveries = openDeliveries(settingsOf(source), { note, print, link: null, pace });
  return { deliveries, notes, of: (name: string) => statusOf(deliveries, name) };
}

function statusOf(deliveries: Deliveries, name: string) {
  const found = deliveries.status().find((each) => each.name === name);
  if (found === undefined) throw new Error(`no receiver is called ${name}`);
  return found;
}

export async function until(what: string, condition: () => boolean, patienceMs = 10_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await sleep(5);
  }
}

/** No notice is lost without being counted. */
export const told = (status: { sent: number; dropped: number; queued: number }) =>
  status.sent + status.dropped + status.queued;
