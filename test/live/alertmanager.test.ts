/** Alerts at a real Alertmanager: it pages once, resolves, and outlives the end of either side. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deadPort, Hooks } from "../unit/alerts/delivery/hooks.ts";
import { notice, opened, until as soon } from "../unit/alerts/delivery/notices.ts";
import { hostileName } from "../unit/commands/snapshots.ts";
import { alertmanager, freePort, programs, type Server, until } from "./monitoring.ts";

interface Alert {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
  readonly status: { readonly state: string };
}

/** What Alertmanager sends when it pages. */
interface Page {
  readonly status: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Record<string, string> }[];
}

describe.skipIf(programs.alertmanager === undefined)("a real Alertmanager", () => {
  let pager: Hooks;
  let server: Server;
  let closing: { close(patienceMs: number): Promise<void> } | undefined;

  beforeEach(async () => {
    pager = await Hooks.open();
    server = await alertmanager(await freePort(), pager.url).start();
  });

  afterEach(async () => {
    await closing?.close(0);
    await server?.close();
    await pager?.close();
  });

  const deliver = (more = "") => {
    const all = opened(`log: no\nalertmanager:\n  - {name: am, url: "${server.url}/", resend: 5s}\n${more}`);
    closing = all.deliveries;
    return all;
  };
  const active = () => server.get<Alert[]>("/api/v2/alerts?active=true");
  const pages = (): string[] =>
    pager.requests
      .map(({ body }) => JSON.parse(body) as Page)
      .flatMap(({ alerts }) => alerts.map(({ status, labels }) => `${labels.alertname} ${status}`));

  test("a firing alert is seen once, stays while it is repeated, and is resolved once", async () => {
    const { deliveries, of } = deliver();
    const link = { labels: { severity: "warning", team: "kernel" } };
    deliveries.tell(notice("share", "fired", link));
    const [first] = await until("it is there", async () => {
      const alerts = await active();
      return alerts.length > 0 && alerts;
    });
    expect(first).toMatchObject({
      labels: { alertname: "share", instance: "box", severity: "warning", team: "kernel" },
      annotations: { summary: "share: half of it", who: "rosenpass [12]", figure: "secret_share", value: "0.5" },
      status: { state: "active" },
    });
    // Ours to repeat: well before the end that it was told.
    expect(Date.parse(first?.endsAt ?? "") - Date.now()).toBeGreaterThan(10_000);
    await until("it was said again", async () => of("am").sent >= 3);
    const again = await active();
    expect(again).toHaveLength(1);
    expect(again[0]?.startsAt).toBe(first?.startsAt);
    expect(Date.parse(again[0]?.endsAt ?? "")).toBeGreaterThan(Date.parse(first?.endsAt ?? ""));
    await until("it paged", async () => pages().length > 0);
    deliveries.tell(notice("share", "cleared", { ...link, startedAt: first?.startsAt ?? "", who: null, value: null }));
    await until("it is over", async () => (await active()).length === 0);
    await until("it says so", async () => pages().length > 1);
    const { sent } = of("am");
    await sleep(6_000);
    // What is over is not said again, by nobody.
    expect(of("am").sent).toBe(sent);
    expect(pages()).toEqual(["share firing", "share resolved"]);
    expect(of("am")).toMatchObject({ failed: 0, dropped: 0, queued: 0 });
  });

  test("names from the kernel stay inside their annotation", async () => {
    const { deliveries } = deliver();
    const evil = `${hostileName}"},{"labels":{"alertname":"other"`;
    deliveries.tell(
      notice("share", "fired", { who: evil, message: evil, host: `h"${hostileName}`, labels: { a: evil } }),
    );
    const alerts = await until("it is there", async () => {
      const found = await active();
      return found.length > 0 && found;
    });
    expect(alerts).toHaveLength(1);
    const shown = '\\x1b[2J\\u202e\\n{red-fg}\\x9b"},{"labels":{"alertname":"other"';
    expect(alerts[0]).toMatchObject({
      labels: { alertname: "share", instance: 'h"\\x1b[2J\\u202e\\n{red-fg}\\x9b', a: shown },
      annotations: { who: shown, summary: shown },
    });
  });

  test("flapping while Alertmanager is down: it learns how things are, and pages once", async () => {
    const { deliveries, of } = deliver();
    await server.stop();
    for (let turn = 0; turn < 10; turn++) {
      deliveries.tell(notice("flapping", "fired"));
      deliveries.tell(notice("flapping", "cleared"));
      deliveries.tell(notice("over", "fired"));
    }
    deliveries.tell(notice("over", "cleared"));
    deliveries.tell(notice("flapping", "fired"));
    await soon("it was tried", () => of("am").failed > 0);
    expect(of("am").queued).toBe(2);
    await server.start();
    await until("it is there", async () => (await active()).length === 1);
    await until("it paged", async () => pages().length > 0);
    await sleep(2_000);
    expect(pages()).toEqual(["flapping firing"]);
    expect((await active()).map(({ labels }) => labels.alertname)).toEqual(["flapping"]);
    // What was overtaken is counted: nothing is lost silently.
    expect(of("am").dropped).toBeGreaterThan(0);
  });

  test("when secretscope is killed, its alerts end by themselves after four times resend", async () => {
    const { deliveries, of } = deliver();
    deliveries.tell(notice("share"));
    await soon("it is sent", () => of("am").sent === 1);
    await deliveries.close(0);
    const alerts = await active();
    expect(alerts).toHaveLength(1);
    await until("it is over", async () => (await active()).length === 0, 40_000);
    expect(Date.now() - Date.parse(alerts[0]?.startsAt ?? "")).toBeGreaterThan(18_000);
  });

  test("of two Alertmanagers one that is dead does not keep the other waiting", async () => {
    const { deliveries, of } = deliver(`  - {name: dead, url: "http://127.0.0.1:${await deadPort()}"}`);
    deliveries.tell(notice("share"));
    await until("it is there", async () => (await active()).length === 1, 5_000);
    expect(of("dead")).toMatchObject({ sent: 0, queued: 1, failing: true });
  });

  test("a clock that was set back makes no alert that is refused", async () => {
    const { deliveries, of } = deliver();
    const startedAt = new Date(Date.now() + 60_000).toISOString();
    deliveries.tell(notice("share", "cleared", { startedAt }));
    await soon("it is sent", () => of("am").sent === 1 || of("am").failed > 0);
    expect(of("am")).toMatchObject({ sent: 1, failed: 0, lastError: null });
  });

  test("200 alerts arrive in batches; one that is refused is found and does not take others with it", async () => {
    const { deliveries, of } = deliver();
    for (let number = 0; number < 200; number++) deliveries.tell(notice(`rule-${number}`));
    // Every Alertmanager refuses a label without a name, and no reader of rules lets one through.
    deliveries.tell(notice("refused", "fired", { labels: { "": "x" } }));
    await until("the others are there", async () => (await active()).length === 200);
    await soon("the one is dropped", () => of("am").dropped === 1);
    expect(of("am").lastError).toBe("answered 400");
  });
});
