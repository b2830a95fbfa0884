/** The text format of Prometheus and OpenMetrics, read strictly: what is not in the grammar is an error. */
export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const metricName = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const quotedValue = '"(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const label = `[a-zA-Z_][a-zA-Z0-9_]*=${quotedValue}`;
const sampleLine = new RegExp(`^(${metricName})(?:\\{((?:${label})(?:,${label})*)\\})? ([^ ]+)$`);
const unescaped: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let helped: { name: string; help: string } | undefined;
  let last: Family | undefined;
  for (const line of text.split("\n")) {
    if (line === "" || line === "# EOF") continue;
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === "HELP") helped = { name, help: rest };
    else if (keyword === "TYPE") {
      if (helped?.name !== name || families.has(name)) throw new Error(`out of order: ${line}`);
      last = { type: rest, help: helped.help, samples: [] };
      families.set(name, last);
    } else {
      const [, metric = "", labels = "", number = ""] = sampleLine.exec(line) ?? [];
      if (metric === "" || last === undefined) throw new Error(`not in the grammar: ${JSON.stringify(line)}`);
      const value = number === "+Inf" ? Number.POSITIVE_INFINITY : Number(number);
      if (Number.isNaN(value)) throw new Error(`no number: ${line}`);
      const family = [...families].at(-1)?.[0] ?? "";
      if (metric !== family && metric !== `${family}_total`) throw new Error(`${metric} in the family ${family}`);
      const sample = { name: metric, labels: labelsOf(labels), value };
      if (last.samples.some((each) => JSON.stringify(each.labels) === JSON.stringify(sample.labels)))
        throw new Error(`twice: ${line}`);
      last.samples.push(sample);
    }
  }
  return families;
}

function labelsOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [written] of text.matchAll(new RegExp(label, "g"))) {
    const at = written.indexOf("=");
    found[written.slice(0, at)] = written.slice(at + 2, -1).replace(/\\[n"\\]/g, (pair) => unescaped[pair] ?? "");
  }
  return found;
}

/** The one value of a family, or of its series with these labels; undefined when there is none. */
export function seriesValue(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = families
    .get(name)
    ?.samples.filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
  if (found !== undefined && found.length > 1) throw new Error(`${name} has ${found.length} such series`);
  return found?.[0]?.value;
}

export const seriesIn = (families: ReadonlyMap<string, Family>) =>
  [...families.values()].reduce((sum, { samples }) => sum + samples.length, 0);
