// JSON (RFC 8259) from bytes to tokens, as they arrive: any chunk may end anywhere, even inside a character.
//
// Strict: no comments, no trailing text, no raw control characters, shortest-form UTF-8 only. The text of strings that
// the reader does not want is passed over and not kept. Devices have no TextDecoder and little memory, hence our own.

import { constant } from "../constant";
import { decodeUtf8 } from "../rpc/utf8";

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
}

type State = "between" | "string" | "escape" | "unicode" | "number" | "literal";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<string, string>> = constant({
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
});
const LITERALS: Readonly<Record<string, boolean | null>> = constant({ true: true, false: false, null: null });
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** Longer ones are no amount, height or rate; JavaScript's own printing needs at most 24 characters. */
const LONGEST_NUMBER = 64;

export class JsonLexer {
  #state: State = "between";
  #parts: string[] = [];
  /** Bytes of a string whose end has not come yet. */
  #pending: Uint8Array | undefined;
  #wanted = false;
  /** The number, literal or \u escape that is being read. */
  #word = "";

  constructor(readonly sink: TokenSink) {}

  /** Throws an Error that says what was expected where the bytes are not JSON. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at = this.#step(bytes, at);
  }

  /** Tells that nothing follows: a number at the very end is complete only now. */
  end(): void {
    if (this.#state === "number") this.#endNumber();
    if (this.#state === "literal") this.#endLiteral();
    if (this.#state !== "between") throw new Error(`expected the rest of a ${this.#state}, got the end`);
  }

  #step(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number;
    switch (this.#state) {
      case "between":
        this.#begin(byte);
        return at + 1;
      case "string":
        return this.#run(bytes, at);
      case "escape":
        this.#escape(byte);
        return at + 1;
      case "unicode":
        this.#unicode(byte);
        return at + 1;
      case "number":
        if (!isNumberByte(byte)) {
          this.#endNumber();
          return at;
        }
        if (this.#word.length >= LONGEST_NUMBER)
          throw new Error(`expected a number, got over ${LONGEST_NUMBER} digits`);
        this.#word += String.fromCharCode(byte);
        return at + 1;
      case "literal":
        if (byte < 0x61 || byte > 0x7a || this.#word.length > 5) {
          this.#endLiteral();
          return at;
        }
        this.#word += String.fromCharCode(byte);
        return at + 1;
    }
  }

  #begin(byte: number): void {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    if (byte === QUOTE) {
      this.#state = "string";
      this.#parts = [];
      this.#wanted = this.sink.wanted;
      return;
    }
    const character = String.fromCharCode(byte);
    switch (character) {
      case "{":
      case "}":
      case "[":
      case "]":
      case ":":
      case ",":
        this.sink.structure(character);
        return;
    }
    if (isNumberByte(byte)) this.#state = "number";
    else if (byte >= 0x61 && byte <= 0x7a) this.#state = "literal";
    else throw new Error(`expected JSON, got the byte ${byte}`);
    this.#word = character;
  }

  /** Reads up to the next quote, escape or end of the chunk. */
  #run(bytes: Uint8Array, from: number): number {
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE || byte === BACKSLASH) break;
      if (byte < 0x20) throw new Error(`expected a string, got the control character ${byte} in one`);
    }
    this.#keep(bytes.subarray(from, at));
    if (at === bytes.length) return at;
    this.#flush();
    if (bytes[at] === BACKSLASH) this.#state = "escape";
    else {
      this.#state = "between";
      this.sink.string(this.#parts.length === 1 ? (this.#parts[0] as string) : this.#parts.join(""));
    }
    return at + 1;
  }

  #keep(run: Uint8Array): void {
    if (run.length === 0 || !this.#wanted) return;
    this.sink.keeping(run.length);
    const before = this.#pending;
    if (!before) {
      this.#pending = run.slice();
      return;
    }
    const joined = new Uint8Array(before.length + run.length);
    joined.set(before);
    joined.set(run, before.length);
    this.#pending = joined;
  }

  #flush(): void {
    const run = this.#pending;
    this.#pending = undefined;
    if (run) this.#parts.push(decodeUtf8(run));
  }

  #escape(byte: number): void {
    const character = String.fromCharCode(byte);
    if (character === "u") {
      this.#state = "unicode";
      this.#word = "";
      return;
    }
    const meant = ESCAPES[character];
    if (meant === undefined) throw new Error(`expected an escape of JSON, got \\${character}`);
    this.#append(meant);
  }

  #unicode(byte: number): void {
    this.#word += String.fromCharCode(byte);
    if (!/[0-9a-fA-F]$/.test(this.#word)) throw new Error("expected four hexadecimal digits after \\u");
    if (this.#word.length === 4) this.#append(String.fromCharCode(Number.parseInt(this.#word, 16)));
  }

  #append(text: string): void {
    this.#state = "string";
    if (!this.#wanted) return;
    this.sink.keeping(text.length);
    this.#parts.push(text);
  }

  #endNumber(): void {
    this.#state = "between";
    if (!NUMBER.test(this.#word)) throw new Error(`expected a number, got ${this.#word}`);
    this.sink.number(this.#word);
  }

  #endLiteral(): void {
    this.#state = "between";
    const value = Object.hasOwn(LITERALS, this.#word) ? LITERALS[this.#word] : undefined;
    if (value === undefined) throw new Error(`expected true, false or null, got ${this.#word}`);
    this.sink.literal(value);
  }
}

function isNumberByte(byte: number): boolean {
  // 0-9 + - . e E; a literal never starts with any of them.
  return (
    (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x65 || byte === 0x45
  );
}
