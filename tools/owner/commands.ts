// The commands of npm run owner: what each asks of the device, and what it needs of the command
// line.

import type { Entry } from "../../shared/settings/entry";
import { nearest } from "../../shared/settings/nearest";
import { ownerTable } from "../../shared/settings/owner";
import { parseKey } from "../firmware/key";
import { UsageError } from "../firmware/targets";
import { confirmed } from "./push";

export interface Asked {
  readonly method: string;
  readonly params?: object;
}

export const COMMANDS: readonly (readonly [words: string, meaning: string])[] = [
  ["status", "what it does, earns or spends, and why"],
  ["get [NAME ...]", "the settings that hold, or some of them"],
  ["set NAME VALUE [NAME VALUE ...]", "all of them, or none; a list as a,b and an object as JSON"],
  ["unset NAME [NAME ...]", "the image's value or the default again"],
  ["events [AFTER]", "the last lines of its story, or those after a number"],
  ["sessions", "the last twenty: paid, delivered, broadcast"],
  ["receipts [AFTER]", "of a socket: signed receipts, three at once (npm run receipt -- fetch: all of them)"],
  ["channels", "its payment channels, to keep: what closes or refunds them without the device"],
  ["address", "of a cable, with a QR code to send coins to"],
  ["limits", "of a cable, and what of them is used"],
  ["forgive", "writes off what the other side owes (serial port)"],
  ["clear", "clears a latched trip, once you have looked"],
  ["identify [SECONDS]", "its light blinks"],
  [
    "update FILE [anyway]",
    "a signed image, piece by piece; `anyway` takes an older one, or another network's (serial port)",
  ],
  ["pull [anyway]", "the image at its updateUrl"],
  ["restart", "settles what is open, and starts anew"],
  ["reset [erase]", "back to the image's settings; without `erase` it says what would be lost (serial port)"],
  ["key new [ADDRESS]", "a cable draws a key; ADDRESS is that of the key it gives up (serial port)"],
  ["key import [ADDRESS]", "a key of yours, hexadecimal or WIF, on standard input (serial port)"],
  ["seed show", "of a socket: the seed of its channels' keys, to write down (serial port)"],
  ["seed keep DIGITS", "you have it: its last eight digits; now it sells by channel on mainnet too (serial port)"],
  ["seed import", "a seed of yours, hexadecimal, on standard input (serial port)"],
];

/** Those that ask no device. */
export const FILE_COMMANDS: readonly (readonly [words: string, meaning: string])[] = [
  ["update-key FILE", "makes the key that signs images, under a passphrase, and says what updateKey is set to"],
  ["sign IMAGE FILE", "signs an image with that key, and writes IMAGE.manifest"],
];

/**
 * What a command line asks. `network`: of the device, where a key in WIF is read; `secret` reads
 * one. Throws a UsageError.
 */
export function askedBy(words: readonly string[], secret: () => string): Asked {
  const [command = "", ...rest] = words;
  switch (command) {
    case "get":
      return { method: "settings.get" };
    case "set":
      return { method: "settings.set", params: { settings: valuesOf(rest) } };
    case "unset":
      return {
        method: "settings.set",
        params: { settings: Object.fromEntries(someOf(rest).map((name) => [name, null])) },
      };
    case "events":
    case "receipts":
      return { method: command, ...(rest[0] === undefined ? {} : { params: { after: whole(rest[0]) } }) };
    case "identify":
      return { method: "identify", ...(rest[0] === undefined ? {} : { params: { seconds: whole(rest[0]) } }) };
    case "reset":
      return { method: "reset", ...(rest[0] === undefined ? {} : { params: { confirm: rest[0] } }) };
    case "pull":
      return { method: "update.pull", params: confirmed(rest[0]) };
    case "key":
      return keyOf(rest, secret);
    case "seed":
      return seedOf(rest, secret);
    case "status":
    case "sessions":
    case "channels":
    case "address":
    case "limits":
    case "forgive":
    case "clear":
    case "restart":
      if (rest.length > 0) throw new UsageError(`${command} takes nothing more, came "${rest.join(" ")}"`);
      return { method: command };
  }
  const names = [...COMMANDS, ...FILE_COMMANDS].map(([form]) => form.split(" ")[0] as string);
  const meant = nearest(command, names);
  throw new UsageError(
    `expected a command, came "${command}"${meant ? `; did you mean ${meant}?` : `; there are ${names.join(", ")}`}`,
  );
}

function keyOf([what, replaces]: readonly string[], secret: () => string): Asked {
  const gone = replaces === undefined ? {} : { replaces };
  if (what === "new") return { method: "key.new", params: gone };
  if (what !== "import") throw new UsageError(`expected key new or key import, came "key ${what ?? ""}"`);
  const text = secret();
  // A WIF key says itself whether it is for mainnet.
  const network = /^[KL5]/.test(text) ? "mainnet" : "testnet";
  return { method: "key.import", params: { key: Buffer.from(parseKey(text, network)).toString("hex"), ...gone } };
}

function seedOf([what, digits]: readonly string[], secret: () => string): Asked {
  if (what === "show" && digits === undefined) return { method: "seed.show" };
  if (what === "keep" && digits !== undefined) return { method: "seed.keep", params: { digits } };
  if (what !== "import" || digits !== undefined)
    throw new UsageError(`expected seed show, seed keep DIGITS or seed import, came "seed ${what ?? ""}"`);
  const seed = secret();
  if (!/^[0-9a-f]{64}$/i.test(seed)) throw new UsageError("seed: expected 64 hexadecimal digits");
  return { method: "seed.import", params: { seed } };
}

function valuesOf(words: readonly string[]): Record<string, unknown> {
  if (words.length === 0 || words.length % 2 !== 0)
    throw new UsageError("set: expected NAME VALUE, or several pairs of them");
  const values: Record<string, unknown> = {};
  for (let at = 0; at < words.length; at += 2)
    values[words[at] as string] = typedValue(words[at] as string, words[at + 1] as string);
  return values;
}

/** As the table of either device has it; the device checks it, and says what is wrong. */
function typedValue(name: string, text: string): unknown {
  const entry: Entry | undefined = [...ownerTable("socket").entries, ...ownerTable("cable").entries].find(
    (each) => each.name === name,
  );
  switch (entry?.kind) {
    case "whole":
    case "zero-one":
      return /^-?\d+$/.test(text) ? Number(text) : text;
    case "yes-no":
      return text === "true" ? true : text === "false" ? false : text;
    case "some-of":
      return text.split(",");
    case "object":
      try {
        return JSON.parse(text);
      } catch {
        throw new UsageError(`${name}: expected JSON, came "${text.slice(0, 60)}"`);
      }
    default:
      return text;
  }
}

function someOf(names: readonly string[]): readonly string[] {
  if (names.length === 0) throw new UsageError("expected the name of a setting");
  return names;
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`expected a whole number, came "${text}"`);
  return Number(text);
}
