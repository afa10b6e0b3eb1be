// The owner's settings, from `--config FILE` (JSON): what the build decides, what goes into the image for
// firmware/<device>/main.ts to read from "mc/config", and the key, which goes into neither.

import { readFileSync } from "node:fs";
import { isNetwork, type Network, payeeScriptOf } from "../../shared/bitcoin/address";
import { type DeviceName, type FlashSize, type Link, type Target, UsageError } from "./targets";

export interface BuildConfig {
  readonly network: Network;
  readonly link: Link;
  readonly flash: FlashSize;
  /** Flash and NVS encrypted: burns eFuses at the first start (docs/keys.md). */
  readonly encrypted: boolean;
  /** What the image may know: all settings but those above and the key. */
  readonly image: Readonly<Record<string, unknown>>;
  /** The owner's secret as the file gives it (hex or WIF), for the provisioning tool alone. */
  readonly key: string | undefined;
}

/** Settings of the build that the image has no use for, and the secret that it must not hold. */
const NOT_IN_IMAGE = ["flash", "encrypted", "key"];

export function readConfig(file: string | undefined): Record<string, unknown> {
  if (file === undefined) return {};
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`--config: cannot read ${file}`);
  }
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null && !Array.isArray(config)) {
      return config as Record<string, unknown>;
    }
  } catch (error) {
    throw new UsageError(`--config ${file}: ${(error as Error).message}`);
  }
  throw new UsageError(`--config ${file}: expected a JSON object`);
}

/** `mainnet`: real money was asked for on the command line, not only in a file that may have been copied. */
export function buildConfig(
  given: Readonly<Record<string, unknown>>,
  device: DeviceName,
  target: Target,
  mainnet: boolean,
): BuildConfig {
  const network = given["network"] ?? "regtest";
  if (!isNetwork(network)) {
    throw new UsageError(`network: expected regtest, signet, testnet or mainnet, came ${String(network)}`);
  }
  const key = optional(given, "key");
  checkMoney(network, device, given, key, mainnet);
  const image = Object.fromEntries(Object.entries(given).filter(([name]) => !NOT_IN_IMAGE.includes(name)));
  const link = oneOf(given, "link", target.links, target.links[0] as Link, `${target.name} has `);
  return {
    network,
    link,
    flash: oneOf(given, "flash", ["4MB", "8MB"], target.flash),
    encrypted: given["encrypted"] === true,
    image: { ...image, network, link },
    key,
  };
}

/** Real money only on purpose: asked for twice, on a cable with a key that its owner holds elsewhere too. */
function checkMoney(
  network: Network,
  device: DeviceName,
  given: Readonly<Record<string, unknown>>,
  key: string | undefined,
  mainnet: boolean,
): void {
  if (network === "mainnet") {
    if (!mainnet) throw new UsageError("network mainnet is real money: say --mainnet too, if that is meant");
    if (device === "cable" && key === undefined) {
      throw new UsageError(
        "a cable on mainnet wants a key that you hold elsewhere too: set `key` (docs/keys.md says how to make one)",
      );
    }
  } else if (mainnet) throw new UsageError(`--mainnet was given, but the configuration's network is ${network}`);
  const payout = optional(given, "payoutAddress");
  if (device === "socket" && payout !== undefined) {
    try {
      payeeScriptOf(payout, network);
    } catch (error) {
      throw new UsageError(`payoutAddress: ${(error as Error).message}`);
    }
  }
}

function optional(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = given[name];
  if (value === undefined || typeof value === "string") return value;
  throw new UsageError(`${name}: expected a string`);
}

function oneOf<T extends string>(
  given: Readonly<Record<string, unknown>>,
  name: string,
  known: readonly T[],
  usual: T,
  who = "",
): T {
  const value = given[name] ?? usual;
  const found = known.find((one) => one === value);
  if (!found) throw new UsageError(`${name}: ${who}${known.join(" or ")}, came ${String(value)}`);
  return found;
}
