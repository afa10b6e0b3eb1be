// Headers that C of the SDK or of ours includes, and that lie in a folder of the SDK which no fragment of manifests/ brings: the
// compiler of a chip would stop there. Found by reading, so it is seen where no such compiler is installed.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export interface Sources {
  /** The SDK's root. */
  readonly sdk: string;
  /** What the image is compiled from, absolute. */
  readonly files: readonly string[];
  /** Where the compiler looks for headers, absolute. */
  readonly folders: readonly string[];
}

/** C that the SDK compiles into each image for a chip, whatever its manifest has. */
export function platformSources(sdk: string): string[] {
  const folder = join(sdk, "xs/platforms/esp");
  return cIn(folder).map((file) => join(folder, file));
}

/** C files that the image's makefile compiles for its modules: rules `$(TMP_DIR)/name.c.o: /path/name.c`. */
export function moduleSources(makefile: string): string[] {
  return [...makefile.matchAll(/^\$\(TMP_DIR\)\/\S+\.c\.o: (\/.*?\.c)(?= |$)/gm)].map(([, file = ""]) => file);
}

/** Folders of `-I` and `-isystem` among a compiler's flags. */
export function includeFolders(flags: readonly string[]): string[] {
  return flags.flatMap((flag) => /^(?:-I|-isystem)(.+)$/.exec(flag)?.[1] ?? []);
}

/** One line for each header of the SDK's modules that a file includes and no folder has. */
export function missingHeaders({ sdk, files, folders }: Sources): string[] {
  const modules = headersBelow(join(sdk, "modules"));
  return files.flatMap((file) =>
    includes(file)
      .filter((header) => ![dirname(file), ...folders].some((folder) => existsSync(join(folder, header))))
      .flatMap((header) => {
        const found = modules.get(header);
        return found === undefined
          ? []
          : [`${file} includes ${header}, which no fragment brings: it lies in the SDK's ${relative(sdk, found)}`];
      }),
  );
}

/** What stands in quotes. Which branch of the preprocessor it is in does not count: a header of another chip's lies elsewhere. */
function includes(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/^[ \t]*#[ \t]*include[ \t]+"([^"]+)"/gm)].map(
    ([, name = ""]) => name,
  );
}

function cIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".c")) : [];
}

/** Name to folder. */
function headersBelow(root: string): ReadonlyMap<string, string> {
  const found = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Map(found.filter(({ name }) => name.endsWith(".h")).map(({ name, parentPath }) => [name, parentPath]));
}
