/**
 * Claims: bpftrace need not compile this kernel's structs, since all that the program reads of them is read by offset;
 * and the program runs where there is no BTF at all.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { readOffer } from "../../probes/kernel/offer.ts";
import { planFor } from "../../probes/plan.ts";
import { lab, repository, routes, seconds } from "./machine.ts";

test.each(routes)("by the %s route", (choice) => {
  const options = { choice, device: 1, collector: 1, canCommand: true, intervalMs: 1000 };
  const { program, commands } = planFor(readOffer(), options);
  expect(commands).toBe(true);
  expect(program).toContain("(uint64)curtask + ");
  expect(program?.split("\n").filter((line) => line.includes("struct "))).toEqual([]);
});

// 0.17 is on the host too, and an emulated kernel takes a minute for it.
if (lab !== "debian12") {
  test("without BTF, in a mount namespace that hides it", { timeout: seconds(60) }, () => {
    const cli = join(repository, "dist/tui/cli.js");
    const script = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"';
    const words = ["--mount", "sh", "-c", script, "sh", process.execPath, cli, "watch", "--once", "--json"];
    const { stdout, stderr } = spawnSync("unshare", words, { encoding: "utf8", timeout: seconds(50) });
    expect(stderr).toBe("");
    const { evidence } = JSON.parse(stdout) as Snapshot;
    expect(evidence.route).toMatchObject({ pages: "tracepoint", splits: "tracepoint", oom: "tracepoint" });
    expect(evidence.reasons.join()).not.toContain("the probes are not running");
  });
}
