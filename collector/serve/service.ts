/** The headless collector: an observation in; alerts, metrics and a few pages out; a new configuration while it runs. */
import { hostname } from "node:os";
import { isDeepStrictEqual } from "node:util";
import type { DeliveryEnvironment } from "../alerts/delivery/deliveries.ts";
import type { Observation } from "../observation.ts";
import { Metrics } from "../publish/metrics/metrics.ts";
import { safeText } from "../safeText.ts";
import type { Snapshot } from "../snapshot.ts";
import { UserNames } from "../sources/procfs/users.ts";
import { Alerting } from "./alerting.ts";
import { type Configuration, Faulty } from "./configuration.ts";
import { EvidenceLog } from "./evidenceLog.ts";
import { freshness, type Health, health } from "./health.ts";
import { HttpEndpoint } from "./http/server.ts";
import { formatListen, isLoopback } from "./listenAddress.ts";
import { pagesOf, type Source } from "./pages.ts";
import type { ServiceManager } from "./systemd.ts";

export interface ServiceOptions {
  readonly version: string;
  readonly configuration: Configuration;
  /** Reads the configuration anew. @throws CannotRun */
  readonly read: () => Configuration;
  /** One line to the log; made safe here. */
  readonly log: (line: string) => void;
  /** Where NDJSON of alerts goes. */
  readonly print: DeliveryEnvironment["print"];
  readonly manager: ServiceManager;
}

/** How long open answers and receivers may take at the end, ms; systemd waits for 90 s. */
const patience = { httpMs: 1000, deliveriesMs: 5000 } as const;
/** The same error again and again is said once in this time, ms. */
const quietMs = 60_000;

export class Service implements Source {
  readonly #options: ServiceOptions;
  readonly #alerting: Alerting;
  readonly #metrics: Metrics;
  readonly #http: HttpEndpoint;
  readonly #evidence = new EvidenceLog((line) => this.#log(line));
  readonly #startedAt = Date.now() / 1000;
  #configuration: Configuration;
  #reload = { successful: true, successAt: Date.now() / 1000 };
  #last: { readonly snapshot: Snapshot; readonly at: number } | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #saidErrorAt = Number.NEGATIVE_INFINITY;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    const { settings } = options.configuration;
    const users = new UserNames();
    this.#metrics = new Metrics(settings.metrics, (uid) => users.name(uid));
    this.#alerting = new Alerting(options.configuration, {
      note: (line) => this.#log(line),
      print: options.print,
      // From elsewhere nobody can follow a link to loopback.
      link: isLoopback(settings.listen.host)
        ? null
        : `http://${formatListen({ ...settings.listen, host: hostname() })}/`,
    });
    this.#http = new HttpEndpoint({
      listen: settings.listen,
      pages: pagesOf(this),
      onError: (error) => this.#noteError(error),
    });
  }

  /** From now on /healthz answers. @returns the URL @throws CannotRun */
  async listen(): Promise<string> {
    const url = await this.#http.open();
    this.#log(`listening at ${url}`);
    const { host } = this.#configuration.settings.listen;
    if (!isLoopback(host)) {
      this.#log(
        `${host} is not loopback: whoever reaches it can read names of processes and cgroups; there is no password`,
      );
    }
    return url;
  }

  /** To be told of everything from its first snapshot on; it is the caller's to close. */
  watch(observation: Observation): void {
    observation.onNotice((notice) => this.#log(notice));
    observation.onEvent((event) => this.#metrics.observeEvent(event));
    this.#observe(observation.snapshot());
    observation.onSnapshot((snapshot) => this.#observe(snapshot));
    const { manager } = this.#options;
    manager.ready();
    if (manager.watchdogMs !== null) {
      // A collector that hangs is not alive, though it answers.
      this.#watchdog = setInterval(() => {
        if (this.health().collecting) manager.alive();
      }, manager.watchdogMs);
    }
  }

  #observe(snapshot: Snapshot): void {
    this.#evidence.observe(snapshot);
    this.#last = { snapshot, at: performance.now() };
    this.#metrics.observe(snapshot);
    this.#alerting.observe(snapshot);
  }

  /** With a mistake in it, the configuration stays as it is. */
  reload(): void {
    const { manager, read } = this.#options;
    // Before the first snapshot we are not ready, and a new configuration does not make us so.
    const isReady = this.#last !== undefined;
    if (isReady) manager.reloading();
    try {
      const next = read();
      this.#tellWhatNeedsRestart(next);
      this.#alerting.replace(next);
      const { metrics } = next.settings;
      // Who is in the tops stays there, unless there are others.
      if (!isDeepStrictEqual(metrics, this.#configuration.settings.metrics)) this.#metrics.limits = metrics;
      this.#configuration = next;
      this.#reload = { successful: true, successAt: Date.now() / 1000 };
      const { length } = next.rules;
      this.#log(`configuration read again: ${length} ${length === 1 ? "rule" : "rules"}`);
    } catch (error) {
      this.#reload = { ...this.#reload, successful: false };
      if (error instanceof Faulty) for (const line of error.lines) this.#log(line);
      const reason = error instanceof Error ? error.message : String(error);
      this.#log(`configuration not read again: ${reason}; the one before stays in force`);
    }
    if (isReady) manager.ready();
  }

  #tellWhatNeedsRestart({ settings: next }: Configuration): void {
    const { settings: now } = this.#configuration;
    const changed = [
      ...(formatListen(now.listen) === formatListen(next.listen) ? [] : ["listen"]),
      ...(["intervalMs", "route", "bpftrace"] as const)
        .filter((key) => now[key] !== next[key])
        .map((key) => (key === "intervalMs" ? "interval" : key)),
    ];
    if (changed.length > 0) this.#log(`${changed.join(", ")}: takes effect when secretscope starts again`);
  }

  /** Ends what was begun here; the observation is closed before, so that its last snapshot is judged too. */
  async close(): Promise<void> {
    clearInterval(this.#watchdog);
    await Promise.all([this.#http.close(patience.httpMs), this.#alerting.close(patience.deliveriesMs)]);
  }

  get version(): string {
    return this.#options.version;
  }

  get snapshot(): Snapshot | undefined {
    return this.#last?.snapshot;
  }

  health(): Health {
    return health({
      snapshot: this.#last?.snapshot,
      ageMs: this.#ageMs(),
      intervalMs: this.#options.configuration.settings.intervalMs,
      deliveries: this.#alerting.deliveries,
      lastReloadSuccessful: this.#reload.successful,
    });
  }

  metrics(format: Parameters<Source["metrics"]>[0]): ReturnType<Source["metrics"]> {
    return this.#metrics.write({
      format,
      freshness: freshness(this.#ageMs(), this.#options.configuration.settings.intervalMs),
      service: {
        version: this.#options.version,
        startedAt: this.#startedAt,
        configuration: { lastReloadSuccessful: this.#reload.successful, lastSuccessAt: this.#reload.successAt },
        rules: this.#alerting.rules,
        deliveries: this.#alerting.deliveries,
      },
    });
  }

  #ageMs(): number | null {
    return this.#last === undefined ? null : performance.now() - this.#last.at;
  }

  #noteError(error: unknown): void {
    if (performance.now() - this.#saidErrorAt < quietMs) return;
    this.#saidErrorAt = performance.now();
    this.#log(`http: ${error instanceof Error ? error.message : String(error)}`);
  }

  #log(line: string): void {
    this.#options.log(safeText(line));
  }
}
