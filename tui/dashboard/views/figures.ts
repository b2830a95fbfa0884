/** Figures as the panels write them. Unknown is "?", and never 0. */
import { formatDuration } from "../../text/durations.ts";
import type { Forecast } from "../model/forecast.ts";

/** Of something that is counted, per second: 0, <0.1, 2.5, 330. */
export function formatRate(perSecond: number | null): string {
  if (perSecond === null) return "?";
  if (perSecond === 0) return "0";
  if (perSecond < 0.05) return "<0.1";
  if (perSecond < 99.95) return perSecond.toFixed(1).replace(/\.0$/, "");
  return Math.round(perSecond)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A count in at most seven columns: 999,999, then 1.2M. */
export function formatShort(count: number | null): string {
  if (count === null) return "?";
  if (count < 1e6)
    return Math.trunc(count)
      .toString()
      .replace(/\B(?=(\d{3})+$)/g, ",");
  return count < 1e9 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e9).toFixed(1)}G`;
}

export function formatPercent(part: number | null, whole: number | null): string {
  if (part === null || whole === null || whole === 0) return "?";
  const percent = (part / whole) * 100;
  if (part > 0 && percent < 1) return "<1%";
  if (percent > 99 && percent < 100) return ">99%";
  return `${Math.round(percent)}%`;
}

export function forecastText(forecast: Forecast): string {
  switch (forecast.kind) {
    case "unknown":
      return "?";
    case "measuring":
      return "measuring";
    case "none":
      return "none left";
    case "stable":
      return "stable";
    case "gone":
      return `in ${formatDuration(forecast.seconds * 1000)}`;
  }
}

export const windowText = (seconds: number): string => formatDuration(seconds * 1000);

const two = (value: number) => value.toString().padStart(2, "0");

/** 09:10:05, local; "?" when it is no time. */
export function clock(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "?";
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
}

/** 0:05, 12:03, 1:02:03: as long a text for each time of one recording, so that the bar stands still. */
export function elapsed(ns: bigint): string {
  const seconds = Math.max(0, Math.floor(Number(ns) / 1e9));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  const rest = `${minutes}:${two(seconds % 60)}`;
  return hours === 0 ? rest : `${hours}:${rest.padStart(5, "0")}`;
}
