// npx tsx tools/protocol-vectors.ts: writes host-tests/vectors/protocol/*.json, whole sessions as
// they really went over the wire: XML of each call and answer, the same as JSON, the test's keys,
// the transactions. docs/vectors.md explains the format; a test makes them anew.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Purse } from "../lab/model/purse";
import { parse, type Transaction } from "../lab/model/transaction";
import { NETWORK, type Stage, type Terms } from "../lab/prove/stage";
import { addressOf } from "../shared/bitcoin/address";
import { Fault } from "../shared/protocol/faults";
import type { DraftOffer, PaymentRequest, SocketCalls } from "../shared/protocol/types";
import { CHANNEL_FOLDER, channelVectors } from "./channel-vectors";
import { vectorStage } from "./vector-stage";
import { overTheWire, PEER, type VectorCall } from "./vector-wire";

export const FOLDER = join(import.meta.dirname, "..", "host-tests", "vectors", "protocol");

export interface ProtocolVector {
  readonly name: string;
  readonly about: string;
  readonly network: string;
  readonly cable: {
    readonly secret: string;
    readonly publicKey: string;
    readonly address: string;
    readonly script: string;
  };
  readonly socket: {
    readonly address: string;
    readonly script: string;
    readonly settings: Readonly<Record<string, unknown>>;
  };
  readonly coins: readonly { readonly txid: string; readonly vout: number; readonly amount: number }[];
  readonly calls: readonly VectorCall[];
  /** What blocks held in the end. */
  readonly mined: readonly {
    readonly txid: string;
    readonly hex: string;
    readonly vbytes: number;
    readonly fee: number;
  }[];
}

interface Play {
  readonly name: string;
  readonly about: string;
  readonly terms: Partial<Terms>;
  readonly act: (stage: Stage, calls: () => SocketCalls) => Promise<void>;
}

const PLAYS: readonly Play[] = [
  {
    name: "single-fee",
    about: "Three increments of the single-fee scheme; the cable is pulled out and the last commitment is settled.",
    terms: {},
    act: (stage) => toast(stage, 260),
  },
  {
    name: "basic",
    about: "Three payments of the basic scheme, each broadcast at once; each spends the change of the one before.",
    terms: { socket: { schemes: ["basic"] } },
    act: (stage) => toast(stage, 260),
  },
  {
    name: "fee-rise",
    about:
      "A commitment is broadcast early; fees rise, the same value is signed again at a higher fee, and later increments outbid it.",
    terms: { socket: { checkpoint: 10_000 }, cable: { maxFeeShare: 500 } },
    act: async (stage) => {
      stage.network.market = 500;
      await begin(stage, 150);
      stage.network.market = 10_000;
      await toast(stage, 250);
    },
  },
  {
    name: "return",
    about:
      "The cable is pulled with credit left and comes back: its first call tells whose request follows, its ticket shows whose the credit is.",
    terms: {},
    act: async (stage) => {
      await begin(stage, 60);
      stage.circuit.load = 0;
      stage.circuit.isPlugged = false;
      await stage.clock.run(45_000);
      stage.circuit.isPlugged = true;
      stage.circuit.load = 1_300_000;
      await toast(stage, 120);
    },
  },
  {
    name: "refusals",
    about:
      "Payments that are not the draft, each refused by its own fault; a repeated call that gets the same answer; a session resumed.",
    terms: {},
    act: refusals,
  },
];

/** Plays all sessions anew. */
export async function protocolVectors(): Promise<readonly ProtocolVector[]> {
  const vectors: ProtocolVector[] = [];
  for (const play of PLAYS) vectors.push(await vectorOf(play));
  return vectors;
}

async function vectorOf({ name, about, terms, act }: Play): Promise<ProtocolVector> {
  const { stage, coins } = vectorStage(terms);
  const calls: VectorCall[] = [];
  stage.startSocket();
  const { far } = stage.link;
  const recorded = (): SocketCalls | undefined => {
    const real = far?.();
    return real && overTheWire(stage, real, calls);
  };
  stage.link.far = recorded;
  await act(stage, () => recorded() as SocketCalls);
  return {
    name,
    about,
    network: NETWORK,
    cable: {
      secret: hex(stage.purse.secret),
      publicKey: hex(stage.purse.publicKey),
      address: addressOf(stage.purse.script, NETWORK),
      script: stage.purse.script,
    },
    socket: { address: stage.settings.payoutAddress, script: stage.payout.script, settings: { ...stage.settings } },
    coins,
    calls: thinned(calls),
    mined: stage.network.blocks.all().flatMap((block) => block.transactions.map((tx) => minedOf(stage, tx))),
  };
}

// ---------------------------------------------------------------- the plays

async function begin(stage: Stage, seconds: number): Promise<void> {
  stage.circuit.load = 1_300_000;
  stage.plugCable();
  await stage.clock.run(seconds * 1000);
}

async function toast(stage: Stage, seconds: number): Promise<void> {
  if (!stage.cable) await begin(stage, seconds);
  else await stage.clock.run(seconds * 1000);
  stage.circuit.load = 0;
  stage.circuit.isPlugged = false;
  await stage.clock.run(60_000);
  for (let i = 0; i < 3; i++) {
    stage.network.mine();
    await stage.clock.run(30_000);
  }
}

async function refusals(stage: Stage, calls: () => SocketCalls): Promise<void> {
  const socket = calls();
  const address = addressOf(stage.purse.script, NETWORK);
  const ask = <T>(call: Promise<T>): Promise<T | undefined> =>
    stage.clock.finish(
      call.catch((error: unknown) => {
        if (error instanceof Fault) return undefined;
        throw error;
      }),
    );
  await ask(socket.getStatus({ address, scheme: "single-fee" }, PEER));
  await ask(socket.powerRequest({ address: addressOf(`5120${"11".repeat(32)}`, NETWORK), scheme: "single-fee" }, PEER));
  const offer = await ask(socket.powerRequest({ address, scheme: "single-fee" }, PEER));
  if (!offer) throw new Error("expected an offer");
  for (const payment of wrongPayments(stage, offer)) await ask(socket.payTransaction(payment, PEER));
  const good = payment(offer, stage.purse.sign({ outputs: offer.outputs }, offer.inputs));
  const paid = await ask(socket.payTransaction(good, PEER));
  await ask(socket.payTransaction(good, PEER));
  await ask(socket.powerRequest({ address, scheme: "single-fee", session: offer.session }, PEER));
  if (paid?.next) {
    const second = payment(paid.next, stage.purse.sign({ outputs: paid.next.outputs }, paid.next.inputs));
    await ask(socket.payTransaction(second, PEER));
    await ask(socket.payTransaction({ ...good, transaction: second.transaction }, PEER));
  }
  await stage.clock.run(40_000);
  await ask(socket.payTransaction(good, PEER));
  stage.network.mine();
  await stage.clock.run(30_000);
}

function wrongPayments(stage: Stage, offer: DraftOffer): PaymentRequest[] {
  const [toSocket, change] = offer.outputs;
  if (!toSocket || !change) throw new Error("expected an offer with change");
  const sign = (outputs: DraftOffer["outputs"], type = 1): PaymentRequest =>
    payment(offer, stage.purse.sign({ outputs }, offer.inputs, { type }));
  const good = sign(offer.outputs);
  const mallory = new Purse("mallory", stage.ecdsa);
  return [
    { ...good, transaction: "00" },
    { ...good, session: "00".repeat(16) },
    { ...good, increment: 2 },
    sign([
      { ...toSocket, amount: toSocket.amount - 1 },
      { ...change, amount: change.amount + 1 },
    ]),
    sign([{ ...toSocket, script: stage.purse.script }, change]),
    sign([toSocket, { ...change, script: mallory.script }]),
    sign([toSocket, { ...change, amount: change.amount - 1 }]),
    sign(offer.outputs, 2),
    payment(offer, stage.purse.sign({ outputs: offer.outputs }, offer.inputs, { sequence: 0xffffffff })),
    payment(
      offer,
      stage.purse.sign(
        { outputs: offer.outputs },
        offer.inputs.map((coin) => ({ ...coin, amount: coin.amount + 1 })),
      ),
    ),
    payment(offer, mallory.sign({ outputs: offer.outputs }, offer.inputs)),
    payment(
      offer,
      stage.purse.sign({ outputs: offer.outputs }, [...offer.inputs, { txid: "11".repeat(32), vout: 0, amount: 1 }]),
    ),
  ];
}

function payment(offer: DraftOffer, tx: Transaction): PaymentRequest {
  return { session: offer.session, increment: offer.increment, transaction: tx.hex };
}

// ---------------------------------------------------------------- what is written

/** A cable looks often; of its looks the first is kept, and those that a call follows. */
function thinned(calls: readonly VectorCall[]): VectorCall[] {
  const follows = (i: number): boolean => i + 1 < calls.length && calls[i + 1]?.method !== "get_status";
  return calls.filter(({ method }, i) => method !== "get_status" || i === 0 || follows(i));
}

/**
 * What a vector fixes for every implementation: the payments, their order, bytes and faults. When a
 * cable looks and how much has flowed by then is its own affair.
 */
export function essence({ name, coins, calls, mined }: ProtocolVector): unknown {
  const deals = calls.filter(({ method }) => method !== "get_status");
  return {
    name,
    coins,
    mined,
    deals: deals.map(({ method, request, result, fault }) => ({
      method,
      request,
      fault,
      offer: offerIn(method, result),
    })),
  };
}

function offerIn(method: string, result: unknown): unknown {
  const offer = method === "power_request" ? result : (result as { next?: object } | undefined)?.next;
  return offer && { ...offer, credit_mwh: undefined };
}

function minedOf(stage: Stage, tx: Transaction): ProtocolVector["mined"][number] {
  const spent = tx.inputs.reduce((sum, input) => sum + (stage.network.blocks.coinEver(input)?.amount ?? 0), 0);
  const fee = spent - tx.outputs.reduce((sum, output) => sum + output.amount, 0);
  return { txid: tx.txid, hex: tx.hex, vbytes: parse(tx.hex).vsize, fee };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [folder, vectors] of [
    [FOLDER, await protocolVectors()],
    [CHANNEL_FOLDER, await channelVectors()],
  ] as const) {
    mkdirSync(folder, { recursive: true });
    for (const vector of vectors) {
      const file = join(folder, `${vector.name}.json`);
      writeFileSync(file, `${JSON.stringify(vector, null, 2)}\n`);
      console.log(`${vector.name}: ${vector.calls.length} calls, ${vector.mined.length} transactions mined`);
    }
  }
}
