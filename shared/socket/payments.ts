// Payments: what comes back signed is compared with the draft that was proposed, checked, written
// down, and only then credited and answered. In the basic scheme the network has it first.
//
// The chain is asked first whatever it has to be; then all is decided in one go without waiting:
// nothing can change between the last check and the journal.

import { actualFee } from "../bitcoin/draft";
import { prepareDraft } from "../bitcoin/frame";
import { checkBytes, checkSignatures, checkSigned } from "../bitcoin/transaction";
import { ChainError } from "../chain/error";
import type { Chain, Clock, Ecdsa, Reporter } from "../kernel/ports";
import { energyFor, type Hex, type Millisecond, type Satoshi } from "../kernel/units";
import { schemeOf } from "../payment/schemes";
import { canPayMore, lastCommitment, nextIncrement, type Session } from "../payment/session";
import { Fault } from "../protocol/faults";
import type { PaymentRequest, PaymentResult } from "../protocol/types";
import type { CoinWatch } from "./coin-watch";
import { refusalOf } from "./first-payment";
import type { SocketLedger } from "./ledger";
import type { Outlet } from "./outlet";
import type { Proposal, Proposals } from "./proposals";
import type { Debt, Settlement } from "./record";
import type { Rewards } from "./rewards";
import type { SocketSettings } from "./settings";
import { isAway, type Settler } from "./settler";
import { settlementOf, type Till } from "./till";

/** For a question to leave the device before a signature's check keeps it from all else. */
const ON_ITS_WAY: Millisecond = 1;

export interface PaymentsOptions {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly ecdsa: Ecdsa;
  readonly report: Reporter;
  readonly settings: SocketSettings;
  readonly ledger: SocketLedger;
  readonly watch: CoinWatch;
  readonly rewards: Rewards;
  readonly proposals: Proposals;
  readonly outlet: Outlet;
  readonly settler: Settler;
  readonly till: Till;
}

export class Payments {
  readonly #options: PaymentsOptions;
  /** The last payment and its answer: a call that is repeated gets it again. */
  #answered: { readonly request: PaymentRequest; readonly result: PaymentResult } | undefined;
  #paying: { readonly request: PaymentRequest; readonly result: Promise<PaymentResult> } | undefined;
  /** The payer's key, once a signature of it was accepted in the session of this id. */
  #publicKey: Hex | undefined;
  #session: Hex | undefined;

  constructor(options: PaymentsOptions) {
    this.#options = options;
  }

  private get session(): Session | undefined {
    return this.#options.ledger.record.session;
  }

  /** True while a payment that was found good waits for the chain's word. */
  get isPaying(): boolean {
    return this.#paying !== undefined;
  }

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
    const session = this.#options.till.mustBeOpen(request.session);
    this.#options.till.mustMayDeal(session.payerScript);
    this.#options.till.mustHaveRoom();
    const checked = checkBytes(proposal.draft, request.transaction, {
      prepared: proposal.prepared,
      ...(this.#publicKey === undefined || this.#session !== session.id ? {} : { publicKey: this.#publicKey }),
    });
    if (!checked.ok) throw new Fault(checked.fault, checked.detail);
    try {
      const refusal = await this.askFirst(session, proposal, request);
      const verdict = checkSignatures(checked, this.#options.ecdsa);
      if (!verdict.ok) throw new Fault(verdict.fault, verdict.detail);
      await this.inputsUnspent(session, actualFee(proposal.draft));
      this.mustBeTaken(session, proposal, await refusal?.());
      // The chain may have been asked for long: the proposal must still stand.
      if (this.#options.proposals.standing !== proposal || this.session !== session)
        throw new Fault("wrong-increment", "It was replaced meanwhile.");
      this.#publicKey = verdict.publicKey;
      this.#session = session.id;
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
    const answer = refusalOf(this.#options, transaction, session.inputs, tip);
    await new Promise<void>((resolve) => void clock.after(ON_ITS_WAY, resolve));
    return () => answer;
  }

  /** Another session may do better: over other coins, or at a higher fee. */
  private mustBeTaken(session: Session, proposal: Proposal, refusal: ChainError | undefined): void {
    if (!refusal) return;
    if (refusal.kind === "fee-too-low") this.#options.proposals.payMore(proposal);
    if (this.session === session) this.#options.till.end("refused");
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
    const taken = isGood ? { ...settler.withSettlement(settlement), ...this.debtsAfter(session) } : {};
    ledger.change({ ...taken, asked: undefined });
  }

  private proposalFor(request: PaymentRequest): Proposal {
    const session = this.#options.till.mustBeOpen(request.session);
    const proposal = this.#options.proposals.standing;
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
    const handedOver = this.#options.till.openSettlement(session);
    outlet.pay(session.payerScript, proposal.energy, request.ticket, {
      ...this.debtsAfter(session),
      ...(handedOver ? settler.withSettlement(settlementOf(advanced, request.transaction, true)) : {}),
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
    ledger.write({ ...settler.withSettlement(settlement), ...this.debtsAfter(session), session: advanced });
    this.#options.proposals.withdraw();
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
    this.#options.proposals.reset();
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
    const next = session && rates ? this.#options.proposals.make(session, rates) : undefined;
    const offer = session && next ? this.#options.proposals.offer(session, next, ticket) : undefined;
    const result = { credited: proposal.energy, ...(offer ? { next: offer } : {}) };
    const over = session !== undefined && !next && (this.#options.till.canSell() || !canPayMore(session));
    const settled = over ? this.#options.till.end("complete") : undefined;
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
}

/** What the session's first increment pays along. */
function paidDebt({ commitments, payerScript, arrears, inputs }: Session, debts: readonly Debt[]): Debt | undefined {
  if (commitments.length > 0 || arrears === 0) return undefined;
  return debts.find(({ script, txid }) => script === payerScript && inputs.some((input) => input.txid === txid));
}

function sameRequest(a: PaymentRequest, b: PaymentRequest): boolean {
  return a.session === b.session && a.increment === b.increment && a.transaction === b.transaction;
}
