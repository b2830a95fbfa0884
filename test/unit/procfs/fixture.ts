/** A folder that stands for /proc. What cannot be built of files (devices, refusals by errno) is said by `identification`. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Identification } from "../../../collector/sources/procfs/secretDevice.ts";
import { device, type FileIdentity, secretFileName } from "../../../probes/kernel/secretFile.ts";

export const secretDevice = device(0, 14);
export const plainDevice = device(8, 1);

export interface FakeProcess {
  readonly comm?: Uint8Array | string;
  readonly started?: number;
  readonly flags?: number;
  readonly state?: string;
  readonly threads?: number;
  readonly uid?: number;
  readonly cgroup?: string;
  /** Number to link text, or to a secret file's inode. */
  readonly descriptors?: Readonly<Record<number, string | number>>;
  readonly smaps?: string;
  readonly limit?: string;
}

export class FakeProc {
  readonly root = mkdtempSync(join(tmpdir(), "secretscope-proc-"));
  readonly #secretLinks = new Map<string, number>();

  /** Plain files named like secret ones are those that were given as a text. */
  readonly identification: Identification = {
    identify: (path): FileIdentity => {
      const inode = this.#secretLinks.get(path);
      return inode === undefined ? { device: plainDevice, inode: 7 } : { device: secretDevice, inode };
    },
    identifySecretFile: (path) => {
      const inode = this.#secretLinks.get(path);
      return inode === undefined ? undefined : { device: secretDevice, inode };
    },
  };

  file(path: string, content: Uint8Array | string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  /** folder: the pid, or PID/task/TID. */
  process(folder: number | string, fake: FakeProcess = {}): void {
    const pid = Number(String(folder).split("/").at(-1));
    const { started = 5000, flags = 0, state = "S", threads = 1, uid = 1000 } = fake;
    const after = `${state} 1 2 3 0 -1 ${flags} 0 0 0 0 11 22 0 0 20 0 ${threads} 0 ${started} 4096 9 0`;
    this.file(
      `${folder}/stat`,
      Buffer.concat([Buffer.from(`${pid} (`), Buffer.from(fake.comm ?? "daemon"), Buffer.from(`) ${after}\n`)]),
    );
    this.file(`${folder}/status`, `Name:\tescaped\\nUid:\t0\nUmask:\t0022\nUid:\t${uid}\t0\t0\t0\n`);
    this.file(`${folder}/cgroup`, fake.cgroup ?? "0::/system.slice/daemon.service\n");
    this.file(
      `${folder}/limits`,
      `Limit  Soft Limit  Hard Limit  Units\nMax locked memory         ${fake.limit ?? "8388608"}              unlimited            bytes\n`,
    );
    this.file(`${folder}/smaps`, fake.smaps ?? "");
    this.file(`${folder}/maps`, (fake.smaps ?? "").replace(/^[A-Z].*\n/gm, ""));
    mkdirSync(join(this.root, `${folder}/fd`), { recursive: true });
    for (const [number, target] of Object.entries(fake.descriptors ?? {})) {
      const path = join(this.root, `${folder}/fd/${number}`);
      symlinkSync(typeof target === "number" ? secretFileName : target, path);
      if (typeof target === "number") this.#secretLinks.set(path, target);
    }
    for (const [, range = "", minor, inode] of (fake.smaps ?? "").matchAll(
      /^(\S+) \S+ \S+ 00:(\S+) (\d+) +\/secretmem/gm,
    )) {
      if (minor === "0e") this.#secretLinks.set(join(this.root, `${folder}/map_files/${range}`), Number(inode));
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** One block of smaps as the kernel prints it; sizes in KiB. */
export function smapsBlock(range: string, dev: string, inode: number, name: string, rss: number, pss: number): string {
  return (
    `${range} rw-s 00000000 ${dev} ${inode}                      ${name}\n` +
    `Size:                 64 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n` +
    `Rss:                  ${rss} kB\nPss:                   ${pss} kB\nPss_Dirty:             0 kB\n` +
    `Locked:                0 kB\nTHPeligible:           0\nVmFlags: rd wr sh mr mw me ms lo dd \n`
  );
}
