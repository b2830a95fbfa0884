/** Names of errno numbers, as this system's headers have them. */
import { constants } from "node:os";

const names = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]));

/** ENOMEM for 12; E<number> for one that Node does not know. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`;
}
