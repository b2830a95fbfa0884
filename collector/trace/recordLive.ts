/** This machine's collector with a recorder that hears it from its first event: what a trace begins with is said once. */
import type { Observation, ObservationOptions } from "../observation.ts";
import { openObservation } from "../session.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";
import { Recordings } from "./recordings.ts";

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
    const observation = await openObservation(options, (made) => made.onEvent((event) => recorder.take(event)));
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

export interface Recordable {
  readonly observation: Observation;
  readonly recordings: Recordings;
  /** Stops the probes; a recording that runs has what they still had to say, and is ended. */
  close(): Promise<void>;
}

/** Recordings may begin at any time later. @throws CannotRun when nothing can be observed */
export async function openRecordable(options: ObservationOptions): Promise<Recordable> {
  let recordings: Recordings | undefined;
  const observation = await openObservation(options, (made) => {
    recordings = new Recordings(made);
  });
  if (recordings === undefined) throw new Error("the session was not listened to");
  const heard = recordings;
  return {
    observation,
    recordings: heard,
    close: async () => {
      await observation.close();
      await heard.close();
    },
  };
}
