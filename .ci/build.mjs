// Builds what runs: compiled code and, beside it, bpftrace programs, alert rules and the demo. Does nothing when nothing changed.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { copyPrograms, pruneOutputs } from "./copy-programs.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const sources = ["collector", "probes", "tui", "package.json", "tsconfig.json", "tsconfig.base.json", ".ci/build.mjs"];
const outputs = ["dist", "probes/bpftrace-wrapper/dist"];
/** Written last, so that a build that was interrupted counts for nothing. */
const stamp = join(repository, "dist", ".built");

/** @param {string} path @returns {number} newest change of it or of anything under it; folders count, as files get deleted */
function newest(path) {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) return 0;
  if (!status.isDirectory()) return status.mtimeMs;
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || /\.(ts|bt|yaml|json|arrows)$/.test(entry.name))
    .filter(({ name }) => name !== "dist" && name !== "node_modules")
    .reduce((latest, { name }) => Math.max(latest, newest(join(path, name))), status.mtimeMs);
}

export function buildIsCurrent() {
  if (!outputs.every((folder) => existsSync(join(repository, folder)))) return false;
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return built > Math.max(...sources.map((path) => newest(join(repository, path))));
}

/** @returns {string | undefined} what the compiler said, when it failed */
export function build() {
  // Made now: a folder that appears in a source folder later on would look like a change of the sources.
  for (const folder of outputs) mkdirSync(join(repository, folder), { recursive: true });
  // A file that is saved while the compiler runs must make the next build run again: remember when this one began.
  const began = new Date();
  const { status, stdout, stderr, error } = spawnSync(join(repository, "node_modules", ".bin", "tsc"), ["-b"], {
    cwd: repository,
    encoding: "utf8",
  });
  if (status !== 0) return error ? String(error) : `${stdout}${stderr}`;
  copyPrograms();
  pruneOutputs();
  const command = join(repository, "dist", "tui", "cli.js");
  if (existsSync(command)) chmodSync(command, 0o755);
  writeFileSync(stamp, `${began.toISOString()}\n`);
  utimesSync(stamp, began, began);
  return undefined;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const complaint = build();
  if (complaint !== undefined) {
    process.stderr.write(`${complaint}secretscope: the build failed; the compiler's reasons are above\n`);
    process.exitCode = 2;
  }
}
