// The wallet bundle (tools/wallet) as the manifests take it.

import { rmSync } from "node:fs";
import { buildWallet } from "../wallet/build";
import type { WalletModules } from "./manifest";
import { xsName } from "./modules";
import type { DeviceName } from "./targets";

/** Builds the wallet of a device below `out`. */
export async function walletOf(device: DeviceName, out: string): Promise<WalletModules> {
  rmSync(out, { recursive: true, force: true });
  const { modules, preload } = await buildWallet({ device, out });
  return { modules: new Map(modules.map(({ specifier, file }) => [xsName(specifier), file])), preload };
}
