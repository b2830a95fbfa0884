// Compiles secretwork where the source is newer than the program; the result lies in .cache/, outside git, and is
// static, so that the lab's guests run the same file.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL(".", import.meta.url));
const cache = fileURLToPath(new URL("../../.cache", import.meta.url));
const program = join(cache, "secretwork");

const changed = (/** @type {string} */ path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Path of secretwork, compiled if need be. */
export function secretwork() {
  const sources = readdirSync(source).filter((name) => name.endsWith(".c"));
  const watched = readdirSync(source).filter((name) => /\.[ch]$|^build\.mjs$/.test(name));
  if (changed(program) > Math.max(...watched.map((name) => changed(join(source, name))))) return program;
  mkdirSync(cache, { recursive: true });
  const fresh = `${program}.${process.pid}`;
  try {
    execFileSync("cc", ["-static", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", fresh, ...sources], {
      cwd: source,
      stdio: ["ignore", "inherit", "inherit"],
    });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT") throw error;
    throw new Error("secretwork needs a C compiler: apt-get install -y gcc libc6-dev");
  }
  // In one step, because two test files may build at the same time.
  renameSync(fresh, program);
  return program;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(secretwork());
