/** `secretscope alerts figures`: what a rule can be about. */
import type { FigureUnit } from "../../collector/alerts/figures/reading.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import type { Terminal } from "../terminal.ts";
import { indented } from "../text/block.ts";
import { safeJson } from "../text/safe.ts";

export interface AlertFiguresValues {
  readonly json?: boolean;
}

/** How a rule compares it. */
const compared: Readonly<Record<FigureUnit, string>> = {
  share: "above: 25%",
  bytes: "above: 64MiB",
  perMinute: "above: 60",
  hours: "below: 24",
  count: "above: 1",
  flag: "is: yes",
};

export async function alertFigures({ json }: AlertFiguresValues, terminal: Terminal): Promise<ExitStatus> {
  const { figureNames, figures } = await import("../../collector/alerts/figures.ts");
  const { splitCauses } = await import("../../collector/alerts/figures/directMap.ts");
  const listed = figureNames.map((name) => ({ name, unit: figures[name].unit, means: figures[name].means }));
  if (json) {
    const data = { schema: "secretscope.alerts-figures/1", figures: listed, causes: splitCauses };
    await terminal.out.print(`${safeJson(data)}\n`);
    return exitStatus.fine;
  }
  const screen = terminal.screen();
  const lines = [
    ...listed.flatMap(({ name, unit, means }) => [
      `${screen.paint("heading", name)}, for example ${compared[unit]}`,
      ...indented(means, 2, screen),
    ]),
    "",
    ...indented(`cause, for splits_per_minute: ${splitCauses.join(", ")}`, 0, screen),
  ];
  await terminal.out.print(`${lines.join("\n")}\n`);
  return exitStatus.fine;
}
