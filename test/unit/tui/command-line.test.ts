/** The built command, as a person calls it: what is wrong is one line on stderr and status 2. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";

const repository = join(import.meta.dirname, "../../..");
const cli = join(repository, "dist/tui/cli.js");

function secretscope(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("wrong usage", () => {
  test.each([
    [["wach"], "unknown command 'wach'; did you mean watch?"],
    [["\x1b[2J"], "unknown command '\\x1b[2J'"],
    [["watch", "extra"], "too many arguments"],
    [
      ["--sort", "nosuch"],
      "'nosuch' is invalid. Allowed choices are pid, user, command, in, resident, share, allocated, rate, holds, limit, used, refused",
    ],
    [["dashboard", "--sort=\x1b[2J"], "'\\x1b[2J' is invalid. Allowed choices are pid, user,"],
    [["--sort"], "argument missing"],
    [["--ascii", "--route", "magic"], "Allowed choices are auto, tracepoint, function, procfs"],
    [["--filter"], "argument missing"],
    [["watch", "--sort", "pid"], "unknown option '--sort'"],
    [["watch", "--intervl", "1s"], "unknown option '--intervl'; did you mean --interval?"],
    [["--nonsense"], "unknown option '--nonsense'"],
    [["watch", "--route", "magic"], "Allowed choices are auto, tracepoint, function, procfs"],
    [["watch", "--bpftrace"], "argument missing"],
    [["watch", "--bpftrace", ""], "Allowed: the path of a file"],
    [["help", "nosuch"], "there is no command 'nosuch'"],
    [["splits", "--for", "0"], "Allowed: 100ms to 7d"],
    [["who", "--pid", "0"], "from 1 to 4194304"],
    [["who", "--pid", "1; rm"], "from 1 to 4194304"],
    ...["0", "-1", "1us", "1e9d", "abc", "", "99ms", "2h", "NaN", "1s1s"].map((interval) => [
      ["watch", "--interval", interval],
      "Allowed: 100ms to 1h",
    ]),
  ] as [string[], string][])("%j", (words, complaint) => {
    const { status, stdout, stderr } = secretscope(...words);
    expect(stderr).toContain(complaint);
    expect(stderr).toMatch(/^secretscope: [^\n]*--help tells more\n$/);
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });
});

test.each([["replay"], ["report"], ["export", "--to", "csv"], ["redact", "-o", "copy.arrows"]])(
  "%s of a pipe that nobody writes to is refused, and waits for nobody",
  (...words) => {
    const folder = mkdtempSync(join(tmpdir(), "secretscope-pipe-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    spawnSync("mkfifo", [join(folder, "pipe")]);
    const { status, stderr } = spawnSync(process.execPath, [cli, ...words, "pipe"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 20_000,
      // A process that waits to open it hears no other signal.
      killSignal: "SIGKILL",
    });
    expect(stderr).toMatch(/^secretscope: cannot open pipe: it is not a regular file; [^\n]*\n$/);
    expect(status).toBe(2);
    expect(readdirSync(folder)).toEqual(["pipe"]);
  },
  30_000,
);

test("sorting and filtering without a screen: watch, which says that it does neither", () => {
  const options = { encoding: "utf8", timeout: 60_000, killSignal: "SIGINT" } as const;
  const words = ["--sort", "RATE", "--filter", "nobody", "--route", "procfs"];
  const { stdout, stderr } = spawnSync("timeout", ["-s", "INT", "5", process.execPath, cli, ...words], options);
  expect(stderr).toContain("no terminal to draw on; this is watch, which shows all, in its own order\n");
  expect(stdout).toMatch(/^direct map /m);
});

describe("help", () => {
  const commands = ["dashboard", "watch", "who", "splits", "doctor", "record", "replay", "demo", "report", "export"];

  test.each([[[]], ...[...commands, "redact", "serve"].map((command) => [[command]])])(
    "%j teaches, on 80 columns",
    (command) => {
      const { status, stdout, stderr } = secretscope(...command, "--help");
      expect(status).toBe(0);
      expect(stderr).toBe("");
      expect(stdout).toContain("Examples:");
      expect(stdout).toContain("Exit status:");
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    },
  );

  test("names every command", () => {
    const { stdout } = secretscope("--help");
    for (const command of [...commands, "redact", "serve", "alerts"])
      expect(stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
  });

  test("--version", () => {
    expect(secretscope("--version")).toEqual({ status: 0, stdout: "0.1.0\n", stderr: "" });
  });
});
