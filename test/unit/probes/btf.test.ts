/** Claim: of a kernel's BTF the wanted names are read right, and no bytes whatever make the reader throw or hang. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBtf, readBtf } from "../../../probes/kernel/btf.ts";
import { blob, enumeration, everyKind, func, struct } from "./btfBlob.ts";

const wanted = {
  enumerators: ["DIRECT_MAP_LEVEL2_SPLIT", "memory_cgrp_id"],
  functions: ["secretmem_fault", "not_there"],
  structs: ["task_struct", "no_struct"],
};

const whole = blob([
  ...everyKind,
  struct("task_struct", [
    ["start_boottime", 1024],
    ["comm", 24192],
  ]),
  ...everyKind,
  enumeration({ OTHER: 3, DIRECT_MAP_LEVEL2_SPLIT: 70, NEGATIVE: -1 }),
  func("secretmem_fault"),
  enumeration({ memory_cgrp_id: 4 }),
  ...everyKind,
]);

describe("a description of a kernel", () => {
  const btf = parseBtf(whole, wanted);

  test("values of enumerators, wherever they stand", () => {
    expect(btf?.enumerator("DIRECT_MAP_LEVEL2_SPLIT")).toBe(70);
    expect(btf?.enumerator("memory_cgrp_id")).toBe(4);
    expect(btf?.enumerator("OTHER"), "was not asked for").toBeUndefined();
  });

  test("functions", () => {
    expect(btf?.hasFunction("secretmem_fault")).toBe(true);
    expect(btf?.hasFunction("not_there")).toBe(false);
  });

  test("members of structs, with where they stand in bytes", () => {
    expect(btf?.member("task_struct", "start_boottime")).toBeDefined();
    expect(btf?.member("task_struct", "comm")?.offset).toBe(3024);
    expect(btf?.member("task_struct", "unrelated")).toBeUndefined();
    expect(btf?.member("no_struct", "start_boottime")).toBeUndefined();
    expect(btf?.member("unrelated", "start_boottime"), "was not asked for").toBeUndefined();
  });

  test("wherever its bytes lie in memory", () => {
    const odd = Buffer.from(new ArrayBuffer(whole.length + 1), 1);
    whole.copy(odd);
    const shifted = parseBtf(odd, wanted);
    expect(shifted?.enumerator("DIRECT_MAP_LEVEL2_SPLIT")).toBe(70);
    expect(shifted?.hasFunction("secretmem_fault")).toBe(true);
    expect(shifted?.member("task_struct", "comm")?.offset).toBe(3024);
  });

  test("members of unnamed members are the struct's own, and each has its type", () => {
    // Numbers of types begin at 1, in the order they stand.
    const described = blob([
      { kind: 1, name: "long", size: 8, words: [0x01000040] },
      { kind: 8, name: "typedef of it", size: 1 },
      { kind: 5, count: 2, words: ["a", 2, 0, "b", 5, 0] },
      struct("task_struct", [
        ["first", 64],
        ["", 128, 3],
        ["list", 192, 6],
        ["atomic", 256, 8],
      ]),
      { kind: 2, size: 4 },
      { kind: 3, words: [5, 1, 8] },
      struct("", [["counter", 32, 1]]),
      { kind: 8, name: "atomic_t", size: 7 },
    ]);
    const btf = parseBtf(described, wanted);
    const task = { kind: "struct", name: "task_struct" };
    const long = { kind: "integer", bytes: 8, signed: true };
    expect(btf?.member("task_struct", "first")).toEqual({ offset: 8, type: long });
    expect(btf?.member("task_struct", "a")).toEqual({ offset: 16, type: long });
    expect(btf?.member("task_struct", "b")).toEqual({ offset: 16, type: { kind: "pointer", to: task } });
    expect(btf?.member("task_struct", "list")).toEqual({
      offset: 24,
      type: { kind: "array", of: { kind: "pointer", to: task } },
    });
    expect(btf?.member("task_struct", "")).toBeUndefined();
    expect(btf?.member("task_struct", "atomic")).toEqual({
      offset: 32,
      type: { kind: "struct", name: "", members: new Map([["counter", { offset: 4, type: long }]]) },
    });
  });

  test("types that lead back to themselves end", () => {
    const round = blob([
      struct("task_struct", [
        ["", 0, 1],
        ["pointer", 0, 2],
        ["typedef", 0, 3],
      ]),
      { kind: 2, size: 2 },
      { kind: 8, name: "t", size: 3 },
    ]);
    const btf = parseBtf(round, wanted);
    expect(btf?.member("task_struct", "typedef")?.type).toEqual({ kind: "other" });
    expect(btf?.member("task_struct", "pointer")?.type.kind).toBe("pointer");
  });

  test("in a struct with bit fields the width stands above the offset", () => {
    const bitFields = blob([struct("task_struct", [["flag", (3 << 24) | 64]], true)]);
    expect(parseBtf(bitFields, wanted)?.member("task_struct", "flag")?.offset).toBe(8);
  });

  test("a name that is part of another is not that one", () => {
    const longer = blob([func("not_secretmem_fault"), func("secretmem_fault_too")]);
    expect(parseBtf(longer, wanted)?.hasFunction("secretmem_fault")).toBe(false);
  });
});

describe("what is no description", () => {
  test.each([
    ["nothing", Buffer.alloc(0)],
    ["another magic", Buffer.alloc(64, 1)],
    ["the other byte order", Buffer.from([0xeb, 0x9f, ...whole.subarray(2)])],
    ["a header alone", whole.subarray(0, 24)],
  ])("%s", (_, data) => {
    expect(parseBtf(data, wanted)).toBeUndefined();
  });

  test("a kernel without the file", () => {
    expect(readBtf(wanted, "/nonexistent")).toBeUndefined();
    expect(readBtf(wanted, "/proc/self")).toBeUndefined();
  });

  test("cut anywhere: nothing is known, nothing is thrown", () => {
    for (let length = 0; length < whole.length; length++) {
      expect(parseBtf(whole.subarray(0, length), wanted), `${length} bytes`).toBeUndefined();
    }
  });

  test("any bytes at any place of it: an answer or none, at once", () => {
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(changes, (bytes) => {
        const data = Buffer.from(whole);
        for (const [at, value] of bytes) data[at] = value;
        parseBtf(data, wanted);
      }),
      { numRuns: 2000 },
    );
  });

  test("garbage after a header that looks right", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.nat(500), { minLength: 5, maxLength: 5 }),
        (rest, sizes) => {
          const header = Buffer.alloc(24);
          header.writeUInt16LE(0xeb9f, 0);
          for (const [index, size] of sizes.entries()) header.writeUInt32LE(size, 4 + index * 4);
          parseBtf(Buffer.concat([header, rest]), wanted);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
