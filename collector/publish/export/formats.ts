/** The formats that a recording can be exported to. */
import type { Conversion } from "./conversion.ts";
import { csv } from "./csv.ts";
import { folded } from "./folded.ts";
import { jsonl } from "./jsonl.ts";
import { pages } from "./pages.ts";
import { perfetto } from "./perfetto.ts";

export const formats = { jsonl, csv, pages, perfetto, folded } as const satisfies Record<string, Conversion>;
export type FormatName = keyof typeof formats;
