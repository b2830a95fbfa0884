/** docs/deploy as data: Prometheus' rules, and the queries of the dashboard as Grafana would send them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const read = (name: string) => readFileSync(join(import.meta.dirname, "../../docs/deploy", name), "utf8");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
}
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}
export const ruleGroups = (parse(read("prometheus-rules.yml")) as { groups: readonly RuleGroup[] }).groups;

/** The same rules for who has half a minute: minutes are ten seconds, and waiting is a second. Thresholds stay. */
export const shortened = (groups: readonly RuleGroup[]): readonly RuleGroup[] =>
  groups.map(({ rules, ...group }) => ({
    ...group,
    rules: rules.map((rule) => ({
      ...rule,
      expr: rule.expr.replace(/\[\d+m\]/g, "[10s]"),
      ...(rule.for === undefined ? {} : { for: "1s" }),
      ...(rule.keep_firing_for === undefined ? {} : { keep_firing_for: "2s" }),
    })),
  }));

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
}
const { panels, annotations } = JSON.parse(read("grafana-dashboard.json")) as Dashboard;

/** Title and expression; the variables are as they are when "All" is chosen. */
export const dashboardQueries: readonly (readonly [string, string])[] = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ...annotations.list.map(({ name, expr }) => [`annotation ${name}`, expr] as const),
].map(([title, expression]) => [
  title,
  expression.replaceAll("$__rate_interval", "1m").replaceAll("$job", ".*").replaceAll("$instance", ".*"),
]);

/** Names of ours in an expression; nothing else of PromQL looks like them. */
export const metricsIn = (expression: string): readonly string[] => [
  ...new Set(expression.match(/\bsecretscope_\w+/g)),
];
