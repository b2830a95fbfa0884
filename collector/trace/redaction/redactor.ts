/** Carries out treatments.ts for one recording, all of its files: what a column or the head may hold, and what it becomes. */
import type { ColumnName } from "../columns.ts";
import { Pseudonyms } from "./pseudonyms.ts";
import {
  type HostFacts,
  hostTreatments,
  type PlanFacts,
  planTreatments,
  type Treatment,
  treatments,
} from "./treatments.ts";

/** In place of what cannot be given a pseudonym. */
const removed = "(redacted)";
/** Symbols of compiled BPF programs: a hash of the program, and the name its author gave it (kernel/bpf/core.c). */
const bpfProgram = /\bbpf_prog_([0-9a-f]{16}(?:_[\w.]*)?)/g;
/** What the wrapper quotes of others: bpftrace's complaint, the system's error, a program's output. */
const quotations = [
  /(?<=bpftrace said: ).*/s,
  /(?<=could not be started: ).*?(?=\. Look for it|$)/s,
  /"(?:[^"\\]|\\.)*"/g,
];
/** Any word that holds a path, but for the kernel's own files, which are the same everywhere. */
const path = /(?<!\S)(?!\(?\/(?:proc|sys)(?:[/,;)\s]|$)(?!\S*\.\.))\S*\/\S*/g;

export class Redactor {
  readonly #pseudonyms = new Pseudonyms();

  /** What a text column's values become; undefined: they stay. */
  text(column: ColumnName): ((value: string) => string) | undefined {
    const treatment = treatments[column];
    return treatment === "kept" ? undefined : (value) => this.#treated(value, treatment);
  }

  /** What a number column's values become; undefined: they stay. */
  number(column: ColumnName): ((value: number) => number) | undefined {
    return treatments[column] === "user" ? (uid) => this.#pseudonyms.user(uid) : undefined;
  }

  host(host: HostFacts): HostFacts {
    return { ...host, ...this.#facts(host, hostTreatments), redacted: true };
  }

  plan(plan: PlanFacts): PlanFacts {
    return { ...plan, ...this.#facts(plan, planTreatments) };
  }

  #treated(value: string, treatment: Treatment, fact = ""): string {
    // No name is not a name.
    if (value === "") return value;
    switch (treatment) {
      case "process":
        return this.#pseudonyms.of("proc", value);
      case "cgroup":
        return value.replace(/[^/]+/g, (part) => this.#pseudonyms.of("cg", part));
      case "machine":
        return this.#pseudonyms.of(fact === "bootId" ? "boot" : "host", value);
      case "stack":
        return value.replace(bpfProgram, (_, name: string) => `bpf_prog_${this.#pseudonyms.of("bpf", name)}`);
      case "sentence":
        return this.#sentence(value);
      case "facts":
        return this.#json(value);
      default:
        // What nobody has said how to treat does not get out.
        return removed;
    }
  }

  /** Ours are plain ASCII: what is not, is not ours. */
  #sentence(text: string): string {
    if (!/^[\x20-\x7e]*$/.test(text)) return removed;
    const unquoted = quotations.reduce((rest, quotation) => rest.replace(quotation, removed), text);
    return unquoted.replace(path, (word) => this.#pseudonyms.of("path", word));
  }

  #json(json: string): string {
    const facts = JSON.parse(json) as HostFacts | PlanFacts;
    return JSON.stringify("bootId" in facts ? this.host(facts) : this.plan(facts));
  }

  #facts<Facts extends object>(facts: Facts, rules: Readonly<Record<keyof Facts, Treatment>>): Partial<Facts> {
    const entries = Object.entries(facts).map(([name, value]) => {
      const treatment = rules[name as keyof Facts] ?? "sentence";
      return [name, treatment === "kept" ? value : this.#deep(value, treatment, name)];
    });
    return Object.fromEntries(entries) as Partial<Facts>;
  }

  #deep(value: unknown, treatment: Treatment, fact: string): unknown {
    if (typeof value === "string") return this.#treated(value, treatment, fact);
    if (Array.isArray(value)) return value.map((each) => this.#deep(each, treatment, fact));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#deep(each, treatment, fact)]));
  }
}
