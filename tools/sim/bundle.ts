// Bundles a firmware for the simulator: exactly firmware/<device>/main.ts, with the names of Moddable's modules
// resolved to the modules of tools/sim/device/. Evaluating the bundle is what preloading does on a device; `main`
// runs only at power-on.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

export type DeviceName = "socket" | "cable";

const ROOT = join(import.meta.dirname, "../..");
const STANDINS: Readonly<Record<string, string>> = {
  timer: "timer",
  time: "time",
  net: "net",
  "mc/config": "config",
  "embedded:io/socket/tcp": "tcp",
  "embedded:io/socket/listener": "listener",
  "embedded:io/digital": "digital",
  "embedded:storage/key-value": "key-value",
  "plugpay/entropy": "entropy",
  "plugpay/power-gate": "power-gate",
  socketmbedtls: "tls",
};

const standins: Plugin = {
  name: "moddable-stand-ins",
  setup(build) {
    const names = Object.keys(STANDINS).map((name) => name.replace("/", "\\/"));
    build.onResolve({ filter: new RegExp(`^(${names.join("|")})$`) }, ({ path }) => ({
      path: join(import.meta.dirname, "device", `${STANDINS[path]}.ts`),
    }));
  },
};

/** Gives one script (IIFE, ES2020 for XS 13.3, not minified) that waits for its boot event. `main`: another entry, for tests. */
export async function bundleFirmware(
  device: DeviceName,
  main: string = join(ROOT, "firmware", device, "main.ts"),
): Promise<string> {
  if (!existsSync(main)) throw new Error(`expected the firmware's main module at ${main}, there is none`);
  const host = join(import.meta.dirname, "device/host.ts");
  const { outputFiles } = await build({
    stdin: {
      contents: `import { onBoot } from ${JSON.stringify(host)};
import main from ${JSON.stringify(main)};
import { ecdsa } from ${JSON.stringify(join(ROOT, "shared/bitcoin/ecdsa.ts"))};
// A device has the curve's tables in flash, computed while linking: so they are ready before power comes here, too.
ecdsa.publicKey(new Uint8Array(32).fill(1));
onBoot(main);`,
      resolveDir: ROOT,
    },
    bundle: true,
    write: false,
    format: "iife",
    target: "es2020",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    plugins: [standins],
  });
  return outputFiles[0]?.text ?? "";
}
