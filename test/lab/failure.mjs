/** @typedef {import("./guest.d.mts").FailureKind} FailureKind */

/** The lab has no exit status to give: the image, the boot, the kernel or the time ran out. */
export class LabFailure extends Error {
  /**
   * @param {FailureKind} kind
   * @param {string} message
   * @param {{ output?: string, console?: string }} [details] what the guest had said by then
   */
  constructor(kind, message, details = {}) {
    super(message);
    this.name = "LabFailure";
    this.kind = kind;
    this.output = details.output ?? "";
    this.console = details.console ?? "";
  }
}
