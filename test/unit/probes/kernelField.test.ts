/** Claim: a field of a kernel struct is read where BTF says it stands, by its width; what BTF does not say is left as C. */
import { describe, expect, test } from "vitest";
import { fill } from "../../../probes/compose.ts";
import type { Btf } from "../../../probes/kernel/btf.ts";
import type { BtfType } from "../../../probes/kernel/btfLayout.ts";
import { kernelField } from "../../../probes/kernelField.ts";
import { describedBtf } from "./kernels.ts";

const int = (bytes: number, signed = false): BtfType => ({ kind: "integer", bytes, signed });
const pointer = (to: BtfType): BtfType => ({ kind: "pointer", to });
const struct = (name: string): BtfType => ({ kind: "struct", name });

const structs: Readonly<Record<string, Readonly<Record<string, readonly [number, BtfType]>>>> = {
  task: { leader: [8, pointer(struct("task"))], files: [16, pointer(struct("files"))], pid: [24, int(4, true)] },
  files: { table: [32, struct("table")], fd: [40, pointer(pointer(struct("file")))], empty: [0, { kind: "other" }] },
  table: { size: [4, int(2)], slots: [8, { kind: "array", of: pointer(struct("file")) }] },
  file: { inode: [0, int(8)] },
};
const btf: Btf = describedBtf({
  member: (name, member) => {
    const known = structs[name]?.[member];
    return known && { offset: known[0], type: known[1] };
  },
});

describe("a field", () => {
  test.each([
    ["pid", "*(int32 *)((uint64)curtask + 24)"],
    ["leader->pid", "*(int32 *)(*(uint64 *)((uint64)curtask + 8) + 24)"],
    ["files->table.size", "*(uint16 *)(*(uint64 *)((uint64)curtask + 16) + 36)"],
    ["files->table.slots[2]->inode", "*(uint64 *)(*(uint64 *)(*(uint64 *)((uint64)curtask + 16) + 56) + 0)"],
    [
      "files->fd[args->fd]->inode",
      "*(uint64 *)(*(uint64 *)(*(uint64 *)(*(uint64 *)((uint64)curtask + 16) + 40) + 0 + 8 * (args->fd) + 0) + 0)",
    ],
  ])("%s", (path, text) => {
    expect(kernelField(btf, "curtask", "task", path)).toBe(text);
  });

  test.each([
    ["that the struct does not have", "nothing"],
    ["of a struct that is not described", "files->fd[0]->nothing"],
    ["behind an arrow that is no pointer", "pid->inode"],
    ["inside of what is a pointer", "leader.pid"],
    ["that is a whole struct", "files->table"],
    ["of a kind that is not read", "files->empty"],
    ["an element of what has none", "pid[1]"],
  ])("%s is left to bpftrace", (_, path) => {
    expect(kernelField(btf, "$t", "task", path)).toBe(`((struct task *)$t)->${path}`);
  });

  test("without BTF is left to bpftrace", () => {
    expect(kernelField(undefined, "arg0", "task", "pid")).toBe("((struct task *)arg0)->pid");
  });
});

test("a place in a program may be a field, in a value too", () => {
  expect(fill("{{who}} /{{arg0 as task: pid}} == 1/", { who: "x[{{$t as task: pid}}]" }, btf)).toBe(
    "x[*(int32 *)((uint64)$t + 24)] /*(int32 *)((uint64)arg0 + 24) == 1/",
  );
});
