// The owner's side of the seed that the keys of a socket's channels come from
// (shared/channel/seed.ts): he sees it once, says that he has it, or brings his own.

import { bytesToHex, hexToBytes } from "../bitcoin/bytes";
import { bornSeed, holdsChannels, keepSeed, storedSeed } from "../channel/seed";
import type { Random, Store } from "../kernel/ports";
import { type Params, RpcError } from "./json-rpc";
import type { MethodName } from "./methods";
import { textOf, wrong } from "./params";

/** Enough to show that somebody read it to its end. */
const DIGITS = 8;

export interface SeedOptions {
  /** The socket's store, which has the seed. */
  readonly store: Store;
  readonly random: () => Random;
}

/** The methods that only a socket has. */
export function seedMethods(options: SeedOptions): Partial<Record<MethodName, (params: Params) => unknown>> {
  return {
    "seed.show": () => show(options),
    "seed.keep": (params) => keep(options, params),
    "seed.import": (params) => take(options, params),
  };
}

function show({ store, random }: SeedOptions): object {
  const stored = storedSeed(store);
  if (stored?.isKept) throw new RpcError("refused", "its owner has it, so it is not shown again");
  return { seed: bytesToHex(stored?.seed ?? bornSeed(store, random())) };
}

function keep({ store }: SeedOptions, params: Params): object {
  const stored = storedSeed(store);
  if (!stored) throw new RpcError("refused", "there is no seed yet: seed.show draws one");
  if (textOf(params, "digits")?.toLowerCase() !== bytesToHex(stored.seed).slice(-DIGITS))
    throw wrong("digits", `expected the last ${DIGITS} digits of the seed that seed.show showed`);
  keepSeed(store, stored.seed);
  return { kept: true, restart: true };
}

function take({ store }: SeedOptions, params: Params): object {
  const hex = textOf(params, "seed")?.toLowerCase() ?? "";
  // Nothing of it goes into a message.
  if (!/^[0-9a-f]{64}$/.test(hex)) throw wrong("seed", "expected 64 hexadecimal digits");
  if (holdsChannels(store))
    throw new RpcError(
      "refused",
      "there are channels, whose keys come from the seed it has (closeChannels closes them)",
    );
  keepSeed(store, hexToBytes(hex));
  return { kept: true, restart: true };
}
