// What a server answers to a request that it refuses as HTTP: a status, a sentence, the end.

import { constant } from "../kernel/constant";
import { printable } from "../kernel/text";
import { encodeUtf8 } from "../kernel/utf8";
import { type HttpError, writeMessage } from "./http";

const REASONS: { readonly [status: number]: string } = constant({
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  411: "Length Required",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
});

/** The whole answer. `allow`: the methods that there are, told where it was another one. */
export function writeRefusal(error: HttpError, allow: string): Uint8Array {
  const lines = [
    `HTTP/1.1 ${error.status} ${REASONS[error.status] ?? "Error"}`,
    "Content-Type: text/plain",
    "Connection: close",
  ];
  if (error.status === 405) lines.push(`Allow: ${allow}`);
  return writeMessage(lines, encodeUtf8(`${printable(error.message, 200)}\n`));
}
