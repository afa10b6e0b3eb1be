// JSON (RFC 8259) read as a stream: values leave as soon as they are complete, so an answer of any
// length needs only the memory of one item. Same values as JSON.parse, but stricter (a key may come
// once) and exact (see Decimal).

import { decodeUtf8 } from "../kernel/utf8";
import { Decimal } from "./decimal";
import { JsonLexer, type TokenSink } from "./json-lexer";

export type Json = null | boolean | number | string | Decimal | readonly Json[] | JsonObject;
/** Without a prototype, so that no key is special. */
export interface JsonObject {
  readonly [key: string]: Json;
}

export interface JsonReaderOptions {
  /**
   * Takes each value at a path out of the answer, when it is complete. A path is the keys from the
   * top, joined by dots, `*` for the items of an array: `*`, `result.unspents.*`.
   */
  readonly each?: Readonly<Record<string, (value: Json) => void>>;
  /** Paths whose values are not wanted: passed over, not kept. */
  readonly skip?: readonly string[];
  /** Bytes read in all. */
  readonly limitBytes?: number;
  /**
   * Bytes kept at any one time, an estimate: texts and keys, and 16 for each value. Default 16,384,
   * a good deal of a microcontroller.
   */
  readonly limitKept?: number;
  readonly limitDepth?: number;
}

/**
 * The answer passes `limitBytes` or `limitKept`: it may be a good one, but there is no room for it.
 */
export class TooLong extends Error {}

interface Frame {
  /** Undefined inside what is not wanted. */
  readonly into: Json[] | Record<string, Json> | undefined;
  readonly isArray: boolean;
  /** Where it stands, see `each`. */
  readonly path: string;
  /** A path in `each` or `skip` leads through here; only then are paths made. */
  readonly isOnPath: boolean;
  /** Bytes that were kept before it. */
  readonly keptBefore: number;
  key: string;
}

type Expected = "a value" | "a value or ]" | "a key" | "a key or }" | "a colon" | "a comma or the end" | "nothing more";

const SLOT_BYTES = 16;
/** Of an item that is read whole; coins have up to 420 bytes. */
const LONGEST_ITEM = 512;
const DEEPEST_ITEM = 4;

export class JsonReader implements TokenSink {
  readonly #lexer = new JsonLexer(this);
  readonly #options: JsonReaderOptions;
  readonly #stack: Frame[] = [];
  #expected: Expected = "a value";
  #top: Json = null;
  #read = 0;
  #kept = 0;

  constructor(options: JsonReaderOptions = {}) {
    this.#options = options;
  }

  /** Throws an Error that says what was expected where the bytes are not JSON or pass a limit. */
  push(bytes: Uint8Array): void {
    this.#read += bytes.length;
    const { limitBytes = 1_000_000 } = this.#options;
    if (this.#read > limitBytes) throw new TooLong(`expected at most ${limitBytes} bytes of JSON, got more`);
    this.#lexer.push(bytes);
  }

  /**
   * What remains of the answer once `each` and `skip` took theirs. Throws where it is not complete.
   */
  end(): Json {
    this.#lexer.end();
    if (this.#expected !== "nothing more") throw new Error(`expected ${this.#expected}, got the end`);
    return this.#top;
  }

  // ---------------------------------------------------------------- tokens

  get wanted(): boolean {
    const frame = this.inside;
    if (!frame) return true;
    if (!frame.into) return false;
    return this.#expected === "a key" || this.#expected === "a key or }" || !this.isSkipped(frame);
  }

  keeping(bytes: number): void {
    this.#kept += bytes;
    const { limitKept = 16_384 } = this.#options;
    if (this.#kept > limitKept) throw new TooLong(`expected values of at most ${limitKept} bytes, got more`);
  }

  structure(character: "{" | "}" | "[" | "]" | ":" | ","): void {
    switch (character) {
      case "{":
      case "[":
        this.open(character === "[");
        break;
      case "}":
      case "]":
        this.close(character === "]");
        break;
      case ":":
        if (this.#expected !== "a colon") this.refuse(character);
        this.#expected = "a value";
        break;
      case ",":
        if (this.#expected !== "a comma or the end") this.refuse(character);
        this.#expected = this.inside?.isArray ? "a value" : "a key";
    }
  }

  /**
   * An item that `each` takes, read whole by native functions: token by token it costs a
   * microcontroller 25 times as much. Only one that is written as JavaScript itself would write it,
   * white space aside, so that nothing is lost by it: no key twice, no number that is not exact.
   * All others are left to the slow way, which gives the same or says what is wrong.
   */
  object(bytes: Uint8Array, at: number): number | "more" {
    const parent = this.inside;
    const take = parent?.into && this.taker(parent);
    if (!take || (this.#expected !== "a value" && this.#expected !== "a value or ]")) return 0;
    const text = asciiOf(bytes.subarray(at, at + LONGEST_ITEM));
    if (text === undefined) return 0;
    const length = lengthOfObject(text);
    if (length === undefined) return text.length < LONGEST_ITEM ? "more" : 0;
    const value = length > 0 ? canonical(text.slice(0, length)) : undefined;
    if (value === undefined) return 0;
    this.#expected = "a comma or the end";
    take(value);
    return at + length;
  }

  string(text: string): void {
    if (this.#expected === "a key" || this.#expected === "a key or }") this.name(text);
    else this.scalar(text);
  }

  number(text: string): void {
    const value = Number(text);
    this.scalar(Number.isSafeInteger(value) && !hasFraction(text) ? value : new Decimal(text));
  }

  literal(value: boolean | null): void {
    this.scalar(value);
  }

  // ---------------------------------------------------------------- structure

  private get inside(): Frame | undefined {
    return this.#stack[this.#stack.length - 1];
  }

  private name(key: string): void {
    const frame = this.inside as Frame;
    // Two readers may each believe another of two equal keys; neither is an answer.
    if (frame.into && Object.hasOwn(frame.into, key)) throw new Error(`expected each key once, got "${key}" twice`);
    frame.key = key;
    this.#expected = "a colon";
  }

  private open(isArray: boolean): void {
    this.expectValue(isArray ? "[" : "{");
    const { limitDepth = 32 } = this.#options;
    if (this.#stack.length >= limitDepth) throw new Error(`expected at most ${limitDepth} levels, got more`);
    const parent = this.inside;
    const path = parent?.isOnPath ? pathIn(parent) : "";
    const isOnPath = parent ? parent.isOnPath && this.leadsThrough(path) : true;
    const isWanted = !parent || (parent.into !== undefined && !this.isSkipped(parent));
    const keptBefore = this.#kept;
    if (isWanted) this.keeping(SLOT_BYTES);
    const into = isArray ? [] : (Object.create(null) as Record<string, Json>);
    this.#stack.push({ into: isWanted ? into : undefined, isArray, path, isOnPath, keptBefore, key: "" });
    this.#expected = isArray ? "a value or ]" : "a key or }";
  }

  private close(isArray: boolean): void {
    const frame = this.inside;
    const mayEnd = ["a comma or the end", "a value or ]", "a key or }"].includes(this.#expected);
    if (!frame || !mayEnd || frame.isArray !== isArray) this.refuse(isArray ? "]" : "}");
    this.#stack.pop();
    this.place(frame.into, frame.keptBefore);
  }

  private scalar(value: Json): void {
    this.expectValue(typeof value === "string" ? `"${value.slice(0, 40)}"` : String(value));
    const text = typeof value === "string" ? value.length : 0;
    const parent = this.inside;
    const isWanted = !parent || (parent.into !== undefined && !this.isSkipped(parent));
    if (isWanted) this.keeping(SLOT_BYTES);
    this.place(isWanted ? value : undefined, this.#kept - text - SLOT_BYTES);
  }

  /**
   * Puts a complete value where it belongs; `keptBefore` is what is kept once it has been handed
   * over.
   */
  private place(value: Json | undefined, keptBefore: number): void {
    const parent = this.inside;
    this.#expected = parent ? "a comma or the end" : "nothing more";
    if (value === undefined) return;
    if (!parent) {
      this.#top = value;
      return;
    }
    const take = this.taker(parent);
    if (take) {
      this.#kept = keptBefore;
      take(value);
    } else if (Array.isArray(parent.into)) parent.into.push(value);
    else if (parent.into) parent.into[parent.key] = value;
  }

  private taker(frame: Frame): ((value: Json) => void) | undefined {
    const { each } = this.#options;
    if (!each || !frame.isOnPath) return undefined;
    const path = pathIn(frame);
    return Object.hasOwn(each, path) ? each[path] : undefined;
  }

  /** Of the value that comes next in `frame`. */
  private isSkipped(frame: Frame): boolean {
    const { skip } = this.#options;
    return skip !== undefined && frame.isOnPath && skip.includes(pathIn(frame));
  }

  private leadsThrough(path: string): boolean {
    const { each = {}, skip = [] } = this.#options;
    const start = `${path}.`;
    return Object.keys(each).some((name) => name.startsWith(start)) || skip.some((name) => name.startsWith(start));
  }

  private expectValue(came: string): void {
    if (this.#expected !== "a value" && this.#expected !== "a value or ]") this.refuse(came);
  }

  private refuse(came: string): never {
    throw new Error(`expected ${this.#expected}, got ${came}`);
  }
}

/** Undefined where any of it is not ASCII: no coin has such a character. */
function asciiOf(bytes: Uint8Array): string | undefined {
  try {
    const text = decodeUtf8(bytes);
    return text.length === bytes.length ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Up to the brace that closes the first one, strings not looked at; undefined where it is not
 * there, 0 where more is nested than in a coin: the native reader recurses, on a stack that is
 * short.
 */
function lengthOfObject(text: string): number | undefined {
  let open = 0;
  let close = 0;
  for (let depth = 0; ; depth--) {
    close = text.indexOf("}", close) + 1;
    if (close === 0) return undefined;
    for (; open >= 0 && open < close; open = text.indexOf("{", open + 1)) depth++;
    if (open < 0) open = text.length;
    if (depth > DEEPEST_ITEM) return 0;
    if (depth === 1) return text.lastIndexOf("[", close) < 0 ? close : 0;
  }
}

/** Undefined for what is no JSON, or is not written as JavaScript would write it. */
function canonical(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    const ours = JSON.stringify(value);
    return ours === text || ours.replace(/\s/g, "") === text.replace(/\s/g, "") ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Path of the value that comes next in `frame`. */
function pathIn(frame: Frame): string {
  const name = frame.isArray ? "*" : frame.key;
  return frame.path === "" ? name : `${frame.path}.${name}`;
}

/** A point or an exponent makes a number no integer, whatever its value. */
function hasFraction(text: string): boolean {
  return text.includes(".") || text.includes("e") || text.includes("E");
}
