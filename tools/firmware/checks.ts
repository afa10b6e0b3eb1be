// What mcconfig and xsl let pass in silence, and a build must not: a name in `preload` that is no module, a module of
// ours that is not preloaded (its code would be copied to RAM), and warnings about our modules. Works on text: the
// makefile that mcconfig wrote and what the tools printed.

/** Names in one list of the makefile (`MODULES`, `PRELOADS`), as XS names without `.xsb`. */
function listed(makefile: string, variable: "MODULES" | "PRELOADS"): string[] {
  // The list begins on the next line; a path of the same name, set by a manifest, has its value on its own.
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

/** What the tools warned of. */
export interface Warnings {
  /** What must be mended, one line each. */
  readonly ours: readonly string[];
  /** Places of RAM (one pointer each) that XS keeps for what is not constant in flash, the libraries' and parameters included. */
  readonly aliases: number;
}

/** xsl's: `### warning: module: export() path.to name: not frozen`, or `no const`. */
const ALIAS = /^### warning: ([^ ]+): (.*?)([\w$-]+)(?:\[\d+\])*: (no const|not frozen)$/;
const OUR_MODULE = /^(shared|firmware)\//;

/**
 * Sorts what the SDK's tools printed. xsl warns of everything in flash that a program could still change, and keeps a
 * place in RAM for it. In our modules nothing may be changeable: an object that is not frozen fails, and so does a
 * variable of a module (`variables`: names of all that are declared with let or var). A parameter that a closure keeps
 * cannot be declared constant in the language; it costs its four bytes and is let pass. So are the libraries' (tools/wallet
 * freezes what it can). Anything else that says "warning" fails, unless it is about a file of the SDK (`sdk`).
 */
export function checkWarnings(output: string, sdk: string, variables: ReadonlySet<string>): Warnings {
  const ours: string[] = [];
  let aliases = 0;
  for (const line of output.split("\n").map((line) => line.trim())) {
    const [, module = "", , name = "", kind] = ALIAS.exec(line) ?? [];
    if (kind) {
      aliases++;
      if (OUR_MODULE.test(module) && (kind === "not frozen" || variables.has(name))) ours.push(line);
    } else if (/\bwarning\b/i.test(line) && !line.includes(sdk)) ours.push(line);
  }
  return { ours, aliases };
}
