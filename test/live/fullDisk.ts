/** A disk of its own with so little room that a recording begins and does not go on. Takes root. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";

/** @returns where it is mounted, until the test ends */
export function fullDisk(): string {
  const disk = mkdtempSync(join(tmpdir(), "secretscope-disk-"));
  onTestFinished(() => rmdirSync(disk));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=40k", "tmpfs", disk], { encoding: "utf8" });
  expect(mounted.stderr).toBe("");
  // Also while somebody is in it: what a failed test left running.
  onTestFinished(() => void spawnSync("umount", ["--lazy", disk]));
  // The first batch finds room, the second, a sample a second, finds none.
  writeFileSync(join(disk, "filler"), Buffer.alloc(16_384));
  return disk;
}

/** From now on there is room. */
export function makeRoom(disk: string): void {
  const { status, stderr } = spawnSync("mount", ["-o", "remount,size=16m", disk], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
}
