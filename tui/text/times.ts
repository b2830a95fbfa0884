/** Points in time: local on screens, as ISO 8601 in data. */
import { formatDuration } from "./durations.ts";

const two = (value: number) => value.toString().padStart(2, "0");

/** 2026-11-21 09:10:05, in the local time zone. */
export function formatTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "?";
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
}

/** "3 s ago", seen from `now`; "now" under a second. */
export function formatAgo(iso: string, now: string): string {
  const ms = Date.parse(now) - Date.parse(iso);
  if (Number.isNaN(ms)) return "?";
  return ms < 1000 ? "now" : `${formatDuration(Math.floor(ms / 1000) * 1000)} ago`;
}
