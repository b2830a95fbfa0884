/** What `doctor` answers: which fact this host can show, by which route, and if not, why and what to do. */
import type { Accounting, Fact, Route } from "./events.ts";

export const diagnosisSchema = "secretscope.doctor/1";

export interface FactDiagnosis {
  readonly fact: Fact | "holders" | "directMapSizes" | "splitTotals" | "hibernation";
  /** One line for a person: "who allocates and frees secret pages". */
  readonly title: string;
  /** null: this host cannot show it. */
  readonly route: Route | null;
  /** Why not, or why not by a better route; null when all is well. */
  readonly reason: string | null;
  readonly remedy: string | null;
}

export interface Diagnosis {
  readonly schema: typeof diagnosisSchema;
  readonly time: string;
  readonly host: { readonly name: string; readonly kernel: string; readonly architecture: string };
  readonly secretmem: {
    readonly available: boolean;
    readonly accounting: Accounting | null;
    readonly reason: string | null;
    readonly remedy: string | null;
  };
  readonly bpftrace: {
    readonly path: string | null;
    readonly version: string | null;
    readonly reason: string | null;
    readonly remedy: string | null;
  };
  /** root, BTF, tracefs, kprobes, fentry, lockdown, hidepid, pid namespace: what the routes stand on. */
  readonly kernel: readonly { readonly name: string; readonly value: string; readonly limits: string | null }[];
  readonly facts: readonly FactDiagnosis[];
  /** Everything the best plan for this host would still not see. */
  readonly blind: readonly { readonly fact: string; readonly reason: string; readonly remedy: string }[];
}
