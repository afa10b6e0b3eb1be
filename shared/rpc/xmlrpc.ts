// XML-RPC (xmlrpc.com/spec, 1999 to 2003): its values as JavaScript has them, the limits within
// which a text is read, and what its names, instants and characters may be. encode.ts writes,
// decode.ts reads.

import { NamedError } from "../kernel/named-error";

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

export function isMethodName(text: string): boolean {
  return text.length >= 1 && text.length <= 64 && !/[^A-Za-z0-9_.:/]/.test(text);
}

/** Without what XML 1.0 has no way to say. */
export function isXmlText(text: string): boolean {
  return !/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text);
}

export function isDateTime(text: string): boolean {
  return /^\d{4}-?\d\d-?\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/.test(text);
}

export function isAscii(text: string): boolean {
  return !/[^\t\n\r -~]/.test(text);
}
