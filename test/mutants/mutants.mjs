// One fault in the product for each bullet of the proof, and the test of the truth suite that must see it.

/**
 * @typedef {object} Mutant
 * @property {string} claim what is no longer true
 * @property {string} file of the product
 * @property {string} from stands in it exactly once
 * @property {string} to
 * @property {string} suite file of test/truth, without .test.ts
 * @property {string} test its name, or the beginning of it, as it is said by --testNamePattern
 */

const files = "collector/ledger/files.ts";
const ledger = "collector/ledger/ledger.ts";
const view = "collector/ledger/view.ts";
const holdings = "collector/sources/procfs/holdings.ts";
const oomLines = "collector/sources/bpftrace/oomLines.ts";

/** @type {readonly Mutant[]} */
export const mutants = [
  {
    claim: "one page too many",
    file: files,
    from: "Math.max(0, start + this.moved)",
    to: "Math.max(0, start + this.moved + 1)",
    suite: "pages",
    test: "513 pages are there",
  },
  {
    claim: "freed pages stay",
    file: files,
    from: "sum -= counter.within(this.#epoch)",
    to: "sum -= 0 * counter.within(this.#epoch)",
    suite: "pages",
    test: "200000 pages are there",
  },
  {
    claim: "every touch is the same process's",
    file: "probes/catalog/pages/tracepoint.bt",
    from: "@a[args->i_ino, pid, $s] = count();",
    to: "@a[args->i_ino, 1, $s] = count();",
    suite: "pages",
    test: "four processes at once",
  },
  {
    claim: "what a process touched counts twice",
    file: view,
    from: "allocatedBytes: counting ? (allocated.get(processKey(first)) ?? 0) * pageBytes : null",
    to: "allocatedBytes: counting ? (allocated.get(processKey(first)) ?? 0) * 2 * pageBytes : null",
    suite: "pages",
    test: "fork, then touched",
  },
  {
    claim: "a mapping without a descriptor is not seen",
    file: holdings,
    from: "addDescriptors(files, folder, secret) ?? addMappings(files, folder, secret);",
    to: "addDescriptors(files, folder, secret) ?? (files.size > 0 ? addMappings(files, folder, secret) : undefined);",
    suite: "pages",
    test: "mapped with the descriptor closed",
  },
  {
    claim: "a descriptor without a mapping is not seen",
    file: holdings,
    from: "    file.descriptors.push(descriptor);\n",
    to: "    if (file.mappings.length > 0) file.descriptors.push(descriptor);\n",
    suite: "pages",
    test: "open but unmapped",
  },
  {
    claim: "the creator holds, whoever has it",
    file: view,
    from: "holders: [...ledger.holdings.holdersOf(file.inode)].map((key) => nameOf(ledger, key).pid),",
    to: "holders: file.creator === null ? [] : [file.creator.pid],",
    suite: "pages",
    test: "passed over SCM_RIGHTS",
  },
  {
    claim: "memory in flight is held by nobody and not said",
    file: view,
    from: "if (ledger.isUnheld(file)) unheld =",
    to: "if (ledger.isUnheld(file) && pages === 0) unheld =",
    suite: "pages",
    test: "in flight in a socket",
  },
  {
    claim: "descriptors in flight at the start are not looked for",
    file: "collector/sources/procfs/inFlight.ts",
    from: "      descriptors += waiting;\n",
    to: "",
    suite: "pages",
    test: "in flight since before the start",
  },
  {
    claim: "the dead hold",
    file: "collector/ledger/holdings.ts",
    from: "    this.#current = this.#next;\n",
    to: "    this.#current = new Map([...this.#current, ...this.#next]);\n",
    suite: "identity",
    test: "exec that keeps nothing",
  },
  {
    claim: "files from before the start begin empty",
    file: files,
    from: "    this.#baseline = baseline;\n",
    to: "    this.#baseline = 0 * baseline;\n",
    suite: "identity",
    test: "what is touched after the start",
  },
  {
    claim: "a process keeps the name it had first",
    file: "collector/ledger/processes.ts",
    from: "      comm: event.comm,\n",
    to: "      comm: earlier?.comm ?? event.comm,\n",
    suite: "identity",
    test: "a renamed process",
  },
  {
    claim: "a pid is a process",
    file: "collector/ledger/processes.ts",
    from: "known.started === started",
    to: "known.started >= 0",
    suite: "identity",
    test: "a reused pid",
  },
  {
    claim: "one split in ten is nobody's",
    file: "collector/sources/bpftrace/splitMaps.ts",
    from: ".filter(({ count }) => count > 0)",
    to: ".map(({ key, count }) => ({ key, count: Math.floor(count * 0.9) }))\n      .filter(({ count }) => count > 0)",
    suite: "splits",
    test: "secret memory: at least 99%",
  },
  {
    claim: "secret memory is no cause",
    file: "probes/kernel/cause.ts",
    from: `  ["secretmem", /^secretmem_|^set_direct_map_.*secretmem/],\n`,
    to: "",
    suite: "splits",
    test: "secret memory: at least 99%",
  },
  {
    claim: "a refused memfd_secret is a refused mmap",
    file: "collector/sources/bpftrace/run.ts",
    from: `{ 1: "create", 2: "map", 3: "fault" }`,
    to: `{ 1: "map", 2: "map", 3: "fault" }`,
    suite: "refusals",
    test: "memfd_secret with bad flags",
  },
  {
    claim: "a refused mmap is counted twice",
    file: "probes/catalog/mapping/tracepoint.bt",
    from: "@r[pid, $s, 2, 0 - $ret] = count();",
    to: "@r[pid, $s, 2, 0 - $ret] = count(); @r[pid, $s, 2, 1] = count();",
    suite: "refusals",
    test: "mapping more than the limit",
  },
  {
    claim: "a kill gives nothing back",
    file: "collector/ledger/oom.ts",
    from: "      kill.freedPages = freed;\n",
    to: "      kill.freedPages = 0 * freed;\n",
    suite: "oom",
    test: "sole holder",
  },
  {
    claim: "the memory there was when it was chosen is what is left",
    file: "collector/ledger/oom.ts",
    from: "now === null ? null : now + freed",
    to: "now",
    suite: "oom",
    test: "sole holder",
  },
  {
    claim: "the victim ran out itself",
    file: oomLines,
    from: "trigger: {\n        pid: toPid(known.triggerPid),",
    to: "trigger: {\n        pid: toPid(known.victimPid),",
    suite: "oom",
    test: "sole holder",
  },
  {
    claim: "every kill is the machine's",
    file: oomLines,
    from: `known.constraint = byCgroup ? "memcg" : "none"`,
    to: `known.constraint = "none"`,
    suite: "oom",
    test: "held outside the cgroup too",
  },
  {
    claim: "a late reading is as good as one in time",
    file: "collector/ledger/evidence.ts",
    from: "const late = lateMs >",
    to: "const late = lateMs > 1e9 && lateMs >",
    suite: "loss",
    test: "bpftrace stopped for two seconds",
  },
  {
    claim: "a bpftrace that died leaves no gap",
    file: ledger,
    from: "        this.gaps.push(event);\n",
    to: "",
    suite: "loss",
    test: "bpftrace stopped|bpftrace killed",
  },
  {
    claim: "after a gap nothing is measured again",
    file: files,
    from: "if (pending === undefined || this.#epoch === 0) return null;",
    to: "if (pending === undefined || this.#epoch !== 1) return null;",
    suite: "loss",
    test: "bpftrace stopped|bpftrace killed",
  },
  {
    claim: "lost lines are not counted",
    file: ledger,
    from: "this.lostLines += event.count;",
    to: "this.lostLines += 0 * event.count;",
    suite: "loss",
    test: "a perf buffer of one page",
  },
  {
    claim: "names go to the terminal as they are",
    file: "collector/safeText.ts",
    from: "  return text.replace(unsafeCharacters, visible).replace(leadingMarks,",
    to: "  return text.replace(leadingMarks,",
    suite: "names",
    test: "",
  },
];
