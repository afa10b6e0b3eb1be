// Headers that C of the SDK or of ours includes, and that lie in a folder of the SDK which no
// fragment of manifests/ brings: the compiler of a chip would stop there. Found by reading, so it
// is seen where no such compiler is installed.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export interface Sources {
  /** The SDK's root. */
  readonly sdk: string;
  /** What the image is compiled from, absolute. */
  readonly files: readonly string[];
  /** Where the compiler looks for headers, absolute. */
  readonly folders: readonly string[];
  /** What the manifest's `defines` define. */
  readonly defines: ReadonlySet<string>;
}

/** C that the SDK compiles into each image for a chip, whatever its manifest has. */
export function platformSources(sdk: string): string[] {
  const folder = join(sdk, "xs/platforms/esp");
  return cIn(folder).map((file) => join(folder, file));
}

/**
 * C files that the image's makefile compiles for its modules: rules `$(TMP_DIR)/name.c.o:
 * /path/name.c`.
 */
export function moduleSources(makefile: string): string[] {
  return [...makefile.matchAll(/^\$\(TMP_DIR\)\/\S+\.c\.o: (\/.*?\.c)(?= |$)/gm)].map(([, file = ""]) => file);
}

/** Folders of `-I` and `-isystem` among a compiler's flags. */
export function includeFolders(flags: readonly string[]): string[] {
  return flags.flatMap((flag) => /^(?:-I|-isystem)(.+)$/.exec(flag)?.[1] ?? []);
}

/** One line for each header of the SDK's modules that a file includes and no folder has. */
export function missingHeaders({ sdk, files, folders, defines }: Sources): string[] {
  const modules = headersBelow(join(sdk, "modules"));
  return files.flatMap((file) =>
    includes(file, defines)
      .filter((header) => ![dirname(file), ...folders].some((folder) => existsSync(join(folder, header))))
      .flatMap((header) => {
        const found = modules.get(header);
        return found === undefined
          ? []
          : [`${file} includes ${header}, which no fragment brings: it lies in the SDK's ${relative(sdk, found)}`];
      }),
  );
}

/**
 * What stands in quotes. A branch of the preprocessor is left out where it asks for a setting of a
 * manifest's `defines`, and those say otherwise; which other branch it is in does not count: a
 * header of another chip's lies elsewhere.
 */
function includes(file: string, defines: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const branches: boolean[] = [];
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [, word = "", rest = ""] = /^[ \t]*#[ \t]*(\w+)[ \t]*(.*)/.exec(line) ?? [];
    if (word.startsWith("if")) branches.push(isTaken(word, rest.trim(), defines));
    else if (word === "endif") branches.pop();
    else if (/^el/.test(word) && branches.length > 0) branches[branches.length - 1] = true;
    const header = word === "include" ? /^"([^"]+)"/.exec(rest)?.[1] : undefined;
    if (header !== undefined && !branches.includes(false)) found.push(header);
  }
  return found;
}

function isTaken(word: string, name: string, defines: ReadonlySet<string>): boolean {
  if (!/^MODDEF_\w+$/.test(name)) return true;
  return word === "ifdef" ? defines.has(name) : word === "ifndef" ? !defines.has(name) : true;
}

/** Names in mc.defines.h, which mcconfig makes of a manifest's `defines`. */
export function definesIn(header: string): ReadonlySet<string> {
  return new Set([...header.matchAll(/^#define (\w+)/gm)].map(([, name = ""]) => name));
}

function cIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".c")) : [];
}

/** Name to folder. */
function headersBelow(root: string): ReadonlyMap<string, string> {
  const found = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Map(found.filter(({ name }) => name.endsWith(".h")).map(({ name, parentPath }) => [name, parentPath]));
}
