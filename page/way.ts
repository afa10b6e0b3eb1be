// The ways to a device, as the page sees them: a request's text goes out, its answer's text comes
// back.

export interface Way {
  /** Over the serial port, which takes what the link does not. */
  readonly isSerial: boolean;
  /** Rejects with a WayError. */
  send(request: string): Promise<string>;
}

export type WayProblem =
  | "password" /** the password is wrong */
  | "wait" /** too many tries or requests; again after `waitMs` */
  | "lost" /** nobody answers */
  | "odd" /** something answers that is no device of ours */;

export class WayError extends Error {
  override readonly name = "WayError";
  constructor(
    readonly problem: WayProblem,
    message: string,
    readonly waitMs = 0,
  ) {
    super(message);
  }
}
