/** Random histories of the model kernel, and one way to live through them with a ledger watching. */
import fc from "fast-check";
import type { SplitLevel } from "../../../collector/events.ts";
import { type ModelFile, ModelKernel, type ModelProcess } from "./modelKernel.ts";
import { Observer } from "./observer.ts";
import { Story } from "./story.ts";

const actions = [
  "spawn",
  "spawn",
  "spawn",
  "exit",
  "rename",
  "create",
  "create",
  "create",
  "touch",
  "touch",
  "touch",
  "touch",
  "open",
  "open",
  "close",
  "send",
  "refuse",
  "split",
  "split",
  "splitUnseen",
  "kill",
] as const;

/** One thing that happens: what, to which process, to which file, how much. Numbers wrap around who is there. */
export interface Step {
  readonly action: (typeof actions)[number] | "turn" | "changeGeneration" | "lose" | "reattach";
  readonly a: number;
  readonly b: number;
  readonly n: number;
}

/** The same histories at every run; others, and more of them, with FC_SEED=$RANDOM FC_RUNS=10000. */
export const runs = { seed: Number(process.env.FC_SEED ?? 1), numRuns: Number(process.env.FC_RUNS ?? 200) };

const numbers = { a: fc.nat(7), b: fc.nat(7), n: fc.integer({ min: 1, max: 5 }) };
const happening = fc.record({ action: fc.constantFrom(...actions), ...numbers });
const watching = fc.record({ action: fc.constantFrom("turn", "turn", "turn", "changeGeneration"), ...numbers });
const restart = fc.record({ action: fc.constantFrom("lose", "reattach"), ...numbers });

export const histories: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: happening }, { weight: 3, arbitrary: watching }, { weight: 1, arbitrary: restart }),
  { maxLength: 80, size: "max" },
) as fc.Arbitrary<readonly Step[]>;

export interface Life {
  readonly kernel: ModelKernel;
  readonly story: Story;
  readonly observer: Observer;
}

export interface LifeOptions {
  /** Whether the next interval sample arrives; default: all do. */
  readonly arrives?: () => boolean;
  readonly tellsLevel?: boolean;
  /** bpftrace ends with its last words heard, rather than with SIGKILL. */
  readonly lastWords?: boolean;
  /** Inode numbers come again, once the collector has forgotten the file that had them. */
  readonly reusesInodes?: boolean;
  /** After each step. */
  readonly check?: (life: Life) => void;
}

/** Lives through the steps and ends in quiet: nothing happens any more, everything that is sent is received, all is read. */
export function live(steps: readonly Step[], options: LifeOptions = {}): Life {
  const { arrives = () => true, check = () => {} } = options;
  const kernel = new ModelKernel(options);
  const story = Story.watching({ ...kernel.vmstat });
  const observer = new Observer(kernel, story, arrives);
  const life = { kernel, story, observer };
  kernel.spawn();
  for (const step of steps) {
    take(life, step, options);
    check(life);
  }
  take(life, { action: "reattach", a: 0, b: 0, n: 1 }, options);
  kernel.spawn();
  const last = kernel.processes.at(-1);
  for (const file of kernel.files) if (file.inFlight && last !== undefined) kernel.open(last, file);
  // The first look measures, the second finds the counters at rest, the third has forgotten who went.
  for (let quiet = 0; quiet < 3; quiet++) {
    observer.turn(true, true);
    check(life);
  }
  return life;
}

function take({ kernel, observer }: Life, { action, a, b, n }: Step, options: LifeOptions): void {
  const process = wrapped(kernel.processes, a);
  const file = wrapped(kernel.files, b);
  const level: SplitLevel = b % 4 === 0 ? "1g" : "2m";
  if (action === "spawn") kernel.spawn();
  else if (action === "turn") {
    if (kernel.watched) observer.turn(n % 2 === 0);
  } else if (action === "changeGeneration") {
    if (kernel.watched) observer.changeGeneration();
  } else if (action === "lose") {
    if (kernel.watched) observer.lose(options.lastWords ?? true);
  } else if (action === "reattach") {
    if (!kernel.watched) observer.reattach();
  } else if (action === "splitUnseen") kernel.splitUnseen(level, n);
  else if (process !== undefined) act(kernel, action, { process, file, level, n, a, b }, options.tellsLevel ?? true);
  observer.occurrences();
}

interface Subject {
  readonly process: ModelProcess;
  readonly file: ModelFile | undefined;
  readonly level: SplitLevel;
  readonly n: number;
  readonly a: number;
  readonly b: number;
}

function act(kernel: ModelKernel, action: Step["action"], subject: Subject, tellsLevel: boolean): void {
  const { process, file, level, n, b } = subject;
  if (action === "exit") kernel.exit(process);
  else if (action === "rename") kernel.rename(process, `r${b}`);
  else if (action === "create") kernel.create(process);
  else if (action === "refuse") kernel.refuse(process, b % 2 ? "map" : "fault", b % 2 ? "EAGAIN" : "SIGBUS");
  else if (action === "split") kernel.split(process, b % 3 ? "secretmem" : "module", level, n, tellsLevel);
  else if (action === "kill") kernel.kill(process, wrapped(kernel.processes, b) ?? process);
  else if (file === undefined) return;
  else if (action === "touch") kernel.touch(process, file, n);
  else if (action === "open") kernel.open(process, file);
  else if (action === "close") kernel.close(process, file);
  else if (action === "send") kernel.send(file);
}

function wrapped<T>(all: readonly T[], index: number): T | undefined {
  return all[index % Math.max(1, all.length)];
}
