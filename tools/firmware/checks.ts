// What mcconfig and xsl let pass in silence, and a build must not: a name in `preload` that is no
// module, a module of ours that is not preloaded (its code would be copied to RAM), and warnings
// about our modules. Works on text: the makefile that mcconfig wrote and what the tools printed.

/** Names in one list of the makefile (`MODULES`, `PRELOADS`), as XS names without `.xsb`. */
function listed(makefile: string, variable: "MODULES" | "PRELOADS"): string[] {
  // The list begins on the next line; a path of the same name, set by a manifest, has its value on
  // its own.
  const start = makefile.search(new RegExp(`^${variable} =\\\\$`, "m"));
  if (start < 0)
    throw new Error(
      `the makefile has no ${variable}: the SDK writes another form, tools/firmware/checks.ts must learn it`,
    );
  const lines: string[] = [];
  for (const line of makefile.slice(start).split("\n").slice(1)) {
    lines.push(line);
    if (!line.endsWith("\\")) break;
  }
  return lines
    .map((line) =>
      line
        .replace(/\\$/, "")
        .replace(/^\s*(-p\s+)?/, "")
        .replace(/^\$\(MODULES_DIR\)\//, "")
        .trim(),
    )
    .filter((name) => name.endsWith(".xsb"))
    .map((name) => colonOf(name.slice(0, -".xsb".length)));
}

/** mcconfig writes the colon of `embedded:io` as a folder. */
function colonOf(name: string): string {
  return name.startsWith("~.") ? name.slice(2).replace("/", ":") : name;
}

export interface Expectation {
  /** Every name in the manifest's `preload` lists, wildcards not allowed. */
  readonly preload: readonly string[];
  /** Names of modules that must be preloaded: ours and the wallet's. */
  readonly own: readonly string[];
}

/** Complaints about the makefile, one line each; none when the image is as it should be. */
export function checkMakefile(makefile: string, expected: Expectation): string[] {
  const modules = new Set(listed(makefile, "MODULES"));
  const preloads = new Set(listed(makefile, "PRELOADS"));
  return [
    ...expected.preload
      .filter((name) => !modules.has(name))
      .map((name) => `preload names ${name}, which is no module of the image`),
    ...expected.preload
      .filter((name) => modules.has(name) && !preloads.has(name))
      .map((name) => `mcconfig left ${name} out of the modules to preload`),
    ...expected.own.filter((name) => !modules.has(name)).map((name) => `${name} is not in the image`),
    ...expected.own
      .filter((name) => modules.has(name) && !expected.preload.includes(name))
      .map((name) => `${name} is in the image and not preloaded: its code would take RAM`),
  ];
}

/** Names of the modules whose source lies in one of `folders` (absolute). */
export function modulesFrom(makefile: string, folders: readonly string[]): Set<string> {
  const rules = makefile.matchAll(/^\$\(MODULES_DIR\)\/(.+)\.xsb: (.+)$/gm);
  const names = [...rules].filter(([, , source = ""]) => folders.some((folder) => source.startsWith(`${folder}/`)));
  return new Set(names.map(([, name = ""]) => colonOf(name)));
}

/** What the tools warned of. */
export interface Warnings {
  /** What must be mended, one line each. */
  readonly ours: readonly string[];
  /**
   * Places of RAM (one pointer each) that XS keeps for what is not constant in the flash of others'
   * modules.
   */
  readonly aliases: number;
}

/** xsl's: `### warning: module: export() path.to name: not frozen`, or `no const`. */
const ALIAS = /^### warning: ([^ ]+): .*(?:no const|not frozen)$/;

/**
 * Sorts what the SDK's tools printed. xsl warns of everything in flash that a program could still
 * change, and keeps a place in RAM for it: in our modules and the wallet's nothing may be. What the
 * modules of others keep (`theirs`: names) is counted. Anything else that says "warning" fails,
 * unless it is about a file in one of `folders`: the SDK's and ESP-IDF's own sources warn, and that
 * is not ours to mend.
 */
export function checkWarnings(output: string, folders: readonly string[], theirs: ReadonlySet<string>): Warnings {
  const ours: string[] = [];
  let aliases = 0;
  for (const line of output.split("\n").map((line) => line.trim())) {
    const module = ALIAS.exec(line)?.[1];
    if (module !== undefined && theirs.has(module)) aliases++;
    else if (/\bwarning\b/i.test(line) && !folders.some((folder) => line.includes(folder))) ours.push(line);
  }
  return { ours, aliases };
}

/**
 * Complaints about regular expressions among what was preloaded, one line each: using one corrupts
 * memory (docs/sdk-defects.md, 1). `generated`: the C that xsl wrote. `sources`: modules to their
 * texts, in which the expression is looked for, as the C names no module.
 */
export function checkRegexps(generated: string, sources: ReadonlyMap<string, string>): string[] {
  return [...generated.matchAll(/&gxHeap\[(\d+)\], [^\n]*XS_REGEXP_KIND/g)].map(([, source = ""]) => {
    const pattern = patternAt(generated, source);
    const found = [...sources].filter(([, text]) => text.includes(`/${pattern}/`)).map(([name]) => name);
    const where = found.length > 0 ? found.join(" or ") : "a module that is not ours";
    return `${where} makes the regular expression /${pattern}/ while it is linked: write it where it is used, inside a function`;
  });
}

/** The text of an expression: the slot of this number in the preloaded heap. */
function patternAt(generated: string, slot: string): string {
  const line = new RegExp(`^/\\* ${slot} \\*/.*\\.key = \\{ "(.*)", 0x`, "m").exec(generated)?.[1] ?? "?";
  return line.replace(/""|\\(["\\])/g, "$1");
}
