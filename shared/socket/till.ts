// The till: sessions and payments. It proposes drafts, checks what comes back signed, and credits it.
//
// Each call first asks the chain whatever it has to, then decides in one go without waiting: nothing can change
// between the last check and the journal. A commitment is written before it is credited or answered.

import { payerScriptOf } from "../bitcoin/address";
import { selectCoins, sessionMaximum } from "../bitcoin/coins";
import { actualFee, type Draft, draftVsize, outputsOf } from "../bitcoin/draft";
import { quoteFee } from "../bitcoin/fees";
import { type PreparedDraft, prepareDraft } from "../bitcoin/frame";
import { checkSigned } from "../bitcoin/transaction";
import { ChainError } from "../chain/error";
import { schemeOf } from "../payment/schemes";
import {
  canPayMore,
  lastCommitment,
  MAX_COMMITMENTS,
  nextIncrement,
  SESSION_BLOCKS,
  type Session,
  type Step,
} from "../payment/session";
import type { Chain, Coin, Ecdsa, FeeRates, Random, Reporter } from "../ports";
import { Fault } from "../rpc/faults";
import type { DraftOffer, PaymentRequest, PaymentResult, PowerRequest } from "../rpc/types";
import { energyFor, type Hex, type MilliwattHour, type Satoshi } from "../units";
import { available, type CoinWatch, nameOf } from "./coin-watch";
import type { SocketLedger } from "./ledger";
import type { Outlet } from "./outlet";
import { latest, type Settlement } from "./record";
import type { SocketSettings } from "./settings";
import type { Settler } from "./settler";

/** Coins of an address that are looked at; more than a session can spend, so that pledged ones can be passed over. */
const COINS_ASKED = 20;
/** A commitment is repeated at a higher fee once the going fee is this much above its own. */
const FEE_RISE = 1.5;

/** A draft that was proposed, with all that is needed to check its signature quickly. */
interface Proposal {
  readonly increment: number;
  readonly step: Step;
  readonly draft: Draft;
  readonly prepared: PreparedDraft;
  readonly energy: MilliwattHour;
}

export interface TillOptions {
  readonly chain: Chain;
  readonly watch: CoinWatch;
  readonly random: Random;
  readonly ecdsa: Ecdsa;
  readonly ledger: SocketLedger;
  readonly outlet: Outlet;
  readonly settler: Settler;
  readonly settings: SocketSettings;
  /** Where the money goes. */
  readonly payoutScript: Hex;
  readonly report: Reporter;
}

export class Till {
  readonly #options: TillOptions;
  #proposal: Proposal | undefined;
  /** The last payment and its answer: a call that is repeated gets it again. */
  #answered: { readonly request: PaymentRequest; readonly result: PaymentResult } | undefined;
  #paying: { readonly request: PaymentRequest; readonly result: Promise<PaymentResult> } | undefined;
  /** The payer's key, once a signature of it was accepted in this session. */
  #publicKey: Hex | undefined;
  /** Fee of an earlier commitment that somebody broadcast; the next draft must outbid it. */
  #rivalFee: Satoshi | undefined;
  #ended: Hex | undefined;

  constructor(options: TillOptions) {
    this.#options = options;
  }

  get session(): Session | undefined {
    return this.#options.ledger.record.session;
  }

  // ------------------------------------------------------------ power_request

  /** Opens a session for the address, or goes on with the one it has. */
  async request(request: PowerRequest): Promise<DraftOffer> {
    const payer = this.#payerOf(request);
    this.#mustMayDeal(payer);
    this.#options.outlet.resume(payer);
    const running = this.session;
    if (running?.payerScript === payer && running.scheme === request.scheme) return this.#proposeAgain();
    if (running) this.end("another-payer");
    const session = await this.#openSession(payer, request);
    // Another call may have opened one while the chain was asked; the younger replaces it only if nothing is paid on it.
    if (this.session && this.session.commitments.length > 0) throw new Fault("socket-busy", "", 5_000);
    this.#proposal = undefined;
    this.#publicKey = undefined;
    this.#rivalFee = undefined;
    this.#options.ledger.change({ session, transaction: undefined, openedAt: this.#options.outlet.total() });
    return this.#proposeAgain();
  }

  #payerOf(request: PowerRequest): Hex {
    const { settings } = this.#options;
    if (!settings.schemes.includes(request.scheme))
      throw new Fault("unknown-scheme", `Expected ${settings.schemes.join(" or ")}, came ${request.scheme}.`);
    try {
      return payerScriptOf(request.address, settings.network);
    } catch (error) {
      throw new Fault("bad-address", `(${error instanceof Error ? error.message : String(error)})`);
    }
  }

  #mustMayDeal(payer: Hex): void {
    const { outlet, ledger, settler } = this.#options;
    if (outlet.state === "lockout") throw new Fault("locked-out", "", outlet.lockoutLeft());
    if (ledger.record.cheats.includes(payer)) throw new Fault("address-refused");
    const { trip } = outlet;
    if (trip !== undefined) throw new Fault("power-fault", `(${trip})`, 10_000);
    if (!settler.hasRoom()) throw new Fault("exposure-limit", "", 60_000);
  }

  async #openSession(payer: Hex, request: PowerRequest): Promise<Session> {
    const { chain, watch, settings, ledger, random, payoutScript, settler } = this.#options;
    // What an earlier session holds goes out first: its change may be all the coins there are.
    if (settler.settlements.some((each) => each.state === "held")) await settler.run();
    const [coins, tip] = await Promise.all([available(chain.utxos(payer, COINS_ASKED)), watch.tip(), watch.rates()]);
    const arrears = ledger.record.debts.find((debt) => debt.script === payer)?.amount ?? 0;
    const { increment, sessionMax, feeLimit, price } = settings;
    // Each basic payment has a fee of its own, so the coins must hold more of them.
    const payments = request.scheme === "basic" ? Math.min(MAX_COMMITMENTS, Math.ceil(sessionMax / increment)) : 1;
    const fees = feeLimit * payments;
    const inputs = this.#choose(coins, sessionMax + arrears + fees);
    const max = sessionMaximum(inputs, feeLimit + arrears, increment, sessionMax);
    if (max < increment)
      throw new Fault("insufficient-funds", `Expected ${increment + feeLimit + arrears} sat in at most 5 coins.`);
    await watch.mustBeUnspent(inputs, settings.unspentMaxAge);
    return {
      id: hexOf(random.bytes(16)),
      scheme: request.scheme,
      payerScript: payer,
      socketScript: payoutScript,
      price,
      increment,
      max,
      arrears,
      expiry: tip + SESSION_BLOCKS,
      inputs,
      paid: 0,
      commitments: [],
    };
  }

  /** Coins that the chain confirms, and change of our own broadcasts; never what an unsettled session has pledged. */
  #choose(coins: readonly Coin[], want: Satoshi): readonly Coin[] {
    const { settlements } = this.#options.ledger.record;
    const pledged = new Set(settlements.flatMap((settlement) => settlement.inputs.map(nameOf)));
    const own = settlements.filter((settlement) => settlement.state !== "held").map((each) => latest(each).txid);
    return selectCoins(coins, { want, ownTxids: new Set(own), excluded: (coin) => pledged.has(nameOf(coin)) });
  }

  // ------------------------------------------------------------ drafts

  /** The standing proposal, or a new one. Throws a Fault where the session can take no more. */
  async #proposeAgain(): Promise<DraftOffer> {
    const rates = await this.#options.watch.rates();
    const session = this.#mustBeOpen();
    this.#proposal = undefined;
    const proposal = this.#propose(session, rates);
    if (proposal) return this.#offer(session, proposal);
    if (!this.canSell()) throw new Fault("exposure-limit", "", 60_000);
    this.end("complete");
    throw new Fault("session-ended");
  }

  /** The next draft at the going fee; undefined where the maximum, the fee limit or the exposure forbids one. */
  #propose(session: Session, rates: FeeRates): Proposal | undefined {
    if (this.#wantsHigherFee(session, rates)) return this.#draft(session, 0, rates);
    return canPayMore(session) && this.canSell() ? this.#draft(session, session.increment, rates) : undefined;
  }

  #draft(session: Session, pay: Satoshi, rates: FeeRates): Proposal | undefined {
    const { settings } = this.#options;
    const scheme = schemeOf(session.scheme);
    if (session.inputs.length === 0 || session.commitments.length >= MAX_COMMITMENTS) return undefined;
    const fee = quoteFee(scheme.draft(session, { pay, fee: 0 }), this.#demand(session, rates));
    if (fee === undefined) return undefined;
    const step = { pay, fee };
    const draft = scheme.draft(session, step);
    if (actualFee(draft) > settings.feeLimit) return undefined;
    const proposal: Proposal = {
      increment: nextIncrement(session),
      step,
      draft,
      prepared: prepareDraft(draft),
      energy: energyFor(pay, session.price),
    };
    this.#proposal = proposal;
    return proposal;
  }

  #demand(session: Session, rates: FeeRates): Parameters<typeof quoteFee>[1] {
    const rate = Math.max(rates.target, rates.floor);
    const known = this.#broadcastFee(session);
    if (known === undefined) return { rate };
    const vsize = draftVsize(schemeOf(session.scheme).draft(session, { pay: 0, fee: 0 }));
    return { rate, incremental: rates.incremental, replaces: { fee: known, vsize } };
  }

  /** Fee of the transaction over the session's inputs that the network knows already. */
  #broadcastFee(session: Session): Satoshi | undefined {
    const open = this.#openSettlement(session);
    const own = open ? lastCommitment(session)?.fee : undefined;
    if (own === undefined) return this.#rivalFee;
    return Math.max(own, this.#rivalFee ?? 0);
  }

  /** A single-fee commitment whose fee was left behind by the going rate, or by a rival, is repeated at a higher one. */
  #wantsHigherFee(session: Session, rates: FeeRates): boolean {
    const held = lastCommitment(session);
    if (!held || !schemeOf(session.scheme).supersedes) return false;
    if (this.#rivalFee !== undefined && held.fee <= this.#rivalFee) return true;
    if (this.#options.outlet.renewalDue() && canPayMore(session)) return false;
    const vsize = draftVsize(schemeOf(session.scheme).draft(session, { pay: 0, fee: 0 }));
    return (vsize * Math.max(rates.target, rates.floor)) / 1000 > held.fee * FEE_RISE;
  }

  /** True where the cable should fetch a draft although credit is not low. */
  higherFeeWanted(): boolean {
    const rates = this.#options.watch.lastRates();
    return this.session !== undefined && rates !== undefined && this.#wantsHigherFee(this.session, rates);
  }

  #offer(session: Session, proposal: Proposal): DraftOffer {
    const { draft, prepared, increment, energy, step } = proposal;
    return {
      session: session.id,
      scheme: session.scheme,
      increment,
      inputs: draft.inputs.map(({ txid, vout, amount }) => ({ txid, vout, amount })),
      outputs: outputsOf(draft),
      fee: actualFee(draft),
      transaction: prepared.unsigned,
      energy,
      sessionMax: session.max,
      arrears: increment === 1 && step.pay > 0 ? session.arrears : 0,
      credit: this.#options.outlet.creditOf(session.payerScript),
      expiry: session.expiry,
    };
  }

  // ------------------------------------------------------------ pay_transaction

  /** Credits a signed draft. The same call gets the same answer, be it repeated later or while the first is under way. */
  async pay(request: PaymentRequest): Promise<PaymentResult> {
    const before = this.#answered;
    if (before && sameRequest(before.request, request)) return { ...before.result, ...this.#nowOf() };
    if (this.#paying && sameRequest(this.#paying.request, request)) return this.#paying.result;
    const paying = { request, result: this.#pay(request) };
    this.#paying = paying;
    try {
      return await paying.result;
    } finally {
      if (this.#paying === paying) this.#paying = undefined;
    }
  }

  async #pay(request: PaymentRequest): Promise<PaymentResult> {
    const proposal = this.#proposalFor(request);
    const session = this.#mustBeOpen(request.session);
    this.#mustMayDeal(session.payerScript);
    const verdict = checkSigned(proposal.draft, request.transaction, this.#options.ecdsa, {
      prepared: proposal.prepared,
      ...(this.#publicKey === undefined ? {} : { publicKey: this.#publicKey }),
    });
    if (!verdict.ok) throw new Fault(verdict.fault, verdict.detail);
    await this.#inputsUnspent(session);
    // The chain may have been asked for long: the proposal must still stand.
    if (this.#proposal !== proposal || this.session !== session)
      throw new Fault("wrong-increment", "It was replaced meanwhile.");
    this.#publicKey = verdict.publicKey;
    const result = schemeOf(session.scheme).supersedes
      ? this.#acceptCommitment(session, proposal, request)
      : await this.#acceptPayment(session, proposal, request);
    this.#answered = { request, result };
    return result;
  }

  #proposalFor(request: PaymentRequest): Proposal {
    const session = this.#mustBeOpen(request.session);
    const proposal = this.#proposal;
    if (request.increment < nextIncrement(session)) throw new Fault("already-superseded");
    if (!proposal || proposal.increment !== request.increment)
      throw new Fault("wrong-increment", `Expected ${proposal?.increment ?? "none"}, came ${request.increment}.`);
    return proposal;
  }

  async #inputsUnspent(session: Session): Promise<void> {
    const { watch, settings } = this.#options;
    const own = this.#openSettlement(session) ? lastCommitment(session)?.txid : undefined;
    await watch.mustBeUnspent(session.inputs, settings.unspentMaxAge, own);
  }

  /** Single-fee: the commitment is ours from the moment it is written; it goes out when the session ends. */
  #acceptCommitment(session: Session, proposal: Proposal, request: PaymentRequest): PaymentResult {
    const { ledger, outlet, settler, report } = this.#options;
    const advanced = schemeOf(session.scheme).advance(session, proposal.step, proposal.draft);
    const handedOver = this.#openSettlement(session);
    ledger.write({
      ...outlet.creditAfter(session.payerScript, proposal.energy),
      ...this.#debtsAfter(session),
      ...(handedOver ? settler.taken(settlementOf(advanced, request.transaction, true)) : {}),
      session: advanced,
      transaction: request.transaction,
    });
    this.#credited(session, proposal, report);
    if (handedOver) void settler.run();
    return this.#answer(proposal, handedOver ? lastCommitment(advanced)?.txid : undefined);
  }

  /** Basic: the payment is good once the network has it. */
  async #acceptPayment(session: Session, proposal: Proposal, request: PaymentRequest): Promise<PaymentResult> {
    const { ledger, settler, report } = this.#options;
    const advanced = schemeOf(session.scheme).advance(session, proposal.step, proposal.draft);
    const settlement: Settlement = {
      ...settlementOf(advanced, request.transaction, false),
      inputs: session.inputs,
      commitments: advanced.commitments.slice(-1),
      credit: proposal.energy,
    };
    ledger.write({ ...settler.taken(settlement), ...this.#debtsAfter(session), session: advanced });
    try {
      await settler.sendOrForget(settlement);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      ledger.write({ session, debts: this.#debtsBefore(session) });
      if (error.kind === "away" || error.kind === "rate-limited")
        throw new Fault("chain-unavailable", `(${error.kind})`, 10_000);
      throw new Fault("broadcast-refused", `(${error.message})`);
    }
    this.#credited(session, proposal, report);
    return this.#answer(proposal, lastCommitment(advanced)?.txid);
  }

  #credited(session: Session, proposal: Proposal, report: Reporter): void {
    this.#options.outlet.supply();
    this.#proposal = undefined;
    this.#rivalFee = undefined;
    report({
      name: "credited",
      session: session.id,
      increment: proposal.increment,
      value: proposal.step.pay,
      energy: proposal.energy,
      fee: actualFee(proposal.draft),
    });
  }

  /** The answer to a payment: what it bought and what comes next. A session that can take no more is settled. */
  #answer(proposal: Proposal, txid: Hex | undefined): PaymentResult {
    const rates = this.#options.watch.lastRates();
    const session = this.session;
    const next = session && rates ? this.#propose(session, rates) : undefined;
    const offer = session && next ? this.#offer(session, next) : undefined;
    const result = { credited: proposal.energy, ...(offer ? { next: offer } : {}) };
    const settled = session && !next && this.canSell() ? this.end("complete") : undefined;
    const known = txid ?? settled;
    return { ...result, ...this.#nowOf(), ...(known === undefined ? {} : { txid: known }) };
  }

  #nowOf(): Pick<PaymentResult, "state" | "remaining"> {
    const { outlet } = this.#options;
    return { state: outlet.state, remaining: outlet.credit() };
  }

  #debtsAfter(session: Session): { debts?: readonly { script: Hex; amount: Satoshi }[] } {
    if (session.commitments.length > 0 || session.arrears === 0) return {};
    return { debts: this.#options.ledger.record.debts.filter((debt) => debt.script !== session.payerScript) };
  }

  #debtsBefore(session: Session): readonly { script: Hex; amount: Satoshi }[] {
    const debts = this.#options.ledger.record.debts.filter((debt) => debt.script !== session.payerScript);
    if (session.commitments.length > 0 || session.arrears === 0) return this.#options.ledger.record.debts;
    return [...debts, { script: session.payerScript, amount: session.arrears }];
  }

  // ------------------------------------------------------------ ends

  /** Ends the session and hands its commitment to the settler. Gives the txid, where there is one. Harmless without a session. */
  end(why: string): Hex | undefined {
    const { ledger, settler, report } = this.#options;
    const { session, transaction } = ledger.record;
    if (!session) return undefined;
    const owed = schemeOf(session.scheme).supersedes && transaction !== undefined;
    const already = this.#openSettlement(session);
    const settlements = already
      ? this.#closed(already)
      : owed
        ? settler.taken(settlementOf(session, transaction, false))
        : {};
    ledger.write({ ...settlements, session: undefined, transaction: undefined });
    this.#proposal = undefined;
    this.#ended = session.id;
    report({ name: "session-ended", session: session.id, why, paid: session.paid });
    void settler.run();
    return owed ? lastCommitment(session)?.txid : undefined;
  }

  /** Broadcasts the running session's commitment early; it goes on, and later ones outbid this one. */
  checkpoint(why: string): void {
    const { ledger, settler, report } = this.#options;
    const { session, transaction } = ledger.record;
    if (!session || transaction === undefined || this.#openSettlement(session)) return;
    ledger.write(settler.taken(settlementOf(session, transaction, true)));
    // The standing proposal was quoted before there was anything to outbid.
    this.#proposal = undefined;
    report({ name: "checkpoint", why, value: lastCommitment(session)?.value ?? 0 });
    void settler.run();
  }

  /** True once the running session's commitment was brought out early. */
  isHandedOver(): boolean {
    return this.session !== undefined && this.#openSettlement(this.session) !== undefined;
  }

  /** An earlier commitment of the session is out; the next draft has to outbid it. */
  outbid(fee: Satoshi): void {
    this.#rivalFee = Math.max(fee, this.#rivalFee ?? 0);
    this.#proposal = undefined;
  }

  #closed(open: Settlement): { settlements: readonly Settlement[] } {
    const { settlements } = this.#options.ledger.record;
    return { settlements: settlements.map((each) => (each === open ? { ...each, open: false } : each)) };
  }

  #openSettlement(session: Session): Settlement | undefined {
    return this.#options.ledger.record.settlements.find((each) => each.open && each.session === session.id);
  }

  #mustBeOpen(id?: Hex): Session {
    const { session } = this;
    if (session && (id === undefined || id === session.id)) return session;
    throw new Fault(id === undefined || id === this.#ended ? "session-ended" : "unknown-session");
  }

  // ------------------------------------------------------------ exposure

  /** Value delivered that no confirmed transaction pays yet. */
  exposure(): Satoshi {
    const { outlet, settings } = this.#options;
    return Math.max(0, this.#unpaid() - Math.floor((outlet.credit() * settings.price) / 1_000_000));
  }

  /** The same once all credit is drawn: what no confirmed transaction pays yet, delivered or not. */
  #unpaid(): Satoshi {
    const { ledger, settler } = this.#options;
    const { session, debts } = ledger.record;
    const held =
      session && !this.#openSettlement(session) && schemeOf(session.scheme).supersedes
        ? lastCommitment(session)
        : undefined;
    const owed = debts.reduce((sum, debt) => sum + debt.amount, 0);
    return settler.unconfirmed() + (held?.value ?? 0) + owed;
  }

  /** Credit that is sold will be drawn, however much of it is left now: a stock of it must not outgrow the limit. */
  canSell(): boolean {
    return this.#unpaid() < this.#options.settings.exposureLimit && this.#options.settler.hasRoom();
  }
}

/** What a session's commitments become when they go to the network. */
export function settlementOf(session: Session, transaction: Hex, open: boolean): Settlement {
  return {
    session: session.id,
    payerScript: session.payerScript,
    inputs: session.inputs,
    commitments: session.commitments,
    transaction,
    state: "held",
    open,
  };
}

function sameRequest(a: PaymentRequest, b: PaymentRequest): boolean {
  return a.session === b.session && a.increment === b.increment && a.transaction === b.transaction;
}

function hexOf(bytes: Uint8Array): Hex {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}
