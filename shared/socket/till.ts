// The till: sessions and payments. It proposes drafts, checks what comes back signed, and credits
// it.
//
// Each call first asks the chain whatever it has to, then decides in one go without waiting:
// nothing can change between the last check and the journal. A commitment is written before it is
// credited or answered.

import { actualFee } from "../bitcoin/draft";
import { prepareDraft } from "../bitcoin/frame";
import { checkBytes, checkSignatures, checkSigned } from "../bitcoin/transaction";
import { ChainError } from "../chain/error";
import type { Ecdsa, Reporter } from "../kernel/ports";
import { energyFor, type Hex, type Millisecond, type Satoshi } from "../kernel/units";
import { schemeOf } from "../payment/schemes";
import { canPayMore, lastCommitment, nextIncrement, type Session } from "../payment/session";
import { Fault } from "../protocol/faults";
import type { DraftOffer, PaymentRequest, PaymentResult, PowerRequest } from "../protocol/types";
import type { Scheme } from "../protocol/words";
import { isCheat } from "./cheats";
import { nameOf } from "./coin-watch";
import { refusalOf } from "./first-payment";
import { isPromised, mustSell, type OpeningOptions, openSession, pledgedIn } from "./opening";
import type { Outlet } from "./outlet";
import { type Proposal, Proposals } from "./proposals";
import type { Debt, Settlement } from "./record";
import { Rewards } from "./rewards";
import { isAway, type Settler } from "./settler";

/** For a question to leave the device before a signature's check keeps it from all else. */
const ON_ITS_WAY: Millisecond = 1;

export interface TillOptions extends Omit<OpeningOptions, "rewards"> {
  readonly ecdsa: Ecdsa;
  readonly outlet: Outlet;
  readonly settler: Settler;
  readonly report: Reporter;
}

export class Till {
  readonly #options: TillOptions;
  readonly #proposals: Proposals;
  readonly #rewards: Rewards;
  /** The last payment and its answer: a call that is repeated gets it again. */
  #answered: { readonly request: PaymentRequest; readonly result: PaymentResult } | undefined;
  #paying: { readonly request: PaymentRequest; readonly result: Promise<PaymentResult> } | undefined;
  /** The payer's key, once a signature of it was accepted in this session. */
  #publicKey: Hex | undefined;
  #ended: Hex | undefined;
  /**
   * The payer that was asked for arrears and did not pay: perhaps it has forgotten them, so its
   * next session does without.
   */
  #unwilling: Hex | undefined;

  constructor(options: TillOptions) {
    this.#options = options;
    this.#proposals = new Proposals(options);
    this.#rewards = new Rewards(options.chain);
  }

  get session(): Session | undefined {
    return this.#options.ledger.record.session;
  }

  /** True while a payment that was found good waits for the chain's word. */
  get isPaying(): boolean {
    return this.#paying !== undefined;
  }

  // ------------------------------------------------------------ power_request

  /**
   * Opens a session for the address, or goes on with the one it has. `mustBeFree` throws a Fault
   * where it may not open one.
   */
  async request(payer: Hex, request: PowerRequest, mustBeFree: () => void): Promise<DraftOffer> {
    this.mustMayDeal(payer);
    const running = this.session;
    // While an earlier commitment is being outbid, only a better one closes the relay again.
    if (running?.payerScript !== payer || !this.#proposals.hasRival) this.#options.outlet.resume(payer, request.ticket);
    // Before anything is refused: what another one has proposed must not be added to the credit
    // that was just given.
    if (running && running.payerScript !== payer) this.end("another-payer");
    const { settler } = this.#options;
    mustSell(request.scheme, this.#options.settings);
    this.mustHaveRoom();
    const isRefused = running?.commitments.length === 0 && running.inputs.some((coin) => isPromised(coin, request));
    if (running?.payerScript === payer && running.scheme === request.scheme && !isRefused) {
      if (this.isUnderWay(running)) await settler.run();
      if (this.isUnderWay(running)) throw new Fault("chain-unavailable", "(the last payment)", 10_000);
      return this.proposeAgain(request.ticket);
    }
    if (running && !isRefused) this.end("another-payer");
    // What an earlier session holds goes out first: its change may be all the coins there are.
    if (settler.settlements.some((each) => each.state === "held")) await settler.run();
    const mayAsk = this.#unwilling !== payer;
    const session = await this.opened(payer, request, mayAsk ? this.#options.ledger.record.debts : []);
    mustBeFree();
    this.mustStillBeFree(session);
    this.#proposals.reset();
    this.#publicKey = undefined;
    const openedAt = this.#options.outlet.total();
    this.#options.ledger.change({ session, transaction: undefined, asked: undefined, openedAt });
    // Credit may have come while the chain was asked: from an earlier payment that the network has
    // only now.
    this.#options.outlet.resume(payer, request.ticket);
    const offer = await this.proposeAgain(request.ticket);
    this.askForRewards(session);
    return offer;
  }

  private opened(payer: Hex, request: PowerRequest, debts: readonly Debt[]): Promise<Session> {
    return openSession({ ...this.#options, rewards: this.#rewards }, payer, request, debts);
  }

  /**
   * Another call may have opened a session while the chain was asked: the younger replaces it only
   * if nothing is paid on it. And it may be over by now: what it paid with cannot pay again.
   */
  private mustStillBeFree({ inputs }: Session): void {
    const pledged = pledgedIn(this.#options.ledger.record);
    const isPaidOn = this.session !== undefined && this.session.commitments.length > 0;
    if (isPaidOn || inputs.some((input) => pledged.has(nameOf(input)))) throw new Fault("socket-busy", "", 5_000);
  }

  /** True while nobody knows whether the network has the session's last payment (basic). */
  private isUnderWay(session: Session): boolean {
    return this.#options.settler.settlements.some(
      ({ session: id, credit }) => id === session.id && credit !== undefined,
    );
  }

  /**
   * True where a request of `payer` would open a session over what the chain lists of its coins
   * now.
   */
  mayOpen(payer: Hex, scheme: Scheme): boolean {
    const { outlet, ledger, settler, settings } = this.#options;
    const { session } = this;
    const isTaken = this.isPaying || session?.payerScript === payer || (session?.commitments.length ?? 0) > 0;
    // A settlement that goes out first changes what there is.
    const isSettling = settler.settlements.some((each) => each.state === "held");
    if (isTaken || isSettling || outlet.state !== "standby" || outlet.trip !== undefined) return false;
    return settings.schemes.includes(scheme) && settler.hasRoom() && !isCheat(ledger.record, payer);
  }

  private mustMayDeal(payer: Hex): void {
    const { outlet, ledger } = this.#options;
    if (outlet.state === "lockout") throw new Fault("locked-out", "", outlet.lockoutLeft());
    if (isCheat(ledger.record, payer)) throw new Fault("address-refused");
    const { trip } = outlet;
    if (trip !== undefined) throw new Fault("power-fault", `(${trip})`, 10_000);
  }

  private mustHaveRoom(): void {
    if (!this.#options.settler.hasRoom()) throw new Fault("exposure-limit", "", 60_000);
  }

  // ------------------------------------------------------------ drafts

  /**
   * The standing proposal, or a new one, for a caller that shows `ticket`. Throws a Fault where the
   * session can take no more.
   */
  private async proposeAgain(ticket: Hex | undefined): Promise<DraftOffer> {
    const rates = await this.#options.watch.ratesToGoOn();
    const session = this.mustBeOpen();
    const proposal = this.#proposals.make(session, rates);
    if (proposal) return this.#proposals.offer(session, proposal, ticket);
    if (!this.canSell() && canPayMore(session)) throw new Fault("exposure-limit", "", 60_000);
    this.end("complete");
    // Not even a first draft: only a fee beyond the limit forbids that.
    if (session.commitments.length === 0)
      throw new Fault("fees-too-high", `Expected at most ${this.#options.settings.feeLimit} sat.`, 60_000);
    throw new Fault("session-ended");
  }

  /** True where the cable should fetch a draft although credit is not low. */
  higherFeeWanted(): boolean {
    const rates = this.#options.watch.lastRates();
    return this.session !== undefined && rates !== undefined && this.#proposals.wantsHigherFee(this.session, rates);
  }

  // ------------------------------------------------------------ pay_transaction

  /**
   * Credits a signed draft. The same call gets the same answer, be it repeated later or while the
   * first is under way; `accepted` is called for the first only: a caller that repeats what it
   * overheard has paid nothing.
   */
  async pay(request: PaymentRequest, accepted: () => void): Promise<PaymentResult> {
    const before = this.#answered;
    if (before && sameRequest(before.request, request)) return { ...before.result, ...this.nowOf() };
    if (this.#paying && sameRequest(this.#paying.request, request)) return this.#paying.result;
    const paying = { request, result: this.payOnce(request) };
    this.#paying = paying;
    try {
      const result = await paying.result;
      accepted();
      return result;
    } finally {
      if (this.#paying === paying) this.#paying = undefined;
    }
  }

  private async payOnce(request: PaymentRequest): Promise<PaymentResult> {
    const proposal = this.proposalFor(request);
    const session = this.mustBeOpen(request.session);
    this.mustMayDeal(session.payerScript);
    this.mustHaveRoom();
    const checked = checkBytes(proposal.draft, request.transaction, {
      prepared: proposal.prepared,
      ...(this.#publicKey === undefined ? {} : { publicKey: this.#publicKey }),
    });
    if (!checked.ok) throw new Fault(checked.fault, checked.detail);
    try {
      const refusal = await this.askFirst(session, proposal, request);
      const verdict = checkSignatures(checked, this.#options.ecdsa);
      if (!verdict.ok) throw new Fault(verdict.fault, verdict.detail);
      await this.inputsUnspent(session, actualFee(proposal.draft));
      this.mustBeTaken(session, proposal, await refusal?.());
      // The chain may have been asked for long: the proposal must still stand.
      if (this.#proposals.standing !== proposal || this.session !== session)
        throw new Fault("wrong-increment", "It was replaced meanwhile.");
      this.#publicKey = verdict.publicKey;
      const result = schemeOf(session.scheme).supersedes
        ? this.acceptCommitment(session, proposal, request)
        : await this.acceptPayment(session, proposal, request);
      this.#answered = { request, result };
      return result;
    } finally {
      if (this.#options.ledger.record.asked?.transaction === request.transaction)
        this.#options.ledger.change({ asked: undefined });
    }
  }

  /**
   * Of a session's first commitment: asks whether the network would take it, which is on its way
   * when this resolves. Its answer comes by what it resolves with; undefined where nothing is
   * asked. In the basic scheme the broadcast tells.
   */
  private async askFirst(
    session: Session,
    { step }: Proposal,
    { transaction, ticket }: PaymentRequest,
  ): Promise<(() => Promise<ChainError | undefined>) | undefined> {
    const { chain, clock, watch, ledger } = this.#options;
    if (session.commitments.length > 0 || !schemeOf(session.scheme).supersedes) return undefined;
    const tip = watch.lastTip();
    if ((!chain.wouldTake && !chain.isReward) || tip === undefined) return undefined;
    // Whoever is asked may pass it on: the journal knows of it first.
    if (chain.wouldTake)
      ledger.write({ asked: { transaction, fee: step.fee, ...(ticket === undefined ? {} : { ticket }) } });
    const answer = refusalOf({ ...this.#options, rewards: this.#rewards }, transaction, session.inputs, tip);
    await new Promise<void>((resolve) => void clock.after(ON_ITS_WAY, resolve));
    return () => answer;
  }

  /**
   * While the cable signs: whether a coin is a young reward, where no node will say so when it is
   * asked about the payment.
   */
  private askForRewards({ inputs }: Session): void {
    const { chain, clock, watch } = this.#options;
    const tip = watch.lastTip();
    if (!chain.isReward || (chain.wouldTake && chain.canTest === true) || tip === undefined) return;
    // Once the offer has left. A failure is no news: the payment asks again.
    clock.after(ON_ITS_WAY, () => void this.#rewards.unripe(inputs, tip).catch(() => undefined));
  }

  /** Another session may do better: over other coins, or at a higher fee. */
  private mustBeTaken(session: Session, proposal: Proposal, refusal: ChainError | undefined): void {
    if (!refusal) return;
    if (refusal.kind === "fee-too-low") this.#proposals.payMore(proposal);
    if (this.session === session) this.end("refused");
    throw new Fault("broadcast-refused", `(${refusal.message})`, 10_000);
  }

  /**
   * After a power cut: a first commitment that the network was being asked about. If it is good it
   * goes out, and is owed what it pays for once the network has it; nobody else may have it and the
   * socket not know.
   */
  takeUp(): void {
    const { ledger, settler, ecdsa } = this.#options;
    const { asked, session } = ledger.record;
    if (!asked || !session) return;
    const scheme = schemeOf(session.scheme);
    const step = { pay: session.increment, fee: asked.fee };
    const draft = scheme.draft(session, step);
    const prepared = prepareDraft(draft);
    const isGood = checkSigned(draft, asked.transaction, ecdsa, { prepared }).ok;
    const advanced = scheme.advance(session, step, draft, prepared.txid);
    const settlement: Settlement = {
      ...settlementOf(advanced, asked.transaction, false),
      credit: energyFor(step.pay, session.price),
      ...(asked.ticket === undefined ? {} : { ticket: asked.ticket }),
    };
    const taken = isGood ? { ...settler.taken(settlement), ...this.debtsAfter(session) } : {};
    ledger.change({ ...taken, asked: undefined });
  }

  private proposalFor(request: PaymentRequest): Proposal {
    const session = this.mustBeOpen(request.session);
    const proposal = this.#proposals.standing;
    if (request.increment < nextIncrement(session)) throw new Fault("already-superseded");
    if (!proposal || proposal.increment !== request.increment)
      throw new Fault("wrong-increment", `Expected ${proposal?.increment ?? "none"}, came ${request.increment}.`);
    return proposal;
  }

  /**
   * Commitments of the session that are on their way into a block spend the inputs too; a draft of
   * a higher `fee` replaces them.
   */
  private async inputsUnspent(session: Session, fee: Satoshi): Promise<void> {
    const { watch, settings } = this.#options;
    const outbid = session.commitments.filter((commitment) => commitment.fee < fee).map(({ txid }) => txid);
    await watch.mustBeUnspent(session.inputs, session.payerScript, settings.unspentMaxAge, outbid);
  }

  /**
   * Single-fee: the commitment is ours from the moment it is written; it goes out when the session
   * ends.
   */
  private acceptCommitment(session: Session, proposal: Proposal, request: PaymentRequest): PaymentResult {
    const { outlet, settler } = this.#options;
    const advanced = schemeOf(session.scheme).advance(session, proposal.step, proposal.draft, proposal.prepared.txid);
    const handedOver = this.openSettlement(session);
    outlet.pay(session.payerScript, proposal.energy, request.ticket, {
      ...this.debtsAfter(session),
      ...(handedOver ? settler.taken(settlementOf(advanced, request.transaction, true)) : {}),
      session: advanced,
      transaction: request.transaction,
      asked: undefined,
    });
    this.credited(session, proposal);
    if (handedOver) void settler.run();
    return this.answer(proposal, request.ticket, handedOver ? lastCommitment(advanced)?.txid : undefined);
  }

  /** Basic: the payment is good once the network has it. */
  private async acceptPayment(session: Session, proposal: Proposal, request: PaymentRequest): Promise<PaymentResult> {
    const { ledger, outlet, settler } = this.#options;
    const advanced = schemeOf(session.scheme).advance(session, proposal.step, proposal.draft, proposal.prepared.txid);
    const settlement: Settlement = {
      ...settlementOf(advanced, request.transaction, false),
      inputs: session.inputs,
      commitments: advanced.commitments.slice(-1),
      credit: proposal.energy,
      ...(request.ticket === undefined ? {} : { ticket: request.ticket }),
    };
    const collected = paidDebt(session, ledger.record.debts);
    ledger.write({ ...settler.taken(settlement), ...this.debtsAfter(session), session: advanced });
    this.#proposals.withdraw();
    try {
      if (!(await settler.sendOrForget(settlement)))
        throw new Fault("session-ended", "What it spends was spent by another.");
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      if (isAway(error)) throw new Fault("chain-unavailable", `(${error.kind})`, 10_000);
      const { debts } = ledger.record;
      if (this.session === advanced) ledger.write({ session, debts: collected ? [...debts, collected] : debts });
      throw new Fault("broadcast-refused", `(${error.message})`);
    }
    outlet.supply();
    this.credited(session, proposal);
    return this.answer(proposal, request.ticket, lastCommitment(advanced)?.txid);
  }

  private credited(session: Session, proposal: Proposal): void {
    this.#proposals.reset();
    this.#options.report({
      name: "credited",
      session: session.id,
      increment: proposal.increment,
      value: proposal.step.pay,
      energy: proposal.energy,
      fee: actualFee(proposal.draft),
    });
  }

  /**
   * The answer to a payment: what it bought and what comes next. A session that can take no more is
   * settled.
   */
  private answer(proposal: Proposal, ticket: Hex | undefined, txid: Hex | undefined): PaymentResult {
    const rates = this.#options.watch.lastRates();
    const session = this.session;
    const next = session && rates ? this.#proposals.make(session, rates) : undefined;
    const offer = session && next ? this.#proposals.offer(session, next, ticket) : undefined;
    const result = { credited: proposal.energy, ...(offer ? { next: offer } : {}) };
    const over = session !== undefined && !next && (this.canSell() || !canPayMore(session));
    const settled = over ? this.end("complete") : undefined;
    const known = txid ?? settled;
    return { ...result, ...this.nowOf(), ...(known === undefined ? {} : { txid: known }) };
  }

  private nowOf(): Pick<PaymentResult, "state" | "remaining"> {
    const { outlet } = this.#options;
    return { state: outlet.state, remaining: outlet.credit() };
  }

  /** The record's part after the first increment, which pays the arrears along. */
  private debtsAfter(session: Session): { debts?: readonly Debt[] } {
    const { debts } = this.#options.ledger.record;
    const paid = paidDebt(session, debts);
    return paid ? { debts: debts.filter((debt) => debt !== paid) } : {};
  }

  // ------------------------------------------------------------ ends

  /**
   * Ends the session and hands its commitment to the settler. Gives the txid, where there is one.
   * Harmless without a session.
   */
  end(why: string): Hex | undefined {
    const { ledger, settler, report } = this.#options;
    const { session, transaction } = ledger.record;
    if (!session) return undefined;
    const owed = schemeOf(session.scheme).supersedes && transaction !== undefined;
    const already = this.openSettlement(session);
    const settlements = already
      ? this.closed(already)
      : owed
        ? settler.taken(settlementOf(session, transaction, false))
        : {};
    ledger.write({ ...settlements, session: undefined, transaction: undefined, asked: undefined });
    this.#proposals.withdraw();
    this.#ended = session.id;
    if (session.commitments.length === 0) this.#unwilling = session.arrears > 0 ? session.payerScript : undefined;
    report({ name: "session-ended", session: session.id, why, paid: session.paid });
    void settler.run();
    return owed ? lastCommitment(session)?.txid : undefined;
  }

  /**
   * Broadcasts the running session's commitment early; it goes on, and later ones outbid this one.
   */
  checkpoint(why: string): void {
    const { ledger, settler, report } = this.#options;
    const { session, transaction } = ledger.record;
    if (!session || transaction === undefined || this.openSettlement(session)) return;
    ledger.write(settler.taken(settlementOf(session, transaction, true)));
    // The standing proposal was quoted before there was anything to outbid.
    this.#proposals.withdraw();
    report({ name: "checkpoint", why, value: lastCommitment(session)?.value ?? 0 });
    void settler.run();
  }

  /** True once the running session's commitment was brought out early. */
  isHandedOver(): boolean {
    return this.session !== undefined && this.openSettlement(this.session) !== undefined;
  }

  /** An earlier commitment of the session is out; the next draft has to outbid it. */
  outbid(fee: Satoshi): void {
    this.#proposals.outbid(fee);
  }

  /** The network wants more than `fee`, and more for each replacement than the backend says. */
  tooLow({ session }: Settlement, fee: Satoshi): void {
    this.#proposals.bidMore();
    if (session === this.session?.id) this.#proposals.outbid(fee);
  }

  private closed(open: Settlement): { settlements: readonly Settlement[] } {
    const { settlements } = this.#options.ledger.record;
    return { settlements: settlements.map((each) => (each === open ? { ...each, open: false } : each)) };
  }

  private openSettlement(session: Session): Settlement | undefined {
    return this.#options.ledger.record.settlements.find((each) => each.open && each.session === session.id);
  }

  private mustBeOpen(id?: Hex): Session {
    const { session } = this;
    if (session && (id === undefined || id === session.id)) return session;
    throw new Fault(id === undefined || id === this.#ended ? "session-ended" : "unknown-session");
  }

  /** False while what is sold already is all that may wait for confirmation. */
  canSell(): boolean {
    return this.#proposals.canSell() && this.#options.settler.hasRoom();
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

/** What the session's first increment pays along. */
function paidDebt({ commitments, payerScript, arrears, inputs }: Session, debts: readonly Debt[]): Debt | undefined {
  if (commitments.length > 0 || arrears === 0) return undefined;
  return debts.find(({ script, txid }) => script === payerScript && inputs.some((input) => input.txid === txid));
}

function sameRequest(a: PaymentRequest, b: PaymentRequest): boolean {
  return a.session === b.session && a.increment === b.increment && a.transaction === b.transaction;
}
