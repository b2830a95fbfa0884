/** vm_fault_t in words: enum vm_fault_reason, include/linux/mm_types.h. */
const reasons: readonly (readonly [bit: number, name: string])[] = [
  [0x1, "VM_FAULT_OOM"],
  [0x2, "VM_FAULT_SIGBUS"],
  [0x4, "VM_FAULT_MAJOR"],
  [0x10, "VM_FAULT_HWPOISON"],
  [0x40, "VM_FAULT_SIGSEGV"],
  [0x100, "VM_FAULT_NOPAGE"],
  [0x200, "VM_FAULT_LOCKED"],
  [0x400, "VM_FAULT_RETRY"],
];

/** VM_FAULT_LOCKED is success: the page is handed over locked. */
export function faultResult(value: number): string {
  const names = reasons.filter(([bit]) => (value & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? String(value) : names.join("|");
}
