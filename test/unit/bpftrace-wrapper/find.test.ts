import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compareToRelease, findBpftrace, parseVersion } from "../../../probes/bpftrace-wrapper/src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "find-bpftrace-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A small shell script in the place of bpftrace, in a folder of its own. */
function script(name: string, body: string, mode = 0o755): string {
  mkdirSync(join(folder, name));
  const path = join(folder, name, "bpftrace");
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

describe("parseVersion", () => {
  test.each([
    ["bpftrace v0.17.0\n", [0, 17, 0], "v0.17.0"],
    ["bpftrace v0.23.2", [0, 23, 2], "v0.23.2"],
    ["bpftrace v0.27.0-1", [0, 27, 0], "v0.27.0-1"],
    ["bpftrace v0.17.0-14-gabc", [0, 17, 0], "v0.17.0-14-gabc"],
    ["bpftrace 1.2", [1, 2, 0], "1.2"],
    ["a warning first\nbpftrace v0.20.1\n", [0, 20, 1], "v0.20.1"],
  ])("%j", (output, [major, minor, patch], text) => {
    expect(parseVersion(output)).toEqual({ major, minor, patch, text });
  });

  test.each(["", "bpftrace", "bpftrace vX", "GNU bash, version 5.2", "notbpftrace v0.17.0"])("%j is none", (output) => {
    expect(parseVersion(output)).toBeUndefined();
  });

  test("releases compare by number, not by text", () => {
    const version = parseVersion("bpftrace v0.9.4");
    expect(version && compareToRelease(version, { major: 0, minor: 17 })).toBeLessThan(0);
  });
});

describe("findBpftrace", () => {
  const good = script("good", "echo bpftrace v0.23.2");

  test("finds it by path, by BPFTRACE, and on PATH, in that order", async () => {
    const found = { kind: "found", path: good, version: { major: 0, minor: 23, patch: 2, text: "v0.23.2" } };
    const env = { PATH: "/usr/bin:/bin" };
    expect(await findBpftrace({ path: good, env: { ...env, BPFTRACE: "/nonexistent" } })).toEqual(found);
    expect(await findBpftrace({ env: { ...env, BPFTRACE: good } })).toEqual(found);
    expect(await findBpftrace({ env: { PATH: `/nonexistent:${join(folder, "good")}:/usr/bin:/bin` } })).toEqual(found);
  });

  test.each([
    ["garbage", "echo hello", "notBpftrace"],
    ["silent", "exit 3", "notBpftrace"],
    ["endless", "yes", "notBpftrace"],
    ["old", "echo bpftrace v0.9.4", "tooOld"],
    ["hanging", "exec sleep 60", "timedOut"],
  ])("%s: %s is %s, with what to do next", async (name, body, kind) => {
    const finding = await findBpftrace({ path: script(name, body), timeoutMs: 500 });
    expect(finding).toMatchObject({ kind, message: expect.stringContaining(name) });
  });

  test("a file that may not be run", async () => {
    const path = script("locked", "echo bpftrace v0.23.2", 0o644);
    expect(await findBpftrace({ path })).toMatchObject({ kind: "notExecutable", path });
    // Nor does it hide a good one later on PATH.
    const PATH = `${join(folder, "locked")}:${join(folder, "good")}:/usr/bin:/bin`;
    expect(await findBpftrace({ env: { PATH } })).toMatchObject({ kind: "found", path: good });
  });

  test("a file without interpreter", async () => {
    const path = script("broken", "");
    writeFileSync(path, "#!/nonexistent/interpreter\n");
    expect(await findBpftrace({ path })).toMatchObject({ kind: "notExecutable" });
  });

  test("a path that was named is never replaced by another one", async () => {
    expect(await findBpftrace({ path: "/nonexistent/bpftrace" })).toMatchObject({
      kind: "missing",
      message: expect.stringContaining("/nonexistent/bpftrace"),
    });
    expect(await findBpftrace({ path: folder })).toMatchObject({ kind: "missing" });
  });

  test("a relative PATH entry is not searched: the current folder is no place to run things from as root", async () => {
    const before = process.cwd();
    process.chdir(join(folder, "good"));
    try {
      const finding = await findBpftrace({ env: { PATH: ".:" } });
      expect(finding.kind === "found" ? finding.path : "").not.toBe(good);
    } finally {
      process.chdir(before);
    }
  });
});
