// Heads of HTTP/1.1 (RFC 9112): a request's or an answer's first lines, and how long its body is.
// What two readers could understand differently is refused: both lengths, a length that comes
// twice, folded lines, bare line feeds, signs.

import { isDigits, isHeaderText, isToken, isVisible } from "../kernel/text";
import {
  type Framing,
  type Headers,
  HttpError,
  malformed,
  type Parsed,
  type RequestHead,
  type ResponseHead,
} from "./http";

const LONGEST_METHOD = 20;
const LONGEST_NAME = 64;
const LONGEST_LIST = 16;
/** Fields that mean trouble when they come twice. */
const ONCE: readonly string[] = Object.freeze([
  "content-length",
  "transfer-encoding",
  "host",
  "content-type",
  "expect",
]);
const NONE: readonly string[] = Object.freeze([]);
/**
 * All that anybody here asks for. The rest is checked and dropped: a peer's fields must not take a
 * device's memory.
 */
const KEPT: readonly string[] = Object.freeze([...ONCE, "connection", "content-encoding", "retry-after"]);

/** `fields`: what is kept beside what framing needs, each of which may come once. */
export function parseRequest(lines: readonly string[], fields: readonly string[] = NONE): Parsed<RequestHead> {
  const line = lines[0] as string;
  const parts = line.split(" ", 4);
  const method = parts[0] ?? "";
  const target = originForm(parts[1] ?? "");
  const version = parts[2] ?? "";
  const isRequest = parts.length === 3 && isMethod(method) && target.startsWith("/") && isVisible(target);
  if (!isRequest || !isVersion(version)) throw malformed("a request line of HTTP/1.1", line);
  const isNew = version === "HTTP/1.1";
  const headers = parseHeaders(lines.slice(1), fields);
  if (isNew && !headers.has("host")) throw new HttpError("malformed", "expected a Host header");
  if (headers.has("transfer-encoding")) {
    throw new HttpError("unsupported", "expected a Content-Length, found a Transfer-Encoding", 411);
  }
  const length = contentLength(headers);
  if (length === undefined && method === "POST") throw new HttpError("malformed", "expected a Content-Length", 411);
  const expectsContinue = headers.get("expect")?.toLowerCase() === "100-continue";
  if (headers.has("expect") && !expectsContinue) throw new HttpError("unsupported", "unknown expectation", 417);
  const keepAlive = isNew && !hasToken(headers, "connection", "close");
  return { head: { method, target, headers, keepAlive, expectsContinue }, framing: length ?? 0 };
}

export function parseResponse(lines: readonly string[]): Parsed<ResponseHead> {
  const line = lines[0] as string;
  const version = line.slice(0, 8);
  const code = line.slice(9, 12);
  const reason = line.slice(12);
  const status = code.length === 3 && isDigits(code, 3) ? Number(code) : 0;
  const isStatus = isVersion(version) && line.charAt(8) === " " && status >= 100 && status < 600;
  const hasReason = reason === "" || (reason.startsWith(" ") && isHeaderText(reason));
  if (!isStatus || !hasReason) throw malformed("a status line of HTTP/1.1", line);
  const headers = parseHeaders(lines.slice(1), NONE);
  if (status < 200 && status !== 101) return { head: { status, headers, keepAlive: true }, framing: 0, interim: true };
  const framing = responseFraming(status, headers);
  const keepAlive = version === "HTTP/1.1" && framing !== "close" && !hasToken(headers, "connection", "close");
  return { head: { status, headers, keepAlive }, framing };
}

function responseFraming(status: number, headers: Headers): Framing {
  const coding = headers.get("transfer-encoding");
  const length = contentLength(headers);
  if (coding !== undefined) {
    if (length !== undefined) throw new HttpError("malformed", "expected one length, found Content-Length and chunks");
    if (coding.toLowerCase() !== "chunked") throw new HttpError("unsupported", `unknown transfer coding ${coding}`);
    return "chunked";
  }
  if (status === 101) throw new HttpError("unsupported", "expected an answer, found a switch of protocols");
  if (status === 204 || status === 304) return 0;
  return length ?? "close";
}

function contentLength(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  if (text === undefined) return undefined;
  if (!isDigits(text, 15)) throw malformed("a Content-Length in decimal", text);
  return Number(text);
}

/** A field behind a chunked body. */
export function checkTrailer(line: string): void {
  parseHeaders([line], NONE);
}

/**
 * Refuses folded lines, blanks before the colon, control characters and bare line feeds: no name or
 * text has them.
 */
function parseHeaders(lines: readonly string[], fields: readonly string[]): Headers {
  // Characters are checked in all lines at once: to make a regular expression costs XS more than to
  // run it.
  if (!isHeaderText(lines.join(""))) throw malformed("headers of printable text", lines.join(" "));
  const headers = new Map<string, string>();
  let names = "";
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(":");
    if (colon < 1 || colon > LONGEST_NAME) throw malformed("a header", line);
    const name = line.slice(0, colon).toLowerCase();
    names += name;
    const isAsked = fields.includes(name);
    if (!isAsked && !KEPT.includes(name)) continue;
    const value = withoutBlanks(line.slice(colon + 1));
    const before = headers.get(name);
    if (before !== undefined && (isAsked || ONCE.includes(name))) throw malformed("each header once", name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  if (!isToken(names)) throw malformed("headers with names", lines.join(" "));
  return headers;
}

/**
 * Of an absolute target (RFC 9112, section 3.2.2) its path: the host that it names matters as
 * little as the Host field.
 */
function originForm(target: string): string {
  const scheme = "http://";
  if (target.startsWith("/") || target.slice(0, scheme.length).toLowerCase() !== scheme) return target;
  const rest = target.slice(scheme.length);
  const slash = rest.indexOf("/");
  if (rest === "" || slash === 0) return "";
  if (slash < 0) return isVisible(rest) ? "/" : "";
  return rest.slice(slash);
}

function isMethod(text: string): boolean {
  return text === "POST" || (text.length >= 1 && text.length <= LONGEST_METHOD && isToken(text));
}

function isVersion(text: string): boolean {
  return text === "HTTP/1.1" || text === "HTTP/1.0";
}

/**
 * Without the blanks and tabs around it, and only those: `trim` would take a byte of A0 for a blank
 * too.
 */
function withoutBlanks(text: string): string {
  if (!text.includes("\u00a0")) return text.trim();
  return text.replaceAll("\u00a0", "\u0001").trim().replaceAll("\u0001", "\u00a0");
}

function hasToken(headers: Headers, name: string, token: string): boolean {
  const value = headers.get(name);
  // A list of thousands would cost a slot an item; nobody means such a one.
  return value?.split(",", LONGEST_LIST).some((part) => part.trim().toLowerCase() === token) ?? false;
}
