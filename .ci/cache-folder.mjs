// Where what is downloaded or built once is kept, outside of the repository. Safe to delete at any time.
import { homedir } from "node:os";
import { join } from "node:path";

/** @param {string} name of what is kept there */
export const cacheFolder = (name) =>
  join(process.env.SECRETSCOPE_CACHE || join(homedir(), ".cache", "secretscope"), name);
