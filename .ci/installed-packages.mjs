// Whether node_modules holds what package-lock.json says. Contents are compared, not times: a checkout or a touch
// changes times, and an interrupted `npm ci` leaves no hidden lock file at all.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, link?: boolean, optional?: boolean, peer?: boolean }> | undefined}
 */
function packages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} repository */
export function packagesAreInstalled(repository) {
  const wanted = packages(join(repository, "package-lock.json"));
  // npm writes this file last, with what it really installed.
  const present = packages(join(repository, "node_modules", ".package-lock.json"));
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const found = present[path];
    // Optional packages are for other platforms; npm leaves them out here.
    if (!found) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity && found.link === entry.link;
  });
}
