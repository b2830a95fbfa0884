/** Names of the files of one recording. */
import { join, parse } from "node:path";

/** trace.arrows, file 3: trace.0003.arrows. */
export function numbered(path: string, file: number): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}.${String(file).padStart(4, "0")}${ext}`);
}

/** Whether a recording to this path would come to this name, in the folder of the path. */
export function isNumbered(path: string, candidate: string): boolean {
  const { name, ext } = parse(path);
  if (!candidate.startsWith(`${name}.`) || !candidate.endsWith(ext)) return false;
  const file = Number(candidate.slice(name.length + 1, candidate.length - ext.length));
  return Number.isInteger(file) && file > 0 && candidate === parse(numbered(path, file)).base;
}
