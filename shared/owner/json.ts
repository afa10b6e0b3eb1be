// JSON (RFC 8259) from bytes, whole and bounded, for what an owner's client sends: its depth, the
// number of its values and its length are limited, and objects become Maps, since XS keeps each
// name that ever was an object's key.

import { NamedError } from "../kernel/named-error";
import { JSON_ESCAPES } from "../kernel/text";
import { decodeUtf8 } from "../kernel/utf8";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

export class JsonError extends NamedError {
  override readonly name = "JsonError";
}

/** A batch of requests that set a chain's backends is eight deep. */
const MOST_DEPTH = 10;
const MOST_VALUES = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** The one value that `bytes` hold. Throws a JsonError that says what was expected and where. */
export function readJson(bytes: Uint8Array): Json {
  return new Reader(bytes).whole();
}

export function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

class Reader {
  #at = 0;
  #values = 0;

  constructor(private readonly bytes: Uint8Array) {}

  whole(): Json {
    const value = this.value(0);
    this.skipBlanks();
    if (this.#at < this.bytes.length) throw this.wrong("nothing after the value");
    return value;
  }

  private value(depth: number): Json {
    if (depth > MOST_DEPTH) throw this.wrong(`at most ${MOST_DEPTH} levels`);
    if (++this.#values > MOST_VALUES) throw this.wrong(`at most ${MOST_VALUES} values`);
    this.skipBlanks();
    switch (this.bytes[this.#at]) {
      case OPEN_OBJECT:
        return this.object(depth);
      case OPEN_LIST:
        return this.list(depth);
      case QUOTE:
        return this.string();
      default:
        return this.word();
    }
  }

  private object(depth: number): JsonObject {
    const members = new Map<string, Json>();
    this.#at++;
    if (this.takes(CLOSE_OBJECT)) return members;
    do {
      this.skipBlanks();
      if (this.bytes[this.#at] !== QUOTE) throw this.wrong("a name in quotes");
      const name = this.string();
      if (members.has(name)) throw this.wrong("each name once in an object");
      if (!this.takes(COLON)) throw this.wrong("a colon");
      members.set(name, this.value(depth + 1));
    } while (this.takes(COMMA));
    if (!this.takes(CLOSE_OBJECT)) throw this.wrong("a comma or the object's end");
    return members;
  }

  private list(depth: number): readonly Json[] {
    const items: Json[] = [];
    this.#at++;
    if (this.takes(CLOSE_LIST)) return items;
    do items.push(this.value(depth + 1));
    while (this.takes(COMMA));
    if (!this.takes(CLOSE_LIST)) throw this.wrong("a comma or the list's end");
    return items;
  }

  private string(): string {
    const from = ++this.#at;
    const end = this.bytes.indexOf(QUOTE, from);
    if (end < 0) throw this.wrong("the text's end");
    const plain = this.bytes.subarray(from, end);
    if (!plain.includes(BACKSLASH)) {
      this.#at = end + 1;
      return this.text(plain);
    }
    return this.escaped(from);
  }

  private escaped(from: number): string {
    let text = "";
    let start = from;
    for (let at = from; at < this.bytes.length; at++) {
      const byte = this.bytes[at];
      if (byte === QUOTE) {
        this.#at = at + 1;
        return this.whole16(text + this.text(this.bytes.subarray(start, at)));
      }
      if (byte !== BACKSLASH) continue;
      text += this.text(this.bytes.subarray(start, at));
      this.#at = at;
      text += this.escape(at + 1);
      at = this.#at;
      start = at + 1;
    }
    throw this.wrong("the text's end");
  }

  /** One escape, whose letter is at `at`; leaves `#at` at its last byte. */
  private escape(at: number): string {
    const letter = String.fromCharCode(this.bytes[at] ?? 0);
    if (letter === "u") {
      const digits = String.fromCharCode(...this.bytes.subarray(at + 1, at + 5));
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.wrong("four hexadecimal digits after \\u");
      this.#at = at + 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    this.#at = at;
    const character = Object.hasOwn(JSON_ESCAPES, letter) ? JSON_ESCAPES[letter] : undefined;
    if (character === undefined) throw this.wrong("an escape that JSON has");
    return character;
  }

  /** Half a surrogate pair is no text. */
  private whole16(text: string): string {
    for (const character of text) {
      const point = character.codePointAt(0) ?? 0;
      if (point >= 0xd800 && point < 0xe000) throw this.wrong("whole characters");
    }
    return text;
  }

  private text(bytes: Uint8Array): string {
    if (bytes.some((byte) => byte < 0x20)) throw this.wrong("control characters as escapes");
    try {
      return decodeUtf8(bytes);
    } catch {
      throw this.wrong("UTF-8");
    }
  }

  private word(): null | boolean | number {
    const from = this.#at;
    while (this.#at < this.bytes.length && this.#at - from < 32 && isOfWord(this.bytes[this.#at] as number)) this.#at++;
    const word = String.fromCharCode(...this.bytes.subarray(from, this.#at));
    if (word === "null") return null;
    if (word === "true" || word === "false") return word === "true";
    const number = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/.test(word) ? Number(word) : Number.NaN;
    if (Number.isFinite(number)) return number;
    this.#at = from;
    throw this.wrong("a value");
  }

  private takes(byte: number): boolean {
    this.skipBlanks();
    if (this.bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  private skipBlanks(): void {
    for (;;) {
      const byte = this.bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return;
      this.#at++;
    }
  }

  private wrong(expected: string): JsonError {
    return new JsonError(`expected ${expected} at byte ${this.#at}`);
  }
}

function isOfWord(byte: number): boolean {
  const isLetter = (byte | 32) >= 0x61 && (byte | 32) <= 0x7a;
  return isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e;
}
