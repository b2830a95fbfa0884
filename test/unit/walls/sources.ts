/** Every source file of ours, with what it imports and its text without comments and strings. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

export interface SourceFile {
  /** From the repository's root: collector/ledger/ledger.ts. */
  readonly path: string;
  readonly lines: number;
  readonly text: string;
  /** Files of ours by their path, packages by their name, node:fs. Types count too. */
  readonly imports: readonly string[];
}

const specifiers = [
  /^\s*(?:import|export)\s[^"';]*?\bfrom\s*["']([^"']+)["']/gm,
  /^\s*import\s*["']([^"']+)["']/gm,
  /\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g,
  /\b(?:require|createRequire\([^)]*\))\s*\(\s*["'`]([^"'`]+)["'`]/g,
];

/** What a module asks for, where it is asked from. */
export function importsOf(path: string, text: string): string[] {
  const asked = specifiers.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name = ""]) => name));
  return [...new Set(asked.map((name) => (name.startsWith(".") ? normalize(join(dirname(path), name)) : name)))];
}

/** Code alone: what a comment or a string says is not done. */
export function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*$/gm, "$1")
    .replace(/"(?:\\.|[^"\\\n])*"/g, '""');
}

/** Files of a folder and everything under it, but for what is built or installed. */
export function sourceFiles(...folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.m?ts$/.test(name) && !/\.d\.m?ts$|(^|\/)(node_modules|dist)\//.test(name))
      .map((name) => {
        const path = join(folder, name);
        const text = readFileSync(join(repository, path), "utf8");
        return { path, text, lines: text.split("\n").length - 1, imports: importsOf(path, text) };
      }),
  );
}

/** Names of all files and folders of ours, tests and scripts too. */
export function allNames(...folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((name) => !/(^|\/)(node_modules|dist|fixtures)(\/|$)/.test(name)),
  );
}
