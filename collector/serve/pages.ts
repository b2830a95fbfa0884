/** What each path says. Text is made once for a snapshot, however many ask. */
import { contentTypes } from "../publish/metrics/families.ts";
import type { Exposition, Scrape } from "../publish/metrics/metrics.ts";
import { safeJson } from "../safeText.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Health } from "./health.ts";
import { formatFor } from "./http/accept.ts";
import { type Answer, json, plainText, refusal } from "./http/answer.ts";
import type { Page } from "./http/server.ts";

/** What the pages are made from. */
export interface Source {
  readonly version: string;
  readonly snapshot: Snapshot | undefined;
  health(): Health;
  metrics(format: Scrape["format"]): Promise<Exposition>;
}

const index = (version: string) => `secretscope ${version}

/metrics   for Prometheus, as text or OpenMetrics
/healthz   200 while figures come, 503 with the reasons while they do not (JSON)
/snapshot  everything that is known now (JSON, secretscope.snapshot/1)

Nothing can be changed here.
`;

export function pagesOf(source: Source): Readonly<Record<string, Page>> {
  const snapshots = new SnapshotText();
  // One scrape after the other: many at once would hold many texts.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    "/": () => ({ status: 200, type: plainText, body: index(source.version) }),
    "/metrics": async ({ headers }): Promise<Answer> => {
      const format = formatFor(headers.accept);
      const mine = turn.then(() => source.metrics(format));
      turn = mine.catch(() => {});
      return { status: 200, type: contentTypes[format], body: (await mine).text, headers: { Vary: "Accept" } };
    },
    "/healthz": () => {
      const health = source.health();
      return { status: health.status === "ok" ? 200 : 503, type: json, body: `${safeJson(health)}\n` };
    },
    "/snapshot": () => {
      const { snapshot } = source;
      if (snapshot === undefined) return refusal(503, "no snapshot yet: probes are being attached");
      return { status: 200, type: json, body: snapshots.of(snapshot) };
    },
  };
}

class SnapshotText {
  #made: { readonly snapshot: Snapshot; readonly text: string } | undefined;

  of(snapshot: Snapshot): string {
    if (this.#made?.snapshot !== snapshot) this.#made = { snapshot, text: `${safeJson(snapshot)}\n` };
    return this.#made.text;
  }
}
