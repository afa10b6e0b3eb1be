// Writes XML-RPC: a call, an answer or a fault as one text. What XML-RPC cannot say throws an
// XmlRpcError: an integer beyond 32 bits, a number that is not finite, a character that XML
// forbids. `<nil/>` is not written: a field without a value is left out.

import { toBase64 } from "../kernel/base64";
import {
  DateTime,
  Double,
  INT_MAX,
  INT_MIN,
  isDateTime,
  isMethodName,
  isXmlText,
  type Struct,
  type Value,
  XmlRpcError,
} from "./xmlrpc";

const DECLARATION = '<?xml version="1.0"?>';

export function encodeCall(method: string, params: readonly Value[]): string {
  if (!isMethodName(method)) throw unwritable("a method name", method);
  const out = [`${DECLARATION}<methodCall><methodName>${method}</methodName><params>`];
  for (const param of params) writeBetween(out, "<param>", param, "</param>");
  out.push("</params></methodCall>");
  return wellFormed(out);
}

export function encodeResponse(value: Value): string {
  const out = [DECLARATION];
  writeBetween(out, "<methodResponse><params><param>", value, "</param></params></methodResponse>");
  return wellFormed(out);
}

export function encodeFault(code: number, message: string): string {
  const out = [DECLARATION];
  writeBetween(out, "<methodResponse><fault>", { faultCode: code, faultString: message }, "</fault></methodResponse>");
  return wellFormed(out);
}

/**
 * Characters are checked once, in the whole: a regular expression's start costs XS more than its
 * run.
 */
function wellFormed(pieces: readonly string[]): string {
  const document = pieces.join("");
  if (!isXmlText(document)) throw unwritable("text of XML characters", "a control character or lone surrogate");
  return document;
}

/**
 * Adds pieces to one list that is joined at the end: strings that grow level by level would be
 * garbage on the way. A short value is one piece with what is around it, since joining takes two
 * slots of XS's heap for each.
 */
function writeBetween(out: string[], before: string, value: Value, after: string): void {
  if (typeof value === "string" && value.length > SHORT) {
    out.push(`${before}<value><string>`, escapeText(value), `</string></value>${after}`);
    return;
  }
  const text = scalarOf(value);
  if (text !== undefined) {
    out.push(`${before}<value>${text}</value>${after}`);
    return;
  }
  out.push(`${before}<value>`);
  if (Array.isArray(value)) writeArray(out, value);
  else if (value instanceof Map) writeStruct(out, [...value]);
  else writeStruct(out, Object.entries(value as Struct));
  out.push(`</value>${after}`);
}

/** Characters of a text that is worth a copy more. */
const SHORT = 128;

/** A value that holds no others; undefined for one that does. */
function scalarOf(value: Value): string | undefined {
  if (typeof value === "string") return `<string>${escapeText(value)}</string>`;
  if (typeof value === "number") return `<int>${writeInt(value)}</int>`;
  if (typeof value === "boolean") return `<boolean>${value ? 1 : 0}</boolean>`;
  if (value instanceof Double) return `<double>${writeDouble(value.value)}</double>`;
  if (value instanceof Uint8Array) return `<base64>${toBase64(value)}</base64>`;
  if (value instanceof DateTime) return `<dateTime.iso8601>${writeDate(value)}</dateTime.iso8601>`;
  if (typeof value === "object" && value !== null) return undefined;
  throw unwritable("a value that XML-RPC has", String(value));
}

function writeArray(out: string[], items: readonly Value[]): void {
  out.push("<array><data>");
  for (const item of items) writeBetween(out, "", item, "");
  out.push("</data></array>");
}

function writeStruct(out: string[], members: readonly (readonly [name: string, value: Value])[]): void {
  out.push("<struct>");
  for (const [name, value] of members)
    writeBetween(out, `<member><name>${escapeText(name)}</name>`, value, "</member>");
  out.push("</struct>");
}

function writeInt(value: number): string {
  if (!Number.isInteger(value) || value < INT_MIN || value > INT_MAX) {
    throw unwritable("an integer of 32 bits (larger ones travel as strings)", String(value));
  }
  return String(value);
}

/** The specification has no exponent: a decimal point and digits only. */
function writeDouble(value: number): string {
  if (!Number.isFinite(value)) throw unwritable("a finite number", String(value));
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [digits = "", exponent = "0"] = String(Math.abs(value)).split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  const shift = Number(exponent);
  if (shift >= 0)
    return `${sign}${whole}${fraction.slice(0, shift).padEnd(shift, "0")}.${fraction.slice(shift) || "0"}`;
  return `${sign}0.${"0".repeat(-shift - 1)}${whole}${fraction}`;
}

function writeDate(value: DateTime): string {
  if (!isDateTime(value.iso8601)) throw unwritable("an ISO 8601 instant", value.iso8601);
  return value.iso8601;
}

function escapeText(text: string): string {
  if (!(text.includes("&") || text.includes("<") || text.includes(">") || text.includes("\r"))) return text;
  // ">" because of "]]>", the carriage return because a reader would turn it into a line feed.
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#13;");
}

function unwritable(expected: string, found: string): XmlRpcError {
  return new XmlRpcError("unwritable", `expected ${expected}, found ${found.slice(0, 40)}`);
}
