// The SDK's modules of a chip have no place on a desktop. A linked image has the simulator's
// stand-ins under the same names (lab/sim/stand-ins.ts), over the linked image's own door to the
// world (firmware/selftest/host.ts).

import { rmSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { STAND_INS } from "../../lab/sim/stand-ins";
import { xsName } from "./modules";

const CONFIG = "mc/config";

/**
 * Bundles a stand-in for each of `names` into `folder`; gives XS name to file, shared parts
 * included.
 */
export async function standIns(root: string, folder: string, names: readonly string[]): Promise<Map<string, string>> {
  const own = join(root, "firmware/selftest");
  rmSync(folder, { recursive: true, force: true });
  const entryPoints: Record<string, string> = { "plugpay/host": join(own, "host.ts") };
  const named = new Map<string, string>();
  for (const name of names) {
    const file = name === CONFIG ? join(own, "config.ts") : STAND_INS[name];
    if (!file)
      throw new Error(`the image imports ${name}, which has no stand-in for the desktop (lab/sim/stand-ins.ts)`);
    // make takes no colon in a file's path.
    const path = name.replace(":", "_");
    named.set(path, name);
    entryPoints[path] = file;
  }
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    chunkNames: "plugpay/chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    metafile: true,
    logLevel: "silent",
    plugins: [ownHost(join(own, "host.ts"))],
  });
  const relative = `${folder.slice(root.length + 1)}/`;
  return new Map(
    Object.keys(metafile.outputs).map((output) => {
      const path = xsName(output.slice(relative.length));
      return [named.get(path) ?? path, join(root, output)] as const;
    }),
  );
}

/** The stand-ins' door to the simulator becomes the linked image's. */
function ownHost(host: string): Plugin {
  return {
    name: "own-host",
    setup(build) {
      build.onResolve({ filter: /^\.\/host$/ }, () => ({ path: host }));
    },
  };
}
