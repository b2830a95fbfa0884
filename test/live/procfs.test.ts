/** What the procfs source says about holders made here, on this machine's kernel. Each claim is the name of a test. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CgroupPaths } from "../../collector/sources/procfs/cgroups.ts";
import { fileSize } from "../../collector/sources/procfs/fileSize.ts";
import { hibernationSupport } from "../../collector/sources/procfs/hibernation.ts";
import { hostEvent } from "../../collector/sources/procfs/hostFacts.ts";
import { kernelSample } from "../../collector/sources/procfs/kernelSample.ts";
import { MappingQuery } from "../../collector/sources/procfs/mappingQuery.ts";
import { pageBytes } from "../../collector/sources/procfs/pageSize.ts";
import { memoryCgroup, readProcess } from "../../collector/sources/procfs/processes.ts";
import { type HeldFile, type Holding, ProcessScanner } from "../../collector/sources/procfs/scan.ts";
import { SelfCost } from "../../collector/sources/procfs/selfCost.ts";
import { monotonicNs } from "../../collector/units.ts";
import { device, identify, identifySecretFile } from "../../probes/kernel/secretFile.ts";
import { detectSecretmem, deviceInUse } from "../../probes/kernel/secretmem.ts";
import { systemCalls, type Unavailable } from "../../probes/kernel/syscalls.ts";

const folder = mkdtempSync(join(tmpdir(), "secretscope-procfs-"));
const program = join(folder, "holder");
const source = new URL("procfs-holder.c", import.meta.url).pathname;
const page = pageBytes();
const pages = 37;
const noCalls: Unavailable = { available: false, reason: "switched off for this test" };
const secretmem = detectSecretmem();
const holders: ChildProcessWithoutNullStreams[] = [];

interface Holder {
  readonly pid: number;
  readonly lines: readonly string[];
}

/** Resolves when the program has everything in place. */
async function hold(mode: string, argument: string | number = pages): Promise<Holder> {
  const child = spawn(program, [mode, String(argument)]);
  holders.push(child);
  const lines: string[] = [];
  let complaint = "";
  child.stderr.on("data", (data) => {
    complaint += data;
  });
  for await (const line of createInterface(child.stdout)) {
    if (line === "ready") return { pid: child.pid ?? 0, lines };
    lines.push(line);
  }
  throw new Error(`the holder ended before it was ready: ${complaint}`);
}

async function letGo() {
  const ended = holders.splice(0).map((child) => {
    const end = new Promise((resolve) => child.once("close", resolve));
    child.stdin.end();
    return child.exitCode === null && child.signalCode === null ? end : undefined;
  });
  await Promise.all(ended);
}

function scanner(options: { calls?: Unavailable; learn?: boolean } = {}) {
  if (!secretmem.available) throw new Error(secretmem.reason);
  return new ProcessScanner({
    device: options.learn ? undefined : secretmem.device,
    ...(options.calls === undefined ? {} : { calls: options.calls }),
  });
}

async function holdingsOf(pid: number): Promise<readonly Holding[]> {
  return (await scanner().scanAll()).holdings.filter((holding) => holding.process.pid === pid);
}

async function only(pid: number): Promise<{ holding: Holding; file: HeldFile }> {
  const scan = await scanner().scanAll();
  const files = scan.files.filter((file) => file.holdings.some((holding) => holding.process.pid === pid));
  const holding = files[0]?.holdings.find((candidate) => candidate.process.pid === pid);
  if (files.length !== 1 || files[0] === undefined || holding === undefined) throw new Error(`${files.length} files`);
  return { holding, file: files[0] };
}

/** Sum of Rss of the secret mappings, by means of its own. */
function rssFromSmaps(pid: number): number {
  const blocks = readFileSync(`/proc/${pid}/smaps`, "latin1").split(/^(?=[0-9a-f]+-)/m);
  return blocks
    .filter((block) => block.split("\n")[0]?.endsWith("/secretmem (deleted)"))
    .reduce((sum, block) => sum + Number(/^Rss: +(\d+)/m.exec(block)?.[1]) * 1024, 0);
}

beforeAll(() => {
  execFileSync("gcc", ["-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program, source]);
});
afterEach(letGo);
afterAll(async () => {
  await letGo();
  rmSync(folder, { recursive: true });
});

describe("the canary", () => {
  it("finds the device and the accounting model, and leaves nothing behind", () => {
    // Of secret files only: whoever runs the tests opens and closes others meanwhile.
    const descriptors = () =>
      execFileSync("sh", ["-c", `readlink /proc/${process.pid}/fd/* || true`], { encoding: "utf8" })
        .split("\n")
        .filter((target) => target.includes("secretmem"));
    expect(secretmem).toMatchObject({ available: true, device: { major: 0 } });
    expect(detectSecretmem()).toEqual(secretmem);
    expect(descriptors()).toEqual([]);
    expect(readFileSync("/proc/self/maps", "latin1")).not.toContain("/secretmem");
  });

  it("is not needed when somebody holds a file", async () => {
    await hold("open");
    expect(secretmem.available && secretmem.device).toEqual(deviceInUse());
    expect(detectSecretmem({ calls: noCalls })).toMatchObject({ available: true, accounting: null });
  });

  it("sees mlock where a limit of 0 forbids the mapping", () => {
    if (!secretmem.available || secretmem.accounting !== "mlock") return;
    const { calls, ...rest } = { calls: systemCalls(), sysRoot: "/sys" };
    if (!calls.available) throw new Error(calls.reason);
    const refusing = { ...calls, mapShared: () => ({ ok: false, errno: 11, code: "EAGAIN" }) as const };
    expect(detectSecretmem({ ...rest, calls: refusing })).toMatchObject({ accounting: "mlock" });
  });
});

describe("holders", () => {
  it("open only: nothing mapped, and cachestat counts the pages", async () => {
    const { pid } = await hold("open");
    const { holding, file } = await only(pid);
    expect(holding).toMatchObject({ mappings: [], mappedBytes: 0, residentBytes: 0, proportionalBytes: 0 });
    expect(holding.descriptors).toHaveLength(1);
    expect(fileSize(file)).toEqual({ pages, route: "cachestat", exact: true });
    expect(fileSize(file, { calls: noCalls })).toBeUndefined();
  });

  it("mapped only: the mapping's size, the touched pages, and the paths lead to the file", async () => {
    const { pid } = await hold("mapped");
    const { holding, file } = await only(pid);
    expect(holding).toMatchObject({ descriptors: [], mappedBytes: 2 * pages * page, residentBytes: pages * page });
    expect(holding.proportionalBytes).toBe(pages * page);
    expect(holding.residentBytes).toBe(rssFromSmaps(pid));
    expect(fileSize(file)).toEqual({ pages, route: "smaps", exact: false });
    expect(file.paths.map(identify)).toEqual([{ device: file.device, inode: file.inode }]);
    expect(file.paths.map(identifySecretFile)).toEqual(file.paths.map(identify));
  });

  it("open twice and mapped: one file, counted once, and three figures agree", async () => {
    const { pid } = await hold("both");
    const { holding, file } = await only(pid);
    expect(holding.descriptors).toHaveLength(2);
    expect(holding.mappings).toHaveLength(1);
    expect(holding.residentBytes).toBe(pages * page);
    expect(rssFromSmaps(pid)).toBe(pages * page);
    expect(fileSize(file)).toEqual({ pages, route: "cachestat", exact: true });
  });

  it("after a fork both hold it, and each has half in proportion", async () => {
    const { pid, lines } = await hold("fork", 38);
    const child = Number(/child (\d+)/.exec(lines[0] ?? "")?.[1]);
    const { file } = await only(pid);
    expect(file.holdings.map((holding) => holding.process.pid).sort()).toEqual([pid, child].sort());
    for (const holding of file.holdings) {
      expect(holding).toMatchObject({ residentBytes: 38 * page, proportionalBytes: 19 * page });
    }
    expect(fileSize(file)).toEqual({ pages: 38, route: "pagemap", exact: false });
  });

  it("two files stay two, also the empty one", async () => {
    const { pid } = await hold("files");
    const found = await holdingsOf(pid);
    expect(new Set(found.map((holding) => holding.inode)).size).toBe(2);
    expect(found.map((holding) => holding.residentBytes).sort()).toEqual([0, pages * page].sort());
  });

  it("two mappings of one file are one holding, and pagemap counts what they share once", async () => {
    const { pid } = await hold("mappings", pages);
    const { holding, file } = await only(pid);
    expect(holding.mappings).toHaveLength(2);
    expect(holding.mappedBytes).toBe(3 * pages * page);
    expect(holding.residentBytes).toBe(2 * pages * page);
    expect(fileSize(file)).toEqual({ pages: 2 * pages, route: "pagemap", exact: false });
  });

  it("in flight in a socket: no process holds it", async () => {
    const { pid } = await hold("flight");
    expect(await holdingsOf(pid)).toEqual([]);
  });

  it("whose main thread has ended is still one, with its descriptor and mapping", async () => {
    const { pid } = await hold("leaderless");
    expect(readFileSync(`/proc/${pid}/stat`, "latin1")).toMatch(/\) Z /);
    const { holding, file } = await only(pid);
    expect(holding).toMatchObject({ residentBytes: pages * page });
    expect(holding.tid).not.toBe(pid);
    expect(holding.descriptors).toHaveLength(1);
    expect(fileSize(file)?.pages).toBe(pages);
  });

  it("is not a process that holds a plain file called /secretmem, deleted, open and mapped", async () => {
    if (existsSync("/secretmem")) throw new Error("/secretmem exists on this machine");
    const { pid } = await hold("impostor", "/secretmem");
    const text = readFileSync(`/proc/${pid}/maps`, "latin1");
    expect(text).toContain("/secretmem (deleted)");
    expect(await holdingsOf(pid)).toEqual([]);
    for (const calls of [undefined, noCalls]) {
      const learning = scanner({ learn: true, ...(calls && { calls }) });
      const scan = await learning.scanSome([pid]);
      expect(scan).toMatchObject({ holdings: [], hidden: 0 });
      expect(learning.device).toBeUndefined();
    }
  });

  it("are found alike without system calls, and without knowing the device", async () => {
    const ready = await Promise.all(["open", "mapped", "both", "none"].map((mode) => hold(mode)));
    const pids = ready.map(({ pid }) => pid);
    const found = async (from: ProcessScanner) =>
      (await from.scanAll()).holdings
        .filter(({ process }) => pids.includes(process.pid))
        .map(({ at: _, ...holding }) => holding);
    const expected = await found(scanner());
    expect(expected).toHaveLength(3);
    expect(await found(scanner({ calls: noCalls }))).toEqual(expected);
    expect(await found(scanner({ learn: true }))).toEqual(expected);
    expect((await scanner().scanSome(pids)).holdings).toHaveLength(3);
  });

  it("the mapping query says what the text of maps says", async () => {
    if (!secretmem.available) throw new Error(secretmem.reason);
    const query = new MappingQuery();
    const { pid } = await hold("mapped");
    const none = await hold("none");
    const answer = query.mapsDevice(`/proc/${pid}/maps`, secretmem.device);
    // Before 6.11 there is no such call, and it must say so.
    if (answer === "unsupported") return;
    expect(answer).toBe(true);
    expect(query.mapsDevice(`/proc/${none.pid}/maps`, secretmem.device)).toBe(false);
    expect(query.mapsDevice(`/proc/${pid}/maps`, device(0, secretmem.device.minor + 1000))).toBe(false);
  });
});

describe("who they are", () => {
  it("a hostile name arrives whole, and does not shift the other fields", async () => {
    const { pid } = await hold("name");
    const [holding] = await holdingsOf(pid);
    expect(holding?.process).toMatchObject({
      comm: "a) R 1\n(\u001b[31\ufffd",
      ppid: process.pid,
      uid: process.getuid?.(),
    });
    expect(holding?.process.started).toBeGreaterThan(readProcess(process.pid)?.started ?? Number.NaN);
    expect(holding?.process.cgroup).toBe(memoryCgroup(readFileSync(`/proc/${pid}/cgroup`, "utf8")));
  });

  it("their limit is the soft one of this moment", async () => {
    const { pid } = await hold("both");
    execFileSync("prlimit", ["--pid", String(pid), `--memlock=${123 * page}:${456 * page}`]);
    expect((await only(pid)).holding.memlockLimitBytes).toBe(123 * page);
  });

  it("the id of a cgroup is the inode number of its directory", () => {
    const paths = new CgroupPaths("memory");
    const own = readProcess(process.pid)?.cgroup ?? "";
    const mount = /^\d+ \d+ \S+ \/ (\S+) .* - cgroup2? \S+ \S*memory/m.exec(
      readFileSync("/proc/self/mountinfo", "utf8"),
    );
    const root = mount?.[1] ?? "/sys/fs/cgroup";
    expect(paths.path(statSync(root + own, { bigint: true }).ino)).toBe(own);
    expect(paths.path(18_446_744_073_709_551_000n)).toBeNull();
  });
});

describe("a busy host", () => {
  it("a storm of starting and ending processes is survived, and no holder is missed or seen twice", async () => {
    const steady = await Promise.all(["open", "mapped", "both"].map((mode) => hold(mode, 5)));
    const storm = spawn("sh", [
      "-c",
      `while :; do ${program} both 2 </dev/null >/dev/null & ${program} none </dev/null >/dev/null; done`,
    ]);
    try {
      const from = scanner();
      for (let round = 0; round < 60; round++) {
        const { holdings, asked, pids } = await from.scanAll();
        const keys = holdings.map(({ process, inode }) => `${process.pid} ${inode}`);
        expect(new Set(keys).size).toBe(keys.length);
        for (const { pid } of steady) expect(keys.filter((key) => key.startsWith(`${pid} `))).toHaveLength(1);
        expect(pids.size).toBeLessThanOrEqual(asked.size);
        for (const holding of holdings) {
          expect(holding.device).toEqual(secretmem.available && secretmem.device);
          // Others on this machine may hold as much as they like.
          if (!basename(program).startsWith(holding.process.comm)) continue;
          expect(holding.residentBytes).toBeLessThanOrEqual(5 * page);
        }
      }
    } finally {
      const end = new Promise((resolve) => storm.once("close", resolve));
      storm.kill("SIGKILL");
      await end;
    }
  });

  it("files are sized while their holders end", async () => {
    const from = scanner();
    const descriptors = () => readdirSync("/proc/self/fd").filter((name) => existsSync(`/proc/self/fd/${name}`)).length;
    const before = descriptors();
    for (let round = 0; round < 20; round++) {
      const { pid } = await hold("both", 3);
      const { files } = await from.scanSome([pid]);
      const released = letGo();
      for (const file of files) {
        const size = fileSize(file);
        if (size?.route === "cachestat") expect(size.pages).toBe(3);
      }
      await released;
      expect(files.map((file) => fileSize(file)?.route)).not.toContain("cachestat");
    }
    expect(descriptors()).toBeLessThan(before + 10);
  });
});

describe("the kernel and the host", () => {
  it("a refused call says which errno", () => {
    const calls = systemCalls();
    if (!calls.available) throw new Error(calls.reason);
    // Not a multiple of the page size: refused before anything is looked at.
    expect(calls.mincore(0x1234_5678_9abc_def1n, -1n, 2n ** 63n)).toEqual({ ok: false, errno: 22, code: "EINVAL" });
    expect(calls.cachestat(-1)).toMatchObject({ ok: false, code: "EBADF" });
    expect(calls.pidfdOpen(2 ** 30)).toMatchObject({ ok: false, code: "ESRCH" });
  });

  it("figures are those of getconf and uname, and splits are there where DirectMap is", () => {
    const at = monotonicNs(1n);
    const said = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: "utf8" }).trim();
    const facts = secretmem.available ? secretmem : {};
    expect(hostEvent(at, facts)).toMatchObject({
      pageBytes: Number(said("getconf", "PAGESIZE")),
      kernel: said("uname", "-r"),
      name: said("uname", "-n"),
      bootId: readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim(),
      secretDevice: expect.stringMatching(/^00:[0-9a-f]{2,}$/),
    });
    const sample = kernelSample(at);
    expect(sample.splits["2m"] === null).toBe(process.arch !== "x64");
    expect(sample.directMapBytes["4k"] === null).toBe(process.arch !== "x64");
    expect(sample.oomKills).toBeGreaterThanOrEqual(0);
  });

  it("hibernation is never available while somebody holds a file", async () => {
    await hold("open");
    expect(hibernationSupport().state).not.toBe("available");
  });

  it("own cost grows and keeps what an ended child had used", async () => {
    const cost = new SelfCost();
    const busy = spawn(process.execPath, [
      "-e",
      "for (const end = Date.now() + 1500; Date.now() < end; );setInterval(()=>{},1e3)",
    ]);
    const sample = () => cost.sample(monotonicNs(1n), busy.pid ?? null).cpuSeconds - process.cpuUsage().user / 1e6;
    try {
      await expect.poll(sample, { timeout: 20_000 }).toBeGreaterThan(0.5);
    } finally {
      const end = new Promise((resolve) => busy.once("close", resolve));
      busy.kill("SIGKILL");
      await end;
    }
    expect(cost.sample(monotonicNs(2n), null).cpuSeconds - process.cpuUsage().user / 1e6).toBeGreaterThan(0.5);
  });
});
