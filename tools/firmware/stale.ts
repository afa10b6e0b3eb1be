// The SDK's makefile compiles a C file again when it has changed, and not when a header has: files
// that disagree about a struct are linked in silence, and the gate reads its limits where something
// else lies. What each object was made of, the compiler wrote down beside it.

import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

interface Places {
  /** Where the compiler ran: what the paths of its lists begin at. */
  readonly ran: string;
  /** What is written anew by each build has a date that says nothing. */
  readonly generated: string;
}

/**
 * Removes each object in `folder` that is older than a file it was made of, or one of whose files
 * is gone; gives their names.
 */
export function forgetStale(folder: string, { ran, generated }: Places): string[] {
  const dates = new Map<string, number>();
  const date = (file: string): number => {
    const known = dates.get(file) ?? (existsSync(file) ? statSync(file).mtimeMs : Number.POSITIVE_INFINITY);
    dates.set(file, known);
    return known;
  };
  const objects = readdirSync(folder).filter((file) => file.endsWith(".o"));
  const stale = objects.filter((object) => {
    const list = join(folder, object.replace(/o$/, "d"));
    const made = statSync(join(folder, object)).mtimeMs;
    if (!existsSync(list)) return false;
    const files = filesIn(readFileSync(list, "utf8")).map((file) => resolve(ran, file));
    return files.some((file) => !file.startsWith(`${generated}/`) && date(file) > made);
  });
  for (const object of stale) rmSync(join(folder, object));
  return stale;
}

/** Of a rule "object: file file \\", in which a blank within a name has a backslash. */
function filesIn(rule: string): string[] {
  const files = rule.slice(rule.indexOf(": ") + 1).replaceAll("\\\n", " ");
  const names = files.split("\n")[0]?.match(/(?:\\ |\S)+/g) ?? [];
  return names.map((name) => name.replaceAll("\\ ", " "));
}
