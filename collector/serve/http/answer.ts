/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  /** MIME type with its parameters. */
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const plainText = "text/plain; charset=utf-8";
export const json = "application/json; charset=utf-8";

/** A line for whoever asked with curl. */
export const refusal = (status: number, line: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  type: plainText,
  body: `${line}\n`,
  headers,
});
