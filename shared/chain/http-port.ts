// What a chain backend needs of HTTP/1.1: one request, one answer, with limits. A device hands in
// net/http-client.ts over TCP or TLS, a test a server in memory.

import type { HttpRequest, HttpResponse } from "../net/http-client";

export type { HttpRequest, HttpResponse };

export interface Http {
  /**
   * Any status counts as an answer. `onChunk` takes the body of a 2xx answer, the response's `body`
   * is then empty; what it throws rejects the request. Rejects with an HttpError when there was no
   * complete answer.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
}
