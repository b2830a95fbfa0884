// Rows of the benchmark: what was measured, against which target, and what to make of it.

/** @param {[number, number]} interval where the figure may lie */
export function verdict(target, value, interval = [value, value]) {
  if (target === undefined) return "";
  if (interval[1] <= target) return "met";
  if (interval[0] > target) return "not met";
  return "noisy";
}

/** Rows for one comparison. `targets`: by tracer, the ratio that is allowed. */
export function ratioRows(load, figure, { untraced, tracers }, targets, value) {
  return [
    { what: load, who: "untraced", value: value(untraced[figure]) },
    ...tracers.map((tracer) => {
      if (tracer.failed !== undefined) return { what: load, who: tracer.name, value: `not measured: ${tracer.failed}` };
      const { ratio, interval, value: absolute, pairs, disturbed } = tracer.figures[figure];
      const target = targets[tracer.name];
      return {
        what: load,
        who: tracer.name,
        value: value(absolute),
        ratio: `${ratio.toFixed(3)} (${interval.map((end) => end.toFixed(3)).join(" to ")}, ${pairs} pairs${disturbed > 0 ? `, ${disturbed} disturbed` : ""})`,
        target: target === undefined ? "" : `${target.toFixed(2)}`,
        verdict: verdict(target, ratio, interval),
        data: { figure, ratio, interval, value: absolute, pairs, disturbed, target: target ?? null },
      };
    }),
  ];
}

const overheadColumns = [
  ["load or resource", "what"],
  ["under", "who"],
  ["figure", "value"],
  ["x untraced (95% interval)", "ratio"],
  ["target", "target"],
  ["verdict", "verdict"],
];

/** A markdown table, padded so that it reads as text too. @param columns heading and key of each */
export function table(rows, columns = overheadColumns) {
  const cells = [
    columns.map(([heading]) => heading),
    columns.map(() => ""),
    ...rows.map((row, at) =>
      columns.map(([, key]) => (key === "what" && rows[at - 1]?.what === row.what ? "" : (row[key] ?? ""))),
    ),
  ];
  const widths = columns.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  return cells
    .map(
      (row, at) =>
        `| ${row.map((cell, column) => (at === 1 ? "-".repeat(widths[column]) : cell.padEnd(widths[column]))).join(" | ")} |`,
    )
    .join("\n");
}
