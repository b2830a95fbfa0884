/** Claim: the dead leave no trace in the figures, nor in the memory of the watch. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { residentSetBytes } from "./kernelFigures.ts";
import { manyProcesses } from "./machine.ts";
import { nothingLeft, picture } from "./picture.ts";
import { Watch } from "./watch.ts";
import { workload } from "./workload.ts";

const mebibyte = 1 << 20;

let watch: Watch;
beforeAll(async () => {
  watch = await Watch.shared("tracepoint");
});
afterAll(() => watch?.finish());

test("crowds of short-lived processes come and go, the one that stays is exact", async () => {
  const [stays, crowd] = [await workload(), await workload()];
  const f = await stays.secret(1000, 100);
  const expected = (pages: number) => ({
    holders: { stays: { resident: pages, allocated: pages, descriptors: 1, mappings: 1 } },
    files: { f: { resident: pages, holders: ["stays"] } },
    resident: pages,
    unheld: 0,
  });
  for (let round = 1; round <= 3; round += 1) {
    const { well } = await crowd.ask(`churn ${manyProcesses} 4 16`);
    expect(Number(well)).toBe(manyProcesses);
    await stays.touch(f, round * 100, 100);
    const { secret } = await watch.becomes(
      (snapshot) => picture(snapshot, { stays }, { f }),
      expected(100 + round * 100),
    );
    expect(secret.holders.length).toBeLessThan(manyProcesses / 10);
  }
  await stays.finish();
  await nothingLeft(watch, [stays, crowd]);
  expect(residentSetBytes(watch.pid), "the watch's own memory").toBeLessThan(160 * mebibyte);
});
