/**
 * Metric families out of figures. Each scrape gets a registry of its own: state is the ledger's, prom-client writes the
 * exposition formats. A figure that is not known has no series; it is never 0.
 */
import { Counter, Gauge, Registry, type RegistryContentType } from "prom-client";

export const contentTypes = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openMetrics: Registry.OPENMETRICS_CONTENT_TYPE,
} as const;

export type Format = keyof typeof contentTypes;

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
}

type Figure = number | null | readonly Series[];

/** What a counter said last, for as long as the process runs: a counter never falls. Label sets of counters are few. */
export class HighWater {
  readonly #marks = new Map<string, number>();

  raise(series: string, value: number): number {
    const mark = Math.max(value, this.#marks.get(series) ?? 0);
    this.#marks.set(series, mark);
    return mark;
  }
}

export class Families {
  readonly #registry = new Registry<RegistryContentType>();
  readonly #marks: HighWater;
  #series = 0;

  constructor(format: Format, marks: HighWater) {
    this.#registry.setContentType(contentTypes[format]);
    this.#marks = marks;
  }

  /** So far. */
  get series(): number {
    return this.#series;
  }

  /** @param help what it is, and what to do with it */
  gauge(name: string, help: string, figure: Figure): void {
    const known = knownSeries(figure);
    if (known.length === 0) return;
    const gauge = new Gauge({ name, help, labelNames: labelNames(known), registers: [this.#registry] });
    for (const { labels, value } of known) gauge.set(labels, value);
    this.#series += known.length;
  }

  /** @param figure totals since some beginning, from a source that only counts up */
  counter(name: string, help: string, figure: Figure): void {
    const known = knownSeries(figure);
    if (known.length === 0) return;
    const counter = new Counter({ name, help, labelNames: labelNames(known), registers: [this.#registry] });
    for (const { labels, value } of known) {
      counter.inc(labels, this.#marks.raise(`${name} ${JSON.stringify(labels)}`, value));
    }
    this.#series += known.length;
  }

  /** 1 for what is, 0 for the other words there are. */
  states(name: string, help: string, label: string, words: readonly string[], now: string | null): void {
    if (now === null) return;
    this.gauge(
      name,
      help,
      words.map((word) => ({ labels: { [label]: word }, value: word === now ? 1 : 0 })),
    );
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

interface KnownSeries {
  readonly labels: Record<string, string>;
  readonly value: number;
}

function knownSeries(figure: Figure): KnownSeries[] {
  const all: readonly Series[] =
    typeof figure === "number" || figure === null ? [{ labels: {}, value: figure }] : figure;
  return all.flatMap(({ labels, value }) => (value === null ? [] : [{ labels: { ...labels }, value }]));
}

const labelNames = ([first]: readonly KnownSeries[]) => Object.keys(first?.labels ?? {});
