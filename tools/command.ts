// A command of tools/: one table of its options, from which its help is printed and its words are
// checked. Errors are sentences; Ctrl-C ends a long command with what it has found so far, a second
// one at once.

import { readOptions, runCommand, UsageError, wholeNumber } from "../lab/sim/options";

export interface Option {
  /** What follows the option, as the help shows it; without it the option is a flag. */
  readonly takes?: string;
  readonly about: string;
  /** The option may be given several times. */
  readonly several?: true;
}

export interface Command<Name extends string> {
  /** As a person types it: "npm run fuzz". */
  readonly name: string;
  readonly about: string;
  readonly options: Readonly<Record<Name, Option>>;
  /** Paragraphs below the table. */
  readonly more?: string;
  /** What takes no option is a name of this. */
  readonly words?: { readonly called: string; readonly about: string };
}

/** The most that a count on a command line may be. */
const MOST = 999_999_999;

/** What was given on the command line. */
export class Given<Name extends string> {
  constructor(
    private readonly found: ReadonlyMap<string, string>,
    /** What is no option. */
    readonly words: readonly string[] = [],
  ) {}

  has(name: Name): boolean {
    return this.found.has(name);
  }

  text(name: Name): string | undefined {
    return this.found.get(name);
  }

  /** Of an option that may be given several times. */
  all(name: Name): readonly string[] {
    return this.found.get(name)?.split("\n") ?? [];
  }

  whole<Default extends number | undefined>(name: Name, byDefault: Default, least = 0): number | Default {
    const value = this.found.get(name);
    return value === undefined ? byDefault : wholeNumber(name, value, 0, least, MOST);
  }
}

export function helpOf<Name extends string>({ name, about, options, more, words }: Command<Name>): string {
  const rows = Object.entries<Option>(options).map(([option, { takes, about }]) => [
    `--${option}${takes ? ` ${takes}` : ""}`,
    about,
  ]);
  if (words) rows.unshift([words.called, words.about]);
  rows.push(["--help", "this"]);
  const width = Math.max(...rows.map(([left = ""]) => left.length)) + 2;
  const table = rows.map(([left = "", right]) => `  ${left.padEnd(width)}${right}`).join("\n");
  return `${name}${words ? ` -- [${words.called}]` : " --"} [options]: ${about}\n\n${table}${more ? `\n\n${more}` : ""}`;
}

/** Reads a command line by its table; throws a UsageError for what is not in it. */
export function given<Name extends string>(command: Command<Name>, line: readonly string[]): Given<Name> {
  const options = Object.entries<Option>(command.options);
  const kinds = options.map(([name, { takes, several }]) => [
    name,
    takes === undefined ? ("flag" as const) : several ? ("values" as const) : ("value" as const),
  ]);
  const words: string[] = [];
  const found = readOptions(line, Object.fromEntries(kinds), command.words && words);
  return new Given(found, words);
}

/**
 * Runs a command to its exit code: 0, what `main` gives, 2 for a mistake on the command line, 1 for
 * any other error.
 */
export async function run<Name extends string>(
  command: Command<Name>,
  main: (given: Given<Name>) => Promise<number | undefined> | Promise<void>,
): Promise<void> {
  await runCommand(
    () => helpOf(command),
    async () => {
      const status = await main(given(command, process.argv.slice(2)));
      if (status) process.exitCode = status;
    },
  );
}

/**
 * Whether Ctrl-C was pressed. A loop that computes must let the event loop turn, or it never hears
 * of it.
 */
export class Interrupt {
  came = false;

  constructor() {
    process.on("SIGINT", () => {
      if (this.came) process.exit(130);
      this.came = true;
      process.stderr.write("\nCtrl-C: it ends with what there is so far. Once more ends it at once.\n");
    });
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export { UsageError };
