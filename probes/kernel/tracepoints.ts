/**
 * Which tracepoints this kernel has and what they carry, from tracefs: events/<group>/<name>/format.
 * A field's existence is asked for by name, never inferred from the kernel's version.
 */
import { existsSync, readFileSync } from "node:fs";

const mounts = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

export interface Tracepoint {
  readonly fields: ReadonlySet<string>;
  /** The print format, where the kernel spells out its flag values. */
  readonly print: string;
}

export interface Tracefs {
  readonly path: string;
  /** undefined: this kernel has no such tracepoint. */
  tracepoint(name: string): Tracepoint | undefined;
}

/** @returns undefined when tracefs is not mounted or not readable. */
export function findTracefs(candidates: readonly string[] = mounts): Tracefs | undefined {
  const path = candidates.find((mount) => existsSync(`${mount}/events`));
  if (path === undefined) return undefined;
  const known = new Map<string, Tracepoint | undefined>();
  return {
    path,
    tracepoint(name) {
      if (!known.has(name)) known.set(name, readFormat(`${path}/events/${name.replace(":", "/")}/format`));
      return known.get(name);
    },
  };
}

function readFormat(path: string): Tracepoint | undefined {
  try {
    return parseFormat(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

export function parseFormat(text: string): Tracepoint {
  const fields = new Set<string>();
  for (const [, declaration] of text.matchAll(/^\s*field:([^;]+);/gm)) {
    const name = /(\w+)(\[[^\]]*\])?$/.exec(declaration ?? "")?.[1];
    if (name !== undefined) fields.add(name);
  }
  return { fields, print: /^print fmt: (.*)$/ms.exec(text)?.[1] ?? "" };
}
