// XML-RPC (xmlrpc.com/spec, 1999 to 2003): what the wire says, as JavaScript values and back.
//
// Small and strict: of XML only elements without attributes, the five predefined entities, numeric
// references, the declaration and comments before the root; no DTD, other comment, CDATA or
// processing instruction. Sizes, depth and counts are limited before anything is built. `<nil/>` is
// refused both ways: a field without a value is left out.
//
// The text is cut at every "<" by one native split, so that XS works on short strings.

import { fromBase64, toBase64 } from "../kernel/base64";
import { NamedError } from "../kernel/named-error";
import { canonicalNumber } from "../kernel/text";

/**
 * An instant as the wire had it: XML-RPC's dates have no time zone, so they are not interpreted.
 */
export class DateTime {
  constructor(readonly iso8601: string) {}
}

/** A floating-point number, kept apart from an integer of the same value. */
export class Double {
  constructor(readonly value: number) {}
}

/** A struct to be written, as an object. */
export type Struct = { readonly [name: string]: Value };
/**
 * A struct that was read: a Map, because XS never forgets the name of a property, and a peer that
 * invents member names could fill a device's memory with them.
 */
export type Members = ReadonlyMap<string, Value>;
/** A number is an integer: 32 bits when written, up to 2^53 when read (`i8`). */
export type Value = number | boolean | string | Double | DateTime | Uint8Array | readonly Value[] | Struct | Members;

export interface Limits {
  /** Characters of the whole text. */
  readonly chars: number;
  /** Nesting of arrays and structs. */
  readonly depth: number;
  /** Values in all, containers counted too. */
  readonly values: number;
  /**
   * References in one text, and carriage returns in all: each costs XS some slots, and a walk
   * through the text.
   */
  readonly replaced: number;
  /** Characters of one base64 value: JavaScript decodes them one by one. */
  readonly base64: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  chars: 16_384,
  depth: 8,
  values: 256,
  replaced: 256,
  base64: 16_384,
});

export interface MethodCall {
  readonly method: string;
  readonly params: readonly Value[];
}

export type MethodResponse =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "fault"; readonly code: number; readonly message: string };

/** Text that is not well-formed XML-RPC, or a value that cannot be written as such. */
export class XmlRpcError extends NamedError {
  override readonly name = "XmlRpcError";
  constructor(
    readonly kind: "malformed" | "too-large" | "unwritable",
    message: string,
  ) {
    super(message);
  }
}

export const INT_MIN = -0x80000000;
export const INT_MAX = 0x7fffffff;

// ---------------------------------------------------------------- writing

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

function isMethodName(text: string): boolean {
  return text.length >= 1 && text.length <= 64 && !/[^A-Za-z0-9_.:/]/.test(text);
}

/** Without what XML 1.0 has no way to say. */
function isXmlText(text: string): boolean {
  return !/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text);
}

function isDateTime(text: string): boolean {
  return /^\d{4}-?\d\d-?\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/.test(text);
}

function unwritable(expected: string, found: string): XmlRpcError {
  return new XmlRpcError("unwritable", `expected ${expected}, found ${found.slice(0, 40)}`);
}

// ---------------------------------------------------------------- reading

export function decodeCall(text: string, limits: Limits = DEFAULT_LIMITS): MethodCall {
  const reader = new Reader(text, limits);
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
  const reader = new Reader(text, limits);
  reader.open("methodResponse");
  const response = reader.at("fault") ? readFault(reader) : readResult(reader);
  reader.close("methodResponse");
  reader.end();
  return response;
}

function readResult(reader: Reader): MethodResponse {
  reader.open("params");
  const value = readParam(reader);
  reader.close("params");
  return { kind: "value", value };
}

function readFault(reader: Reader): MethodResponse {
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

function readParam(reader: Reader): Value {
  reader.open("param");
  const value = readValue(reader, 0);
  reader.close("param");
  return value;
}

function readValue(reader: Reader, depth: number): Value {
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

function readTyped(reader: Reader, depth: number): Value {
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

function readArray(reader: Reader, depth: number): Value {
  const items: Value[] = [];
  reader.open("array");
  reader.open("data");
  while (reader.at("value")) items.push(readValue(reader, depth));
  reader.close("data");
  reader.close("array");
  return items;
}

function readStruct(reader: Reader, depth: number): Members {
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

function readInt(reader: Reader, text: string, least: number, most: number): number {
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

function readBoolean(reader: Reader, text: string): boolean {
  if (text !== "0" && text !== "1") throw reader.malformed("a boolean, 0 or 1", text);
  return text === "1";
}

function readDouble(reader: Reader, text: string): Double {
  const value = Number(text);
  const isDouble = /^[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,3})?$/.test(text);
  if (!isDouble || !Number.isFinite(value)) throw reader.malformed("a finite decimal number", text);
  return new Double(value);
}

function readDate(reader: Reader, text: string): DateTime {
  if (!isDateTime(text)) throw reader.malformed("an ISO 8601 instant", text);
  return new DateTime(text);
}

function readBase64(reader: Reader, text: string): Uint8Array {
  if (text.length > reader.limits.base64) throw tooLarge("characters of base64", reader.limits.base64);
  const bytes = fromBase64(text.replace(/[ \t\r\n]+/g, ""));
  if (bytes === undefined) throw reader.malformed("base64 (RFC 4648)", text);
  return bytes;
}

// ---------------------------------------------------------------- the XML below

const USUAL_DECLARATION = '?xml version="1.0"?';
/** Tags that one value costs at most: member, name, value and type, opened and closed. */
const TAGS_A_VALUE = 10;
const TAGS_AROUND = 16;

function isDeclaration(tag: string): boolean {
  // Our own first: the expression is longer than most messages.
  return (
    tag === USUAL_DECLARATION ||
    /^\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"(?:utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d)"|'(?:utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?$/i.test(
      tag,
    )
  );
}

/** PHP declares iso-8859-1 unless told otherwise. */
function isOtherEncoding(tag: string): boolean {
  return tag !== USUAL_DECLARATION && /iso-8859|windows-/i.test(tag);
}

export function isAscii(text: string): boolean {
  return !/[^\t\n\r -~]/.test(text);
}

/**
 * The tags that make up most of a message, found at once where no text follows: XS need not cut the
 * piece up.
 */
const USUAL_TAGS = Object.freeze([
  ...["value", "/value", "/name", "/member", "member", "/string", "/int", "struct", "/struct"],
  ...["array", "data", "/data", "/array", "/boolean", "param", "/param", "params", "/params"],
]);
const USUAL_PIECES = Object.freeze(USUAL_TAGS.map((tag) => `${tag}>`));

/** Walks the tags; `tag` is the one it stands on ("/name" closes), `text` what follows it. */
class Reader {
  tag = "";
  text = "";
  readonly #pieces: string[];
  #at = 0;
  #closeNext = "";
  #values = 0;

  constructor(
    source: string,
    readonly limits: Limits,
  ) {
    if (source.length > limits.chars) throw tooLarge("characters", limits.chars);
    const most = limits.values * TAGS_A_VALUE + TAGS_AROUND;
    this.#pieces = normalise(source, limits).split("<", most + 1);
    if (this.#pieces.length > most) throw tooLarge("tags", most);
    if (this.#pieces[0] !== "") this.prolog();
    else this.#at = 1;
    if (this.#pieces[1]?.startsWith("?")) this.declaration(source);
    this.comments();
    this.next();
  }

  /** Goes on to the next tag. */
  next(): void {
    if (this.#closeNext !== "") {
      this.tag = this.#closeNext;
      this.#closeNext = "";
      return;
    }
    const piece = this.#pieces[this.#at++];
    if (piece === undefined) throw this.malformed("a tag", "the end");
    const usual = USUAL_PIECES.indexOf(piece);
    if (usual >= 0) {
      this.tag = USUAL_TAGS[usual] as string;
      this.text = "";
      return;
    }
    const end = piece.indexOf(">");
    if (end < 0) throw this.malformed('a tag that ends with ">"', `<${piece}`);
    this.tag = piece.slice(0, end);
    this.text = piece.slice(end + 1);
    if (this.tag.endsWith("/")) this.selfClosing();
  }

  at(tag: string): boolean {
    return this.tag === tag;
  }

  open(name: string): void {
    if (this.tag !== name) throw this.malformed(`<${name}>`, `<${this.tag}>`);
    this.blank(this.text);
    this.next();
  }

  close(name: string): void {
    if (this.tag !== `/${name}`) throw this.malformed(`</${name}>`, `<${this.tag}>`);
    this.blank(this.text);
    if (this.#at < this.#pieces.length) this.next();
    else this.tag = "";
  }

  /** Text of an element that holds nothing else. */
  leaf(name: string): string {
    if (this.tag !== name) throw this.malformed(`<${name}>`, `<${this.tag}>`);
    const text = this.unescape(this.text);
    this.next();
    this.close(name);
    return text;
  }

  end(): void {
    if (this.tag !== "" || this.#at < this.#pieces.length) throw this.malformed("the end", `<${this.tag}>`);
  }

  /** Counts one value at this depth. */
  count(depth: number): void {
    if (depth > this.limits.depth) throw tooLarge("nested values", this.limits.depth);
    if (++this.#values > this.limits.values) throw tooLarge("values", this.limits.values);
  }

  blank(text: string): void {
    if (text !== "" && /[^ \t\r\n]/.test(text)) throw this.malformed("a tag", text);
  }

  unescape(text: string): string {
    if (!text.includes("&")) return text;
    if (!hasAtMost(this.limits.replaced, "&", text)) throw tooLarge("references in a text", this.limits.replaced);
    const form = /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));|&[^;]{0,10};?/g;
    return text.replace(form, (reference, name, decimal, hex) => {
      const character = name
        ? ENTITIES[name as keyof typeof ENTITIES]
        : fromCode(decimal ? +decimal : parseInt(hex, 16));
      if (character === undefined) throw this.malformed("a predefined or numeric reference", reference);
      return character;
    });
  }

  malformed(expected: string, found: string): XmlRpcError {
    return new XmlRpcError("malformed", `expected ${expected}, found ${JSON.stringify(found.slice(0, 40))}`);
  }

  private prolog(): never {
    throw this.malformed("an XML document", this.#pieces[0] as string);
  }

  private declaration(source: string): void {
    this.next();
    if (!isDeclaration(this.tag)) throw this.malformed("an XML 1.0 declaration in UTF-8", `<${this.tag}>`);
    // The bytes were read as UTF-8: in ASCII alone that is the same in all these encodings.
    if (isOtherEncoding(this.tag) && !isAscii(source)) throw this.malformed("ASCII, or UTF-8", `<${this.tag}>`);
    this.blank(this.text);
  }

  /**
   * Passes over comments before the root, which some clients write. What is cut at "<" within one
   * belongs to it.
   */
  private comments(): void {
    while (this.#pieces[this.#at]?.startsWith("!--")) {
      let from = 3;
      let piece = this.#pieces[this.#at++];
      while (piece !== undefined && piece.indexOf("--", from) < 0) {
        piece = this.#pieces[this.#at++];
        from = 0;
      }
      const end = piece?.indexOf("--", from) ?? -1;
      if (piece?.charAt(end + 2) !== ">")
        throw this.malformed('a comment that ends at its first "--"', `<${piece ?? ""}`);
      this.blank(piece.slice(end + 3));
    }
  }

  private selfClosing(): void {
    this.tag = this.tag.slice(0, -1).replace(/[ \t\r\n]+$/, "");
    this.#closeNext = `/${this.tag}`;
  }
}

const ENTITIES = Object.freeze({ lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" });

function fromCode(code: number): string | undefined {
  if (!(code <= 0x10ffff) || (code >= 0xd800 && code < 0xe000)) return undefined;
  const character = String.fromCodePoint(code);
  return isXmlText(character) ? character : undefined;
}

/** Byte order mark off, line ends as XML wants them, and no character that XML forbids. */
function normalise(source: string, { replaced }: Limits): string {
  if (!isXmlText(source)) {
    throw new XmlRpcError("malformed", "expected XML characters, found a control character");
  }
  if (source.includes("]]>")) throw new XmlRpcError("malformed", 'expected text without "]]>"');
  const text = source.startsWith("\ufeff") ? source.slice(1) : source;
  if (!text.includes("\r")) return text;
  if (!hasAtMost(replaced, "\r", text)) throw tooLarge("carriage returns", replaced);
  return text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
}

/**
 * One native split that stops early: to search on from each place found would walk through the text
 * over and over.
 */
function hasAtMost(most: number, character: string, text: string): boolean {
  return text.split(character, most + 2).length <= most + 1;
}

function tooLarge(what: string, most: number): XmlRpcError {
  return new XmlRpcError("too-large", `expected at most ${most} ${what}`);
}
