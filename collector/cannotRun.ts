/** What was asked for is impossible on this machine as it is. The message says what and why, the remedy what to do. */
export class CannotRun extends Error {
  override readonly name = "CannotRun";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
