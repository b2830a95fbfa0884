// The load: faults.c, compiled and kept running on its CPU; one request, one figure.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { awaited, has, loadCpus, start, stop } from "./overhead-children.mjs";

const source = fileURLToPath(new URL("faults.c", import.meta.url));
export const cache = fileURLToPath(new URL("../../.cache/overhead", import.meta.url));

function compiled() {
  const program = join(cache, "faults");
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  if (!has("cc")) throw new Error("this benchmark needs a C compiler: apt-get install -y gcc libc6-dev");
  mkdirSync(cache, { recursive: true });
  execFileSync("cc", ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", program, source]);
  return program;
}

export function openLoad() {
  const child = start([compiled()], { on: loadCpus, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    /** Nanoseconds that one request took, by the wall and of CPU. */
    async ask(request) {
      child.stdin.write(`${request}\n`);
      const { value } = await awaited(child, "the load", lines.next(), 120_000);
      if (value === undefined || value.startsWith("error")) throw new Error(`${request}: ${value}`);
      const [wall, cpu] = value.split(" ").map(Number);
      return { wall, cpu };
    },
    close: () => stop(child, { signal: "SIGTERM" }),
  };
}

/** C that takes about a tenth of a second to compile, most of it in a process that starts, allocates and ends. */
function sourceText(functions) {
  const one = (n) => `
static int f${n}(int a, int b) { int s = ${n}; for (int i = 0; i < a; i++) { s += (i ^ b) * ${n + 3}; if (s & ${(n % 7) + 1}) s ^= b << ${n % 5}; } return s; }
int g${n}(const char *p, int n) { char t[64]; snprintf(t, sizeof t, "%d %s", n, p); return f${n}(strlen(t), n) + f${n}(n, ${n}); }`;
  const numbers = Array.from({ length: functions }, (_, n) => n);
  return `#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n${numbers.map(one).join("\n")}\n`;
}

/** A load that knows nothing of secret memory: its name and a request, or why there is none. */
export function unrelatedLoad() {
  mkdirSync(cache, { recursive: true });
  if (has("gcc")) {
    const file = join(cache, "compiled.c");
    writeFileSync(file, sourceText(12));
    return { name: "compiling a C file (gcc -O2)", request: `run gcc -O2 -c -o ${cache}/compiled.o ${file}` };
  }
  if (has("stress-ng")) {
    return {
      name: "stress-ng --fork 1 --fork-ops 500",
      request: "run stress-ng --quiet --fork 1 --fork-ops 500 >&2",
    };
  }
  return { missing: "neither gcc nor stress-ng is installed: apt-get install -y gcc" };
}
