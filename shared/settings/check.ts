// Compares what an owner wrote with a table of settings, and reports all that is wrong at once. A
// table is data and no check of kernel/shape.ts, as its pages, forms, --help and types are made of
// it too; what a number is, kernel/check.ts says here as well.

import { isWhole } from "../kernel/check";
import type { Entry, Rule, Table } from "./entry";
import { formText, hasForm, utf8Length } from "./form";
import { nearest } from "./nearest";

type Json = Readonly<Record<string, unknown>>;

/** As much of a wrong value as a message repeats. */
const SHOWN = 60;

/**
 * What is wrong with the names and values in `given`, a sentence each. `where` goes before each
 * name, such as "settings".
 */
export function problems(table: Table, given: unknown, where: string): string[] {
  if (!isJson(given)) return [`${where}: expected an object of settings, came ${shown(given)}`];
  const found: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const entry = table.entries.find((each) => each.name === name);
    if (!entry) found.push(noSuchSetting(table, name, where));
    else if (value === undefined) continue;
    else if (!fits(entry, value)) found.push(`${where}.${name}: expected ${expected(entry)}, came ${shown(value)}`);
    else found.push(...inside(entry, value, `${where}.${name}`));
  }
  return found;
}

/** What is wrong within an object or a list that is one. */
function inside({ of, each }: Entry, value: unknown, where: string): string[] {
  if (of && isJson(value)) return whole(of, value, where);
  if (!each || !Array.isArray(value)) return [];
  return value.flatMap((item, at) => {
    const kinds = each.map(({ entries }) => entries[0]?.words?.[0] ?? "");
    const table = each[kinds.indexOf(isJson(item) ? String(item.kind) : "")];
    if (table) return whole(table, item as Json, `${where}[${at}]`);
    const came = isJson(item) ? (item.kind === undefined ? "none" : shown(item.kind)) : shown(item);
    return [`${where}[${at}]: expected an object with a kind of ${kinds.map(quoted).join(" or ")}, came ${came}`];
  });
}

/** A table of which nothing may be missing. */
function whole(table: Table, given: Json, where: string): string[] {
  return [...problems(table, given, where), ...missing(table, given, where)];
}

/** What the owner has to state and did not. */
export function absent(table: Table, given: object): readonly Entry[] {
  const here = stated(given);
  const mainnet = here.network === "mainnet";
  return table.entries.filter(
    (entry) =>
      here[entry.name] === undefined && ((mainnet && entry.stated && counts(entry, here)) || !hasDefault(entry)),
  );
}

/** False for a setting of a scheme that the owner does not name. */
function counts({ scheme }: Entry, { schemes }: Json): boolean {
  return scheme === undefined || (Array.isArray(schemes) && schemes.includes(scheme));
}

/** The same as sentences. */
export function missing(table: Table, given: object, where: string): string[] {
  return absent(table, given).map((entry) => {
    const why = hasDefault(entry) ? ", as on mainnet it has no default" : "";
    return `${where}.${entry.name}: expected ${expected(entry)}${why}, came nothing`;
  });
}

/**
 * What is wrong between settings that are right by themselves; a setting that is not there is not
 * compared.
 */
export function conflicts(table: Table, all: Json, where: string): string[] {
  return table.rules.flatMap((rule) => {
    const why = conflict(rule, all);
    return why === undefined ? [] : [`${where}.${rule.setting}: expected ${why}`];
  });
}

function conflict(rule: Rule, all: Json): string | undefined {
  const { setting, atLeast, atMost, above, insteadOf, wants, is, zeroIsOff } = rule;
  const value = all[setting];
  const isGiven = value !== undefined && value !== false;
  if (insteadOf && isGiven && all[insteadOf] !== undefined) return `it instead of ${insteadOf}, came both`;
  if (wants && value === true && all[wants] !== undefined && all[wants] !== is)
    return `${wants} to be ${shown(is)} with it, came ${shown(all[wants])}`;
  if (typeof value !== "number" || (zeroIsOff && value === 0)) return undefined;
  const other = (name: string | undefined): number => (name === undefined ? Number.NaN : Number(all[name]));
  // Nothing compares with what is not there, as it is no number.
  if (value < other(atLeast)) return `at least ${atLeast} (${other(atLeast)}), came ${value}`;
  if (value > other(atMost)) return `at most ${atMost} (${other(atMost)}), came ${value}`;
  if (value <= other(above)) return `more than ${above} (${other(above)}), came ${value}`;
  return undefined;
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
  const { kind, unit, least = 0, most, apart, words = [] } = entry;
  switch (kind) {
    case "whole":
      return `a whole number${unit ? ` (${unit})` : ""} from ${least} to ${most}${apart ? `, not between -${apart} and ${apart}` : ""}`;
    case "text":
      return `a text of ${least} to ${most} bytes`;
    case "yes-no":
      return "true or false";
    case "zero-one":
      return "0 or 1";
    case "one-of":
      return words.map(quoted).join(" or ");
    case "some-of":
      return `a list of one or more, each once, of ${words.map(quoted).join(", ")}`;
    case "object":
      return "an object";
    case "list":
      return `a list of ${least} to ${most} objects`;
    default:
      return formText(kind);
  }
}

function fits(entry: Entry, value: unknown): boolean {
  const { kind, least = 0, most = Number.MAX_SAFE_INTEGER, apart = 0, words = [] } = entry;
  const within = (number: number): boolean => number >= least && number <= most;
  switch (kind) {
    case "whole":
      return isWhole(value, least, most) && Math.abs(value) >= apart;
    case "text":
      return typeof value === "string" && within(utf8Length(value));
    case "yes-no":
      return typeof value === "boolean";
    case "zero-one":
      return value === 0 || value === 1;
    case "one-of":
      return typeof value === "string" && words.includes(value);
    case "some-of":
      return isSelection(value, words);
    case "object":
      return isJson(value);
    case "list":
      return Array.isArray(value) && within(value.length);
    default:
      return typeof value === "string" && hasForm(kind, value);
  }
}

function hasDefault({ usual, follows }: Entry): boolean {
  return usual !== undefined || follows !== undefined;
}

function isSelection(value: unknown, words: readonly string[]): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((each, at) => words.includes(each) && value.indexOf(each) === at);
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What to say of a name that no entry has. */
export function noSuchSetting(table: Table, name: string, where: string): string {
  const near = nearest(
    name,
    table.entries.map((entry) => entry.name),
  );
  const hint = near === undefined ? "docs/settings.md lists all" : `did you mean ${near}?`;
  return `${where}.${name.slice(0, SHOWN)}: there is no such setting; ${hint}`;
}

function quoted(word: string): string {
  return `"${word}"`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}
