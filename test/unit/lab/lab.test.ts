import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { emulator } from "../../lab/emulator.mjs";
import { canRun, guests, prepare, run } from "../../lab/guest.ts";

const program = new URL("../../lab/lab.mjs", import.meta.url).pathname;

function lab(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8", input: "" });
  return { status, stdout, stderr };
}

afterEach(() => vi.unstubAllEnvs());

describe("the lab's command line", () => {
  test("--help names every guest and option", () => {
    const { status, stdout } = lab("--help");
    expect(status).toBe(0);
    for (const word of [
      ...guests.map((guest) => guest.name),
      "--append",
      "--env",
      "--timeout",
      "--out",
      "--skip-idle",
    ]) {
      expect(stdout).toContain(word);
    }
  });

  test.each([
    [[], "which guest?"],
    [["debian11", "true"], 'no guest "debian11"; there are: debian12, debian13, forky'],
    [["--prepare", "sid"], 'no guest "sid"'],
    [["--memory", "much", "debian13", "true"], "--memory much: not a number"],
    [["--env", "1=2", "debian13", "true"], "--env 1=2: not NAME=VALUE"],
    [["--fast", "debian13", "true"], "--fast"],
    [["debian13", "bash"], "needs a terminal"],
  ])("%j is answered, and boots nothing", (args, answer) => {
    const { status, stderr } = lab(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(answer);
  });
});

describe("the lab as a module", () => {
  test("an unknown guest is refused before anything is installed or built", async () => {
    await expect(prepare("debian11")).rejects.toMatchObject({ name: "LabFailure", kind: "prepare" });
    await expect(run("debian11", ["true"])).rejects.toThrow('no guest "debian11"');
  });

  test("what is missing and may not be installed is named, with the remedy", () => {
    vi.stubEnv("PATH", "/nowhere");
    vi.stubEnv("SECRETSCOPE_NO_INSTALL", "1");
    const ability = canRun();
    // Without root the answer is about root: nothing else matters then.
    if (process.getuid?.() !== 0) return expect(ability).toMatchObject({ ok: false, remedy: "run as root (sudo -E)" });
    expect(ability).toEqual({
      ok: false,
      reason:
        "not installed: qemu-system-x86, mmdebstrap, util-linux, tar (SECRETSCOPE_NO_INSTALL=1 forbids installing)",
      remedy: "apt-get install --no-install-recommends qemu-system-x86 mmdebstrap util-linux tar",
    });
  });

  test.each([
    ["10.0.13", ["qemu-system-x86_64"]],
    ["11.1.2", ["qemu-system-x86_64"]],
    ["7.2.22", "a newer one is fetched"],
  ])("with QEMU %s installed: %j", async (version, answer) => {
    const folder = mkdtempSync(join(tmpdir(), "secretscope-qemu-"));
    try {
      const installed = `#!/bin/sh\necho 'QEMU emulator version ${version} (Debian 1:${version}+dfsg-1)'\n`;
      writeFileSync(join(folder, "qemu-system-x86_64"), installed, { mode: 0o755 });
      // Nothing to fetch with: whoever tries fails at once.
      vi.stubEnv("PATH", folder);
      vi.stubEnv("SECRETSCOPE_CACHE", folder);
      const chosen = emulator(() => {}).catch(() => "a newer one is fetched");
      expect(await chosen).toEqual(answer);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
