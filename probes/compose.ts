/**
 * Programs to one text. bpftrace 0.17 has no import and no macros, so the .bt files of the catalog have {{places}}
 * that are filled here; the text goes to bpftrace on its standard input. `{{curtask as task_struct: files->fdt}}` is a
 * field of a kernel struct.
 */
import { readFileSync } from "node:fs";
import type { Btf } from "./kernel/btf.ts";
import { kernelField } from "./kernelField.ts";

export type Values = Readonly<Record<string, string>>;

const catalogFolder = new URL("./catalog/", import.meta.url);

/** @throws when the package lacks the file: a broken installation, not a user's mistake. */
export function readProgram(probe: string, file: string): string {
  return readFileSync(new URL(`${probe}/${file}`, catalogFolder), "utf8");
}

/** Fills {{places}}; values may have places of their own. @throws on a place without a value: a mistake in the catalog. */
export function fill(program: string, values: Values, btf?: Btf, depth = 0): string {
  if (depth > 4) throw new Error("places within places: the catalog refers to itself");
  const text = program
    .replace(/\{\{([\w.]+)\}\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`the catalog has no value for {{${name}}}`);
      return value;
    })
    .replace(/\{\{(\$?\w+) as (\w+): ([^{}]+)\}\}/g, (_, base: string, struct: string, path: string) =>
      kernelField(btf, base, struct, path),
    );
  return text.includes("{{") ? fill(text, values, btf, depth + 1) : text;
}

/** Comments stay with the sources: bpftrace need not parse them. */
export function withoutComments(program: string): string {
  return program
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("//"))
    .join("\n");
}
