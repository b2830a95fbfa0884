// bpftrace programs, alert rules and the demo are no code that the compiler knows: puts them beside what it compiled, and
// takes out of dist what has no source any more, so that a package never carries a file that was deleted.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));
/** Where they are, and how their names end. */
const kept = [
  { folder: join("probes", "catalog"), ending: ".bt" },
  { folder: join("collector", "alerts"), ending: ".yaml" },
  { folder: join("tui", "demo"), ending: ".arrows" },
];
const isKept = (/** @type {string} */ name) => kept.some(({ ending }) => name.endsWith(ending));

/** @param {string} folder @returns {string[]} paths of all files under it, relative to it */
function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
}

export function copyPrograms() {
  for (const { folder, ending } of kept) {
    for (const file of filesUnder(join(repository, folder)).filter((name) => name.endsWith(ending))) {
      const target = join(repository, "dist", folder, file);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(repository, folder, file), target);
    }
  }
}

/** @param {string} output @param {string} sources */
function prune(output, sources) {
  for (const file of filesUnder(output)) {
    const source = isKept(file) ? file : file.replace(/(\.d\.ts|\.js)$/, ".ts");
    const made = isKept(file) || source !== file;
    if (made && !existsSync(join(sources, source))) rmSync(join(output, file), { force: true });
  }
}

export function pruneOutputs() {
  prune(join(repository, "dist"), repository);
  const wrapper = join(repository, "probes", "bpftrace-wrapper");
  prune(join(wrapper, "dist"), join(wrapper, "src"));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  copyPrograms();
  pruneOutputs();
}
