/** The table of keys as markdown, for the README; a test compares the two. */
import { keyCommands, keyGroups } from "./keys.ts";

export const keyListBegin = "<!-- keys: made by tui/dashboard/keyList.ts -->";
export const keyListEnd = "<!-- /keys -->";

/** What stands between the markers, markers included. */
export function keyList(): string {
  const rows = keyGroups.flatMap(([where]) =>
    keyCommands
      .filter((command) => command.where === where)
      .map(
        ({ shown, does, only }) =>
          `| ${shown
            .split(" ")
            .map((key) => `\`${key}\``)
            .join(" ")} | ${only === "replay" ? "replay: " : ""}${does} |`,
      ),
  );
  const mouse = "| mouse | click selects, a second click opens, the wheel scrolls, a column head sorts |";
  return [keyListBegin, "| key | does |", "| --- | --- |", ...rows, mouse, keyListEnd].join("\n");
}
