// The form of the settings, made from their table: what there is, in which unit, within which
// bounds, what holds without an owner's word, when a change counts, and what wants the serial port.

import { whySerial } from "../shared/owner/access";
import { problems } from "../shared/settings/check";
import type { Entry } from "../shared/settings/entry";
import { formText } from "../shared/settings/form";
import { type Device, ownerTable, SECRETS } from "../shared/settings/owner";
import type { Settings } from "./shapes";

const MAIN: readonly string[] = ["price", "increment", "sessionMax", "maxCurrent", "exposureLimit", "hostname"];
/**
 * What a factory-new device wants first, and what its owner's other ways in want; over the serial
 * port.
 */
const SET_UP: readonly string[] = ["network", "payoutAddress", "esplora", "ssid", "password", "ownerPassword"];

export interface Choice {
  readonly text: string;
  readonly value: unknown;
}

export interface Field {
  readonly entry: Entry;
  readonly name: string;
  readonly control: "number" | "text" | "choice" | "secret" | "json" | "shown";
  /** Of "choice". */
  readonly choices: readonly Choice[];
  /** What holds now, as the control has it; of "shown" as it reads, of "secret" nothing. */
  readonly text: string;
  /** In sentences: unit, bounds, default, when it counts. */
  readonly hints: readonly string[];
  /** Why it is not set this way; undefined: it is. */
  readonly why: string | undefined;
  readonly isOwn: boolean;
  /** What an owner changes now and then; the rest is for who knows why. */
  readonly isMain: boolean;
  /** Set, and in use after a restart. */
  readonly isWaiting: boolean;
}

export interface FormOptions {
  readonly device: Device;
  readonly isSerial: boolean;
  readonly got: Settings;
}

/** Every setting that the owner of this device has, in the table's order. */
export function fieldsOf({ device, isSerial, got }: FormOptions): readonly Field[] {
  return ownerTable(device).entries.map((entry): Field => {
    const { name } = entry;
    const isSecret = SECRETS.includes(name);
    const choices = choicesOf(entry);
    const control = isSecret ? (isSerial ? "secret" : "shown") : controlOf(entry, choices, isSerial);
    const value = got.settings[name];
    const isSet = got.secrets.includes(name) ? "set" : "not set";
    return {
      entry,
      name,
      control,
      choices,
      text: control === "secret" ? "" : isSecret ? isSet : textOf(control, choices, value),
      hints: [...(control === "secret" ? [`It is ${isSet}.`] : []), ...hintsOf(entry)],
      why: isSerial ? undefined : whySerial(device, name),
      isOwn: got.own.includes(name),
      isMain: MAIN.includes(name) || (isSerial && SET_UP.includes(name)),
      isWaiting: got.waiting.includes(name),
    };
  });
}

export interface Changes {
  readonly changes: Readonly<Record<string, unknown>>;
  readonly problems: ReadonlyMap<string, string>;
}

/** What `texts` (by name, as the controls have them) change; what is wrong of it by name. */
export function changesOf(device: Device, fields: readonly Field[], texts: ReadonlyMap<string, string>): Changes {
  const table = ownerTable(device);
  const changes: [string, unknown][] = [];
  const wrong = new Map<string, string>();
  for (const field of fields) {
    const text = texts.get(field.name);
    if (text === undefined || text === field.text || field.why !== undefined) continue;
    const value = meantBy(field, text);
    const [problem] = problems(table, Object.fromEntries([[field.name, value]]), "");
    if (problem === undefined) changes.push([field.name, value]);
    else wrong.set(field.name, problem.slice(problem.indexOf(": ") + 2));
  }
  return { changes: Object.fromEntries(changes), problems: wrong };
}

function controlOf({ kind }: Entry, choices: readonly Choice[], isSerial: boolean): Field["control"] {
  if (choices.length > 0) return "choice";
  if (kind === "whole") return "number";
  if (kind === "object" || kind === "list") return isSerial ? "json" : "shown";
  return kind === "some-of" ? "shown" : "text";
}

function choicesOf({ kind, words = [] }: Entry): readonly Choice[] {
  switch (kind) {
    case "yes-no":
      return [
        { text: "yes", value: true },
        { text: "no", value: false },
      ];
    case "zero-one":
      return [
        { text: "0", value: 0 },
        { text: "1", value: 1 },
      ];
    case "one-of":
      return words.map((word) => ({ text: word, value: word }));
    case "some-of":
      // Every choice in every order: of more words the list would be too long to read.
      return words.length <= 3 ? ordersOf(words).map((order) => ({ text: order.join(", then "), value: order })) : [];
    default:
      return [];
  }
}

/** Every selection of one word or more, in every order; the longest first. */
function ordersOf(words: readonly string[]): readonly (readonly string[])[] {
  const longer = words.flatMap((word) => {
    const rest = ordersOf(words.filter((other) => other !== word));
    return [...rest.map((order) => [word, ...order]), [word]];
  });
  return longer.sort((a, b) => b.length - a.length);
}

function textOf(control: Field["control"], choices: readonly Choice[], value: unknown): string {
  if (control === "choice") {
    const key = JSON.stringify(value);
    return choices.find((choice) => JSON.stringify(choice.value) === key)?.text ?? "";
  }
  if (value === undefined) return control === "shown" ? "none" : "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function meantBy({ control, choices }: Field, text: string): unknown {
  if (control === "choice") return choices.find((choice) => choice.text === text)?.value;
  if (control === "text" || control === "secret") return text;
  if (control === "json") return jsonIn(text);
  const number = Number(text.replace(/[\s_]/g, ""));
  return text.trim() === "" || Number.isNaN(number) ? text : number;
}

/** What is no JSON stays a text, which the table then refuses. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function hintsOf(entry: Entry): readonly string[] {
  const hints = [boundsOf(entry), defaultOf(entry), countsFrom(entry)].filter((hint) => hint !== "");
  return hints.map((hint) => `${hint.slice(0, 1).toUpperCase()}${hint.slice(1)}.`);
}

function boundsOf({ kind, least = 0, most, unit }: Entry): string {
  switch (kind) {
    case "whole":
      return `${grouped(least)} to ${grouped(most ?? 0)}${unit ? ` ${unit}` : ""}`;
    case "text":
      return `${least} to ${most} bytes`;
    case "yes-no":
    case "zero-one":
    case "one-of":
    case "some-of":
      return "";
    case "object":
    case "list":
      return "as JSON";
    default:
      return formText(kind);
  }
}

function defaultOf({ usual, follows, unit, stated }: Entry): string {
  const mainnet = stated ? " (none on mainnet)" : "";
  if (follows !== undefined) return `default: ${follows}${mainnet}`;
  if (usual === undefined) return "no default";
  const value = typeof usual === "number" ? grouped(usual) : Array.isArray(usual) ? usual.join(", then ") : `${usual}`;
  return `default: ${value === "" ? "empty" : value}${unit ? ` ${unit}` : ""}${mainnet}`;
}

function countsFrom({ changes }: Entry): string {
  if (changes === "restart") return "counts after a restart";
  return changes === "session" ? "counts from the next session on" : "counts at once";
}

/** With a thin space between thousands. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
}
