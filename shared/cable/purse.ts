// The purse: what the cable promised, to whom, and what it may still promise. It audits each offer,
// writes down what it is about to sign, and signs.

import { auditDraft } from "../bitcoin/audit";
import type { Draft } from "../bitcoin/draft";
import type { Frame, PreparedDraft } from "../bitcoin/frame";
import { signDraft } from "../bitcoin/sign";
import type { Wallet } from "../bitcoin/wallet";
import type { ChannelPocket } from "../channel/pocket";
import type { Changes, Ledger } from "../journal/ledger";
import { isOverSameCoins, sameOutpoints } from "../kernel/outpoint";
import type { Outpoint } from "../kernel/ports";
import {
  energyFor,
  type Hex,
  type MilliSatPerWh,
  type Millisecond,
  type MilliwattHour,
  type Satoshi,
} from "../kernel/units";
import { schemeOf } from "../payment/schemes";
import { lastCommitment, nextIncrement, type Session, type Step } from "../payment/session";
import { type DraftOffer, MAX_PROMISED, type PaymentRequest } from "../protocol/types";
import { supersedes } from "../protocol/words";
import { dayWith, limitsFor, mustAfford, mustNotRisk } from "./limits";
import { amountOf, pinsWith } from "./pins";
import { isPromisedToOthers, promisedToOthers, runningPledge, withEnded } from "./pledges";
import type { CableRecord, Pledge } from "./record";
import { signingsOf } from "./release";
import type { CableSettings } from "./settings";
import { dearest } from "./signings";
import { Hold, type StopReason } from "./stop";
import { released, releaseOfTurn, stuckIn } from "./stuck";
import { agreedOf, isAsOpened, payeeOf, type Terms } from "./terms";

/** Silence after which a socket has settled the session, so that another may begin. */
const SESSION_REST: Millisecond = 60_000;

/** An increment that is held back until it is due. */
export interface Payable {
  readonly step: Step;
  /** Energy that the step buys. */
  readonly energy: MilliwattHour;
}

/** A draft, signed. */
export interface Ready extends Payable {
  readonly request: PaymentRequest;
  readonly draft: Draft;
}

/** An increment that is not signed before it is due. */
export interface ChannelReady extends Payable {
  readonly channel: Hex;
  /** What it adds to all that was signed; 0 where the latest is said again. */
  readonly more: Satoshi;
  readonly price: MilliSatPerWh;
}

export interface PurseOptions {
  readonly ledger: Ledger<CableRecord>;
  readonly wallet: Wallet;
  readonly settings: CableSettings;
  /** Time that the cable was powered. */
  readonly uptime: () => Millisecond;
  /** Channels, where the owner pays by them. */
  readonly pocket?: ChannelPocket | undefined;
}

export class Purse {
  readonly #options: PurseOptions;
  #frame: Frame | undefined;

  constructor(options: PurseOptions) {
    this.#options = options;
  }

  get session(): Session | undefined {
    return this.#options.ledger.record.session;
  }

  /** A session keeps the terms under which it opened, whatever is announced meanwhile. */
  termsFor(offer: DraftOffer, announced: Terms): Terms {
    const { session } = this;
    if (!session || !this.knows(offer)) return announced;
    return { scheme: announced.scheme, price: session.price, increment: session.increment };
  }

  /** What the increment buys that was signed last. */
  signedEnergy(): MilliwattHour {
    const { signed, session } = this.#options.ledger.record;
    return signed && session ? energyFor(signed.pay, session.price) : 0;
  }

  /**
   * True where the offer goes on with the running session. The payee makes it one: an id is a name
   * that a peer chose.
   */
  knows(offer: DraftOffer): boolean {
    const { session } = this;
    return session !== undefined && session.id === offer.session && session.socketScript === payeeOf(offer);
  }

  /**
   * True where the socket has taken the increment that was signed last, though its answer never
   * came.
   */
  wasTaken(offer: DraftOffer): boolean {
    const { signed, session } = this.#options.ledger.record;
    if (!signed || !session) return false;
    if (this.knows(offer)) return offer.increment === signed.increment + 1;
    return offer.inputs.some((input) => input.txid === signed.txid);
  }

  /**
   * The record's part after the signed increment was taken. That it was ends the doubt whether it
   * was paid, no more.
   */
  acknowledged(): Pick<CableRecord, "session" | "totalPaid" | "handed"> & { signed: undefined } {
    const { record } = this.#options.ledger;
    const { session, signed, handed } = record;
    if (!session || !signed) throw new Error("expected a signed increment of a running session, there is none");
    const scheme = schemeOf(session.scheme);
    return {
      session: scheme.advance(session, signed, scheme.draft(session, signed), signed.txid),
      signed: undefined,
      totalPaid: record.totalPaid + signed.pay,
      // A basic payment has coins of its own, and so a fee of its own.
      handed: scheme.supersedes ? handed : { ...handed, fee: 0 },
    };
  }

  /** The record's part in which `offer` opens a new session; the old one's coins stay promised. */
  opened(offer: DraftOffer, terms: Terms): Pick<CableRecord, "session" | "pledges" | "handed"> & { signed: undefined } {
    const pledges = this.pledgesWith(offer);
    const before = pledges.find(({ outpoints }) => isOverSameCoins(outpoints, offer.inputs));
    return {
      session: {
        id: offer.session,
        scheme: terms.scheme,
        payerScript: this.#options.wallet.script,
        socketScript: payeeOf(offer),
        price: terms.price,
        increment: terms.increment,
        max: offer.sessionMax,
        arrears: offer.arrears,
        expiry: offer.expiry,
        inputs: offer.inputs,
        paid: 0,
        commitments: [],
      },
      pledges,
      // Over the same coins only one fee is ever paid.
      handed: { paid: 0, fee: before?.fee ?? 0 },
      signed: undefined,
    };
  }

  /** Audits the offer and signs it; throws a Hold with the reason otherwise. */
  sign(offer: DraftOffer, terms: Terms): Ready {
    const { ledger, wallet, settings, uptime, pocket } = this.#options;
    const session = this.session;
    const opening = session === undefined || session.commitments.length === 0;
    const verdict = auditDraft(offer, {
      scheme: terms.scheme,
      payerScript: wallet.script,
      increment: terms.increment,
      price: terms.price,
      limits: limitsFor(offer, ledger.record, settings),
      agreed: opening ? undefined : agreedOf(session),
      pinned: (coin) => amountOf(ledger.record.pins, coin),
      pledgedElsewhere: (coin) =>
        isPromisedToOthers(this.pledgesWith(offer), coin, payeeOf(offer)) || pocket?.spends(coin) === true,
      frame: this.#frame,
    });
    if (!verdict.ok)
      throw new Hold(verdict.reason, verdict.detail, verdict.reason === "session-limit" ? SESSION_REST : undefined);
    if (session && !sameOutpoints(session.inputs, offer.inputs)) throw new Hold("wrong-coins");
    if (session && opening && !isAsOpened(session, offer)) throw new Hold("terms-changed");
    const before = opening ? 0 : supersedes(terms.scheme) ? (lastCommitment(session)?.value ?? 0) : 0;
    const step = { pay: verdict.draft.value - before - offer.arrears, fee: offer.fee };
    mustAfford(step, ledger.record, settings, uptime());
    const byChannel = (pocket?.unacknowledged() ?? 0) + (ledger.record.gone?.unanswered ?? 0);
    const unanswered = this.unanswered(step, offer) + byChannel;
    mustNotRisk(step, unanswered, payeeOf(offer), ledger.record, settings);
    this.#frame = verdict.frame;
    return this.signed(offer, step, verdict.draft, verdict.prepared, terms);
  }

  private signed(offer: DraftOffer, step: Step, draft: Draft, prepared: PreparedDraft, terms: Terms): Ready {
    const { ledger, wallet, uptime } = this.#options;
    const session = this.session ?? this.opened(offer, terms).session;
    if (!session) throw new Error("expected a session to sign for, there is none");
    const increment = nextIncrement(session);
    const before = ledger.record.signed;
    // An increment that was handed over and refused is signed once more, and still was handed over.
    const sent = before?.sent === true && before.increment === increment;
    // Written before the key is used: what was signed may come back at any time.
    ledger.write({
      session,
      signed: { increment, pay: step.pay, fee: step.fee, txid: prepared.txid, sent },
      pins: pinsWith(ledger.record.pins, offer.inputs),
      pledges: this.pledgesWith(offer),
      uptime: uptime(),
    });
    const transaction = signDraft(draft, wallet, prepared);
    const ticket = wallet.ticket(payeeOf(offer));
    const request = { session: offer.session, increment: offer.increment, transaction, ticket };
    return { request, step, draft, energy: energyFor(step.pay, terms.price) };
  }

  /**
   * Written before a signature leaves the cable: from then on it counts in full, value and fee,
   * whatever the socket says. Of transactions over the same coins the dearest counts.
   */
  sending(): void {
    const { ledger, uptime } = this.#options;
    const { signed, session, handed, totalFees } = ledger.record;
    if (!signed || !session) return;
    const paid = Math.max(handed.paid, session.paid + signed.pay);
    const fee = Math.max(handed.fee, signed.fee);
    if (signed.sent && paid === handed.paid && fee === handed.fee) return;
    ledger.write({
      signed: { ...signed, sent: true },
      handed: { paid, fee },
      totalFees: totalFees + fee - handed.fee,
      ...dayWith(paid - Math.max(handed.paid, session.paid), ledger.record, uptime()),
    });
  }

  // ------------------------------------------------------------ what is out of hand

  /** What of all that was handed over nobody acknowledged, were the dearest of it mined. */
  outOfHand(): Satoshi {
    const { record } = this.#options.ledger;
    const { pledges } = record;
    const running = runningPledge(record);
    return dearest((running ? [...pledges, running] : pledges).flatMap(signingsOf));
  }

  /**
   * The record's part in which nothing of the running session is out of hand: its owner writes it
   * off.
   */
  forgiven(): Pick<CableRecord, "handed"> {
    const { session, handed } = this.#options.ledger.record;
    return { handed: { ...handed, paid: session?.paid ?? 0 } };
  }

  // ------------------------------------------------------------ coins that are stuck

  /** Pledges that nobody acknowledged: their coins pay nobody else. */
  stuck(): readonly Pledge[] {
    return stuckIn(this.#options.ledger.record);
  }

  /**
   * The record's part in which stuck coins are spent to the cable's own address, as far as the
   * owner's fee limits allow.
   */
  released(): Changes<CableRecord> {
    const { wallet, ledger, settings } = this.#options;
    return released(ledger.record, settings, wallet.script);
  }

  /**
   * The `turn`th release that nobody has spent from yet, signed; deterministic, so always the same
   * bytes (RFC 6979).
   */
  release(turn: number): Hex | undefined {
    const { wallet, ledger } = this.#options;
    const draft = releaseOfTurn(turn, ledger.record, wallet.script);
    return draft && signDraft(draft, wallet);
  }

  // ------------------------------------------------------------ promises

  /** True for a pledge to the payee of `offer` that was never acknowledged in full. */
  isLate(pledge: Pledge, offer: DraftOffer): boolean {
    return pledge.unanswered > 0 && pledge.socketScript === payeeOf(offer);
  }

  /**
   * The dearest that can be mined of what nobody acknowledged, with `step` of the running session.
   */
  private unanswered(step: Step, offer: DraftOffer): Satoshi {
    const { session, handed } = this.#options.ledger.record;
    const paid = session?.paid ?? 0;
    const running = {
      outpoints: offer.inputs,
      commitments: session && supersedes(session.scheme) ? session.commitments : [],
      unanswered: Math.max(step.pay, handed.paid - paid),
    };
    return dearest([...this.pledgesWith(offer).flatMap(signingsOf), running]);
  }

  /**
   * Coins over which nothing is signed for the payee of `offer`, those first that it would spend:
   * what is promised to others, and, where no more may be risked, all but coins that came back,
   * since these put at risk nothing that is not already.
   */
  unfitCoins(offer: DraftOffer, reason: StopReason): readonly Outpoint[] {
    if (reason === "coin-pledged") return this.promised(offer);
    const cameBack = this.#options.ledger.record.pledges.some(({ release }) => release);
    return reason === "claims-open" && cameBack
      ? [...offer.inputs, ...this.promised(offer)].slice(0, MAX_PROMISED)
      : [];
  }

  /** Coins that fundings of channels spend, and what is promised to others. */
  private promised(offer: DraftOffer): readonly Outpoint[] {
    const funded = this.#options.pocket?.entries.flatMap(({ coins = [] }) => coins) ?? [];
    return [...funded, ...promisedToOthers(this.pledgesWith(offer), offer)].slice(0, MAX_PROMISED);
  }

  /** All promises, the running session's among them where `offer` ends it. */
  private pledgesWith(offer: DraftOffer): readonly Pledge[] {
    const { record } = this.#options.ledger;
    const ending = this.knows(offer) ? undefined : runningPledge(record);
    return ending ? withEnded(record.pledges, ending) : record.pledges;
  }
}
