// What the commands of an owner who has lost a device share: its network, the server that is asked
// about the chain, a fee rate, a file.

import { readFileSync } from "node:fs";
import { NETWORKS, type Network } from "../../shared/bitcoin/address";
import type { MilliSatPerVbyte } from "../../shared/kernel/units";
import { UsageError } from "../command";
import { Explorer } from "./explorer";

/** Of mempool.space, by network; a regtest has none. */
const SERVERS: Partial<Record<Network, string>> = {
  mainnet: "https://mempool.space/api",
  testnet4: "https://mempool.space/testnet4/api",
  testnet: "https://mempool.space/testnet/api",
  signet: "https://mempool.space/signet/api",
};
/** Without a server's word. */
export const OWN_RATE: MilliSatPerVbyte = 1_000;

export const HOW_TO_SEND = "Nothing was sent: --send does that, or any node (bitcoin-cli sendrawtransaction).";

export function networkOf(name = "mainnet"): Network {
  const found = NETWORKS.find((each) => each === name);
  if (!found) throw new UsageError(`--network: expected ${NETWORKS.join(", ")}, got "${name}"`);
  return found;
}

export function explorerOf(url: string | undefined, network: Network): Explorer {
  const base = url ?? SERVERS[network];
  if (base === undefined) throw new UsageError(`--esplora: expected a server's URL on ${network}, or --offline`);
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol))
    throw new UsageError(`--esplora: expected a URL such as ${SERVERS.mainnet}, got "${base}"`);
  return new Explorer(base);
}

export function rateOf(text: string | undefined): MilliSatPerVbyte | undefined {
  if (text === undefined) return undefined;
  const rate = Math.round(Number(text) * 1000);
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || rate === 0)
    throw new UsageError(`--rate: expected satoshi a vbyte, such as 0.5 or 12, got "${text}"`);
  return rate;
}

/**
 * A secret in a file, or on standard input; `what` is said where a person types nothing. Nothing of
 * it goes into a message.
 */
export function secretOf(option: string, file: string | undefined, what: string): string {
  if (file === undefined && process.stdin.isTTY)
    throw new UsageError(`expected ${what} on standard input, or --${option} FILE`);
  return (file === undefined ? readFileSync(0) : fileOf(option, file)).toString("utf8").trim();
}

export function fileOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new UsageError(`--${option}: cannot read ${path}`);
  }
}
