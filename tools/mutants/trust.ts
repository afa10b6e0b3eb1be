// The page docs/trust.md names a test for each threat. A mutant that `proves` such a test shows
// that it tests something.

import type { Mutation } from "./mutation";

export const TRUST_PAGE = "docs/trust.md";

export interface Row {
  readonly threat: string;
  readonly tests: readonly NamedTest[];
}

export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** Rows of the page's tables of threats that name a test. */
export function rowsOf(page: string): Row[] {
  return page
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => ({ threat: line.split("|")[1]?.trim().replaceAll("**", "") ?? "", tests: namedIn(line) }))
    .filter(({ tests }) => tests.length > 0);
}

/** Tests that stand in a text as `file`: "title", or with several titles one after the other. */
export function namedIn(text: string): NamedTest[] {
  return [...text.matchAll(/`(host-tests\/[^`]+\.test\.ts)`: ("[^"]+"(?:, "[^"]+")*)/g)].flatMap(
    ([, file = "", titles = ""]) => [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title })),
  );
}

/**
 * What is wrong with the ties between mutants and the page: a mutant proves a test that the page
 * does not name.
 */
export function untied(mutations: readonly Mutation[], page: string): string[] {
  const text = page.replaceAll(/\s+/g, " ");
  return mutations.flatMap(({ name, proves }) =>
    proves === undefined || text.includes(`"${proves}"`)
      ? []
      : [`${name}: expected ${TRUST_PAGE} to name "${proves}", it does not`],
  );
}

/** Rows none of whose tests is proven by a mutant. */
export function unproven(mutations: readonly Mutation[], page: string): Row[] {
  const proven = new Set(mutations.map(({ proves }) => proves));
  return rowsOf(page).filter(({ tests }) => !tests.some(({ title }) => proven.has(title)));
}
