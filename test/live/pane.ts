/** A terminal of its own, by tmux: keys go in as from a person, what is shown is read back, and its state is kept. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const stepMs = 100;

export class Pane {
  readonly #server = `secretscope-test-${process.pid}-${Math.floor(performance.now())}`;

  constructor(columns: number, rows: number) {
    const size = ["-x", String(columns), "-y", String(rows)];
    this.#tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      ...size,
      "-s",
      "t",
      "env",
      "PS1=$ ",
      "LANG=C.UTF-8",
      "bash",
      "--norc",
      "--noprofile",
    );
  }

  #tmux(...words: string[]): string {
    return execFileSync("tmux", ["-L", this.#server, ...words], { encoding: "utf8" });
  }

  /** Keys by tmux's names: Enter, Escape, C-z, q. */
  keys(...names: string[]): void {
    this.#tmux("send-keys", "-t", "t", ...names);
  }

  /** Types a command and Enter. */
  run(command: string): void {
    this.#tmux("send-keys", "-t", "t", "-l", command);
    this.keys("Enter");
  }

  text(): string {
    return this.#tmux("capture-pane", "-p", "-t", "t");
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-t", "t", "-x", String(columns), "-y", String(rows));
  }

  /** cursor shown, alternate screen on, mouse wanted */
  modes(): { cursor: boolean; alternate: boolean; mouse: boolean } {
    const [cursor, alternate, mouse] = this.#tmux(
      "display-message",
      "-p",
      "-t",
      "t",
      "#{cursor_flag} #{alternate_on} #{mouse_any_flag}",
    )
      .trim()
      .split(" ");
    return { cursor: cursor === "1", alternate: alternate === "1", mouse: mouse === "1" };
  }

  /** The terminal's settings, as its owner would see them. */
  settings(): string {
    const tty = this.#tmux("display-message", "-p", "-t", "t", "#{pane_tty}").trim();
    return execFileSync("stty", ["-a", "-F", tty], { encoding: "utf8" }).replace(/rows \d+; columns \d+;/, "");
  }

  shell(): number {
    return Number(this.#tmux("display-message", "-p", "-t", "t", "#{pane_pid}"));
  }

  /** @returns the text that showed it */
  async shows(wanted: RegExp, withinMs = 60_000): Promise<string> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const text = this.text();
      if (wanted.test(text)) return text;
      if (performance.now() > deadline) throw new Error(`${wanted} was not shown within ${withinMs} ms:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, stepMs));
    }
  }

  async until(what: string, holds: () => boolean, withinMs = 30_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}\n${this.text()}`);
      await new Promise((resolve) => setTimeout(resolve, stepMs));
    }
  }

  end(): void {
    spawnSync("tmux", ["-L", this.#server, "kill-server"]);
  }
}

/** Processes below this one, with their names; dead ones that nobody has waited for are not counted. */
export function below(pid: number): { pid: number; comm: string }[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [, comm = "", state = "", parent = ""] = /\((.*)\) (\S) (\d+)/s.exec(stat) ?? [];
        return state === "Z" ? [] : [{ pid: Number(name), comm, parent: Number(parent) }];
      } catch {
        return [];
      }
    });
  const children = (parent: number): { pid: number; comm: string }[] =>
    all.filter((each) => each.parent === parent).flatMap(({ pid, comm }) => [{ pid, comm }, ...children(pid)]);
  return children(pid);
}
