// Starts QEMU with a prepared image and waits for the command's exit status, or for the guest's death.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LabFailure } from "./failure.mjs";

/** @typedef {import("./guest.d.mts").RunOptions} RunOptions */
/** @typedef {import("./guest.d.mts").RunResult} RunResult */
/** @typedef {import("./guest.d.mts").FailureKind} FailureKind */
/** @typedef {{ name: string, emulator: readonly string[], image: string, job: string, repository: string, out: string }} Place */

/** A guest boots in 5 to 10 s under emulation; a busy machine may need several times that. */
const bootLimitMs = 180_000;

/** The lab's own kernel arguments; kernel messages below "critical" stay off the console, a panic still shows. */
const kernelArguments = [
  "console=ttyS0 quiet loglevel=3",
  // With -no-reboot a panic ends QEMU at once.
  "panic=-1",
  "mitigations=off",
  // On a busy machine an emulated timer may not tick while the kernel looks whether it does; that would be a panic.
  "no_timer_check",
  // Off by default up to 6.4.
  "secretmem.enable=1",
];

/**
 * All that can be emulated but the strings of bytes: a kernel that is told that those are fast clears and copies pages byte
 * by byte, which takes QEMU two to four times as long as by words.
 */
const processor = "max,-erms,-fsrm,-fzrm,-fsrs,-fsrc";

/** Virtio-serial ports, in the order of the file descriptors QEMU gets them as, from 3 on. */
const ports = ["stdout", "stderr", "status"];

/**
 * The guest's clock counts its own instructions, 2 ns each, and jumps to the next timer when all its processors are idle:
 * an hour of a quiet guest takes minutes, and how busy this machine is changes no figure. Work that waits for the host
 * (/out, the image) seems to take long: keep what is timed within the guest. Source: QEMU's documentation of -icount.
 */
const skippingIdleTime = ["-icount", "shift=1,sleep=off", "-rtc", "clock=vm"];

/** @param {string} path QEMU separates options by commas */
const escaped = (path) => path.replaceAll(",", ",,");

/**
 * @param {Place} place
 * @param {RunOptions} options
 */
function qemuArguments(place, options) {
  /** @param {string} tag @param {string} path @param {string} more */
  const share = (tag, path, more) => [
    "-virtfs",
    `local,mount_tag=${tag},path=${escaped(path)},security_model=none,multidevs=remap${more}`,
  ];
  const log = `logfile=${escaped(consoleFile(place))}`;
  const console = options.interactive
    ? ["-chardev", `stdio,id=console,mux=on,signal=off,${log}`, "-mon", "chardev=console"]
    : ["-chardev", `null,id=console,${log}`];
  return [
    // Never kvm: the lab is for truth on any machine, and /dev/kvm may be there without working.
    ...["-accel", "tcg,thread=single", "-cpu", processor, "-machine", "q35"],
    ...(options.skipIdle ? skippingIdleTime : []),
    ...["-smp", String(options.cpus ?? 2), "-m", `${options.memory ?? 2048}M`],
    ...["-nodefaults", "-display", "none", "-no-reboot"],
    ...["-kernel", join(place.image, "boot", "kernel"), "-initrd", join(place.image, "boot", "initramfs")],
    ...["-append", [...kernelArguments, options.append ?? ""].join(" ").trim()],
    ...console,
    ...["-serial", "chardev:console", "-device", "virtio-serial-pci"],
    ...ports.flatMap((name, index) => [
      ...["-chardev", `socket,id=${name},fd=${index + 3}`],
      ...["-device", `virtserialport,chardev=${name},name=lab.${name}`],
    ]),
    ...share("image", place.image, ",readonly=on"),
    ...share("job", place.job, ",readonly=on"),
    ...share("repository", place.repository, ",readonly=on"),
    ...share("out", place.out, ""),
  ];
}

/** @param {Place} place */
const consoleFile = (place) => join(place.job, "console");

/**
 * @param {Place} place
 * @param {RunOptions} options
 * @returns {Promise<RunResult>}
 */
export async function boot(place, options) {
  const began = performance.now();
  const own = options.interactive ? /** @type {const} */ ("inherit") : /** @type {const} */ ("ignore");
  // setpriv: a guest must not outlive this process, not even when that is killed outright.
  // nice: an emulated processor takes all it gets, and gives way to whoever works on this machine.
  const nice = ["nice", "-n", options.interactive ? "0" : "10"];
  const command = ["--pdeathsig", "KILL", "--", ...nice, ...place.emulator, ...qemuArguments(place, options)];
  const qemu = spawn("setpriv", command, { stdio: [own, own, "pipe", "pipe", "pipe", "pipe"] });
  const [, , complaints, stdout, stderr, status] = /** @type {import("node:stream").Readable[]} */ (qemu.stdio);

  const said = { output: "", stdout: "", stderr: "", qemu: "" };
  /** @type {{ bootedAt?: number, exitedAt?: number, status?: number, stopped?: [FailureKind, string] }} */
  const seen = {};
  complaints?.setEncoding("utf8").on("data", (text) => {
    said.qemu += text;
  });
  for (const [name, stream] of /** @type {const} */ ([
    ["stdout", stdout],
    ["stderr", stderr],
  ])) {
    stream?.setEncoding("utf8").on("data", (text) => {
      said[name] += text;
      said.output += text;
      options.onOutput?.(text, name);
    });
  }
  /** @param {FailureKind} kind @param {string} reason */
  const stop = (kind, reason) => {
    seen.stopped ??= [kind, reason];
    // SIGTERM lets QEMU give an interactive terminal its modes back.
    qemu.kill(options.interactive ? "SIGTERM" : "SIGKILL");
  };
  const limitMs = options.timeoutMs ?? 600_000;
  let timer = setTimeout(() => stop("boot", `did not boot within ${bootLimitMs / 1000} s`), bootLimitMs);
  createInterface({ input: /** @type {import("node:stream").Readable} */ (status) }).on("line", (line) => {
    const [word, value] = line.split(" ");
    if (word === "booted") {
      seen.bootedAt = performance.now();
      clearTimeout(timer);
      const reason = `the command did not end within ${limitMs / 1000} s`;
      if (limitMs > 0) timer = setTimeout(() => stop("timeout", reason), limitMs);
    } else if (word === "exit") {
      seen.exitedAt = performance.now();
      seen.status = Number(value);
      // The guest has unmounted /out and has nothing left to do: its own way down would only cost time.
      qemu.kill("SIGTERM");
    }
  });
  const abort = () => stop("aborted", "was stopped");
  options.signal?.addEventListener("abort", abort);
  if (options.signal?.aborted) abort();
  const qemuStatus = await new Promise((resolve, reject) => {
    qemu.on("error", reject).on("close", (code, signal) => resolve(code ?? signal));
  }).finally(() => {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
  });

  const console = existsSync(consoleFile(place)) ? readFileSync(consoleFile(place), "utf8") : "";
  if (seen.status === undefined || seen.bootedAt === undefined || seen.exitedAt === undefined) {
    const [kind, reason] = causeOfDeath(seen.stopped, console, `QEMU ended with ${qemuStatus} ${said.qemu.trim()}`);
    throw new LabFailure(kind, `${place.name}: ${reason}${lastLines(console)}`, { output: said.output, console });
  }
  return {
    status: seen.status,
    output: said.output,
    stdout: said.stdout,
    stderr: said.stderr,
    console,
    bootSeconds: (seen.bootedAt - began) / 1000,
    seconds: (seen.exitedAt - seen.bootedAt) / 1000,
  };
}

/**
 * @param {[FailureKind, string] | undefined} stopped
 * @param {string} console
 * @param {string} otherwise
 * @returns {[FailureKind, string]}
 */
function causeOfDeath(stopped, console, otherwise) {
  const panic = /Kernel panic - not syncing: (.*)/.exec(console)?.[1];
  if (panic && stopped?.[0] !== "aborted") return ["panic", `the kernel panicked: ${panic.trim()}`];
  return stopped ?? ["died", `the guest ended without an exit status. ${otherwise.trim()}`];
}

/** @param {string} console */
function lastLines(console) {
  const lines = console.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) return "\nIts console was silent.";
  return `\nLast lines of its console:\n${lines
    .slice(-20)
    .map((line) => `  ${line}`)
    .join("\n")}`;
}
