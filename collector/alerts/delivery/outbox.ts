/**
 * The queue of one receiver: bounded, in order, with patience. Whatever the receiver does (nothing, slowly, nonsense)
 * happens behind this queue, and costs the others and the collector nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { delayMs, type Pace } from "./backoff.ts";
import type { AlertNotice } from "./notice.ts";
import type { DeliveryStatus, Receiver } from "./receiver.ts";
import { Undeliverable } from "./undeliverable.ts";

export interface OutboxOptions {
  readonly capacity: number;
  /** A notice waits no longer than this, ms. */
  readonly retryForMs: number;
  /** Of each rule only the newest notice counts: the receiver wants the state of today and no story. */
  readonly newestOnly: boolean;
  readonly pace?: Pace | undefined;
  /** One line about trouble and its end; never about each attempt. */
  readonly note: (line: string) => void;
}

interface Waiting {
  readonly key: string;
  readonly notice: AlertNotice;
  /** performance.now(), ms. */
  readonly since: number;
}

export class Outbox {
  readonly #receiver: Receiver;
  readonly #options: OutboxOptions;
  /** By rule or by number, the oldest first. */
  #queue = new Map<string, Waiting>();
  #sending: readonly Waiting[] = [];
  #number = 0;
  #counts = { sent: 0, failed: 0, dropped: 0 };
  #lastError: { readonly text: string; readonly at: string } | undefined;
  /** The last attempt did, refusals among them. */
  #hasFailed = false;
  /** In a row, without refusals: after these one has to wait. */
  #failures = 0;
  /** Of them, those that make nobody wait longer: what came before the end was asked for. */
  #forgiven = 0;
  /** Dropped since everything was well: said when it begins, and how many when it is over. */
  #droppedLately = 0;
  /** A batch was refused: this many are tried one by one, to find the one that is meant. */
  #singly = 0;
  #working: Promise<void> | undefined;
  #waiting = new AbortController();
  #attempting = new AbortController();
  #isOver = false;

  constructor(receiver: Receiver, options: OutboxOptions) {
    this.#receiver = receiver;
    this.#options = options;
  }

  tell(notice: AlertNotice): void {
    if (this.#isOver) {
      this.#counts.dropped++;
      return;
    }
    const key = this.#options.newestOnly ? notice.rule : String(this.#number++);
    const overtaken = this.#queue.get(key)?.notice;
    // Saying the same again loses nothing; firing that was never said before it ended is lost.
    if (overtaken !== undefined && overtaken.status !== notice.status) this.#drop(1);
    this.#queue.delete(key);
    this.#queue.set(key, { key, notice, since: performance.now() });
    while (this.#queue.size > 0 && this.#queue.size + this.#sending.length > this.#options.capacity) {
      const [oldest = ""] = this.#queue.keys();
      this.#queue.delete(oldest);
      this.#drop(1);
    }
    this.#work();
  }

  get status(): DeliveryStatus {
    return {
      name: this.#receiver.name,
      kind: this.#receiver.kind,
      queued: this.#queue.size + this.#sending.length,
      ...this.#counts,
      lastError: this.#lastError?.text ?? null,
      lastErrorAt: this.#lastError?.at ?? null,
      failing: this.#hasFailed,
    };
  }

  /** Tries at once, and again until everything is sent or the time is over; what is left then is dropped. */
  async close(patienceMs: number): Promise<void> {
    this.#forgiven = this.#failures;
    this.#waiting.abort();
    const timer = setTimeout(() => this.#stop(), patienceMs);
    await this.#working;
    clearTimeout(timer);
    this.#stop();
    const left = this.#queue.size;
    this.#queue.clear();
    if (left === 0) return;
    this.#counts.dropped += left;
    this.#note(`${counted(left, "notice")} not delivered before the end`);
  }

  #stop(): void {
    this.#isOver = true;
    this.#attempting.abort();
    this.#waiting.abort();
  }

  #work(): void {
    this.#working ??= this.#run().finally(() => {
      this.#working = undefined;
      // Something may have come between the last look and this.
      if (this.#queue.size > 0 && !this.#isOver) this.#work();
    });
  }

  async #run(): Promise<void> {
    // Whoever tells must not wait for the first attempt, however much of it is done before anything is awaited.
    await Promise.resolve();
    while (!this.#isOver && this.#take()) await this.#attempt();
    this.#putBack();
  }

  /** @returns whether there is something to send */
  #take(): boolean {
    const oldest = performance.now() - this.#options.retryForMs;
    let expired = 0;
    for (const [key, { since }] of this.#queue) {
      if (since >= oldest) break;
      this.#queue.delete(key);
      expired++;
    }
    if (expired > 0) this.#drop(expired);
    const most = this.#singly > 0 ? 1 : this.#receiver.batch;
    this.#sending = [...this.#queue.values()].slice(0, most);
    for (const { key } of this.#sending) this.#queue.delete(key);
    return this.#sending.length > 0;
  }

  async #attempt(): Promise<void> {
    const sending = this.#sending;
    // One for each attempt: whoever listens to it is forgotten with it.
    this.#attempting = new AbortController();
    try {
      await this.#receiver.send(
        sending.map(({ notice }) => notice),
        this.#attempting.signal,
      );
      this.#sending = [];
      this.#hasFailed = false;
      this.#counts.sent += sending.length;
      this.#singly = Math.max(0, this.#singly - 1);
      this.#recovered();
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #failed(error: unknown): Promise<void> {
    // Any other error is ours, and its text might hold anything.
    const known = error instanceof Undeliverable ? error : new Undeliverable("could not be tried");
    const { length } = this.#sending;
    this.#counts.failed++;
    this.#hasFailed = true;
    this.#lastError = { text: known.message, at: new Date().toISOString() };
    if (known.isFinal && length > 1) {
      this.#singly = length;
      this.#putBack();
      return;
    }
    if (known.isFinal) {
      this.#sending = [];
      this.#singly = Math.max(0, this.#singly - 1);
      // It answers, so that nobody has to wait for it.
      this.#failures = 0;
      this.#counts.dropped += length;
      this.#note(`${known.message}: that notice is dropped`);
      return;
    }
    this.#failures++;
    if (this.#failures === 1) {
      this.#note(`${known.message}; trying again, up to ${this.#options.capacity} notices wait`);
    }
    this.#putBack();
    await this.#pause(delayMs(this.#failures - this.#forgiven, known.retryAfterMs, Math.random(), this.#options.pace));
  }

  #recovered(): void {
    if (this.#failures > 0) this.#note(`works again after ${counted(this.#failures, "failed attempt")}`);
    this.#failures = 0;
    this.#forgiven = 0;
    if (this.#droppedLately === 0 || this.#queue.size > 0) return;
    this.#note(`has everything that waited; ${counted(this.#droppedLately, "notice")} did not reach it`);
    this.#droppedLately = 0;
  }

  /** Before what came later; unless that says something newer of the same rule. */
  #putBack(): void {
    const back = this.#sending.filter(({ key }) => !this.#queue.has(key));
    const overtaken = this.#sending.filter(
      ({ key, notice }) => this.#queue.has(key) && this.#queue.get(key)?.notice.status !== notice.status,
    );
    this.#drop(overtaken.length);
    this.#queue = new Map([...back.map((waiting) => [waiting.key, waiting] as const), ...this.#queue]);
    this.#sending = [];
  }

  #drop(count: number): void {
    if (count === 0) return;
    if (this.#droppedLately === 0) this.#note("does not take notices in time: some are being dropped now");
    this.#counts.dropped += count;
    this.#droppedLately += count;
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isOver) return;
    if (this.#waiting.signal.aborted) this.#waiting = new AbortController();
    // Somebody else keeps the process alive: a dead receiver must not.
    await sleep(ms, undefined, { signal: this.#waiting.signal, ref: false }).catch(() => {});
  }

  #note(text: string): void {
    try {
      this.#options.note(`delivery ${this.#receiver.name}: ${text}`);
    } catch {
      // There is nobody left to tell.
    }
  }
}

const counted = (count: number, thing: string) => `${count} ${thing}${count === 1 ? "" : "s"}`;
