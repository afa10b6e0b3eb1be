// What a table of settings says of each: plain data, so that a device keeps it in flash (shared/constant.ts).

export type Kind = "whole" | "text" | "yes-no" | "one-of" | "some-of" | "url" | "object";

export interface Entry<Name extends string = string> {
  readonly name: Name;
  /** What it means, in one sentence. */
  readonly meaning: string;
  readonly kind: Kind;
  /** Of a number: what it counts. */
  readonly unit?: string;
  /** Of a number: its range; of a text: its length in bytes of UTF-8. */
  readonly least?: number;
  readonly most?: number;
  /** Of "one-of" and "some-of": what there is. */
  readonly words?: readonly string[];
  /** The default; a sentence in `follows` where it is made from other settings. Neither: nothing works without it. */
  readonly usual?: number | string | boolean | readonly string[];
  readonly follows?: string;
  /** On mainnet the owner states it; no default is good enough for real money. */
  readonly stated?: true;
}

/** `setting` is at least `atLeast`, another of the same table. */
export interface Rule<Name extends string = string> {
  readonly setting: Name;
  readonly atLeast: Name;
}

export interface Table<Name extends string = string> {
  readonly entries: readonly Entry<Name>[];
  readonly rules: readonly Rule<Name>[];
}
