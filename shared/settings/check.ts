// Compares what an owner wrote with a table of settings, and reports all that is wrong at once.

import type { Entry, Table } from "./entry";
import { nearest } from "./nearest";

type Json = Readonly<Record<string, unknown>>;

/** As much of a wrong value as a message repeats. */
const SHOWN = 60;

/** What is wrong with the names and values in `given`, a sentence each. `where` goes before each name, such as "settings". */
export function problems(table: Table, given: unknown, where: string): string[] {
  if (!isJson(given)) return [`${where}: expected an object of settings, came ${shown(given)}`];
  const found: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const entry = table.entries.find((each) => each.name === name);
    if (!entry) found.push(unknown(table, name, where));
    else if (value !== undefined && !fits(entry, value))
      found.push(`${where}.${name}: expected ${expected(entry)}, came ${shown(value)}`);
  }
  return found;
}

/** What the owner has to state and did not. */
export function absent(table: Table, given: object): readonly Entry[] {
  const here = stated(given);
  const mainnet = here.network === "mainnet";
  return table.entries.filter(
    (entry) => here[entry.name] === undefined && ((mainnet && entry.stated) || !hasDefault(entry)),
  );
}

/** The same as sentences. */
export function missing(table: Table, given: object, where: string): string[] {
  return absent(table, given).map((entry) => {
    const why = hasDefault(entry) ? ", as on mainnet it has no default" : "";
    return `${where}.${entry.name}: expected ${expected(entry)}${why}, came nothing`;
  });
}

/** What is wrong between settings that are right by themselves; a setting that is not there is not compared. */
export function conflicts(table: Table, all: Json, where: string): string[] {
  const found: string[] = [];
  for (const { setting, atLeast } of table.rules) {
    const value = all[setting];
    const least = all[atLeast];
    if (typeof value === "number" && typeof least === "number" && value < least)
      found.push(`${where}.${setting}: expected at least ${atLeast} (${least}), came ${value}`);
  }
  return found;
}

/** The defaults that a table holds; those that follow from other settings are not among them. */
export function defaults(table: Table): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const { name, usual } of table.entries) if (usual !== undefined) all[name] = usual;
  return all;
}

/** `given` without what is undefined, which would hide a default. */
export function stated(given: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Ends with one error that holds all sentences, a line each; does nothing where there are none. */
export function refuse(sentences: readonly string[]): void {
  if (sentences.length > 0) throw new RangeError(sentences.join("\n"));
}

/** What would have been right. */
export function expected(entry: Entry): string {
  const { kind, unit, least = 0, most, words = [] } = entry;
  switch (kind) {
    case "whole":
      return `a whole number${unit ? ` (${unit})` : ""} from ${least} to ${most}`;
    case "text":
      return `a text of ${least} to ${most} bytes`;
    case "yes-no":
      return "true or false";
    case "one-of":
      return words.map(quoted).join(" or ");
    case "some-of":
      return `a list of one or more, each once, of ${words.map(quoted).join(", ")}`;
    case "url":
      return "a URL with its scheme, http://... or https://...";
    case "object":
      return "an object";
  }
}

function fits(entry: Entry, value: unknown): boolean {
  const { kind, least = 0, most = Number.MAX_SAFE_INTEGER, words = [] } = entry;
  switch (kind) {
    case "whole":
      return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
    case "text":
      return typeof value === "string" && utf8Length(value) >= least && utf8Length(value) <= most;
    case "yes-no":
      return typeof value === "boolean";
    case "one-of":
      return typeof value === "string" && words.includes(value);
    case "some-of":
      return isSelection(value, words);
    case "url":
      return typeof value === "string" && isUrl(value);
    case "object":
      return isJson(value);
  }
}

function hasDefault({ usual, follows }: Entry): boolean {
  return usual !== undefined || follows !== undefined;
}

function isSelection(value: unknown, words: readonly string[]): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((each, at) => words.includes(each) && value.indexOf(each) === at);
}

function isUrl(text: string): boolean {
  const rest = ["http://", "https://"]
    .filter((scheme) => text.startsWith(scheme))
    .map((scheme) => text.slice(scheme.length));
  return rest.some((after) => after !== "" && !after.startsWith("/") && !text.includes(" "));
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknown(table: Table, name: string, where: string): string {
  const near = nearest(
    name,
    table.entries.map((entry) => entry.name),
  );
  const hint = near === undefined ? "docs/settings.md lists all" : `did you mean ${near}?`;
  return `${where}.${name.slice(0, SHOWN)}: there is no such setting; ${hint}`;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function quoted(word: string): string {
  return `"${word}"`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}
