/** Every way to fail, as one line for a person: what; why; what next. Never a stack trace unless asked for. */
import { CannotRun } from "../collector/cannotRun.ts";
import { safeText } from "./text/safe.ts";

/** The person asked for something that does not exist or makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function failureText(error: unknown, environment: NodeJS.ProcessEnv): string {
  const line = `secretscope: ${safeText(sentence(error))}\n`;
  const stack = error instanceof Error && environment.SECRETSCOPE_DEBUG === "1" ? `${error.stack ?? ""}\n` : "";
  return line + stack;
}

function sentence(error: unknown): string {
  if (error instanceof CannotRun) return `${trimmed(error.message)}; ${error.remedy}`;
  if (error instanceof UsageError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `something went wrong inside: ${trimmed(message)}; SECRETSCOPE_DEBUG=1 shows where, please report it`;
}

const trimmed = (text: string) => text.trim().replace(/[.;]$/, "");
