/** Names of the files of one recording. */
import { join, parse } from "node:path";

/** trace.arrows, file 3: trace.0003.arrows. */
export function numbered(path: string, file: number): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}.${String(file).padStart(4, "0")}${ext}`);
}
