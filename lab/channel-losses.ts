// Two scenarios of channels in which somebody loses, on both simulated boards and a real node: the
// socket is gone for good, and a thief has what is in the socket's flash.

import { bytesToHex } from "../shared/bitcoin/bytes";
import { ecdsa } from "../shared/bitcoin/ecdsa";
import { openWallet, type Wallet } from "../shared/bitcoin/wallet";
import { changeAt } from "../shared/channel/amounts";
import { type ClosingTerms, channelFrame, signClosing, signHalf } from "../shared/channel/closing";
import { payeeWallet } from "../shared/channel/payee-key";
import { type ChannelEntry, depositOf, entryJournal } from "../shared/channel/record";
import { storedSeed } from "../shared/channel/seed";
import type { Store } from "../shared/kernel/ports";
import { formatSatoshi, type Hex, type Satoshi } from "../shared/kernel/units";
import { type CafeOptions, type CafeRun, playCafe, visitAt } from "./channel-cafe";
import { keysOf } from "./sim/keys";
import type { Step } from "./sim/scenario";
import type { Simulation } from "./sim/simulation";

type Options = Pick<CafeOptions, "seed" | "say">;

/** Two weeks of blocks, the least. */
const DELAY = 2_016;
const THIEFS_FEE: Satoshi = 17;

/**
 * Four visits. After the first the socket is gone, and another one stands in its place: an empty
 * flash, another owner, other schemes. The cable's owner leaves all channels by a word; the refund
 * goes with the cable's questions to the new socket, too early twice.
 */
export function playRefund({ seed, say }: Options): Promise<CafeRun> {
  const other = { payoutAddress: keysOf(seed, "another socket's owner").address, schemes: ["single-fee"] };
  const gone = visitAt(2) - 40;
  const more: Step[] = [
    { atS: gone, owner: { device: "socket", settings: other }, cut: { device: "socket", forS: 5 } },
    { atS: gone, owner: { device: "cable", settings: { leaveChannels: "it is gone" } } },
    { atS: visitAt(4) - 30, mine: 1 },
    { atS: visitAt(4) + 100, mine: 1 },
  ];
  return playCafe({
    ...{ seed, say, more, visits: 4, blockIntervalS: 0 },
    socket: { schemes: ["channel"], channelDelay: DELAY },
    cable: { schemes: ["channel", "single-fee"] },
    at: [
      { s: gone + 1, run: ({ stores }) => stores.socket.clear() },
      // An hour of blocks later; the refund is asked for once an hour.
      { s: visitAt(3) - 40, run: (simulation) => blocksTo(simulation, say) },
    ],
  });
}

/** So many blocks that the next one is the last that may not hold the refund. */
async function blocksTo({ node, keys }: Simulation, say: (text: string) => void): Promise<void> {
  const funding = node.transactions().find(({ tx }) => tx.outputs[0]?.script.toJSON().startsWith("0020"));
  const height = funding?.block?.height ?? 0;
  await node.mine(height + DELAY - 2 - node.tip().height, keys.socket.script);
  say(
    `${DELAY} blocks after the funding, in block ${height + DELAY}, the deposit is the cable's again: two blocks from now`,
  );
}

/**
 * Five visits. Before the fourth a thief who has read the half tries what it is good for, and takes
 * the socket's flash at last.
 */
export function playThief({ seed, say }: Options): Promise<CafeRun> {
  return playCafe({
    ...{ seed, say, visits: 5 },
    socket: { price: 3_000, fundingMaxAge: 600_000 },
    cable: { maxPrice: 6_000 },
    at: [{ s: visitAt(4) - 30, run: (simulation) => steal(simulation, say) }],
  });
}

async function steal(simulation: Simulation, say: (text: string) => void): Promise<void> {
  const { node, stores } = simulation;
  const flash = readOnly(stores.socket);
  const entry = entryJournal(flash, 0, () => {}).load();
  const seed = storedSeed(flash)?.seed;
  if (!entry || !seed) throw new Error("expected a channel and a seed in the socket's flash, found none");
  const thief = openWallet(new Uint8Array(32).fill(0x77), ecdsa);
  const payee = payeeWallet(seed, entry.index ?? 0, ecdsa);
  const terms = { payeeScript: thief.script, fee: THIEFS_FEE, coins: [] };
  for (const [what, raw] of tries(entry, thief, payee, terms))
    await node.submit(raw).then(
      () => say(`thief: ${what}: taken, which it must not be`),
      (error: Error) => say(`thief: ${what}: refused (${error.message})`),
    );
  const state = { change: changeAt(entry.deposit, entry.paid), half: entry.half ?? "" };
  await node.submit(signClosing(depositOf(entry), channelFrame(depositOf(entry)), state, terms, payee));
  await node.mine(6, simulation.keys.socket.script);
  const lost = formatSatoshi(entry.paid - THIEFS_FEE);
  say(`thief: with key and half ${lost} of the payee's unclosed share are gone; the cable has its change`);
}

function tries(
  entry: ChannelEntry,
  thief: Wallet,
  payee: Wallet,
  terms: ClosingTerms,
): readonly (readonly [string, Hex])[] {
  const deposit = depositOf(entry);
  const frame = channelFrame(deposit);
  const { half = "", paid } = entry;
  const latest = changeAt(entry.deposit, paid);
  const own = { ...deposit, keys: { ...deposit.keys, payeeKey: bytesToHex(thief.publicKey) } };
  const asCable = channelFrame({ ...deposit, keys: { ...deposit.keys, cableKey: bytesToHex(thief.publicKey) } });
  return [
    [
      "with the half alone, signed by a key of the thief's",
      signClosing(own, frame, { change: latest, half }, terms, thief),
    ],
    [
      "for less change than the cable's half says",
      signClosing(deposit, frame, { change: latest - 1, half }, terms, payee),
    ],
    [
      "with a half of the thief's own",
      signClosing(deposit, frame, { change: 294, half: signHalf(asCable, 294, thief) }, terms, payee),
    ],
  ];
}

/** The firmware's part of the flash. */
function readOnly(store: Pick<Store, "read">): Store {
  return { read: (key) => store.read(`socket/${key}`), write: () => {}, remove: () => {} };
}
