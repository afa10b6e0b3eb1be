// Proposals: the draft of the next increment at the going fee, or of the last value at a higher
// one.

import { actualFee, type Draft, draftVsize, outputsOf } from "../bitcoin/draft";
import { OLD_FLOOR, OLD_INCREMENTAL, quoteFee } from "../bitcoin/fees";
import { type Frame, frameOf, type PreparedDraft, prepareDraft, sameOutpoints } from "../bitcoin/frame";
import type { Clock, FeeRates } from "../kernel/ports";
import {
  energyFor,
  type Hex,
  type MilliSatPerVbyte,
  type Millisecond,
  type MilliwattHour,
  type Satoshi,
} from "../kernel/units";
import { schemeOf } from "../payment/schemes";
import {
  arrearsDue,
  canPayMore,
  lastCommitment,
  MAX_COMMITMENTS,
  nextIncrement,
  type Session,
  type Step,
} from "../payment/session";
import type { DraftOffer } from "../protocol/types";
import { unpaid } from "./exposure";
import type { SocketLedger } from "./ledger";
import type { Outlet } from "./outlet";
import type { SocketSettings } from "./settings";

/** A commitment is repeated at a higher fee once the going fee is this much above its own. */
const FEE_RISE = 1.5;

/** A mempool that was full empties again. */
const LEAST_HELD: Millisecond = 3_600_000;

/** When the answer that carries a new draft is on its way and nobody waits for anything. */
const AFTER_ANSWER: Millisecond = 20;

/** A draft that was proposed, with all that is needed to check its signature quickly. */
export interface Proposal {
  readonly increment: number;
  readonly step: Step;
  readonly draft: Draft;
  readonly prepared: PreparedDraft;
  readonly energy: MilliwattHour;
}

export interface ProposalsOptions {
  readonly clock: Clock;
  readonly ledger: SocketLedger;
  readonly outlet: Outlet;
  readonly settings: SocketSettings;
}

export class Proposals {
  readonly #options: ProposalsOptions;
  #standing: Proposal | undefined;
  /**
   * What all drafts over the session's inputs share; kept so that a draft costs half the hashing.
   */
  #frame: Frame | undefined;
  /** Fee of an earlier commitment that somebody broadcast; the next draft must outbid it. */
  #rivalFee: Satoshi | undefined;
  /** Least that is added for a replacement, whatever the backend says. */
  #incremental: MilliSatPerVbyte = 0;
  /** Least rate at which a node relays, learned from a refusal. */
  #least: { readonly rate: MilliSatPerVbyte; readonly until: Millisecond } | undefined;

  constructor(options: ProposalsOptions) {
    this.#options = options;
  }

  /** The one that a payment may answer. */
  get standing(): Proposal | undefined {
    return this.#standing;
  }

  /** The standing proposal no longer holds. */
  withdraw(): void {
    this.#standing = undefined;
  }

  /** A commitment was accepted, or another session begins: there is nothing left to outbid. */
  reset(): void {
    this.#standing = undefined;
    this.#rivalFee = undefined;
  }

  /** An earlier commitment of the session is out; the next draft has to outbid it. */
  outbid(fee: Satoshi): void {
    if (this.#rivalFee !== undefined && fee <= this.#rivalFee) return;
    this.#rivalFee = fee;
    this.#standing = undefined;
  }

  /** A replacement was refused that paid what the backend says. */
  bidMore(): void {
    this.#incremental = OLD_INCREMENTAL;
  }

  /**
   * The network takes no transaction at the rate of this one, whatever the backend says its floor
   * is: the next ones pay double, for an hour.
   */
  payMore({ draft }: Proposal): void {
    const rate = Math.ceil((actualFee(draft) * 1000) / draftVsize(draft));
    this.#least = { rate: Math.max(OLD_FLOOR, rate * 2), until: this.#options.clock.now() + LEAST_HELD };
    this.#standing = undefined;
  }

  /** True from when an earlier commitment was seen to be out until a better one is held. */
  get hasRival(): boolean {
    return this.#rivalFee !== undefined;
  }

  /**
   * The next draft at the going fee; undefined where the maximum, the fee limit or the exposure
   * forbids one.
   */
  make(session: Session, rates: FeeRates): Proposal | undefined {
    if (this.wantsHigherFee(session, rates)) this.#standing = this.draft(session, 0, rates);
    else if (canPayMore(session) && this.canSell()) this.#standing = this.draft(session, session.increment, rates);
    else this.#standing = undefined;
    this.hashLater(this.#standing);
    return this.#standing;
  }

  /** Only a proposal's bytes travel: its hashes are computed while its signature is awaited. */
  private hashLater(proposal: Proposal | undefined): void {
    if (!proposal) return;
    this.#options.clock.after(AFTER_ANSWER, () => {
      if (this.#standing === proposal) proposal.prepared.hashAhead();
    });
  }

  /**
   * Credit that is sold will be drawn, however much of it is left now: a stock of it must not
   * outgrow the limit.
   */
  canSell(): boolean {
    return unpaid(this.#options.ledger.record) < this.#options.settings.exposureLimit;
  }

  private draft(session: Session, pay: Satoshi, rates: FeeRates): Proposal | undefined {
    const { settings } = this.#options;
    const scheme = schemeOf(session.scheme);
    if (session.inputs.length === 0 || session.commitments.length >= MAX_COMMITMENTS) return undefined;
    const fee = quoteFee(scheme.draft(session, { pay, fee: 0 }), this.demand(session, rates));
    if (fee === undefined) return undefined;
    const step = { pay, fee };
    const draft = scheme.draft(session, step);
    if (actualFee(draft) > settings.feeLimit) return undefined;
    if (
      !this.#frame ||
      !sameOutpoints(this.#frame.inputs, draft.inputs) ||
      this.#frame.payerScript !== draft.payerScript
    )
      this.#frame = frameOf(draft.inputs, draft.payerScript);
    return {
      increment: nextIncrement(session),
      step,
      draft,
      prepared: prepareDraft(draft, this.#frame),
      energy: energyFor(pay, session.price),
    };
  }

  private demand(session: Session, rates: FeeRates): Parameters<typeof quoteFee>[1] {
    const rate = Math.max(rates.target, rates.floor, this.least());
    const known = this.broadcastFee(session);
    if (known === undefined) return { rate };
    const vsize = draftVsize(schemeOf(session.scheme).draft(session, { pay: 0, fee: 0 }));
    const incremental = Math.max(rates.incremental, this.#incremental);
    return { rate, incremental, replaces: { fee: known, vsize } };
  }

  private least(): MilliSatPerVbyte {
    if (this.#least && this.#options.clock.now() >= this.#least.until) this.#least = undefined;
    return this.#least?.rate ?? 0;
  }

  /** Fee of the transaction over the session's inputs that the network knows already. */
  private broadcastFee(session: Session): Satoshi | undefined {
    const { settlements } = this.#options.ledger.record;
    const open = settlements.some((settlement) => settlement.open && settlement.session === session.id);
    const own = open ? lastCommitment(session)?.fee : undefined;
    if (own === undefined) return this.#rivalFee;
    return Math.max(own, this.#rivalFee ?? 0);
  }

  /**
   * A single-fee commitment whose fee was left behind by the going rate, or by a rival, is repeated
   * at a higher one.
   */
  wantsHigherFee(session: Session, rates: FeeRates): boolean {
    const held = lastCommitment(session);
    if (!held || !schemeOf(session.scheme).supersedes) return false;
    if (this.#rivalFee !== undefined && held.fee <= this.#rivalFee) return true;
    if (this.#options.outlet.renewalDue() && canPayMore(session)) return false;
    const vsize = draftVsize(schemeOf(session.scheme).draft(session, { pay: 0, fee: 0 }));
    return (vsize * Math.max(rates.target, rates.floor)) / 1000 > held.fee * FEE_RISE;
  }

  /** The proposal as it travels, to a caller that shows `ticket`. */
  offer(session: Session, proposal: Proposal, ticket: Hex | undefined): DraftOffer {
    const { draft, prepared, increment, energy } = proposal;
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
      arrears: arrearsDue(session),
      credit: this.#options.outlet.creditOf(session.payerScript, ticket),
      expiry: session.expiry,
    };
  }
}
