// The wallet bundle (tools/wallet) as the manifests take it.

import { rmSync } from "node:fs";
import { buildWallet } from "../wallet/build";
import type { WalletModules } from "./manifest";
import { xsName } from "./modules";
import type { ImageName } from "./targets";

/** Builds the wallet of an image below `out`; a calibrator has none. */
export async function walletOf(device: ImageName, out: string): Promise<WalletModules> {
  if (device === "calibrator") return { modules: new Map(), preload: [] };
  rmSync(out, { recursive: true, force: true });
  const { modules, preload } = await buildWallet({ device, out });
  return { modules: new Map(modules.map(({ specifier, file }) => [xsName(specifier), file])), preload };
}
