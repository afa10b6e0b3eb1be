// A mutation: one guard taken out of a file by an exact replacement of text, and the tests that
// should notice.

export interface Mutation {
  /** Short and unique: what `--only` takes. */
  readonly name: string;
  /** Path from the root of the tree. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
  /** Test files, of which one at least has to fail. */
  readonly tests: readonly string[];
  /** A test that docs/trust.md names, by its name there: it alone is run, and has to fail. */
  readonly proves?: string | undefined;
}

/**
 * `source` with the mutation. Throws an Error where its text is not there exactly once, or changes
 * nothing.
 */
export function mutated({ name, file, from, to }: Mutation, source: string): string {
  const found = source.split(from).length - 1;
  if (found !== 1)
    throw new Error(
      `mutation "${name}": expected its text once in ${file}, found it ${found} times; correct it in tools/mutants/. The text: ${from}`,
    );
  if (from === to) throw new Error(`mutation "${name}": expected a change, got the same text`);
  return source.replace(from, () => to);
}
