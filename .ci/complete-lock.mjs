// `node .ci/complete-lock.mjs` after every `npm install NAME`: npm leaves out of package-lock.json the optional packages
// for other platforms that the registry at hand does not serve, and `npm ci` then refuses the lock as out of step.
// They are added by name and version, without an integrity, and marked as optional and for their own platform only.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
const platform = /(android|darwin|linux|win32|freebsd|openharmony)-(x64|arm64|arm|ia32|s390x|ppc64|riscv64)/;

for (const [, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const found = platform.exec(name);
    if (lock.packages[place] !== undefined || found === null) continue;
    const [, os, cpu] = found;
    lock.packages[place] = { version, cpu: [cpu], ...(entry.dev ? { dev: true } : {}), optional: true, os: [os] };
    process.stdout.write(`added ${name} ${version}\n`);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(sorted);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
