/** Names of errno numbers, as this system's headers have them. */
import { constants } from "node:os";

const names = new Map<number, string>();
// Node names some numbers twice: EAGAIN first, then EWOULDBLOCK. The first is the one that man pages use.
for (const [name, value] of Object.entries(constants.errno)) if (!names.has(value)) names.set(value, name);

/** ENOMEM for 12; E<number> for one that Node does not know. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`;
}
