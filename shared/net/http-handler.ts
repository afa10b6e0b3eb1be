// What an HTTP server asks of the one that answers its requests.

import type { HttpError, RequestHead } from "./http";
import type { StoredAnswer } from "./stored-answer";

/** Told of what nobody expected. */
export type ErrorReporter = (error: unknown, where: string) => void;

/**
 * A whole answer: the head's lines, of which the first is the status, without length and
 * connection; and the body.
 */
export interface HttpAnswer {
  readonly lines: readonly string[];
  readonly body: Uint8Array;
}

/** What a server does with requests. One object serves all connections. */
export interface HttpHandler<Request> {
  /** Methods for the field Allow. */
  readonly allow: string;
  /** Fields that are kept beside those that framing needs, in lower case. */
  readonly fields?: readonly string[];
  /**
   * What is kept of a request's head while its body comes in, or why it is refused whatever its
   * body says.
   */
  begin(head: RequestHead): Request | HttpError;
  /** Never rejects. `address` is the peer's, without its port. */
  answer(request: Request, body: Uint8Array, address: string): Promise<HttpAnswer | StoredAnswer>;
}
