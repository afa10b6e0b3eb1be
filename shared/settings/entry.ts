// What a table of settings says of each: plain data, so that a device keeps it in flash
// (shared/kernel/constant.ts).

import type { Form } from "./form";

/** Longest word that an owner sets, such as that of `forgive`, in characters. */
export const MAX_WORD = 32;

export type Kind = "whole" | "text" | "yes-no" | "zero-one" | "one-of" | "some-of" | "object" | "list" | Form;

export interface Entry<Name extends string = string> {
  readonly name: Name;
  /** What it means, in one sentence. */
  readonly meaning: string;
  readonly kind: Kind;
  /** Of a number: what it counts. */
  readonly unit?: string;
  /** Of a number: its range; of a text: its length in bytes of UTF-8; of a list: how many. */
  readonly least?: number;
  readonly most?: number;
  /** Of a number that may be negative: this far from 0 at least. */
  readonly apart?: number;
  /** Of "one-of" and "some-of": what there is. */
  readonly words?: readonly string[];
  /** Of "object": what it holds; without, another check says so. */
  readonly of?: Table;
  /**
   * Of "list": what an item may be; each begins with an entry `kind` of one word, by which an item
   * says what it is.
   */
  readonly each?: readonly Table[];
  /**
   * The default; a sentence in `follows` where it is made from other settings. Neither: nothing
   * works without it.
   */
  readonly usual?: number | string | boolean | readonly string[];
  readonly follows?: string;
  /** On mainnet the owner states it; no default is good enough for real money. */
  readonly stated?: true;
  /** Counts only where the setting `schemes` has this one; and is to be stated only there. */
  readonly scheme?: string;
  /**
   * From when a change counts: for sessions that open from then on, or from the next start on.
   * Without, a running device takes it up at once.
   */
  readonly changes?: "session" | "restart";
  /** The one device that has it; without, both have. */
  readonly only?: "socket" | "cable";
}

/** What `setting` has to be beside another of the same table. */
export interface Rule<Name extends string = string> {
  readonly setting: Name;
  readonly atLeast?: Name;
  readonly atMost?: Name;
  readonly above?: Name;
  /** Not both are given; what is `false` is not. */
  readonly insteadOf?: Name;
  /** What is `true` wants that `wants` is `is`, if it is known. */
  readonly wants?: Name;
  readonly is?: string | number;
  /** Of one device only. */
  readonly only?: "socket" | "cable";
  /** 0 means off, and is compared with nothing. */
  readonly zeroIsOff?: true;
}

export interface Table<Name extends string = string> {
  readonly entries: readonly Entry<Name>[];
  readonly rules: readonly Rule<Name>[];
}
