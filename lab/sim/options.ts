// The command line, checked word by word: an unknown option or value is an error that says what was
// expected.

import { nearest } from "../../shared/settings/nearest";
import type { EngineName } from "./engine";

export class UsageError extends Error {}

/**
 * Reads `--name value` and `--name` (flags); throws a UsageError for anything that is not in
 * `known`. What is no option goes into `words`, where there are any. An option of the kind `values`
 * may come several times: line feeds part them.
 */
export function readOptions(
  line: readonly string[],
  known: Readonly<Record<string, "value" | "values" | "flag">>,
  words?: string[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < line.length; at++) {
    const word = line[at] ?? "";
    // "-" alone is standard input.
    if (words && (word === "-" || !word.startsWith("-"))) {
      words.push(word);
      continue;
    }
    const [option = "", inline] = word.split(/=(.*)/s);
    const name = option.slice(2);
    const kind = option.startsWith("--") && Object.hasOwn(known, name) ? known[name] : undefined;
    if (!kind) throw new UsageError(unknown(word, Object.keys(known)));
    if (kind === "flag" && inline !== undefined) throw new UsageError(`${option} takes no value.`);
    const value = kind === "flag" ? "" : (inline ?? line[++at]);
    if (value === undefined) throw new UsageError(`${option} expects a value.`);
    const before = found.get(name);
    if (before !== undefined && kind === "value") throw new UsageError(`${option} came twice; once is enough.`);
    found.set(name, kind === "values" && before !== undefined ? `${before}\n${value}` : value);
  }
  return found;
}

/** Names the option that was meant, or those that there are. */
function unknown(word: string, known: readonly string[]): string {
  const meant = nearest(word.replace(/^-+|=.*$/gs, ""), known);
  const hint = meant ? `Did you mean --${meant}?` : `Known: ${known.map((each) => `--${each}`).join(", ")}.`;
  return `Unknown option "${word}". ${hint}`;
}

export function oneOf<T extends string>(name: string, value: string | undefined, choices: readonly T[]): T {
  const choice = choices.find((each) => each === (value ?? choices[0]));
  if (choice === undefined) throw new UsageError(`--${name}: expected ${choices.join(" or ")}, got "${value}".`);
  return choice;
}

export const ENGINES: readonly EngineName[] = ["xs", "node"];

/** A whole number from `least` to `most`. */
export function wholeNumber(
  name: string,
  value: string | undefined,
  byDefault: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return byDefault;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most)
    throw new UsageError(`--${name}: expected a whole number from ${least} to ${most}, got "${value}".`);
  return number;
}

/** How many times faster than the clock; Infinity: as fast as it goes. */
export function speedOf(value: string | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (value === "max") return Number.POSITIVE_INFINITY;
  const speed = Number(value);
  if (!(speed > 0)) throw new UsageError(`--speed: expected a number greater than 0, or max, got "${value}".`);
  return speed;
}

/**
 * Runs a command, or prints `help` where that is asked for; a UsageError or any other error ends it
 * with its sentence and a non-zero exit code.
 */
export async function runCommand(help: () => string, command: () => Promise<void>): Promise<void> {
  try {
    if (process.argv.includes("--help")) console.log(help());
    else await command();
  } catch (error) {
    const { message, stack } = error as Error;
    console.error(process.env.DEBUG ? stack : message);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
