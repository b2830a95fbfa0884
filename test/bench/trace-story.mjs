// What a busy host tells its recorder: holders that take and give back pages, splits, a look at /proc at every sample.
// Made from a seed, in the order in which the collector tells it, so that every run and every competitor reads the same.
// Sizes follow the collector: a reading names the counters that moved, a look all holders, and measures 64 files.

const start = 1_000_000_000_000n;
const wallMs = Date.UTC(2026, 10, 21, 0, 0, 0);
const epoch = 1;
const pageBytes = 4096;
const firstPid = 10_000;
const firstInode = 400_000;
/** sources/procfs/source.ts, measuredAtOnce. */
const measured = 64;
/** Holders that allocate and split at a time; every so many samples the next one takes the place of the first. */
const active = 10;
const shiftEvery = 10;
/** Who has more gives half of this back. */
const mostPages = 4096;

const stacks = [
  ["secretmem_fault", "__do_fault"],
  ["secretmem_fault", "do_shared_fault"],
  ["secretmem_fault", "filemap_fault", "faultin_page"],
].map((functions) =>
  [
    "__change_page_attr",
    "__change_page_attr_set_clr",
    "set_direct_map_invalid_noflush",
    ...functions,
    "__handle_mm_fault",
    "handle_mm_fault",
    "do_user_addr_fault",
    "exc_page_fault",
  ].map((name, at) => `${name}+0x${(16 * at + 5).toString(16)}`),
);

/** Numbers from 0 to 1, the same in each run (mulberry32). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const host = {
  kind: "host",
  name: "bench",
  kernel: "6.12.0",
  bootId: "00000000-0000-4000-8000-000000000000",
  memoryBytes: 256 * 2 ** 30,
  pageBytes,
  accounting: "mlock",
  secretDevice: "00:0e",
};
const plan = {
  kind: "plan",
  routes: { pages: "tracepoint", splits: "tracepoint", oom: "tracepoint" },
  blind: [],
  intervalMs: 1000,
};

/**
 * One sample after the other, each as the list of its events.
 * @param {{holders: number, splitsPerSample: number, samples: number, seed?: number}} size
 */
export function* busyHost({ holders, splitsPerSample, samples, seed = 1 }) {
  const next = random(seed);
  const below = (most) => Math.floor(next() * most);
  let now = start;
  /** A few microseconds on: what one reading tells comes one after the other. */
  const soon = () => {
    now += BigInt(2_000 + below(20_000));
    return now;
  };
  const id = (n) => ({ pid: firstPid + n, started: 90_000 + 37 * n });
  const all = Array.from({ length: holders }, (_, n) => ({
    ...id(n),
    inode: firstInode + n,
    resident: 64 + below(mostPages),
    freed: 0,
    allocated: 0,
  }));
  for (const each of all) each.allocated = each.resident;
  let splits = 1000;
  const splitCounts = new Map();
  const kernel = () => ({
    kind: "kernel",
    at: soon(),
    splits: { "2m": splits, "1g": 12 },
    collapses: { "2m": 0, "1g": 0 },
    directMapBytes: { "4k": splits * 2 ** 21, "2m": 128 * 2 ** 30 - splits * 2 ** 21, "1g": 128 * 2 ** 30 },
    oomKills: 0,
    unevictableBytes: all.reduce((sum, { resident }) => sum + resident, 0) * pageBytes,
  });
  const allocated = ({ pid, started, inode, allocated: pages }, at) => ({
    kind: "allocated",
    at,
    epoch,
    inode,
    pid,
    started,
    pages,
  });
  function* look(began) {
    for (const { pid, started, inode, resident } of all) {
      yield {
        kind: "holding",
        at: soon(),
        pid,
        started,
        inode,
        descriptors: 1,
        mappings: 1,
        mappedBytes: 2 ** 25,
        residentBytes: resident * pageBytes,
        proportionalBytes: resident * pageBytes,
        memlockLimitBytes: 2 ** 26,
      };
    }
    yield { kind: "scan", at: soon(), began, processes: holders + 300, hidden: 0, partial: false };
  }
  function* rest(sample) {
    yield kernel();
    yield { kind: "tick", at: soon(), epoch, sequence: sample + 1 };
    yield {
      kind: "self",
      at: soon(),
      cpuSeconds: sample / 100,
      rssBytes: 90 * 2 ** 20 + below(2 ** 20),
      probeNsPerEvent: 110,
    };
  }

  yield [
    { ...host, at: now },
    { kind: "clock", at: now, wall: wallMs },
    { ...plan, at: now },
    kernel(),
    { kind: "probes", at: soon(), state: "attached", epoch, pid: 999, reason: "" },
    ...all.map(({ pid, started }, n) => ({
      kind: "process",
      at: soon(),
      pid,
      started,
      comm: `worker-${n % 40}`,
      uid: 1000 + (n % 5),
      cgroup: `/kubepods.slice/pod${n % 50}.slice`,
    })),
    ...all.map((each) => ({ kind: "created", at: soon(), pid: each.pid, started: each.started, inode: each.inode })),
    ...all.map((each) => allocated(each, soon())),
    ...look(now),
    ...rest(0),
  ];
  for (let sample = 1; sample < samples; sample++) {
    now = start + BigInt(sample) * 1_000_000_000n + BigInt(below(3_000_000));
    const events = [];
    // A split is the first page of a block of 2M, so whoever splits allocates.
    const moved = new Map();
    const gaveBack = new Set();
    for (let n = 0; n < splitsPerSample; n++) {
      const who = all[(Math.floor(sample / shiftEvery) + below(active)) % holders];
      // A process comes to its pages in one way.
      const stack = who.pid % stacks.length;
      moved.set(who, (moved.get(who) ?? new Map()).set(stack, (moved.get(who)?.get(stack) ?? 0) + 1));
    }
    for (const who of moved.keys()) {
      const pages = 1 + below(64);
      who.allocated += pages;
      who.resident += pages;
      if (who.resident <= mostPages) continue;
      gaveBack.add(who);
      who.freed += mostPages / 2;
      who.resident -= mostPages / 2;
    }
    events.push(...look(now));
    for (let n = 0; n < Math.min(measured, holders); n++) {
      const file = all[(sample * measured + n) % holders];
      events.push({ kind: "fileSize", at: soon(), inode: file.inode, pages: file.resident });
    }
    // One print of a map: all of it has the time at which it was read.
    const read = soon();
    for (const { inode, freed } of gaveBack) {
      events.push({ kind: "freed", at: read, epoch, inode, kill: 0, pages: freed });
    }
    const readNext = soon();
    for (const who of moved.keys()) events.push(allocated(who, readNext));
    const readLast = soon();
    for (const [{ pid, started }, byStack] of moved) {
      for (const [stack, count] of byStack) {
        const key = `${pid} ${stack}`;
        splitCounts.set(key, (splitCounts.get(key) ?? 0) + count);
        splits += count;
        events.push({
          kind: "split",
          at: readLast,
          epoch,
          pid,
          started,
          cause: "secretmem",
          level: "2m",
          stack: stacks[stack],
          count: splitCounts.get(key),
        });
      }
    }
    events.push(...rest(sample));
    yield events;
  }
}

/**
 * Counters alone, as many as a reading can name: what a machine tells that does nothing else. Each sample moves a
 * thousand of them, as kernels print them: all of one map with one time.
 */
export function* counters({ events, perSample = 1000, processes = 500, seed = 1 }) {
  const next = random(seed);
  let now = start;
  const opening = busyHost({ holders: processes, splitsPerSample: 1, samples: 1, seed }).next().value;
  yield opening;
  const totals = new Float64Array(processes).fill(mostPages);
  for (let told = opening.length, sample = 1; told < events; sample++) {
    now = start + BigInt(sample) * 1_000_000_000n + BigInt(Math.floor(next() * 1e6));
    const moved = Array.from({ length: perSample }, () => {
      const n = Math.floor(next() * processes);
      totals[n] += 1 + Math.floor(next() * 16);
      const who = { pid: firstPid + n, started: 90_000 + 37 * n };
      return { kind: "allocated", at: now, epoch, inode: firstInode + n, ...who, pages: totals[n] };
    });
    moved.push({ kind: "tick", at: now, epoch, sequence: sample });
    moved.push({ kind: "self", at: now, cpuSeconds: sample / 100, rssBytes: 90 * 2 ** 20, probeNsPerEvent: 110 });
    told += moved.length;
    yield moved;
  }
}

/** By the name that a child process is given. */
export const stories = {
  day: ({ hours }) => busyHost({ holders: 500, splitsPerSample: 50, samples: Math.round(3600 * hours) }),
  counters,
};
