// The XML of XML-RPC: a walk from tag to tag. Only elements without attributes, the five predefined
// entities, numeric references, the declaration and comments before the root; no DTD, other
// comment, CDATA or processing instruction.
//
// The text is cut at every "<" by one native split, so that XS works on short strings.

import { isAscii, isXmlText, type Limits, XmlRpcError } from "./xmlrpc";

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
export class XmlReader {
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

export function tooLarge(what: string, most: number): XmlRpcError {
  return new XmlRpcError("too-large", `expected at most ${most} ${what}`);
}
