// Which names of the libraries a firmware uses: its entry is bundled without them, with what is
// unused shaken out, and the imports that remain are read.

import { build } from "esbuild";
import type { Wanted } from "./steps/used-parts";
import { child, list, parseModule, text } from "./syntax";

export const LIBRARIES = /^(@noble\/|@scure\/|micro-packed$)/;

/** Specifier to the names imported from it, over all entries (files). */
export async function wantedBy(entries: readonly string[]): Promise<Wanted> {
  const wanted = new Map<string, Set<string>>();
  const { outputFiles } = await build({
    entryPoints: [...entries],
    bundle: true,
    write: false,
    format: "esm",
    packages: "external",
    external: ["embedded:*"],
    treeShaking: true,
    outdir: "unused",
    logLevel: "silent",
  });
  for (const { text: source } of outputFiles)
    for (const statement of list(parseModule(source), "body")) {
      if (statement.type !== "ImportDeclaration") continue;
      const specifier = String(child(statement, "source").value);
      if (!LIBRARIES.test(specifier)) continue;
      const names = wanted.get(specifier) ?? new Set();
      wanted.set(specifier, names);
      for (const one of list(statement, "specifiers")) {
        if (one.type !== "ImportSpecifier")
          throw new Error(`wallet: expected named imports from ${specifier}; a namespace would keep all of it`);
        names.add(text(child(one, "imported"), "name"));
      }
    }
  return Object.fromEntries([...wanted].sort().map(([specifier, names]) => [specifier, [...names].sort()]));
}
