/**
 * Fields of kernel structs in bpftrace text, by their offsets. bpftrace could read `curtask->...` itself, but then it
 * has a C compiler read every type that task_struct leads to: 0.85 s of CPU to start instead of 0.47 s on the machine
 * where that was measured (0.17), and many times as much on an emulated one.
 */
import type { Btf } from "./kernel/btf.ts";
import type { BtfMember, BtfType } from "./kernel/btfLayout.ts";

/**
 * Text that reads `((struct STRUCT *)BASE)->PATH`, for example `curtask`, `task_struct`, `files->fdt->fd[args->fd]`.
 * What BTF does not describe is left to bpftrace in that form.
 */
export function kernelField(btf: Btf | undefined, base: string, struct: string, path: string): string {
  return (btf && byOffsets(btf, base, struct, path)) ?? `((struct ${struct} *)${base})->${path}`;
}

function byOffsets(btf: Btf, base: string, struct: string, path: string): string | undefined {
  let address = `(uint64)${base}`;
  let offset = 0;
  let type: BtfType = { kind: "struct", name: struct };
  const follow = () => {
    if (type.kind !== "pointer") return false;
    address = `*(uint64 *)(${address} + ${offset})`;
    offset = 0;
    type = type.to;
    return true;
  };
  for (const [, step, name, index = ""] of `.${path}`.matchAll(/(->|\.)(\w+)|\[([^\]]*)\]/g)) {
    if (name !== undefined) {
      if ((step === "->" && !follow()) || type.kind !== "struct") return undefined;
      const member: BtfMember | undefined = type.members?.get(name) ?? btf.member(type.name, name);
      if (member === undefined) return undefined;
      offset += member.offset;
      type = member.type;
    } else {
      const element: BtfType | undefined =
        type.kind === "array" ? type.of : type.kind === "pointer" ? type.to : undefined;
      const size = element && sizeOf(element);
      if (element === undefined || size === undefined) return undefined;
      if (type.kind === "pointer") follow();
      if (/^\d+$/.test(index)) offset += size * Number(index);
      else {
        address = `${address} + ${offset} + ${size} * (${index})`;
        offset = 0;
      }
      type = element;
    }
  }
  const bytes = sizeOf(type);
  if (bytes === undefined) return undefined;
  const sign = type.kind === "integer" && type.signed ? "" : "u";
  return `*(${sign}int${8 * bytes} *)(${address} + ${offset})`;
}

function sizeOf(type: BtfType): number | undefined {
  return type.kind === "integer" ? type.bytes : type.kind === "pointer" ? 8 : undefined;
}
