// From what a client sent to plain objects, which the tables check: only names that a table has
// become an object's keys.

import { noSuchSetting } from "../settings/check";
import type { Entry, Table } from "../settings/entry";
import { isList, isObject, type Json, type JsonObject } from "./json";
import type { Problem } from "./json-rpc";

export type Plain = Readonly<Record<string, unknown>>;

const LONGEST_NAME = 60;

/**
 * `given` as an object with names of `table`; what has another name is a problem. A null in `given`
 * is null here.
 */
export function plainOf(table: Table, given: JsonObject): { plain: Plain; problems: readonly Problem[] } {
  const plain: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, value] of given) {
    const entry = table.entries.find((each) => each.name === name);
    if (!entry)
      problems.push({
        name: name.slice(0, LONGEST_NAME),
        why: sentenceOf(noSuchSetting(table, name.slice(0, LONGEST_NAME), "")),
      });
    else plain[entry.name] = inside(entry, value, entry.name, problems);
  }
  return { plain, problems };
}

/** Without the place before it, which a problem has as its name. */
function sentenceOf(text: string): string {
  return text.slice(text.indexOf(": ") + 2);
}

function inside(entry: Entry, value: Json, where: string, problems: Problem[]): unknown {
  if (entry.of && isObject(value)) return nested(entry.of, value, where, problems);
  if (isList(value)) return value.map((item, at) => ofList(entry, item, `${where}[${at}]`, problems));
  // An object where none belongs stays one that fits nothing.
  return isObject(value) ? {} : value;
}

function ofList({ each }: Entry, item: Json, where: string, problems: Problem[]): unknown {
  if (!isObject(item)) return isList(item) ? [] : item;
  const kind = item.get("kind");
  const table = each?.find(({ entries }) => entries[0]?.words?.[0] === kind);
  return table ? nested(table, item, where, problems) : { kind };
}

function nested(table: Table, given: JsonObject, where: string, problems: Problem[]): Plain {
  const found = plainOf(table, given);
  for (const { name, why } of found.problems) problems.push({ name: `${where}.${name}`, why });
  return found.plain;
}
