// The owner's side of a cable: its address, its limits and its key.

import { addressOf, type Network } from "../bitcoin/address";
import { hexToBytes } from "../bitcoin/bytes";
import { openWallet, type Wallet } from "../bitcoin/wallet";
import { ADDRESS_ENTRY } from "../cable/address";
import type { CableController } from "../cable/controller";
import { isSecret, KEY_ENTRY } from "../cable/key";
import type { CableSettings } from "../cable/settings";
import type { CableView } from "../cable/view";
import type { Ecdsa, Random, Store } from "../kernel/ports";
import { formatEnergy } from "../kernel/units";
import { type Params, RpcError } from "./json-rpc";
import { type LightWord, lightOf } from "./light";
import type { MethodName } from "./methods";
import { cableFamilies, type Family } from "./metrics";
import { textOf, wrong } from "./params";
import { RunningDevice, type RunningOptions } from "./running";
import { cableStatus, limitsUsed } from "./status";

export class RunningCable extends RunningDevice<CableController, RunningOptions<CableController>> {
  status(): object {
    return cableStatus(this.options.controller.view());
  }

  light(): LightWord {
    return lightOf(this.options.controller.view());
  }

  families(): readonly Family[] {
    return cableFamilies(this.options.controller.view());
  }

  unsettled(): string | undefined {
    return unsettled(this.options.controller.view());
  }

  losses(): readonly string[] {
    return [];
  }
}

/** What a change of key or settings would leave behind. */
function unsettled({ record, remaining, outOfHand, channels }: CableView): string | undefined {
  if (channels.locked > 0) return "a deposit is locked, which only this key takes back (leaveChannels ends channels)";
  if (record.signed) return "a payment is under way";
  if (outOfHand > 0) return "a payment was never acknowledged (release takes its coins back, forgive writes it off)";
  if (record.claims.length > 0) return "sockets still owe what was paid for (forgive writes it off)";
  return record.session && remaining > 0 ? `${formatEnergy(remaining)} are paid for and not drawn` : undefined;
}

export interface CableKeyOptions {
  /** The cable's store, which has the key. */
  readonly store: Store;
  readonly ecdsa: Ecdsa;
  readonly random: () => Random;
  readonly network: () => Network;
  /** The wallet of the key that is in use; undefined where there is none. */
  readonly wallet: () => Wallet | undefined;
  readonly view: () => CableView | undefined;
  readonly settings: () => CableSettings | undefined;
  /** Names of the settings that are limits. */
  readonly limits: readonly string[];
}

/** The methods that only a cable has. */
export function cableMethods(options: CableKeyOptions): Partial<Record<MethodName, (params: Params) => unknown>> {
  return {
    address: () => ({ address: addressNow(options) ?? null, network: options.network() }),
    limits: () => limits(options),
    "key.new": (params) => newKey(options, params),
    "key.import": (params) => importKey(options, params),
  };
}

/** Of the key in use, else of the one in the store; a stored key that is none has no address. */
function addressNow({ wallet, network, store, ecdsa }: CableKeyOptions): string | undefined {
  const stored = store.read(KEY_ENTRY);
  const found = wallet() ?? (stored && isSecret(stored) ? openWallet(stored, ecdsa) : undefined);
  return found && addressOf(found.script, network());
}

function limits({ settings, limits: names, view }: CableKeyOptions): object {
  const all = (settings() ?? {}) as Readonly<Record<string, unknown>>;
  const now = view();
  const shown = names.filter((name) => all[name] !== undefined);
  return { limits: Object.fromEntries(shown.map((name) => [name, all[name]])), used: now ? limitsUsed(now) : null };
}

function newKey(options: CableKeyOptions, params: Params): object {
  if (options.network() === "mainnet")
    throw new RpcError(
      "refused",
      "on mainnet the owner supplies the key (key.import), so that it exists elsewhere too",
    );
  mayReplace(options, params);
  for (;;) {
    const secret = options.random().bytes(32);
    if (isSecret(secret)) return keep(options, secret);
  }
}

function importKey(options: CableKeyOptions, params: Params): object {
  const hex = textOf(params, "key") ?? "";
  // Nothing of it goes into a message.
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw wrong("key", "expected 64 hexadecimal digits");
  const secret = hexToBytes(hex.toLowerCase());
  if (!isSecret(secret)) throw wrong("key", "expected a secret key of secp256k1, 1 to the order less one");
  mayReplace(options, params);
  return keep(options, secret);
}

/** Who gives a key up says which: whatever lies at its address is out of the cable's reach then. */
function mayReplace(options: CableKeyOptions, params: Params): void {
  const address = addressNow(options);
  if (address === undefined) return;
  if (textOf(params, "replaces") !== address)
    throw new RpcError(
      "refused",
      "there is a key already; to give it up, with all coins at its address, name that address as replaces",
    );
  const view = options.view();
  const why = view && unsettled(view);
  if (why !== undefined) throw new RpcError("refused", `something is unsettled: ${why}`);
}

function keep({ store, ecdsa, network }: CableKeyOptions, secret: Uint8Array): object {
  const address = addressOf(openWallet(secret, ecdsa).script, network());
  // The address first: one that is not the key's is corrected before anything is signed, a key
  // without it is only slower.
  store.remove(ADDRESS_ENTRY);
  store.write(KEY_ENTRY, secret);
  return { address, restart: true };
}
