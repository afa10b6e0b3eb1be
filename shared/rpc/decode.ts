// Reads XML-RPC: a call or an answer, as values of xmlrpc.ts. Small and strict: sizes, depth and
// counts are limited before anything is built, and `<nil/>` is refused. xml.ts walks the tags.

import { fromBase64 } from "../kernel/base64";
import { canonicalNumber } from "../kernel/text";
import { tooLarge, XmlReader } from "./xml";
import {
  DateTime,
  DEFAULT_LIMITS,
  Double,
  INT_MAX,
  INT_MIN,
  isDateTime,
  isMethodName,
  type Limits,
  type Members,
  type MethodCall,
  type MethodResponse,
  type Value,
} from "./xmlrpc";

export function decodeCall(text: string, limits: Limits = DEFAULT_LIMITS): MethodCall {
  const reader = new XmlReader(text, limits);
  reader.open("methodCall");
  const method = withoutBlanks(reader.leaf("methodName"));
  if (!isMethodName(method)) throw reader.malformed("a method name", method);
  const params: Value[] = [];
  // The element may be absent where there are no parameters.
  if (reader.at("params")) {
    reader.open("params");
    while (reader.at("param")) params.push(readParam(reader));
    reader.close("params");
  }
  reader.close("methodCall");
  reader.end();
  return { method, params };
}

export function decodeResponse(text: string, limits: Limits = DEFAULT_LIMITS): MethodResponse {
  const reader = new XmlReader(text, limits);
  reader.open("methodResponse");
  const response = reader.at("fault") ? readFault(reader) : readResult(reader);
  reader.close("methodResponse");
  reader.end();
  return response;
}

function readResult(reader: XmlReader): MethodResponse {
  reader.open("params");
  const value = readParam(reader);
  reader.close("params");
  return { kind: "value", value };
}

function readFault(reader: XmlReader): MethodResponse {
  reader.open("fault");
  const fault = readValue(reader, 0);
  reader.close("fault");
  const code = fault instanceof Map && fault.size === 2 ? fault.get("faultCode") : undefined;
  const message = fault instanceof Map ? fault.get("faultString") : undefined;
  if (typeof code !== "number" || typeof message !== "string") {
    throw reader.malformed("a fault of faultCode and faultString", "another value");
  }
  return { kind: "fault", code, message };
}

function readParam(reader: XmlReader): Value {
  reader.open("param");
  const value = readValue(reader, 0);
  reader.close("param");
  return value;
}

function readValue(reader: XmlReader, depth: number): Value {
  reader.count(depth);
  if (!reader.at("value")) throw reader.malformed("<value>", `<${reader.tag}>`);
  const text = reader.text;
  reader.next();
  if (reader.at("/value")) {
    reader.close("value");
    return reader.unescape(text);
  }
  reader.blank(text);
  const value = readTyped(reader, depth);
  reader.close("value");
  return value;
}

function readTyped(reader: XmlReader, depth: number): Value {
  const type = reader.tag;
  switch (type) {
    case "string":
      return reader.leaf(type);
    case "int":
    case "i4":
      return readInt(reader, reader.leaf(type), INT_MIN, INT_MAX);
    case "i8":
      return readInt(reader, reader.leaf(type), Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case "boolean":
      return readBoolean(reader, reader.leaf(type));
    case "double":
      return readDouble(reader, reader.leaf(type));
    case "dateTime.iso8601":
      return readDate(reader, reader.leaf(type));
    case "base64":
      return readBase64(reader, reader.leaf(type));
    case "array":
      return readArray(reader, depth + 1);
    case "struct":
      return readStruct(reader, depth + 1);
  }
  throw reader.malformed("a type of XML-RPC", `<${type}>`);
}

function readArray(reader: XmlReader, depth: number): Value {
  const items: Value[] = [];
  reader.open("array");
  reader.open("data");
  while (reader.at("value")) items.push(readValue(reader, depth));
  reader.close("data");
  reader.close("array");
  return items;
}

function readStruct(reader: XmlReader, depth: number): Members {
  const members = new Map<string, Value>();
  reader.open("struct");
  while (reader.at("member")) {
    reader.open("member");
    const name = reader.leaf("name");
    if (members.has(name)) throw reader.malformed("each member once", `"${name}" again`);
    members.set(name, readValue(reader, depth));
    reader.close("member");
  }
  reader.close("struct");
  return members;
}

function readInt(reader: XmlReader, text: string, least: number, most: number): number {
  const bare = withoutBlanks(text);
  const value = canonicalNumber(bare) ?? (/^[+-]?\d{1,20}$/.test(bare) ? Number(bare) : Number.NaN);
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw reader.malformed(`an integer from ${least} to ${most}`, text);
  }
  return value + 0 === 0 ? 0 : value; // no negative zero
}

/**
 * Characters of a text that is looked at for blanks: the search for those at its end is quadratic.
 */
const LONGEST_BARE = 128;

/**
 * A number or name may stand on a line of its own. Only XML's blanks go; most texts have none and
 * are not copied.
 */
function withoutBlanks(text: string): string {
  if (text.length > LONGEST_BARE || !(isBlank(text, 0) || isBlank(text, text.length - 1))) return text;
  return text.replace(/^[ \t\r\n]+/, "").replace(/[ \t\r\n]+$/, "");
}

function isBlank(text: string, at: number): boolean {
  return at >= 0 && at < text.length && " \t\r\n".includes(text.charAt(at));
}

function readBoolean(reader: XmlReader, text: string): boolean {
  if (text !== "0" && text !== "1") throw reader.malformed("a boolean, 0 or 1", text);
  return text === "1";
}

function readDouble(reader: XmlReader, text: string): Double {
  const value = Number(text);
  const isDouble = /^[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,3})?$/.test(text);
  if (!isDouble || !Number.isFinite(value)) throw reader.malformed("a finite decimal number", text);
  return new Double(value);
}

function readDate(reader: XmlReader, text: string): DateTime {
  if (!isDateTime(text)) throw reader.malformed("an ISO 8601 instant", text);
  return new DateTime(text);
}

function readBase64(reader: XmlReader, text: string): Uint8Array {
  if (text.length > reader.limits.base64) throw tooLarge("characters of base64", reader.limits.base64);
  const bytes = fromBase64(text.replace(/[ \t\r\n]+/g, ""));
  if (bytes === undefined) throw reader.malformed("base64 (RFC 4648)", text);
  return bytes;
}
