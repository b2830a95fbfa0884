// System packages, by the machine's own package manager: which there is, what things are called there, how to ask it.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {"bpftrace" | "compiler" | "libc" | "make" | "tmux" | "jq" | "sqlite" | "systemd" | "qemu" | "mmdebstrap"} Need
 * @typedef {{ program: string, update?: string[], install: string[], names: Partial<Record<Need, string>> }} Manager
 */

/** @type {readonly Manager[]} */
const managers = [
  {
    program: "apt-get",
    update: ["-qq", "update"],
    install: ["-qq", "-y", "install", "--no-install-recommends"],
    names: {
      bpftrace: "bpftrace",
      compiler: "gcc",
      libc: "libc6-dev",
      make: "make",
      tmux: "tmux",
      jq: "jq",
      sqlite: "sqlite3",
      systemd: "systemd",
      qemu: "qemu-system-x86",
      mmdebstrap: "mmdebstrap",
    },
  },
  {
    program: "dnf",
    install: ["-q", "-y", "install"],
    names: {
      bpftrace: "bpftrace",
      compiler: "gcc",
      libc: "glibc-devel",
      make: "make",
      tmux: "tmux",
      jq: "jq",
      sqlite: "sqlite",
      qemu: "qemu-system-x86-core",
    },
  },
  {
    program: "apk",
    install: ["add", "--quiet"],
    names: {
      bpftrace: "bpftrace",
      compiler: "gcc",
      libc: "musl-dev linux-headers",
      make: "make",
      tmux: "tmux",
      jq: "jq",
      sqlite: "sqlite",
      qemu: "qemu-system-x86_64",
    },
  },
  {
    program: "pacman",
    install: ["-S", "--noconfirm", "--needed", "--quiet"],
    names: {
      bpftrace: "bpftrace",
      compiler: "gcc",
      libc: "glibc",
      make: "make",
      tmux: "tmux",
      jq: "jq",
      sqlite: "sqlite",
      qemu: "qemu-system-x86",
    },
  },
  {
    program: "zypper",
    install: ["--quiet", "--non-interactive", "install", "--no-recommends"],
    names: {
      bpftrace: "bpftrace",
      compiler: "gcc",
      libc: "glibc-devel",
      make: "make",
      tmux: "tmux",
      jq: "jq",
      sqlite: "sqlite3",
      qemu: "qemu-x86",
    },
  },
];

/** @type {Record<Need, () => boolean>} */
const present = {
  bpftrace: () => onPath("bpftrace"),
  compiler: () => onPath("cc") || onPath("gcc"),
  libc: () => existsSync("/usr/include/stdio.h"),
  make: () => onPath("make"),
  tmux: () => onPath("tmux"),
  jq: () => onPath("jq"),
  sqlite: () => onPath("sqlite3"),
  systemd: () => onPath("systemd-analyze"),
  qemu: () => onPath("qemu-system-x86_64"),
  mmdebstrap: () => onPath("mmdebstrap"),
};

/** @param {string} program */
export function onPath(program) {
  // /usr/sbin is where bpftrace lives on some systems, and not on an ordinary user's PATH.
  return [...(process.env.PATH ?? "").split(":"), "/usr/sbin"].filter(Boolean).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {readonly Need[]} needs */
export function missing(needs) {
  return needs.filter((need) => !present[need]());
}

/**
 * @param {readonly Need[]} needs
 * @returns {{ manager: Manager, packages: string[], command: string } | undefined} undefined: no package manager has them
 */
export function recipe(needs) {
  const manager = managers.find(({ program }) => onPath(program));
  if (!manager) return undefined;
  const packages = needs.flatMap((need) => manager.names[need]?.split(" ") ?? []);
  if (packages.length === 0) return undefined;
  const words = manager.install.filter((word) => !/^-(q+|-quiet)$/.test(word));
  return { manager, packages, command: [manager.program, ...words, ...packages].join(" ") };
}

/**
 * Installs; the manager's output goes to standard error.
 * @param {NonNullable<ReturnType<typeof recipe>>} how
 * @returns {boolean} whether it said that it succeeded
 */
export function install({ manager, packages }) {
  /** @param {string[]} args */
  const run = (args) =>
    spawnSync(manager.program, args, {
      stdio: ["ignore", 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    }).status === 0;
  // Lists may be old and still good enough, for example without a network but with a local mirror.
  if (manager.update) run(manager.update);
  return run([...manager.install, ...packages]);
}
