// Builds the wallet for a device: ES modules under the specifiers by which shared/ imports them,
// for a Moddable manifest (buildWallet) or for esbuild (walletPlugin). See README.md.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { isNode, list, type Module, printModule } from "./syntax";
import { LIBRARIES, wantedBy } from "./usage";
import { makeWallet, type Wallet } from "./wallet";

export type Device = "cable" | "socket";

export interface WalletBuild {
  /**
   * What is imported, and the file that answers, in the order in which they are to be preloaded.
   */
  readonly modules: readonly { readonly specifier: string; readonly file: string }[];
  /** The same modules by the names under which XS finds them (no `.js`), in the same order. */
  readonly preload: readonly string[];
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Writes the wallet of a device below `out`; each module's file is named after its specifier. */
export async function buildWallet(options: { readonly device: Device; readonly out: string }): Promise<WalletBuild> {
  const { modules } = await walletOf(options.device);
  const ordered = inOrder(modules);
  const written = ordered.map((module) => {
    const file = join(options.out, /\.js$/.test(module.specifier) ? module.specifier : `${module.specifier}.js`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, printModule(module.program));
    return { specifier: module.specifier, file };
  });
  return { modules: written, preload: ordered.map(({ specifier }) => specifier.replace(/\.js$/, "")) };
}

/** The wallet that the firmware of `device` and its self-test use. */
export async function walletOf(device: Device): Promise<Wallet> {
  const entries = [`firmware/${device}/main.ts`, `firmware/selftest/${device}.ts`]
    .map((name) => join(root, name))
    .filter((file) => existsSync(file));
  if (entries.length === 0) throw new Error(`wallet: expected firmware/${device}/main.ts, found none`);
  return makeWallet(await wantedBy(entries));
}

/**
 * For esbuild: the libraries' specifiers resolve to the wallet, so that a desktop runs what the
 * device runs.
 */
export function walletPlugin(wallet: Device | Wallet): Plugin {
  return {
    name: "wallet",
    setup(build) {
      let made: Promise<Wallet> | undefined;
      const get = (): Promise<Wallet> => {
        made ??= typeof wallet === "string" ? walletOf(wallet) : Promise.resolve(wallet);
        return made;
      };
      build.onResolve({ filter: LIBRARIES }, async ({ path }) =>
        (await get()).modules.has(path)
          ? { path, namespace: "wallet" }
          : { errors: [{ text: `the wallet holds no ${path}: nothing of the firmware imported it when it was made` }] },
      );
      build.onLoad({ filter: /.*/, namespace: "wallet" }, async ({ path }) => {
        const module = (await get()).modules.get(path);
        return module ? { contents: printModule(module.program), loader: "js", resolveDir: root } : undefined;
      });
    },
  };
}

/** Dependencies first. */
function inOrder(modules: ReadonlyMap<string, Module>): Module[] {
  const ordered = new Set<Module>();
  const visit = (module: Module) => {
    if (ordered.has(module)) return;
    for (const statement of list(module.program, "body")) {
      const source = isNode(statement.source) ? modules.get(String(statement.source.value)) : undefined;
      if (source && source !== module) visit(source);
    }
    ordered.add(module);
  };
  for (const module of modules.values()) visit(module);
  return [...ordered];
}
