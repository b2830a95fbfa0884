/** The one widget of blessed-contrib that is used; its own types cover the index only, which pulls in everything. */
declare module "blessed-contrib/lib/widget/charts/line.js" {
  import type blessed from "blessed";

  interface LineOptions extends blessed.Widgets.BoxOptions {
    style?: {
      line?: number | string;
      text?: number | string;
      baseline?: number | string;
    };
    minY?: number;
    maxY?: number;
    numYLabels?: number;
    xLabelPadding?: number;
    xPadding?: number;
    showLegend?: boolean;
    wholeNumbersOnly?: boolean;
    showNthLabel?: number;
  }

  interface Series {
    readonly title: string;
    readonly x: readonly string[];
    /** NaN leaves a hole in the line. */
    readonly y: readonly number[];
    readonly style?: { line?: number | string };
  }

  class Line extends blessed.Widgets.BoxElement {
    constructor(options: LineOptions);
    readonly options: LineOptions;
    /** Dots. */
    canvasSize: { readonly width: number; readonly height: number };
    /** Called when it is attached. */
    calcSize(): void;
    setData(data: readonly Series[]): void;
  }

  export default Line;
}
