/** `secretscope watch --json` as a person would run it, with its snapshots read one by one. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { RouteChoice } from "../../collector/observation.ts";
import { type Snapshot, snapshotSchema } from "../../collector/snapshot.ts";
import { splitsSinceBoot } from "./kernelFigures.ts";
import { lab, repository, seconds } from "./machine.ts";
import { Workload } from "./workload.ts";

export const cli = join(repository, "dist/tui/cli.js");

export interface WatchOptions {
  readonly route?: RouteChoice;
  readonly interval?: string;
  readonly env?: Readonly<Record<string, string>>;
}

type Listener = (snapshot: Snapshot) => void;

/** What the files of a guest share, by route. */
const shared = new Map<RouteChoice, Watch>();

export class Watch {
  /** Newest last; older ones are dropped. */
  private last: Snapshot | undefined;
  private readonly listeners = new Set<Listener>();
  private failure: string | undefined;
  private rest = "";
  private stderr = "";

  private constructor(
    private readonly child: ChildProcessByStdio<null, Readable, Readable>,
    /** /proc/vmstat's splits before it was started. */
    readonly splitsBefore: ReturnType<typeof splitsSinceBoot>,
  ) {
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.heard(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = (this.stderr + text).slice(-8192);
    });
    child.on("error", (error) => this.fail(error.message));
    child.on("exit", (code, signal) => this.fail(`it ended (${signal ?? `exit ${code}`})`));
  }

  /** Returns when /proc was read once and the kernel program counts. */
  static async start(options: WatchOptions = {}): Promise<Watch> {
    const route = options.route ? ["--route", options.route] : [];
    const before = splitsSinceBoot();
    const child = spawn(
      process.execPath,
      [cli, "watch", "--json", "--interval", options.interval ?? "500ms", ...route],
      { cwd: repository, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...options.env } },
    );
    const watch = new Watch(child, before);
    try {
      await watch.until("who holds what is known", ({ evidence }) => evidence.scanAgeMs !== null, 30);
      if (options.route !== "procfs") await watch.counting();
    } catch (error) {
      await watch.finish();
      throw error;
    }
    return watch;
  }

  /**
   * For claims that hold whenever a watch began. In a guest, where a start takes the emulator most of a minute, files share
   * one until `endShared`.
   */
  static async shared(route: RouteChoice): Promise<Watch> {
    const running = shared.get(route);
    return running === undefined || running.failure !== undefined ? await Watch.anew(route) : running;
  }

  /** For claims about what was there before it began; in a guest, it is the one that later files share. */
  static async anew(route: RouteChoice): Promise<Watch> {
    const older = shared.get(route);
    shared.delete(route);
    await older?.finish();
    const watch = await Watch.start({ route });
    if (lab !== null) {
      process.once("exit", () => watch.child.kill("SIGTERM"));
      shared.set(route, watch);
    }
    return watch;
  }

  /** Those that files of a guest share cost it a tenth of a processor each, idle: whoever needs them last ends them. */
  static async endShared(): Promise<void> {
    const running = [...shared.values()];
    shared.clear();
    await Promise.all(running.map((watch) => watch.finish()));
  }

  /**
   * Proved, not read from a sentence: a page touched now is counted for who touched it. bpftrace prints nothing before
   * all its probes are attached, so one figure of it stands for all.
   */
  private async counting(): Promise<void> {
    const canary = await Workload.start();
    try {
      const file = await canary.secret(10_000, 0);
      let touched = 0;
      const more = () => {
        canary.touch(file, touched, 1).catch(() => {});
        touched += 1;
      };
      const counted = ({ secret }: Snapshot) =>
        secret.holders.some(({ pid, allocatedBytes }) => pid === canary.pid && (allocatedBytes ?? 0) > 0);
      await this.until("a page is counted when it is touched", (snapshot) => counted(snapshot) || void more(), 40);
      await canary.finish();
      const gone = ({ secret }: Snapshot) => !secret.files.some(({ inode }) => inode === file.inode);
      await this.until("the canary is gone", gone);
    } finally {
      await canary.finish();
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The next snapshot that was made after this call. */
  async next(deadline = 20): Promise<Snapshot> {
    return await this.until("another snapshot", () => true, deadline);
  }

  /** The first snapshot, made after this call, that satisfies it. The deadline is in seconds on the host. */
  async until(what: string, satisfied: (snapshot: Snapshot) => unknown, deadline = 20): Promise<Snapshot> {
    const found = await this.wait(deadline, satisfied);
    if (found) return found;
    throw new Error(`no snapshot in which ${what}\n${this.report()}`);
  }

  /**
   * Waits until this view of a snapshot equals `expected`, and stays so in the one after: a figure that only passes by
   * the right value is wrong. `expected` may be a function, asked anew for each snapshot.
   */
  async becomes<T>(view: (snapshot: Snapshot) => T, expected: T | (() => T), deadline = 20): Promise<Snapshot> {
    const wanted = () => (typeof expected === "function" ? (expected as () => T)() : expected);
    let before = false;
    const found = await this.wait(deadline, (snapshot) => {
      const now = isDeepStrictEqual(view(snapshot), wanted());
      const twice = now && before;
      before = now;
      return twice;
    });
    if (found) return found;
    if (!this.last) throw new Error(`no snapshot at all\n${this.report()}`);
    expect(view(this.last), this.report()).toStrictEqual(wanted());
    throw new Error(`the figures came right only now, or did not stay so\n${this.report()}`);
  }

  /** Every snapshot from now on, as they come; the caller lets go of the list with the watch. */
  record(): readonly Snapshot[] {
    const heard: Snapshot[] = [];
    this.listeners.add((snapshot) => heard.push(snapshot));
    return heard;
  }

  /** Asks it to stop, and insists when it does not; a shared one goes on. Safe to call twice. */
  async finish(): Promise<void> {
    if ([...shared.values()].includes(this)) return;
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    const gone = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    const insist = setTimeout(() => this.child.kill("SIGKILL"), seconds(10));
    await gone;
    clearTimeout(insist);
  }

  private wait(deadline: number, satisfied: (snapshot: Snapshot) => unknown): Promise<Snapshot | undefined> {
    const asked = process.hrtime.bigint();
    return new Promise((done, lost) => {
      const end = () => {
        clearTimeout(timer);
        this.listeners.delete(look);
      };
      const look: Listener = (snapshot) => {
        if (this.failure !== undefined) {
          end();
          return lost(new Error(`watch: ${this.failure}\n${this.report()}`));
        }
        try {
          if (BigInt(snapshot.monotonicNs) < asked || !satisfied(snapshot)) return;
          end();
          done(snapshot);
        } catch (error) {
          end();
          lost(error);
        }
      };
      const timer = setTimeout(() => {
        end();
        done(undefined);
      }, seconds(deadline));
      this.listeners.add(look);
      if (this.failure !== undefined) {
        end();
        lost(new Error(`watch: ${this.failure}\n${this.report()}`));
      }
    });
  }

  /** Lines end at \n and nowhere else: readline would also split at U+2028, which a name may hold. */
  private heard(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      try {
        const snapshot = JSON.parse(line) as Snapshot;
        if (snapshot.schema !== snapshotSchema) throw new Error(`schema ${String(snapshot.schema)}`);
        this.last = snapshot;
        for (const listener of [...this.listeners]) listener(snapshot);
      } catch (error) {
        this.fail(`a line that is no snapshot (${String(error)}): ${line.slice(0, 500)}`);
        return;
      }
    }
  }

  private fail(why: string): void {
    this.failure ??= why;
    if (this.last) for (const listener of [...this.listeners]) listener(this.last);
  }

  private report(): string {
    const { last } = this;
    const shown = last && { ...last, splitCauses: last.splitCauses.map(({ stack: _, ...cause }) => cause) };
    return `last snapshot: ${JSON.stringify(shown)}\nstderr: ${this.stderr || "(nothing)"}`;
  }
}
