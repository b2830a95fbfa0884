/** Drives test/workload/secretwork: each call is one request, and returns when the kernel has done it. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { secretwork } from "../workload/build.mjs";

/** The kernel, or secretwork, said no. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    request: string,
  ) {
    super(`secretwork: ${request}: ${code}`);
  }
}

/** The process that was asked is no more. */
export class Gone extends Error {
  constructor(
    readonly signal: string,
    request: string,
  ) {
    super(`secretwork: ${request}: the process is gone (${signal})`);
  }
}

/** A secret file as one process names it; a child forked later knows it by the same id. */
export interface SecretFile {
  readonly id: number;
  readonly inode: number;
  readonly device: string;
}

/** One process of the workload. Sizes are in pages. */
export class Worker {
  constructor(
    private readonly tree: Tree,
    private readonly path: string,
    readonly pid: number,
  ) {}

  async ask(request: string): Promise<Record<string, string>> {
    return await this.tree.ask(`${this.path}${request}`);
  }

  async create(flags = 0): Promise<SecretFile> {
    const answer = await this.ask(`create ${flags}`);
    return { id: Number(answer.file), inode: Number(answer.inode), device: answer.device ?? "" };
  }

  /** A file of this many pages, open and mapped, with the first `touched` of them there. */
  async secret(pages: number, touched = pages): Promise<SecretFile> {
    const file = await this.create();
    await this.ask(`size ${file.id} ${pages}`);
    await this.map(file);
    const done = touched > 0 ? await this.touch(file, 0, touched) : 0;
    if (done !== touched) throw new Refused("SIGBUS", `page ${done} of ${touched}`);
    return file;
  }

  async map(file: SecretFile, pages = 0): Promise<void> {
    await this.ask(`map ${file.id} ${pages}`);
  }
  /** How many pages could be touched; fewer than asked: a bus error, survived. */
  async touch(file: SecretFile, from: number, count: number): Promise<number> {
    return Number((await this.ask(`touch ${file.id} ${from} ${count}`)).touched);
  }
  async unmap(file: SecretFile): Promise<void> {
    await this.ask(`unmap ${file.id}`);
  }
  async close(file: SecretFile): Promise<void> {
    await this.ask(`close ${file.id}`);
  }
  /** Closed and unmapped: this process holds it no more. */
  async letGo(file: SecretFile): Promise<void> {
    await this.close(file);
    await this.ask(`unmap ${file.id}`).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
    });
  }

  async fork(name: string, wantedPid?: number): Promise<Worker> {
    const answer = await this.ask(`fork ${name}${wantedPid === undefined ? "" : ` ${wantedPid}`}`);
    return new Worker(this.tree, `${this.path}@${name} `, Number(answer.pid));
  }
  /** The child's own name for the same file. */
  async send(file: SecretFile, child: string): Promise<SecretFile> {
    return { ...file, id: Number((await this.ask(`send ${file.id} ${child}`)).file) };
  }
  /** How the child ended: `exit 0`, `signal 9`. */
  async end(child: string, how: "end" | "kill" = "end"): Promise<string> {
    const answer = await this.ask(`${how} ${child}`);
    return answer.signal === undefined ? `exit ${answer.exit}` : `signal ${answer.signal}`;
  }

  async rename(name: string | Uint8Array): Promise<void> {
    await this.ask(`rename ${Buffer.from(name).toString("hex")}`);
  }
  /** Ordinary memory; the process may not live to answer. */
  async eat(pages: number, size: "4K" | "huge" = "4K"): Promise<void> {
    await this.ask(`eat ${pages}${size === "huge" ? " huge" : ""}`);
  }
}

/** The channel to one secretwork and, through it, to its children. One request at a time. */
class Tree {
  private text = "";
  private waiting: { request: string; done: (line: string) => void; lost: (error: Error) => void } | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private over: string | undefined;

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.heard(text));
    child.stdin.on("error", () => {});
    child.on("error", (error) => this.ended(error.message));
    child.on("exit", (code, signal) => this.ended(signal ? `signal ${signal}` : `exit ${code}`));
  }

  async ask(request: string): Promise<Record<string, string>> {
    const mine = this.turn.then(() => this.exchange(request));
    this.turn = mine.catch(() => {});
    const [verdict, ...rest] = (await mine).split(" ");
    if (verdict !== "ok") throw new Refused(rest[1] ?? rest.join(" "), request);
    const answer = Object.fromEntries(rest.filter(Boolean).map((pair) => pair.split("=") as [string, string]));
    if (answer.gone) throw new Gone(answer.signal ? `signal ${answer.signal}` : `exit ${answer.exit}`, request);
    return answer;
  }

  private exchange(request: string): Promise<string> {
    return new Promise((done, lost) => {
      if (this.over !== undefined) return lost(new Gone(this.over, request));
      this.waiting = { request, done, lost };
      this.child.stdin.write(`${request}\n`);
    });
  }

  private heard(text: string): void {
    this.text += text;
    const end = this.text.indexOf("\n");
    if (end < 0) return;
    const line = this.text.slice(0, end);
    this.text = this.text.slice(end + 1);
    const asked = this.waiting;
    this.waiting = undefined;
    asked?.done(line);
  }

  private ended(how: string): void {
    this.over = how;
    const asked = this.waiting;
    this.waiting = undefined;
    asked?.lost(new Gone(how, asked.request));
  }
}

/** The first process of a workload; its end is the end of all. */
export class Workload extends Worker {
  private constructor(
    tree: Tree,
    pid: number,
    private readonly child: ChildProcessWithoutNullStreams,
  ) {
    super(tree, "", pid);
  }

  static async start(): Promise<Workload> {
    const child = spawn(secretwork(), { stdio: "pipe" });
    const tree = new Tree(child);
    const { pid } = await tree.ask("pid");
    const started = new Workload(tree, Number(pid), child);
    // The new accounting model holds root to the limit too. The old one does not, and where root may not raise it
    // (no CAP_SYS_RESOURCE) it is the old one that we have met.
    await started.ask("memlock -1").catch((error: unknown) => {
      if (!(error instanceof Refused && error.code === "EPERM")) throw error;
    });
    return started;
  }

  /** Ends every process of it; resolves when the first one is gone. Safe to call twice. */
  async finish(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGKILL");
    await gone;
  }
}

/** A workload for the test that is running, ended with it. */
export async function workload(): Promise<Workload> {
  const started = await Workload.start();
  onTestFinished(() => started.finish());
  return started;
}
