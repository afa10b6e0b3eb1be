// Guards that the proof's self-check takes out one at a time, and what it puts between a device and
// its ports for that.

import type { CableController } from "../../shared/cable/controller";
import { Purse } from "../../shared/cable/purse";
import type { Pledge } from "../../shared/cable/record";
import { Failover } from "../../shared/chain/failover";
import { ChannelCredit } from "../../shared/channel/credit";
import { decodeSlot, encodeSlot } from "../../shared/journal/journal";
import { outpointKey } from "../../shared/kernel/outpoint";
import type { Chain, Coin, PowerGate, Store } from "../../shared/kernel/ports";
import type { DraftOffer } from "../../shared/protocol/types";
import { CoinWatch } from "../../shared/socket/coin-watch";
import { parse } from "../model/transaction";
import { CHANNEL_MUTATIONS } from "./channel-mutations";
import { CASTS } from "./moves";
import type { Mutation } from "./mutation";

/**
 * Each takes one safeguard away from outside the device, at its ports; some out of the code itself.
 */
export const MUTATIONS: readonly Mutation[] = [
  { name: "a journal write is dropped", casts: ["honest", "rogue-cable"], tamper: { socketStore: droppingEveryThird } },
  { name: "the outspend check is skipped", casts: ["rogue-cable"], tamper: { socketChain: blindToSpends } },
  {
    name: "a settled coin is taken again",
    casts: ["rogue-cable"],
    tamper: { socketChain: behind, patch: forgettingSettled },
  },
  { name: "one backend is a quorum", casts: ["rogue-cable"], tamper: { quorum: true, patch: believingTheFirst } },
  { name: "amounts are not pinned", casts: ["rogue-socket"], tamper: { cableStore: forgettingPins } },
  { name: "a refusal ends the claim", casts: CASTS, tamper: { refused: writtenOff } },
  { name: "a session is known by its name alone", casts: ["rogue-socket"], tamper: { patch: trustingNames } },
  {
    name: "a channel's credit stays in its entry",
    casts: ["honest"],
    tamper: { patch: drawingTwice },
    byChannel: true,
  },
  { name: "a lease does not end", casts: ["honest", "rogue-cable"], tamper: { socketGate: neverOpening } },
  ...CHANNEL_MUTATIONS,
];

/** Blocks over a settlement from which on a backend that is behind lists its coins again. */
const DEEP = 1;

function droppingEveryThird(store: Store): Store {
  let writes = 0;
  return {
    read: (key) => store.read(key),
    write: (key, value) => {
      writes += 1;
      if (writes % 3 !== 0) store.write(key, value);
    },
    remove: (key) => store.remove(key),
  };
}

function blindToSpends(chain: Chain): Chain {
  return {
    utxos: (script, limit) => chain.utxos(script, limit),
    outspend: async () => undefined,
    broadcast: (hex) => chain.broadcast(hex),
    status: (txid) => chain.status(txid),
    feeRates: () => chain.feeRates(),
    tip: () => chain.tip(),
  };
}

/**
 * A backend that lists again, as unspent, what the socket's own settlements spent: it is behind, or
 * lies.
 */
export function behind(chain: Chain): Chain {
  const listed = new Map<string, { readonly script: string; readonly coin: Coin }>();
  const spent = new Map<string, string>();
  const isBuried = async (key: string): Promise<boolean> => {
    const { height } = await chain.status(spent.get(key) ?? "");
    return height !== undefined && (await chain.tip()) - height >= DEEP;
  };
  const utxos = async (script: string, limit: number): Promise<readonly Coin[]> => {
    const coins = [...(await chain.utxos(script, limit))];
    for (const coin of coins) listed.set(outpointKey(coin), { script, coin });
    for (const key of spent.keys()) {
      const { script: owner, coin } = listed.get(key) ?? {};
      if (coin && owner === script && (await isBuried(key)) && !coins.some((other) => outpointKey(other) === key))
        coins.unshift(coin);
    }
    return coins;
  };
  return {
    utxos,
    listing: async (script, limit) => ({ coins: await utxos(script, limit), unspent: true }),
    outspend: async (coin, script) =>
      spent.has(outpointKey(coin)) && (await isBuried(outpointKey(coin))) ? undefined : chain.outspend(coin, script),
    broadcast: (hex) => {
      const { txid, inputs } = parse(hex);
      for (const input of inputs) spent.set(outpointKey(input), txid);
      return chain.broadcast(hex);
    },
    status: (txid) => chain.status(txid),
    feeRates: () => chain.feeRates(),
    tip: () => chain.tip(),
  };
}

/** A list that names a coin which was settled here is believed. */
function forgettingSettled(): () => void {
  const watch = CoinWatch.prototype as unknown as { mustNotBeSettled: () => void };
  const guard = watch.mustNotBeSettled;
  watch.mustNotBeSettled = () => {};
  return () => {
    watch.mustNotBeSettled = guard;
  };
}

/** Of two backends only the first is asked about coins. */
function believingTheFirst(): () => void {
  const failover = Failover.prototype as unknown as {
    several: (ask: (chain: Chain) => Promise<unknown>) => Promise<unknown>;
    first: (ask: (chain: Chain) => Promise<unknown>) => Promise<unknown>;
  };
  const guard = failover.several;
  failover.several = async function (ask) {
    const answer = await this.first(ask);
    return { answers: [answer, answer], failure: undefined };
  };
  return () => {
    failover.several = guard;
  };
}

/** The cable's journal comes back without the amounts that it noted. */
function forgettingPins(store: Store): Store {
  return {
    read: (key) => {
      const bytes = store.read(key);
      return bytes && key.startsWith("cable.") ? withoutPins(bytes) : bytes;
    },
    write: (key, value) => store.write(key, value),
    remove: (key) => store.remove(key),
  };
}

function withoutPins(bytes: Uint8Array): Uint8Array {
  const version = Number(/^plugpay (\d+) /.exec(Buffer.from(bytes).toString("latin1"))?.[1] ?? 0);
  try {
    const { sequence, json } = decodeSlot(version, bytes);
    return encodeSlot(version, sequence, JSON.stringify({ ...JSON.parse(json), pins: [] }));
  } catch {
    return bytes;
  }
}

/**
 * A cable that takes a socket's word for it: what was refused is not counted any more, and its
 * coins stay promised.
 */
function writtenOff(cable: CableController, settings: { forgive: string }, refusals: number): void {
  // Done as with the owner's word to write off, but with nobody's word.
  settings.forgive = `refusal ${refusals}`;
  (cable as unknown as { forgive(): void }).forgive();
}

/** What a channel holds is given, and is there for the next visit all the same. */
function drawingTwice(): () => void {
  const credit = ChannelCredit.prototype as unknown as { engage: () => void; rest: () => void };
  const { engage, rest } = credit;
  credit.engage = () => {};
  credit.rest = () => {};
  return () => Object.assign(credit, { engage, rest });
}

function neverOpening(gate: PowerGate): PowerGate {
  return {
    grant: (lease) => gate.grant({ ...lease, upTo: lease.upTo + 1e12, time: 1e9 }),
    revoke: () => {},
    clear: () => gate.clear(),
    restore: (total) => gate.restore(total),
    read: () => gate.read(),
    get onEvent() {
      return gate.onEvent;
    },
    set onEvent(action) {
      gate.onEvent = action;
    },
  };
}

/**
 * The cable forgets what it handed over in a session when the next session has the same name, also
 * with another payee.
 */
function trustingNames(): () => void {
  const purse = Purse.prototype as unknown as { pledgesWith(this: Purse, offer: DraftOffer): readonly Pledge[] };
  const { pledgesWith } = purse;
  purse.pledgesWith = function (offer) {
    const known = this.session?.id === offer.session;
    Object.defineProperty(this, "knows", { value: () => known, configurable: true });
    try {
      return pledgesWith.call(this, offer);
    } finally {
      Reflect.deleteProperty(this, "knows");
    }
  };
  return () => {
    purse.pledgesWith = pledgesWith;
  };
}
