/** Claim: splits change generations in the kernel without one being counted twice or forgotten. */
import { describe, expect, test } from "vitest";
import { SplitMaps } from "../../../collector/sources/bpftrace/splitMaps.ts";

const stack = (caller: string) => `\n  __change_page_attr_set_clr+415\n  ${caller}+10\n`;
/** "bash" as two little-endian numbers. */
const bash = "1752392034,0";
const key = (pid: number, caller = "secretmem_fault") => `${pid},1000,${bash},${stack(caller)}`;
const seed = "0,0,0,0,\n  do_syscall_64+1\n";

class Reader {
  readonly maps: SplitMaps;
  #generation = 0;

  constructor(byLevel = false) {
    this.maps = new SplitMaps({ byLevel, nextGeneration: () => ++this.#generation });
  }

  /** One reading: which generation is active, and what the maps printed. */
  read(active: number, prints: Readonly<Record<string, Readonly<Record<string, number>>>>, lossless = true) {
    this.maps.tick(active);
    for (const [map, data] of Object.entries(prints)) this.maps.take(map, data);
    return this.maps.settle(lossless).map(({ pid, count, generation }) => ({ pid, count, generation }));
  }
}

describe("what a key says", () => {
  test("process, name, cause and stack, without addresses and with offsets in hexadecimal", () => {
    const reader = new Reader();
    reader.maps.tick(0);
    reader.maps.take("@s0", { [seed]: 1, [key(7)]: 3 });
    expect(reader.maps.settle(true)).toEqual([
      {
        pid: 7,
        rawStart: 1000,
        comm: "bash",
        cause: "secretmem",
        level: null,
        stack: ["__change_page_attr_set_clr+0x19f", "secretmem_fault+0xa"],
        count: 3,
        generation: 1,
      },
    ]);
  });

  test("a stack without a split in it is some other allocation, and left out", () => {
    const reader = new Reader();
    expect(reader.read(0, { "@s0": { [`7,1000,${bash},\n  do_fork+1\n`]: 9, [key(7)]: 1 } })).toHaveLength(1);
  });

  test("a route that counts by level is certain: any stack counts, in a map for each level", () => {
    const reader = new Reader(true);
    reader.maps.tick(0);
    reader.maps.take("@s0", { "0,0,0,0,": 0, [`7,1000,${bash},\n  anything+1\n`]: 2 });
    reader.maps.take("@g0", { "0,0,0,0,": 0, [`7,1000,${bash},\n  anything+1\n`]: 1 });
    expect(reader.maps.settle(true).map(({ level, count }) => [level, count])).toEqual([
      ["2m", 2],
      ["1g", 1],
    ]);
  });

  test("a module's frames are renamed once it is gone: what is the same in the kernel's own functions is one", () => {
    const reader = new Reader();
    const before = `7,1000,${bash},\n  __change_page_attr_set_clr+415\n  init_module+5 [tun]\n  do_init_module+86\n`;
    const after = `7,1000,${bash},\n  __change_page_attr_set_clr+415\n  0xffffffffc0001234\n  init_module+5\n  do_init_module+86\n`;
    expect(reader.read(0, { "@s0": { [before]: 2, [after]: 3 } })).toEqual([{ pid: 7, count: 5, generation: 1 }]);
  });

  test("keys of 0.24 and later have spaces gone or kept after the commas", () => {
    const reader = new Reader();
    expect(reader.read(0, { "@s0": { [`7, 1000, ${bash.replace(",", ", ")}, ${stack("x")}`]: 2 } })).toHaveLength(1);
  });

  // Recorded from 0.23.2: map keys are escaped twice there (see test/fixtures/bpftrace/0.23.2).
  test("a stack whose newlines came as backslash and n is the same stack", () => {
    const reader = new Reader();
    expect(reader.read(0, { "@s0": { [key(7).replaceAll("\n", "\\n")]: 2 } })).toHaveLength(1);
  });

  test.each([["hostile"], ["7,1000"], ["a,b,c,d,e"], [""]])("the key %j is no split", (raw) => {
    expect(new Reader().read(0, { "@s0": { [raw]: 2 } })).toEqual([]);
  });

  test("a hostile name comes out as it is", () => {
    const name = Buffer.alloc(16);
    name.write('"q\n\\\u001b[31m\'"', "latin1");
    const reader = new Reader();
    reader.maps.tick(0);
    const numbers = `${name.readBigUInt64LE(0)},${name.readBigUInt64LE(8)}`;
    reader.maps.take("@s0", { [`7,1000,${numbers},${stack("x")}`]: 1 });
    expect(reader.maps.settle(true)[0]?.comm).toBe('"q\n\\\u001b[31m\'"');
  });
});

describe("a change of generation", () => {
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, n) => [key(n + 1), 1]));

  test("is wished for when the map has grown, and not before", () => {
    const reader = new Reader();
    reader.read(0, { "@s0": { [key(7)]: 1 } });
    expect(reader.maps.wish).toBeUndefined();
    reader.read(0, { "@s0": many });
    expect(reader.maps.wish).toEqual({ switchTo: 1 });
  });

  test("nothing of the new generation before the last of the old one", () => {
    const reader = new Reader();
    reader.read(0, { "@s0": { [key(7)]: 3 } });
    // The tick that follows the switch may have been made while a split was still on its way into the old map.
    expect(reader.read(1, { "@s0": { [key(7)]: 4 }, "@s1": { [key(7)]: 1 } })).toEqual([
      { pid: 7, count: 4, generation: 1 },
    ]);
    expect(reader.maps.wish).toBeUndefined();
    expect(reader.read(1, { "@s0": { [key(7)]: 5 }, "@s1": { [key(7)]: 2 } })).toEqual([
      { pid: 7, count: 5, generation: 1 },
      { pid: 7, count: 2, generation: 2 },
    ]);
  });

  test("the old one is emptied only when it was read whole", () => {
    const reader = new Reader();
    reader.read(0, { "@s0": { [key(7)]: 3 } });
    reader.read(1, { "@s0": { [key(7)]: 3 }, "@s1": { [seed]: 1 } });
    reader.read(1, { "@s1": { [seed]: 1 } }, false);
    expect(reader.maps.wish, "its line was lost").toBeUndefined();
    reader.read(1, { "@s0": { [key(7)]: 4 }, "@s1": { [seed]: 1 } });
    expect(reader.maps.wish).toEqual({ empty: 0 });
  });

  test("by level: it was read whole when both of its maps were", () => {
    const reader = new Reader(true);
    const empty = { "0,0,0,0,": 0 };
    reader.read(0, { "@s0": empty, "@g0": empty });
    reader.read(1, { "@s0": empty, "@g0": empty, "@s1": empty, "@g1": empty });
    reader.read(1, { "@s0": empty, "@s1": empty, "@g1": empty }, false);
    expect(reader.maps.wish).toBeUndefined();
    reader.read(1, { "@s0": empty, "@g0": empty, "@s1": empty, "@g1": empty });
    expect(reader.maps.wish).toEqual({ empty: 0 });
  });

  test("an emptied map is used again after three silent readings, of which none lost a line", () => {
    const reader = new Reader();
    reader.read(0, { "@s0": { [key(7)]: 3 } });
    reader.read(1, { "@s0": { [key(7)]: 3 }, "@s1": many });
    reader.read(1, { "@s0": { [key(7)]: 3 }, "@s1": many });
    expect(reader.maps.wish).toEqual({ empty: 0 });
    const wishes = [true, true, false, true, true, true].map((lossless) => {
      reader.read(1, { "@s1": many }, lossless);
      return reader.maps.wish;
    });
    expect(wishes.slice(0, 5)).toEqual(Array(5).fill({ empty: 0 }));
    expect(wishes[5]).toEqual({ switchTo: 0 });
  });

  test("what is left in an emptied map starts the silence over, and is not told a second time", () => {
    const reader = new Reader();
    reader.read(0, { "@s0": { [key(7)]: 3 } });
    reader.read(1, { "@s0": { [key(7)]: 3 }, "@s1": many });
    reader.read(1, { "@s0": { [key(7)]: 3 }, "@s1": many });
    reader.read(1, { "@s1": many });
    reader.read(1, { "@s1": many });
    const told = reader.read(1, { "@s0": { [key(7)]: 3 }, "@s1": many });
    expect(told.filter(({ generation }) => generation === 1)).toEqual([]);
    reader.read(1, { "@s1": many });
    expect(reader.maps.wish).toEqual({ empty: 0 });
  });

  test("back in the first map: a generation of its own", () => {
    const reader = new Reader();
    reader.read(0, { "@s0": { [key(7)]: 3 } });
    for (let n = 0; n < 2; n++) reader.read(1, { "@s0": { [key(7)]: 3 }, "@s1": many });
    for (let n = 0; n < 3; n++) reader.read(1, { "@s1": many });
    reader.read(0, { "@s0": { [key(7)]: 1 }, "@s1": many });
    expect(reader.read(0, { "@s0": { [key(7)]: 2 }, "@s1": { [seed]: 1 } })).toEqual([
      { pid: 7, count: 2, generation: 3 },
    ]);
  });
});
