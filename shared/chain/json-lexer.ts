// JSON (RFC 8259) from bytes to tokens, as they arrive: any chunk may end anywhere, even inside a
// character.
//
// Strict: no comments, no trailing text, no raw control characters, shortest-form UTF-8 only. The
// text of strings that the reader does not want is passed over and not kept. Devices have no
// TextDecoder and little memory, hence our own.

import { constant } from "../kernel/constant";
import { canonicalNumber, JSON_ESCAPES } from "../kernel/text";
import { decodeLatin1, decodeUtf8 } from "../kernel/utf8";

/** Structure as itself, a string or a number (as text) with its kind, a literal as its name. */
export interface TokenSink {
  structure(character: "{" | "}" | "[" | "]" | ":" | ","): void;
  string(text: string): void;
  number(text: string): void;
  literal(value: boolean | null): void;
  /** Asked when a string starts: false passes over its text, and an empty one is handed over. */
  readonly wanted: boolean;
  /** Told before so many bytes are kept; may throw. */
  keeping(bytes: number): void;
  /**
   * Asked at an opening brace: takes the whole object where it can, and gives the index after it. 0
   * leaves it to be read token by token, as always; "more" wants it with the next chunk.
   */
  object?(bytes: Uint8Array, at: number): number | "more";
}

type State = "between" | "string" | "escape" | "unicode" | "number" | "literal";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LITERALS: Readonly<Record<string, boolean | null>> = constant({ true: true, false: false, null: null });
/**
 * Longer numbers are no amount, height or rate; JavaScript's own printing needs at most 24
 * characters.
 */
const LONGEST_WORD = 64;
/** Bytes of a string that are turned into text at once: a hash and its quote fit. */
const AHEAD = 72;

export class JsonLexer {
  #state: State = "between";
  #parts: string[] = [];
  /** Bytes of a string that is not plain, and whose end has not come yet. */
  #pending: Uint8Array | undefined;
  #wanted = false;
  /** The number, literal or \u escape that is being read. */
  #word = "";
  /** An object that the sink wants whole, as far as it has come. */
  #held: Uint8Array | undefined;
  /** False once nothing follows that would complete one. */
  #isWhole = true;
  /**
   * Anything but printable ASCII without quote and backslash; compiled once a reader, since every
   * string is searched.
   */
  readonly #special = /[^ !#-[\]-~]/;

  constructor(readonly sink: TokenSink) {}

  /** Throws an Error that says what was expected where the bytes are not JSON. */
  push(chunk: Uint8Array): void {
    const held = this.#held;
    this.#held = undefined;
    const bytes = held ? joined(held, chunk) : chunk;
    for (let at = 0; at < bytes.length; ) at = this.step(bytes, at);
  }

  /** Tells that nothing follows: a number at the very end is complete only now. */
  end(): void {
    const held = this.#held;
    this.#isWhole = false;
    if (held) this.push(new Uint8Array(0));
    if (this.#state === "number" || this.#state === "literal") this.endWord();
    if (this.#state !== "between") throw new Error(`expected the rest of a ${this.#state}, got the end`);
  }

  private step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case "between":
        return this.begin(bytes, at);
      case "string":
        return this.run(bytes, at);
      case "escape":
        this.escape(bytes[at] as number);
        return at + 1;
      case "unicode":
        this.unicode(bytes[at] as number);
        return at + 1;
      case "number":
        return this.goOn(bytes, at, isNumberByte);
      case "literal":
        return this.goOn(bytes, at, isLetter);
    }
  }

  private begin(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number;
    switch (byte) {
      case QUOTE:
        this.#state = "string";
        this.#parts = [];
        this.#wanted = this.sink.wanted;
        return at + 1;
      case 0x2c:
        this.sink.structure(",");
        return at + 1;
      case 0x3a:
        this.sink.structure(":");
        return at + 1;
      case 0x7b:
        return this.object(bytes, at);
      case 0x7d:
        this.sink.structure("}");
        return at + 1;
      case 0x5b:
        this.sink.structure("[");
        return at + 1;
      case 0x5d:
        this.sink.structure("]");
        return at + 1;
      case 0x20:
      case 0x0a:
      case 0x0d:
      case 0x09:
        return at + 1;
    }
    if (isNumberByte(byte)) this.#state = "number";
    else if (isLetter(byte)) this.#state = "literal";
    else throw new Error(`expected JSON, got the byte ${byte}`);
    this.#word = "";
    return at;
  }

  private object(bytes: Uint8Array, at: number): number {
    const end = this.#isWhole ? (this.sink.object?.(bytes, at) ?? 0) : 0;
    if (end === "more") {
      this.#held = bytes.slice(at);
      return bytes.length;
    }
    if (end > 0) return end;
    this.sink.structure("{");
    return at + 1;
  }

  /** Reads on in a number or literal, up to its end or the chunk's. */
  private goOn(bytes: Uint8Array, from: number, belongs: (byte: number) => boolean): number {
    let at = from;
    while (at < bytes.length && belongs(bytes[at] as number)) at++;
    if (this.#word.length + at - from > LONGEST_WORD) {
      throw new Error(`expected a ${this.#state}, got over ${LONGEST_WORD} characters`);
    }
    this.#word += decodeLatin1(bytes.subarray(from, at));
    if (at < bytes.length) this.endWord();
    return at;
  }

  /** Reads up to the next quote, escape or end of the chunk. */
  private run(bytes: Uint8Array, from: number): number {
    // Nearly all strings are plain: turned into text, searched and checked by native functions,
    // which counts on XS. It searches texts 50 times as quickly as bytes.
    const ahead = decodeLatin1(bytes.subarray(from, from + AHEAD));
    const quote = ahead.indexOf('"');
    const text = quote < 0 ? ahead : ahead.slice(0, quote);
    const end = from + text.length;
    if (this.#pending || this.#special.test(text)) return this.runSlowly(bytes, from);
    if (this.#wanted && text !== "") {
      this.sink.keeping(text.length);
      this.#parts.push(text);
    }
    if (quote < 0) return end;
    this.endString();
    return end + 1;
  }

  private runSlowly(bytes: Uint8Array, from: number): number {
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE || byte === BACKSLASH) break;
      if (byte < 0x20) throw new Error(`expected a string, got the control character ${byte} in one`);
    }
    this.keep(bytes.subarray(from, at));
    if (at === bytes.length) return at;
    this.flush();
    if (bytes[at] === BACKSLASH) this.#state = "escape";
    else this.endString();
    return at + 1;
  }

  private endString(): void {
    const parts = this.#parts;
    this.#state = "between";
    this.sink.string(parts.length === 1 ? (parts[0] as string) : parts.join(""));
  }

  private keep(run: Uint8Array): void {
    if (run.length === 0 || !this.#wanted) return;
    this.sink.keeping(run.length);
    const before = this.#pending;
    if (!before) {
      this.#pending = run.slice();
      return;
    }
    this.#pending = joined(before, run);
  }

  private flush(): void {
    const run = this.#pending;
    this.#pending = undefined;
    if (run) this.#parts.push(decodeUtf8(run));
  }

  private escape(byte: number): void {
    const character = String.fromCharCode(byte);
    if (character === "u") {
      this.#state = "unicode";
      this.#word = "";
      return;
    }
    const meant = JSON_ESCAPES[character];
    if (meant === undefined) throw new Error(`expected an escape of JSON, got \\${character}`);
    this.append(meant);
  }

  private unicode(byte: number): void {
    this.#word += String.fromCharCode(byte);
    if (!/[0-9a-fA-F]$/.test(this.#word)) throw new Error("expected four hexadecimal digits after \\u");
    if (this.#word.length === 4) this.append(String.fromCharCode(Number.parseInt(this.#word, 16)));
  }

  private append(text: string): void {
    this.#state = "string";
    if (!this.#wanted) return;
    this.sink.keeping(text.length);
    this.#parts.push(text);
  }

  private endWord(): void {
    const state = this.#state;
    const word = this.#word;
    this.#state = "between";
    if (state === "number") {
      if (!isNumber(word)) throw new Error(`expected a number, got ${word}`);
      this.sink.number(word);
      return;
    }
    const value = Object.hasOwn(LITERALS, word) ? LITERALS[word] : undefined;
    if (value === undefined) throw new Error(`expected true, false or null, got ${word}`);
    this.sink.literal(value);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** By RFC 8259's grammar. What JavaScript itself writes is, and most are written so. */
function isNumber(word: string): boolean {
  return canonicalNumber(word) !== undefined || /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(word);
}

/** 0-9 + - . e E; no literal starts with any of them. */
function isNumberByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x65 || byte === 0x45
  );
}

function isLetter(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}
