/** A bpftrace release, as `bpftrace --version` names it. */
export interface BpftraceVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** What bpftrace printed, without its name: `v0.23.2`, `v0.17.0-14-gabc`. */
  readonly text: string;
}

/** The oldest release whose messages this package was checked against. */
export const OLDEST_SUPPORTED = { major: 0, minor: 17 } as const;

/** The newest release whose messages this package was checked against; later ones run, with care (see `numberBase`). */
export const NEWEST_CHECKED = { major: 0, minor: 27 } as const;

const VERSION_LINE = /^bpftrace (v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?\S*)$/m;

/**
 * Reads the output of `bpftrace --version`.
 *
 * @returns the version, or undefined when no line looks like `bpftrace v0.23.2`. A missing patch number is 0.
 */
export function parseVersion(output: string): BpftraceVersion | undefined {
  const match = VERSION_LINE.exec(output);
  if (match === null) return undefined;
  const [, text = "", major = "", minor = "", patch = "0"] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch), text };
}

/** Negative when the version is older than `major.minor`, 0 when it is a release of it, positive when newer. */
export function compareToRelease(version: BpftraceVersion, release: { major: number; minor: number }): number {
  return version.major - release.major || version.minor - release.minor;
}
