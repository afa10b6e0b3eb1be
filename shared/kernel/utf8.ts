// UTF-8 (RFC 3629), strict in both directions: devices have no TextEncoder and no TextDecoder.
//
// Almost all that we exchange is ASCII. XS, the engine of the devices, converts that natively, 400
// times quicker than a loop (counted: 0.016 M instead of 6 M instructions for 832 characters); its
// two functions are used where they exist, and only where ASCII is what went in and came out, so
// that results are the same on every engine. The portable way works in short slices, since XS
// indexes a string by scanning it.

import { constant } from "./constant";

const SLICE = 64;

/** Bytes of `text`. Throws a RangeError for a lone surrogate, which UTF-8 cannot hold. */
export function encodeUtf8(text: string): Uint8Array {
  return nativeEncode(text) ?? (isAscii(text) ? encodeAscii(text) : encodeAny(text));
}

/** Text of `bytes`. Throws a RangeError for anything but shortest-form UTF-8 without surrogates. */
export function decodeUtf8(bytes: Uint8Array): string {
  const native = nativeDecode(bytes);
  if (native !== undefined) return native;
  // XS has just said that it is not ASCII.
  if ((String as XsString).fromArrayBuffer) return decodeAny(bytes);
  const text = decodeSlices(bytes);
  return isAscii(text) ? text : decodeAny(bytes);
}

/** One character a byte, code points 0 to 255 (ISO 8859-1), as HTTP/1.1 headers want. */
export function decodeLatin1(bytes: Uint8Array): string {
  return nativeDecode(bytes) ?? decodeSlices(bytes);
}

// ---------------------------------------------------------------- ASCII by XS

interface XsArrayBuffer {
  fromString?(text: string): ArrayBuffer;
}
interface XsString {
  fromArrayBuffer?(buffer: ArrayBufferLike, offset: number, length: number): string;
}

/** Undefined without XS, or where more bytes than characters say that the text is not ASCII. */
function nativeEncode(text: string): Uint8Array | undefined {
  const buffer = (ArrayBuffer as XsArrayBuffer).fromString?.(text);
  return buffer?.byteLength === text.length ? new Uint8Array(buffer) : undefined;
}

/**
 * Undefined without XS, or where fewer characters than bytes say that the text is not ASCII (or
 * holds a NUL).
 */
function nativeDecode(bytes: Uint8Array): string | undefined {
  try {
    const text = (String as XsString).fromArrayBuffer?.(bytes.buffer, bytes.byteOffset, bytes.length);
    return text?.length === bytes.length ? text : undefined;
  } catch {
    return undefined; // not UTF-8 in XS's eyes: the strict way says what is wrong
  }
}

// ---------------------------------------------------------------- ASCII, portably

function isAscii(text: string): boolean {
  return !/[\u0080-\u{10ffff}]/u.test(text);
}

function decodeSlices(bytes: Uint8Array): string {
  const slices: string[] = [];
  for (let from = 0; from < bytes.length; from += SLICE) {
    slices.push(String.fromCharCode(...bytes.subarray(from, from + SLICE)));
  }
  return slices.join("");
}

function encodeAscii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let from = 0; from < bytes.length; from += SLICE) {
    const slice = text.slice(from, from + SLICE);
    for (let i = 0; i < slice.length; i++) bytes[from + i] = slice.charCodeAt(i);
  }
  return bytes;
}

// ---------------------------------------------------------------- all of Unicode

function encodeAny(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
    else if (code >= 0xd800 && code < 0xe000) throw new RangeError("expected Unicode text, found a lone surrogate");
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return Uint8Array.from(bytes);
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f);
}

function decodeAny(bytes: Uint8Array): string {
  const slices: string[] = [];
  let codes: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    codes.push(codePoint(bytes, at, length));
    at += length;
    if (codes.length === SLICE) {
      slices.push(String.fromCodePoint(...codes));
      codes = [];
    }
  }
  slices.push(String.fromCodePoint(...codes));
  return slices.join("");
}

function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  throw new RangeError(`expected UTF-8, found byte ${lead} at ${at}`);
}

const LEAD_BITS = constant([0, 0x7f, 0x1f, 0x0f, 0x07] as const);
/** Least code point that needs so many bytes: less would be an overlong form. */
const LEAST = constant([0, 0, 0x80, 0x800, 0x10000] as const);

function codePoint(bytes: Uint8Array, at: number, length: number): number {
  let code = (bytes[at] as number) & (LEAD_BITS[length] as number);
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0;
    if ((byte & 0xc0) !== 0x80) throw new RangeError(`expected UTF-8, found a broken sequence at ${at}`);
    code = (code << 6) | (byte & 0x3f);
  }
  if (code < (LEAST[length] as number) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    throw new RangeError(`expected UTF-8, found an overlong form or a surrogate at ${at}`);
  }
  return code;
}
