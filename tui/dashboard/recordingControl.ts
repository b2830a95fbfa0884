/** The key that records: begins a file named for host and time, ends it, and tells what became of it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Snapshot } from "../../collector/snapshot.ts";
import type { Recorder } from "../../collector/trace/recorder.ts";
import type { Recordings } from "../../collector/trace/recordings.ts";
import { formatBytes } from "../text/sizes.ts";
import { saveFolders, stampOf } from "./save.ts";
import { elapsed } from "./views/figures.ts";

/** What the header shows of a recording that runs. */
export interface Recorded {
  readonly bytes: number;
  readonly elapsedNs: bigint;
}

export interface RecordingMeans {
  readonly recordings: Recordings;
  /** Name and version of the program, for the head of the file. */
  readonly tool: string;
}

export interface RecordingVoice {
  /** For the line at the bottom, until the next key. */
  say(message: string): void;
  /** That a recording ended by itself is told in the log as well: the person may be away. */
  notice(text: string): void;
}

export class RecordingControl {
  readonly #recordings: Recordings;
  readonly #tool: string;
  readonly #voice: RecordingVoice;
  #began = 0;
  #isBusy = false;

  constructor({ recordings, tool }: RecordingMeans, voice: RecordingVoice) {
    this.#recordings = recordings;
    this.#tool = tool;
    this.#voice = voice;
  }

  get running(): Recorded | undefined {
    const { running } = this.#recordings;
    if (running === undefined || running.failure !== undefined) return undefined;
    return { bytes: running.state.bytes, elapsedNs: this.#elapsedNs };
  }

  get #elapsedNs(): bigint {
    return BigInt(Math.round((performance.now() - this.#began) * 1e6));
  }

  /** Begins, or ends. @param snapshot on the screen: it names the file */
  async toggle({ host, time }: Snapshot): Promise<void> {
    // The disk is slower than a finger.
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      if (this.running !== undefined) await this.#stop();
      else await this.#start(`secretscope-${hostOf(host.name)}-${stampOf(time)}`);
    } catch (error) {
      this.#voice.say(`! not recording: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.#isBusy = false;
    }
  }

  async #start(stem: string): Promise<void> {
    // One that failed is still open.
    await this.#recordings.stop();
    let complaint: unknown;
    for (const folder of saveFolders()) {
      try {
        const recorder = await this.#recordings.start({
          path: unused(folder, stem),
          tool: this.#tool,
          onFailure: ({ message }) => this.#failed(message),
        });
        this.#began = performance.now();
        this.#voice.say(`recording to ${recorder.state.path}; r ends it`);
        return;
      } catch (error) {
        complaint = error;
      }
    }
    throw complaint;
  }

  async #stop(): Promise<void> {
    const time = elapsed(this.#elapsedNs);
    const recorder = await this.#recordings.stop();
    // That it failed in the end was told by then.
    if (recorder !== undefined && recorder.failure === undefined)
      this.#voice.say(`recorded ${recordedText(recorder, time)}`);
  }

  #failed(message: string): void {
    this.#voice.say(`! ${message}; watching goes on`);
    this.#voice.notice(`${message}; watching goes on`);
  }
}

const recordedText = ({ state }: Recorder, time: string) =>
  `${time}, ${formatBytes(state.bytes)}: secretscope replay ${state.path}`;

/** A name for a file: a host can be called anything. */
const hostOf = (name: string) => name.replace(/[^\w.-]/g, "").slice(0, 64) || "host";

/** The file itself is made anew or not at all (traceWriter.ts): this only finds it a name. */
function unused(folder: string, stem: string): string {
  for (let number = 1; number < 100; number += 1) {
    const path = join(folder, `${stem}${number === 1 ? "" : `-${number}`}.arrows`);
    if (!existsSync(path)) return path;
  }
  return join(folder, `${stem}.arrows`);
}
