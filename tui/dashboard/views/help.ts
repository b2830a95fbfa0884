/** The keys, made from their table, and what the words on the screen mean. */
import { fit } from "../../text/width.ts";
import { commandsIn, keyGroups, type Mode } from "../keys.ts";
import type { Look } from "../look.ts";
import { asciiKey } from "./footer.ts";
import { emptyLine, type Line, line, paragraph, span } from "./line.ts";

const words: readonly (readonly [string, string])[] = [
  ["RESIDENT", "pages that the process has mapped and that exist"],
  ["SHARE", "the same, each page divided by how many processes map it"],
  ["ALLOC", "pages that the process's own faults created, mapped or not"],
  ["USED", "what this kernel counts against RLIMIT_MEMLOCK, as part of it"],
  ["REF", "creations, mappings and faults that the kernel turned down"],
  ["held by no process", "in flight in a socket, or held by the kernel itself"],
  ["split", "a large mapping of the kernel's own map of memory was broken; it does not mend before a reboot"],
  ["cost of splits", "published figures: at most about 1%, for many workloads nothing"],
  ["futile", "an OOM kill that freed no secret memory, though there was some"],
];

const keyColumns = 12;
const wordColumns = 20;

export function helpLines(columns: number, look: Look, mode: Mode = "live"): Line[] {
  const commands = commandsIn(mode);
  const groups = keyGroups.filter(([group]) => commands.some(({ where }) => where === group));
  const described = (name: string, width: number, text: string) =>
    paragraph(text, columns - width).map((each, index) =>
      line(" ", span(fit(index === 0 ? name : "", width), "strong"), ...each.spans),
    );
  return [
    ...groups.flatMap(([where, heading]) => [
      line(span(` ${heading}`, "accent")),
      ...commands
        .filter((command) => command.where === where)
        .flatMap(({ shown, does }) => described(asciiKey(shown, look), keyColumns, does)),
      emptyLine,
    ]),
    line(span(" Mouse", "accent")),
    ...paragraph("A click selects, a second click opens, the wheel scrolls, a column head sorts.", columns, 2),
    emptyLine,
    line(span(" Words", "accent")),
    ...words.flatMap(([word, meaning]) => described(word, wordColumns, meaning)),
  ];
}
