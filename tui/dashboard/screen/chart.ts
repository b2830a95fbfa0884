/** Splits per second as a line, by blessed-contrib; what was not observed is a hole in it. */
import type blessed from "blessed";
import LineChart from "blessed-contrib/lib/widget/charts/line.js";
import { formatDuration } from "../../text/durations.ts";
import type { ChartFrame } from "../frame.ts";
import type { Look } from "../look.ts";
import { chartColour } from "./colours.ts";

const topOfQuietChart = 4;
const labelEvery = 15;

/**
 * The widget leaves room for a border that ours has not, and a row under its labels, which the box cuts off. A
 * character is two dots wide and four high.
 */
class BorderlessLine extends LineChart {
  override calcSize(): void {
    this.canvasSize = { width: Number(this.width) * 2, height: (Number(this.height) + 1) * 4 };
  }
}

export class Chart {
  readonly #screen: blessed.Widgets.Screen;
  readonly #look: Look;
  #line: LineChart | undefined;
  #shape = "";
  #drawn: ChartFrame | undefined;

  constructor(screen: blessed.Widgets.Screen, look: Look) {
    this.#screen = screen;
    this.#look = look;
  }

  /** undefined: nothing to show. */
  show(frame: ChartFrame | undefined): void {
    if (frame === undefined) {
      this.end();
      return;
    }
    const { rect, level } = frame;
    const shape = `${level} ${rect.x} ${rect.y} ${rect.width} ${rect.height}`;
    if (shape !== this.#shape) {
      // The widget takes its size once, when it is attached.
      this.end();
      this.#shape = shape;
      this.#line = this.#make(frame);
    }
    const before = this.#drawn;
    if (before !== undefined && same(before, frame)) return;
    this.#drawn = frame;
    this.#draw(frame);
  }

  end(): void {
    this.#line?.destroy();
    this.#line = undefined;
    this.#shape = "";
    this.#drawn = undefined;
  }

  #make({ rect, level }: ChartFrame): LineChart {
    const grey = chartColour("quiet", this.#look.colours);
    const line = new BorderlessLine({
      left: rect.x,
      top: rect.y,
      width: rect.width,
      height: rect.height,
      style: { line: chartColour(level, this.#look.colours), text: grey, baseline: grey },
      numYLabels: 2,
      xLabelPadding: 3,
      xPadding: 8,
      showNthLabel: labelEvery,
    });
    this.#screen.append(line);
    return line;
  }

  #draw({ values, windowSeconds, level }: ChartFrame): void {
    const line = this.#line;
    if (line === undefined) return;
    const most = Math.max(0, ...values.map((value) => value ?? 0));
    line.options.maxY = Math.max(topOfQuietChart, niceTop(most));
    const labels = values.map((_, index) => label(index, values.length, windowSeconds));
    line.setData([{ title: level, x: labels, y: values.map((value) => value ?? Number.NaN) }]);
  }
}

/** The next of 1, 2, 4, 10, 20, 40...: half of it is a short number, and the axis does not jump with every sample. */
export function niceTop(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 4, 10].find((step) => step * power >= most) ?? 10) * power;
}

function label(index: number, count: number, windowSeconds: number): string {
  return `-${formatDuration(Math.round(windowSeconds * (1 - index / count)) * 1000)}`;
}

const same = (a: ChartFrame, b: ChartFrame) =>
  a.windowSeconds === b.windowSeconds &&
  a.values.length === b.values.length &&
  a.values.every((value, index) => value === b.values[index]);
