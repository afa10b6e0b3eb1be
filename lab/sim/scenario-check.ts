// A scenario file against its schema (scenario.schema.json): what is wrong, where, and what was
// expected there.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ErrorObject } from "ajv";
import { nearest } from "../../shared/settings/nearest";
import { APPLIANCES } from "./appliance";
import { EVENTS } from "./events";

interface Place {
  readonly trouble?: unknown;
  readonly steps?: readonly { readonly on?: unknown; readonly atS?: unknown; readonly appliance?: unknown }[];
}

const SCHEMA = JSON.parse(readFileSync(join(import.meta.dirname, "scenario.schema.json"), "utf8")) as object;

/** One sentence for each fault of what a scenario file holds; none where it is well. */
export function scenarioProblems(given: unknown): string[] {
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true });
  const validate = ajv.compile(SCHEMA);
  if (!validate(given)) return (validate.errors ?? []).filter(({ keyword }) => keyword !== "if").map(sentence);
  const { steps = [], trouble } = given as Place;
  if (steps.length === 0 && trouble === undefined) return ['expected "steps", or "trouble", which plays by itself'];
  return steps.flatMap((step, index) => stepProblems(step).map((problem) => `step ${index + 1}: ${problem}`));
}

/** What a schema says badly: words of lists that grow with the code. */
function stepProblems({ on, atS, appliance }: NonNullable<Place["steps"]>[number]): string[] {
  const problems: string[] = [];
  if ((atS === undefined) === (on === undefined)) problems.push('expected either "atS" (seconds) or "on" (an event)');
  if (on !== undefined && !EVENTS.includes(String(on))) problems.push(unknown("event", String(on), EVENTS));
  if (appliance !== undefined && !Object.hasOwn(APPLIANCES, String(appliance)))
    problems.push(unknown("appliance", String(appliance), Object.keys(APPLIANCES)));
  return problems;
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return `no ${what} "${name}"; ${meant === undefined ? `there are ${known.join(", ")}` : `did you mean "${meant}"?`}`;
}

function sentence({ instancePath, keyword, params, data, message, parentSchema }: ErrorObject): string {
  const at = placeOf(instancePath);
  const got = `got ${JSON.stringify(data) ?? "nothing"}`.slice(0, 80);
  if (keyword === "additionalProperties") {
    const known = Object.keys((parentSchema as { properties?: object }).properties ?? {});
    return `${at}${unknown("key", String(params.additionalProperty), known)}`;
  }
  if (keyword === "required") return `${at}expected "${params.missingProperty}"`;
  if (keyword === "enum") return `${at}expected one of ${(params.allowedValues as unknown[]).join(", ")}, ${got}`;
  if (keyword === "type") return `${at}expected ${articled(String(params.type))}, ${got}`;
  return `${at}${message}, ${got}`;
}

function articled(type: string): string {
  const words: Readonly<Record<string, string>> = { integer: "a whole number", object: "an object", array: "an array" };
  return words[type] ?? (type === "boolean" ? "true or false" : `a ${type}`);
}

/** "/steps/2/plug" is "step 3, plug: "; JSON Pointer counts from 0 (RFC 6901), people from 1. */
function placeOf(pointer: string): string {
  const [first, second, ...rest] = pointer.split("/").slice(1);
  if (first === undefined) return "";
  if (first !== "steps" || second === undefined) return `${[first, second, ...rest].filter(Boolean).join(".")}: `;
  return `${[`step ${Number(second) + 1}`, rest.join(".")].filter((part) => part !== "").join(", ")}: `;
}
