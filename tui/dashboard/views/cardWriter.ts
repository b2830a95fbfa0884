/** How every card is written: a label and its text, headings, paragraphs. Text from outside is made safe here. */
import { fit } from "../../text/width.ts";
import type { Look } from "../look.ts";
import { emptyLine, type Line, line, outside, paragraph, span, type Tone } from "./line.ts";

export interface Card {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** Entries of a list on a card. */
export const mostListed = 12;
const labelColumns = 14;

/** Lines of the card's parts, all of them cut to the same width. */
export class CardWriter {
  constructor(
    readonly columns: number,
    readonly look: Look,
  ) {}

  labelled(label: string, text: string, tone?: Tone): Line[] {
    return paragraph(outside(text, this.look), this.columns - labelColumns - 1, 0, tone).map((each, index) =>
      line(" ", span(fit(index === 0 ? label : "", labelColumns), "quiet"), ...each.spans),
    );
  }

  heading(text: string): Line[] {
    return [emptyLine, line(span(` ${text}`, "accent"))];
  }

  text(text: string, indent = 2, tone?: Tone): Line[] {
    return paragraph(outside(text, this.look), this.columns, indent, tone);
  }
}
