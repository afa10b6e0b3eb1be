// Fuzzes the two gates that money passes: the cable's audit of an offer, and the socket's check of
// what was signed.
//
// Whatever passes is read by the model chain's own parser and judged apart from the code under
// test: what it pays to whom, from which coins at which pinned amounts, what the miner gets.
// Nothing may throw.
//
// An input of the corpus is a Case in JSON.

import { auditDraft } from "../../shared/bitcoin/audit";
import type { AuditExpectation } from "../../shared/bitcoin/audit-step";
import { type Draft, unsignedHex } from "../../shared/bitcoin/draft";
import { checkSigned, signDraft } from "../../shared/bitcoin/transaction";
import { openWallet, type Wallet } from "../../shared/bitcoin/wallet";
import type { Coin } from "../../shared/kernel/ports";
import { energyFor } from "../../shared/kernel/units";
import type { DraftOffer, WireOutput } from "../../shared/protocol/types";
import { SeededRandom } from "../model/random";
import { standInEcdsa } from "../model/signers";
import { inputFault, parse } from "../model/transaction";
import { FuzzFailure } from "./target";

export const name = "audit";

export interface FuzzResult {
  readonly runs: number;
  /** How often each outcome was seen. */
  readonly outcomes: Readonly<Record<string, number>>;
}

const INCREMENT = 10_000;
const PRICE = 250_000;
const FEE_LIMIT = 3_000;
const SESSION_MAX = 100_000;

/** What a gate is given, and what it knows. */
export type Case =
  | { readonly gate: "audit"; readonly offer: DraftOffer; readonly known: Known }
  | { readonly gate: "signed"; readonly draft: Draft; readonly sent: string; readonly isHonest: boolean };

/**
 * What a cable's audit goes by: its coins as they are pinned, its script, where the session stands.
 */
interface Known {
  readonly payerScript: string;
  readonly inputs: readonly Coin[];
  readonly agreed?: AuditExpectation["agreed"];
}

/** Throws a FuzzFailure with the case at the first violation. */
export function fuzz(runs: number, seed: number): FuzzResult {
  const outcomes: Record<string, number> = {};
  for (const each of cases(runs, seed)) {
    try {
      const outcome = outcomeOf(each);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      throw new FuzzFailure(new Uint8Array(Buffer.from(JSON.stringify(each))), error);
    }
  }
  return { runs, outcomes };
}

export function replay(input: Uint8Array): void {
  outcomeOf(JSON.parse(Buffer.from(input).toString()) as Case);
}

export function* cases(runs: number, seed: number): Generator<Case> {
  const random = new SeededRandom(seed);
  for (let i = 0; i < runs; i++) {
    const scene = sceneOf(random);
    yield i % 2 === 0 ? auditCase(random, scene) : signedCase(random, scene);
  }
}

/** What the gate said. Throws an Error where that is wrong. */
export function outcomeOf(each: Case): string {
  return each.gate === "audit" ? tryAudit(each.offer, each.known) : trySigned(each.draft, each.sent, each.isHonest);
}

interface Scene {
  readonly wallet: Wallet;
  readonly draft: Draft;
  readonly offer: DraftOffer;
  readonly known: Known;
}

/** An honest offer and what the cable knows. */
function sceneOf(random: SeededRandom): Scene {
  const wallet = openWallet(random.bytes(32), standInEcdsa);
  const inputs: Coin[] = Array.from({ length: random.integer(1, 5) }, () => ({
    txid: hex(random, 32),
    vout: random.integer(0, 3),
    amount: random.integer(20_000, 150_000),
  }));
  const before = random.oneIn(3) ? 0 : INCREMENT * random.integer(1, 8);
  const total = inputs.reduce((sum, coin) => sum + coin.amount, 0);
  const value = Math.min(before + INCREMENT, total - FEE_LIMIT);
  const socketScript = `0014${hex(random, 20)}`;
  const fee = random.integer(20, FEE_LIMIT - 300);
  const draft: Draft = { inputs, payerScript: wallet.script, socketScript, value, fee };
  const session = hex(random, 16);
  const opening = before === 0;
  const agreed = {
    session,
    socketScript,
    sessionMax: SESSION_MAX,
    expiry: 900,
    inputs,
    increment: 3,
    value: before,
    paid: before,
    fee,
  };
  const known = { payerScript: wallet.script, inputs, ...(opening ? {} : { agreed }) };
  return { wallet, draft, known, offer: offerOf(draft, session, opening ? 1 : 4) };
}

function expectationOf({ payerScript, inputs, agreed }: Known): AuditExpectation {
  return {
    scheme: "single-fee",
    payerScript,
    increment: INCREMENT,
    price: PRICE,
    limits: { price: PRICE, fee: FEE_LIMIT, feeRate: 1_000_000, session: SESSION_MAX, arrears: 0 },
    agreed,
    pinned: (coin) => inputs.find((own) => own.txid === coin.txid && own.vout === coin.vout)?.amount,
    pledgedElsewhere: () => false,
  };
}

function offerOf(draft: Draft, session: string, increment: number): DraftOffer {
  const tx = parse(unsignedHex(draft));
  return {
    session,
    scheme: "single-fee",
    increment,
    inputs: draft.inputs.map(({ txid, vout, amount }) => ({ txid, vout, amount })),
    outputs: tx.outputs,
    fee:
      draft.inputs.reduce((sum, coin) => sum + coin.amount, 0) -
      tx.outputs.reduce((sum, output) => sum + output.amount, 0),
    transaction: tx.hex,
    energy: energyFor(INCREMENT, PRICE),
    sessionMax: SESSION_MAX,
    arrears: 0,
    credit: 0,
    expiry: 900,
  };
}

// ---------------------------------------------------------------- the audit

function auditCase(random: SeededRandom, { wallet, offer, known }: Scene): Case {
  let mutant = offer;
  for (let i = random.integer(0, 3); i > 0; i--) mutant = mutateOffer(random, mutant, wallet.script);
  return { gate: "audit", offer: mutant, known };
}

function tryAudit(offer: DraftOffer, known: Known): string {
  const expectation = expectationOf(known);
  const result = auditDraft(offer, expectation);
  if (!result.ok) return `audit: ${result.reason}`;
  const why = wrongWith(offer, expectation, known.payerScript);
  if (why) throw new Error(`the audit passed an offer that ${why}`);
  return "audit: passed";
}

/** What is wrong with a passed offer, judged from its bytes alone. */
function wrongWith(offer: DraftOffer, expectation: AuditExpectation, own: string): string | undefined {
  const { agreed, limits, pinned } = expectation;
  const tx = parse(offer.transaction);
  const value = tx.outputs[0]?.amount ?? 0;
  const paid = value - (agreed?.value ?? 0);
  const spent = tx.inputs.reduce((sum, input) => sum + (pinned(input) ?? amountIn(offer, input.txid)), 0);
  const fee = spent - tx.outputs.reduce((sum, output) => sum + output.amount, 0);
  if (fee > limits.fee || fee < 0) return `gives the miner ${fee} sat`;
  if (paid !== INCREMENT && paid !== 0) return `pays ${paid} sat more`;
  if (paid === 0 && fee <= (agreed?.fee ?? 0)) return "pays nothing new";
  if (tx.outputs.length > 2 || (tx.outputs[1] && tx.outputs[1].script !== own)) return "sends change elsewhere";
  if (agreed && tx.outputs[0]?.script !== agreed.socketScript) return "pays another script";
  if (value > SESSION_MAX) return "pays more than the session's maximum";
  if (energyFor(paid, PRICE) > offer.energy) return "credits less energy than it pays";
  if (tx.version !== 2 || tx.locktime !== 0 || tx.inputs.some((input) => input.sequence !== 0xfffffffd))
    return "is not canonical";
  return undefined;
}

function amountIn(offer: DraftOffer, txid: string): number {
  return offer.inputs.find((input) => input.txid === txid)?.amount ?? 0;
}

function mutateOffer(random: SeededRandom, offer: DraftOffer, own: string): DraftOffer {
  const nasty = (value: number): number =>
    random.pick([
      value + 1,
      value - 1,
      value * 2,
      0,
      -1,
      Number.NaN,
      0.5,
      2 ** 53,
      Infinity,
      INCREMENT,
      293,
      294,
      random.next(),
    ]);
  const output = (at: number, change: Partial<WireOutput>): DraftOffer => ({
    ...offer,
    outputs: offer.outputs.map((each, i) => (i === at ? { ...each, ...change } : each)),
  });
  switch (random.integer(0, 12)) {
    case 0:
      return output(random.integer(0, 1), { amount: nasty(offer.outputs[0]?.amount ?? 0) });
    case 1:
      return output(random.integer(0, 1), {
        script: random.pick([own, `0014${hex(random, 20)}`, "", "6a", `5120${hex(random, 32)}`]),
      });
    case 2:
      return { ...offer, fee: nasty(offer.fee) };
    case 3: {
      const at = random.integer(0, offer.inputs.length - 1);
      return {
        ...offer,
        inputs: offer.inputs.map((coin, i) => (i === at ? { ...coin, amount: nasty(coin.amount) } : coin)),
      };
    }
    case 4:
      return {
        ...offer,
        inputs: random.oneIn(2) ? [...offer.inputs].reverse() : offer.inputs.concat(offer.inputs.slice(0, 1)),
      };
    case 5:
      return { ...offer, transaction: mutateHex(random, offer.transaction) };
    case 6:
      return { ...offer, energy: nasty(offer.energy), credit: nasty(offer.credit) };
    case 7:
      return { ...offer, increment: nasty(offer.increment), arrears: nasty(offer.arrears) };
    case 8:
      return { ...offer, session: random.pick(["", "zz", hex(random, 16)]), sessionMax: nasty(offer.sessionMax) };
    case 9:
      return {
        ...offer,
        outputs: random.pick([
          [],
          offer.outputs.slice(0, 1),
          [...offer.outputs].reverse(),
          offer.outputs.concat(offer.outputs),
        ]),
      };
    case 10:
      return rebuilt(random, offer, own);
    case 11:
      return { ...offer, inputs: [] };
    default:
      return { ...offer, scheme: random.pick(["basic", "single-fee"]), expiry: nasty(offer.expiry) };
  }
}

/** A liar that takes care: amounts changed, and the bytes built anew to match. */
function rebuilt(random: SeededRandom, offer: DraftOffer, own: string): DraftOffer {
  const lie = random.pick([-300, -1, 1, 300, INCREMENT]);
  const inputs = offer.inputs.map((coin, i) =>
    i === 0 ? { ...coin, amount: coin.amount + random.pick([0, lie]) } : coin,
  );
  const value = (offer.outputs[0]?.amount ?? 0) + random.pick([0, lie]);
  const fee = offer.fee + random.pick([0, lie]);
  const socketScript = offer.outputs[0]?.script ?? "";
  try {
    return {
      ...offerOf({ inputs, payerScript: own, socketScript, value, fee }, offer.session, offer.increment),
      energy: offer.energy,
    };
  } catch {
    return offer;
  }
}

// ---------------------------------------------------------------- the check of what was signed

function signedCase(random: SeededRandom, { wallet, draft }: Scene): Case {
  const honest = signDraft(draft, wallet);
  let sent = honest;
  for (let i = random.integer(0, 3); i > 0; i--) sent = mutateHex(random, sent);
  if (random.oneIn(10)) sent = signDraft({ ...draft, value: draft.value - 1, fee: draft.fee + 1 }, wallet);
  if (random.oneIn(10)) sent = random.pick(["", "zz", unsignedHex(draft), honest.toUpperCase(), "0".repeat(5000)]);
  return { gate: "signed", draft, sent, isHonest: sent === honest };
}

function trySigned(draft: Draft, sent: string, isHonest: boolean): string {
  const result = checkSigned(draft, sent, standInEcdsa);
  if (!result.ok) {
    if (isHonest) throw new Error(`the check refused the honest transaction (${result.fault}): ${sent}`);
    return `signed: ${result.fault}`;
  }
  const tx = parse(sent);
  const bare = parse(unsignedHex(draft));
  if (tx.txid !== bare.txid) throw new Error(`the check accepted another transaction: ${sent}`);
  const fault = draft.inputs
    .map((coin, i) => inputFault(tx, i, { amount: coin.amount, script: draft.payerScript }, standInEcdsa.verify))
    .find((each) => each !== undefined);
  if (fault) throw new Error(`the check accepted what the network refuses (${fault}): ${sent}`);
  return "signed: accepted";
}

function mutateHex(random: SeededRandom, text: string): string {
  const bytes = Buffer.from(text, "hex");
  if (bytes.length === 0) return "00";
  const at = random.integer(0, bytes.length - 1);
  switch (random.integer(0, 4)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
      return bytes.toString("hex");
    case 1:
      return bytes.subarray(0, at).toString("hex");
    case 2:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(random.bytes(random.integer(1, 4))),
        bytes.subarray(at),
      ]).toString("hex");
    case 3:
      return text.slice(0, 2 * at) + random.pick(["g", "G", " ", "A"]) + text.slice(2 * at + 1);
    default:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.integer(at, bytes.length))]).toString("hex");
  }
}

function hex(random: SeededRandom, bytes: number): string {
  return Buffer.from(random.bytes(bytes)).toString("hex");
}
