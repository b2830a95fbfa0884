/** What a service manager hears, through a real socket of the kind that systemd makes. perl listens: Node cannot. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serviceManager } from "../../../collector/serve/systemd.ts";

const listening = `
use IO::Socket::UNIX; $| = 1;
my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
print "there\\n";
while (defined $s->recv(my $m, 4096)) { $m =~ s/\\n/ /g; print "$m\\n"; }
`;

test("without systemd nobody is told, and nothing fails", () => {
  const failures: string[] = [];
  const manager = serviceManager({}, (why) => failures.push(why));
  manager.ready();
  manager.reloading();
  manager.alive();
  expect([manager.watchdogMs, failures]).toEqual([null, []]);
});

test("systemd hears that we are ready, reload, live and stop", async () => {
  const folder = mkdtempSync(join(tmpdir(), "secretscope-notify-"));
  const socket = join(folder, "notify");
  const perl = spawn("perl", ["-e", listening, socket], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    perl.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  let heard = "";
  perl.stdout.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  await once(perl.stdout, "data");
  // libsystemd reads the environment of a whole process: it gets one.
  const script = `
    import { serviceManager } from ${JSON.stringify(join(import.meta.dirname, "../../../dist/collector/serve/systemd.js"))};
    const manager = serviceManager(process.env, (why) => console.log("failed", why));
    console.log(manager.watchdogMs);
    manager.ready(); manager.reloading(); manager.alive(); manager.stopping();
  `;
  const said = await new Promise<string>((resolve, reject) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "30000000" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (more) => {
      text += more;
    });
    child.on("error", reject).on("close", () => resolve(text));
  });
  expect(said).toBe("15000\n");
  await expect
    .poll(() =>
      heard
        .trim()
        .split("\n")
        .map((line) => line.trim()),
    )
    .toEqual([
      "there",
      "READY=1",
      expect.stringMatching(/^RELOADING=1 MONOTONIC_USEC=\d+$/),
      "WATCHDOG=1",
      "STOPPING=1",
    ]);
});

test("a watchdog for another process is not ours", () => {
  const manager = serviceManager({ NOTIFY_SOCKET: "/nowhere", WATCHDOG_USEC: "2000000", WATCHDOG_PID: "1" }, () => {});
  expect(manager.watchdogMs).toBeNull();
});
