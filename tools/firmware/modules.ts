// Which of our modules an image carries: exactly those that its entry imports, found by esbuild,
// under the names by which XS finds them. A module's name is its path in the repository without the
// extension, so a relative import means the same to XS as to Node.

import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { build } from "esbuild";

export interface ModuleGraph {
  /** Our modules: XS name (`shared/kernel/units`) to source file (absolute), sorted by name. */
  readonly own: ReadonlyMap<string, string>;
  /**
   * What they import from elsewhere (`@noble/hashes/sha2.js`, `timer`, `embedded:io/socket/tcp`),
   * sorted.
   */
  readonly outside: readonly string[];
}

/** XS strips `.js` and `.mjs` from a specifier before it looks a module up. */
export function xsName(specifier: string): string {
  return specifier.replace(/\.m?js$/, "");
}

/**
 * With what the set-up modules among `fragments` import too (`setup/link/wifi` in
 * manifests/network-wifi.json): they run before `main`, and nothing imports them. They keep the
 * fragment's name, two folders deep as their files are: their relative imports hold.
 */
export async function imageGraph(root: string, entry: string, fragments: readonly string[]): Promise<ModuleGraph> {
  const setUp = fragments.flatMap((name) => setUpModules(root, name));
  const graphs = await Promise.all([entry, ...setUp].map((file) => moduleGraph(root, file)));
  const own = graphs.flatMap((graph) => [...graph.own]).filter(([name]) => !setUp.includes(`${name}.ts`));
  const outside = new Set(graphs.flatMap((graph) => graph.outside));
  return { own: new Map(own.sort(([a], [b]) => (a < b ? -1 : 1))), outside: [...outside].sort() };
}

/** Files of a fragment's set-up modules, relative to `root`. */
function setUpModules(root: string, fragment: string): readonly string[] {
  const { modules = {} } = JSON.parse(readFileSync(join(root, `manifests/${fragment}.json`), "utf8"));
  return Object.entries<unknown>(modules).flatMap(([name, file]) =>
    name.startsWith("setup/") ? [String(file).replace("$(PLUGPAY)/", "")] : [],
  );
}

/**
 * Follows the imports of `entry` (a file under `root`). Type-only imports do not count: nothing of
 * them is left at run time.
 */
export async function moduleGraph(root: string, entry: string): Promise<ModuleGraph> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    packages: "external",
    logLevel: "silent",
  });
  const own = new Map<string, string>();
  const outside = new Set<string>();
  for (const [path, input] of Object.entries(metafile.inputs)) {
    own.set(relative(root, resolve(root, path)).replace(/\.ts$/, ""), resolve(root, path));
    for (const imported of input.imports) if (imported.external) outside.add(imported.path);
  }
  return { own: new Map([...own].sort(([a], [b]) => (a < b ? -1 : 1))), outside: [...outside].sort() };
}
