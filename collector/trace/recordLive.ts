/** This machine's collector with a recorder that hears it from its first event: what a trace begins with is said once. */
import { destroyInjector, injector } from "@tsed/di";
import type { Observation, ObservationOptions } from "../observation.ts";
import { Session } from "../session.ts";
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
    injector().settings.set("observation", options);
    await injector().load();
    const session = injector().get<Session>(Session);
    if (session === undefined) throw new Error("the container has no session");
    session.onEvent((event) => recorder.take(event));
    await session.open();
    return {
      observation: session,
      recorder,
      close: async () => {
        await session.close();
        await recorder.close();
      },
    };
  } catch (error) {
    await destroyInjector();
    await recorder.abandon();
    throw error;
  }
}
