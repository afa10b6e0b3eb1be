// Bundles a firmware for the simulator: exactly firmware/<device>/main.ts, with the names of
// Moddable's modules resolved to the modules of lab/sim/device/, and the libraries to the wallet
// that the device gets (tools/wallet/). Evaluating the bundle is what preloading does on a device,
// tables of the curve included; `main` runs at power-on.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { walletPlugin } from "../../tools/wallet/build";
import { STAND_INS } from "./stand-ins";

export type DeviceName = "socket" | "cable";

const ROOT = join(import.meta.dirname, "../..");

const standins: Plugin = {
  name: "moddable-stand-ins",
  setup(build) {
    const names = Object.keys(STAND_INS).map((name) => name.replace("/", "\\/"));
    build.onResolve({ filter: new RegExp(`^(${names.join("|")})$`) }, ({ path }) => ({
      path: STAND_INS[path] as string,
    }));
  },
};

/** The wallets take a second to make; one process makes each once. */
const bundles = new Map<string, Promise<string>>();

/** Whatever the bundle says of its version. */
function versionPlugin(version: string): Plugin {
  return {
    name: "version",
    setup(build) {
      build.onLoad({ filter: /shared\/kernel\/version\.ts$/ }, () => ({
        contents: `export const VERSION = ${JSON.stringify(version)};`,
        loader: "ts",
      }));
    },
  };
}

/**
 * Gives one script (IIFE, not minified, in the syntax that the manifests ask for) that waits for
 * its boot event. `main`: another entry, for tests; `version`: another one than this.
 */
export function bundleFirmware(device: DeviceName, main?: string, version?: string): Promise<string> {
  const key = `${device} ${main} ${version}`;
  const bundle = bundles.get(key) ?? makeBundle(device, main, version);
  bundles.set(key, bundle);
  return bundle;
}

async function makeBundle(device: DeviceName, main?: string, version?: string): Promise<string> {
  const entry = main ?? join(ROOT, "firmware", device, "main.ts");
  if (!existsSync(entry)) throw new Error(`expected the firmware's main module at ${entry}, there is none`);
  const host = join(import.meta.dirname, "device/host.ts");
  const { outputFiles } = await build({
    stdin: {
      contents: `import ${JSON.stringify(join(import.meta.dirname, "device/text.ts"))};
import { onBoot } from ${JSON.stringify(host)};
import main from ${JSON.stringify(entry)};
onBoot(main);`,
      resolveDir: ROOT,
    },
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    plugins: [
      standins,
      ...(version === undefined ? [] : [versionPlugin(version)]),
      ...(main === undefined ? [walletPlugin(device)] : []),
    ],
  });
  return outputFiles[0]?.text ?? "";
}
