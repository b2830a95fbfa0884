// What `record --detail page` hears while several processes take and give back secret memory on two CPUs. Times and blocks
// are spread as they were when 60 000 pages were taken and freed on a machine that had been up for ten hours: a step from
// one taken page to the next is 5.2 us or more, in the middle 6.2, 11 for one in ten, 19 for one in a hundred; from one
// freed page to the next 129 ns, and some 20 us for one in fifty; memory comes scattered, in runs of 1.9 pages of one 2M
// block. On a machine whose memory is whole it comes block by block: half of the files here get theirs that way.
import { random } from "./trace-story.mjs";

const start = 1_000_000_000_000n;
const epoch = 1;
const processes = 12;
const cpus = 2;
/** Of 2 MiB each: a machine of 24 GiB. */
const blocksOfMachine = 12_288;
/** Blocks that still have single free pages, as many as were met there. */
const scattered = 2_500;
const pagesOfBlock = 512;
/** A file with more is given up, as is any of some files once nobody needs it. */
const mostPages = 20_000;
const secondNs = 1_000_000_000;

/** How a CPU goes on: one process faults in pages of its file, then frees one, then pauses. */
class Cpu {
  constructor(next, hosts, free) {
    this.next = next;
    this.hosts = hosts;
    this.free = free;
    /** ns since the story began. */
    this.time = Math.floor(1000 * next());
    this.left = 0;
  }

  below(most) {
    return Math.floor(this.next() * most);
  }

  begin() {
    const host = this.hosts[this.below(this.hosts.length)];
    this.who = host;
    const full = host.files.findIndex(({ blocks }) => blocks.length > 0 && blocks.length > this.below(mostPages));
    this.taking = full === -1 || this.next() < 0.4;
    if (!this.taking) {
      [this.file] = host.files.splice(full, 1);
      this.left = this.file.blocks.length;
      return;
    }
    if (host.files.length === 0 || (host.files.length < 6 && this.next() < 0.2)) host.files.push(this.newFile());
    this.file = host.files[this.below(host.files.length)];
    this.left = 16 + Math.floor(2000 * this.next() ** 3);
  }

  newFile() {
    const inode = Cpu.inodes++;
    return { inode, blocks: [], whole: this.next() < 0.5, block: this.below(blocksOfMachine), run: 0, freed: 0 };
  }

  nextBlock(file) {
    if (file.run === 0) {
      if (file.whole) {
        file.block = (file.block + 1) % blocksOfMachine;
        file.run = pagesOfBlock;
      } else {
        file.block = this.free[this.below(this.free.length)];
        file.run = 1;
        while (this.next() < 0.47) file.run++;
      }
    }
    file.run--;
    return file.block;
  }

  step() {
    const chance = this.next();
    if (!this.taking) return chance < 0.98 ? 128 + this.below(3) : 15_000 + this.below(25_000);
    if (chance < 0.8) return 5_200 + this.below(2_000);
    return chance < 0.98 ? 7_000 + this.below(6_000) : 12_000 + this.below(120_000);
  }

  /** The next page of this CPU. */
  page() {
    if (this.left === 0) {
      this.begin();
      this.time += 20_000 + this.below(2_000_000);
    } else this.time += this.step();
    this.left--;
    const { who, file, taking } = this;
    const block = taking ? this.nextBlock(file) : file.blocks[file.freed++];
    if (taking) file.blocks.push(block);
    who.moved.add(file);
    return {
      kind: "page",
      at: start + BigInt(this.time),
      pid: who.pid,
      started: who.started,
      inode: file.inode,
      block,
      taken: taking,
    };
  }
}

/** One sample after the other: the pages of a second, then what a reading says of them. */
export function* pages({ events, seed = 1 }) {
  const next = random(seed);
  Cpu.inodes = 500_000;
  const hosts = Array.from({ length: processes }, (_, n) => ({
    pid: 20_000 + 7 * n,
    started: 90_000 + 37 * n,
    files: [],
    moved: new Set(),
  }));
  const free = Array.from({ length: scattered }, () => Math.floor(next() * blocksOfMachine));
  const all = Array.from({ length: cpus }, () => new Cpu(next, hosts, free));
  yield [
    {
      kind: "host",
      at: start,
      name: "bench",
      kernel: "6.12.0",
      bootId: "00000000-0000-4000-8000-000000000000",
      memoryBytes: blocksOfMachine * 2 ** 21,
      pageBytes: 4096,
      accounting: "mlock",
      secretDevice: "00:0e",
    },
    { kind: "clock", at: start, wall: Date.UTC(2026, 10, 21) },
    { kind: "plan", at: start, routes: { pages: "tracepoint", blocks: "tracepoint" }, blind: [], intervalMs: 1000 },
    { kind: "probes", at: start, state: "attached", epoch, pid: 999, reason: "" },
    ...hosts.map(({ pid, started }, n) => ({
      kind: "process",
      at: start,
      pid,
      started,
      comm: `worker-${n}`,
      uid: 1000,
      cgroup: "/work.slice",
    })),
  ];
  let told = 0;
  for (let sample = 1; told < events; sample++) {
    const second = [];
    const end = sample * secondNs;
    while (told < events) {
      const cpu = all.reduce((first, each) => (each.time < first.time ? each : first));
      if (cpu.time >= end) break;
      second.push(cpu.page());
      told++;
    }
    yield second;
    yield [...reading(hosts, sample)];
  }
}

function* reading(hosts, sample) {
  const at = start + BigInt(sample * secondNs);
  for (const { pid, started, moved } of hosts) {
    for (const { inode, freed } of moved)
      if (freed > 0) yield { kind: "freed", at, epoch, inode, kill: 0, pages: freed };
    for (const { inode, blocks } of moved) {
      yield { kind: "allocated", at, epoch, inode, pid, started, pages: blocks.length };
    }
    moved.clear();
  }
  yield { kind: "tick", at, epoch, sequence: sample };
  yield { kind: "self", at, cpuSeconds: sample / 100, rssBytes: 90 * 2 ** 20, probeNsPerEvent: 110 };
}
