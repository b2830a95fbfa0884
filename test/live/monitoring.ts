/** Real Prometheus and Alertmanager on loopback, from Debian's packages, each with a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unpackedProgram, unpackedServer } from "../../.ci/unpacked-packages.mjs";

/** Undefined: not on this machine (`npm test` unpacks it where there is apt-get). */
export const programs = {
  alertmanager: unpackedServer("prometheus-alertmanager"),
  prometheus: unpackedServer("prometheus"),
  promtool: unpackedProgram("promtool"),
};

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  patienceMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s in vain: ${what}`);
    await sleep(100);
  }
}

/** A program with a folder, an HTTP API on a port, and an end. */
export class Server {
  readonly url: string;
  readonly #folder: string;
  readonly #program: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #said = "";

  constructor(
    command: readonly [string, ...string[]] | undefined,
    port: number,
    args: (folder: string) => readonly string[],
  ) {
    if (command === undefined) throw new Error("the program is not on this machine");
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), "secretscope-server-"));
    const [program, ...first] = command;
    this.#program = program;
    this.#args = [...first, ...args(this.#folder)];
  }

  async start(): Promise<this> {
    const child = spawn(this.#program, this.#args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = `${this.#said}${text}`.slice(-5000);
    });
    await until(`${this.#program} answers`, async () => {
      if (child.exitCode !== null) throw new Error(`${this.#program} ended: ${this.#said}`);
      return fetch(`${this.url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    return this;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Ends it and leaves its folder, so that it can be started again. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @param hook where it sends what it would page; grouping does not wait */
export function alertmanager(port: number, hook: string): Server {
  return new Server(programs.alertmanager, port, (folder) => {
    const config = join(folder, "alertmanager.yml");
    writeFileSync(
      config,
      `route: { receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers: [{ name: hook, webhook_configs: [{ url: "${hook}", send_resolved: true }] }]
`,
    );
    return [
      `--config.file=${config}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // No cluster: nothing listens on other addresses.
      "--cluster.listen-address=",
    ];
  });
}

export interface Alerting {
  /** Text of a rule file, evaluated every second. */
  readonly rules: string;
  /** host:port of the Alertmanager that it tells. */
  readonly alertmanager: string;
}

/** @param targets host:port that it scrapes every second */
export function prometheus(port: number, targets: readonly string[], alerting?: Alerting): Server {
  return new Server(programs.prometheus, port, (folder) => {
    const config = join(folder, "prometheus.yml");
    mkdirSync(join(folder, "data"));
    if (alerting !== undefined) writeFileSync(join(folder, "rules.yml"), alerting.rules);
    const alertmanagers = [{ static_configs: [{ targets: [alerting?.alertmanager] }] }];
    writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
        scrape_configs: [{ job_name: "secretscope", static_configs: [{ targets }] }],
        ...(alerting === undefined ? {} : { rule_files: ["rules.yml"], alerting: { alertmanagers } }),
      }),
    );
    return [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
  });
}
