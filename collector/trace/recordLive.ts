/** This machine's collector with a recorder that hears it from its first event: what a trace begins with is said once. */
import type { Observation, ObservationOptions } from "../observation.ts";
import { openObservation } from "../session.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";

export interface LiveRecording {
  readonly observation: Observation;
  readonly recorder: Recorder;
  /** Stops the probes, writes what they still had to say, and ends the file. */
  close(): Promise<void>;
}

/** @throws CannotRun when nothing can be observed, or the file cannot be made: then no file is left behind */
export async function openRecording(options: ObservationOptions, into: RecorderOptions): Promise<LiveRecording> {
  const recorder = await Recorder.create(into);
  try {
    const observation = await openObservation(options, (event) => recorder.take(event));
    return {
      observation,
      recorder,
      close: async () => {
        await observation.close();
        await recorder.close();
      },
    };
  } catch (error) {
    await recorder.abandon();
    throw error;
  }
}
