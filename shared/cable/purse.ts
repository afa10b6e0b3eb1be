// The purse: what the cable promised, to whom, and what it may still promise. It audits each offer, writes down what
// it is about to sign, and signs.

import { auditDraft } from "../bitcoin/audit";
import { type Draft, txidOf } from "../bitcoin/draft";
import { type Frame, type PreparedDraft, sameOutpoints } from "../bitcoin/frame";
import { signDraft } from "../bitcoin/sign";
import type { Wallet } from "../bitcoin/wallet";
import type { Changes, Ledger } from "../journal/ledger";
import type { Coin, Outpoint } from "../kernel/ports";
import { energyFor, type Hex, type Millisecond, type MilliwattHour, type Satoshi } from "../kernel/units";
import { schemeOf } from "../payment/schemes";
import { lastCommitment, nextIncrement, type Session, type Step } from "../payment/session";
import { type DraftOffer, MAX_PROMISED, type PaymentRequest, PROTOCOL_VERSION, type Status } from "../protocol/types";
import type { Scheme } from "../protocol/words";
import { pledgeOf, roomFor, withPledge } from "./pledges";
import type { CableRecord, Pin, Pledge } from "./record";
import { isReleasable, releaseAt, releaseOf, signingsOf } from "./release";
import type { CableSettings } from "./settings";
import { dearest, isOverSameCoins, isSame } from "./signings";
import { Hold, type StopReason } from "./stop";

const DAY: Millisecond = 86_400_000;
/** Silence after which a socket has settled the session, so that another may begin. */
const SESSION_REST: Millisecond = 60_000;
const MAX_PINS = 64;

/** What get_status announced and the owner's limits allow. */
export interface Terms {
  readonly scheme: Scheme;
  readonly price: number;
  readonly increment: Satoshi;
}

/** An increment, signed and held back until it is due. */
export interface Ready {
  readonly request: PaymentRequest;
  readonly step: Step;
  readonly draft: Draft;
  /** Energy that the step buys. */
  readonly energy: MilliwattHour;
}

export interface PurseOptions {
  readonly ledger: Ledger<CableRecord>;
  readonly wallet: Wallet;
  readonly settings: CableSettings;
  /** Time that the cable was powered. */
  readonly uptime: () => Millisecond;
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

  /** What the socket announces for new sessions. Throws a Hold where the two cannot deal at all. */
  termsOf(status: Status): Terms {
    const { settings } = this.#options;
    if (status.version !== PROTOCOL_VERSION)
      throw new Hold("other-protocol", `Expected ${PROTOCOL_VERSION}, came ${status.version}.`);
    const scheme = settings.schemes.find((name) => status.schemes.includes(name));
    if (!scheme) throw new Hold("no-common-scheme", `It takes ${status.schemes.join(", ")}.`);
    return { scheme, price: status.price, increment: status.increment };
  }

  /** A session keeps the terms under which it opened, whatever is announced meanwhile. */
  termsFor(offer: DraftOffer, announced: Terms): Terms {
    const { session } = this;
    if (!session || !this.knows(offer)) return announced;
    return { scheme: announced.scheme, price: session.price, increment: session.increment };
  }

  /** Throws a Hold where the terms are not within the owner's limits. */
  mustAccept({ price, increment }: Terms): void {
    const { maxPrice, maxIncrement } = this.#options.settings;
    if (price > maxPrice || price <= 0)
      throw new Hold("overpriced", `Expected at most ${maxPrice} sat/kWh, came ${price}.`);
    if (increment > maxIncrement)
      throw new Hold("increment-too-large", `Expected at most ${maxIncrement} sat, came ${increment}.`);
  }

  /** What the increment buys that was signed last. */
  signedEnergy(): MilliwattHour {
    const { signed, session } = this.#options.ledger.record;
    return signed && session ? energyFor(signed.pay, session.price) : 0;
  }

  /** True where the offer goes on with the running session. The payee makes it one: an id is a name that a peer chose. */
  knows(offer: DraftOffer): boolean {
    const { session } = this;
    return session !== undefined && session.id === offer.session && session.socketScript === payeeOf(offer);
  }

  /** True where the socket has taken the increment that was signed last, though its answer never came. */
  wasTaken(offer: DraftOffer): boolean {
    const { signed, session } = this.#options.ledger.record;
    if (!signed || !session) return false;
    if (this.knows(offer)) return offer.increment === signed.increment + 1;
    return offer.inputs.some((input) => input.txid === signed.txid);
  }

  /** The record's part after the signed increment was taken. That it was ends the doubt whether it was paid, no more. */
  taken(): Pick<CableRecord, "session" | "totalPaid" | "handed"> & { signed: undefined } {
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
    const session = this.session;
    const opening = session === undefined || session.commitments.length === 0;
    const verdict = auditDraft(offer, {
      scheme: terms.scheme,
      payerScript: this.#options.wallet.script,
      increment: terms.increment,
      price: terms.price,
      limits: this.limits(offer),
      agreed: opening ? undefined : agreedOf(session),
      pinned: (coin) => this.amountOf(coin),
      pledgedElsewhere: (coin) => this.isPledgedElsewhere(coin, offer),
      frame: this.#frame,
    });
    if (!verdict.ok)
      throw new Hold(verdict.reason, verdict.detail, verdict.reason === "session-limit" ? SESSION_REST : undefined);
    if (session && !sameOutpoints(session.inputs, offer.inputs)) throw new Hold("wrong-coins");
    if (session && opening && !isAsOpened(session, offer)) throw new Hold("terms-changed");
    const before = opening ? 0 : schemeOf(terms.scheme).supersedes ? (lastCommitment(session)?.value ?? 0) : 0;
    const step = { pay: verdict.draft.value - before - offer.arrears, fee: offer.fee };
    this.mustAfford(step);
    this.mustNotRisk(offer, step);
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
      pins: this.pinsWith(offer.inputs),
      pledges: this.pledgesWith(offer),
      uptime: uptime(),
    });
    const transaction = signDraft(draft, wallet, prepared);
    const ticket = wallet.ticket(payeeOf(offer));
    const request = { session: offer.session, increment: offer.increment, transaction, ticket };
    return { request, step, draft, energy: energyFor(step.pay, terms.price) };
  }

  /**
   * Written before a signature leaves the cable: from then on it counts in full, value and fee, whatever the socket says.
   * Of transactions over the same coins the dearest counts.
   */
  sending(): void {
    const { ledger } = this.#options;
    const { signed, session, handed, totalFees } = ledger.record;
    if (!signed || !session) return;
    const paid = Math.max(handed.paid, session.paid + signed.pay);
    const fee = Math.max(handed.fee, signed.fee);
    if (signed.sent && paid === handed.paid && fee === handed.fee) return;
    ledger.write({
      signed: { ...signed, sent: true },
      handed: { paid, fee },
      totalFees: totalFees + fee - handed.fee,
      ...this.day(paid - Math.max(handed.paid, session.paid)),
    });
  }

  // ------------------------------------------------------------ limits

  private limits(offer: DraftOffer): Parameters<typeof auditDraft>[1]["limits"] {
    const { settings } = this.#options;
    return {
      price: settings.maxPrice,
      fee: settings.maxFee,
      feeRate: settings.maxFeeRate,
      session: settings.maxSession,
      arrears: this.owedTo(offer),
      ...(settings.latestExpiry > 0 && { expiry: settings.latestExpiry }),
    };
  }

  /** Arrears: the coins on offer are change of the commitment that was mined, and so show what is still owed. */
  private owedTo(offer: DraftOffer): Satoshi {
    const payee = payeeOf(offer);
    const pledges = this.#options.ledger.record.pledges.filter((pledge) => pledge.socketScript === payee);
    return Math.max(0, ...pledges.map((pledge) => owedBy(pledge, offer)));
  }

  private mustAfford(step: Step): void {
    const { ledger, settings } = this.#options;
    const { record } = ledger;
    const { handed, session } = record;
    const today = this.day(0).daySpent;
    // What was handed over over these coins before is spent already.
    const spent = Math.max(0, handed.paid - (session?.paid ?? 0));
    const more = Math.max(0, step.pay - spent);
    if (today + more > settings.maxDaily)
      throw new Hold("daily-budget", `Expected at most ${settings.maxDaily} sat, came ${today + more}.`);
    const fees = record.totalFees + Math.max(0, step.fee - handed.fee);
    const allowed = this.allowedFees(step.pay);
    if (fees > allowed) throw new Hold("fee-share", `Expected at most ${allowed} sat of fees in all, came ${fees}.`);
  }

  /** Most of fees in all, with a payment of `pay`. One fee may run ahead of what it will turn out to be a share of. */
  private allowedFees(pay: Satoshi): Satoshi {
    const { settings, ledger } = this.#options;
    return settings.maxFee + Math.floor(((ledger.record.totalPaid + pay) * settings.maxFeeShare) / 1000);
  }

  /**
   * What was handed over and not answered for in energy is money out of hand. The owner's limit bounds it, and one
   * increment beyond: over all sessions and payees, however many faces a peer has.
   */
  private mustNotRisk(offer: DraftOffer, step: Step): void {
    const { ledger, settings } = this.#options;
    const payee = payeeOf(offer);
    let owed = this.unanswered(step, offer);
    for (const { script, value } of ledger.record.claims) if (script !== payee) owed += value;
    if (owed > settings.maxClaims + step.pay)
      throw new Hold("claims-open", `Expected at most ${settings.maxClaims} sat, came ${owed - step.pay}.`);
  }

  /** What of all that was handed over nobody acknowledged, were the dearest of it mined. */
  outOfHand(): Satoshi {
    const { pledges } = this.#options.ledger.record;
    const running = this.runningPledge();
    return dearest((running ? [...pledges, running] : pledges).flatMap(signingsOf));
  }

  /** The record's part in which nothing of the running session is out of hand: its owner writes it off. */
  forgiven(): Pick<CableRecord, "handed"> {
    const { session, handed } = this.#options.ledger.record;
    return { handed: { ...handed, paid: session?.paid ?? 0 } };
  }

  // ------------------------------------------------------------ coins that are stuck

  /** Pledges that nobody acknowledged: their coins pay nobody else. */
  stuck(): readonly Pledge[] {
    const running = this.stuckSession();
    return [...this.#options.ledger.record.pledges.filter(isReleasable), ...(running ? [running] : [])];
  }

  /** The record's part in which stuck coins are spent to the cable's own address, as far as the owner's fee limits allow. */
  released(): Changes<CableRecord> {
    const { record } = this.#options.ledger;
    const ended = this.withoutStuckSession();
    let { totalFees } = record;
    const pledges = (ended.pledges ?? record.pledges).map((pledge) => {
      const draft = isReleasable(pledge) ? this.releaseFor(pledge, totalFees) : undefined;
      if (!draft) return pledge;
      // Over the same coins only one fee is ever paid.
      totalFees += draft.fee - pledge.fee;
      return { ...pledge, fee: draft.fee, release: { txid: txidOf(draft), fee: draft.fee } };
    });
    return { ...ended, pledges, totalFees };
  }

  /** The `turn`th release that nobody has spent from yet, signed; deterministic, so always the same bytes (RFC 6979). */
  release(turn: number): Hex | undefined {
    const { wallet, ledger } = this.#options;
    const { pledges, pins } = ledger.record;
    const waiting = pledges.filter(({ release }) => release && !pins.some(({ txid }) => txid === release.txid));
    const pledge = waiting[turn % Math.max(1, waiting.length)];
    if (!pledge?.release) return undefined;
    const draft = releaseAt(pledge.outpoints, pledge.release.fee, (coin) => this.amountOf(coin), wallet.script);
    return draft && signDraft(draft, wallet);
  }

  private releaseFor(pledge: Pledge, totalFees: Satoshi): Draft | undefined {
    const { wallet, settings } = this.#options;
    const limits = { fee: settings.maxFee, feeRate: settings.maxFeeRate };
    const draft = releaseOf(pledge, (coin) => this.amountOf(coin), wallet.script, limits);
    return draft && totalFees + draft.fee - pledge.fee <= this.allowedFees(0) ? draft : undefined;
  }

  /** A session whose only payment was never acknowledged is over with the owner's word. */
  private withoutStuckSession(): Changes<CableRecord> {
    const ending = this.stuckSession();
    if (!ending) return {};
    const pledges = this.withEnded(ending);
    return { pledges, session: undefined, signed: undefined, handed: { paid: 0, fee: 0 } };
  }

  /** The running session as the pledge that it would leave, where nobody has acknowledged its payment. */
  private stuckSession(): Pledge | undefined {
    const running = this.#options.ledger.record.signed?.sent ? this.runningPledge() : undefined;
    return running && isReleasable(running) ? running : undefined;
  }

  /** The pledge that the running session would leave. */
  private runningPledge(): Pledge | undefined {
    const { session, signed, handed } = this.#options.ledger.record;
    return session && pledgeOf(session, signed, handed);
  }

  private withEnded(ending: Pledge): readonly Pledge[] {
    return withPledge(roomFor(ending, this.#options.ledger.record.pledges), ending);
  }

  /** True for a pledge to the payee of `offer` that was never acknowledged in full. */
  isLate(pledge: Pledge, offer: DraftOffer): boolean {
    return pledge.unanswered > 0 && pledge.socketScript === payeeOf(offer);
  }

  /** The dearest that can be mined of what nobody acknowledged, with `step` of the running session. */
  private unanswered(step: Step, offer: DraftOffer): Satoshi {
    const { session, handed } = this.#options.ledger.record;
    const paid = session?.paid ?? 0;
    const running = {
      outpoints: offer.inputs,
      commitments: session?.scheme === "single-fee" ? session.commitments : [],
      unanswered: Math.max(step.pay, handed.paid - paid),
    };
    return dearest([...this.pledgesWith(offer).flatMap(signingsOf), running]);
  }

  /** The day's account with `pay` added; a day is 24 hours of being powered. */
  private day(pay: Satoshi): Pick<CableRecord, "daySpent" | "daySince"> {
    const { record } = this.#options.ledger;
    const now = this.#options.uptime();
    if (now - record.daySince >= DAY) return { daySpent: pay, daySince: now };
    return { daySpent: record.daySpent + pay, daySince: record.daySince };
  }

  // ------------------------------------------------------------ coins

  /** What a coin is worth: as it was first seen, or as change of the cable's own making. */
  private amountOf(coin: Outpoint): Satoshi | undefined {
    return this.#options.ledger.record.pins.find((pin) => isSame(pin, coin))?.amount;
  }

  /** Pins of coins that were signed for alone may make room; the others may not, and no more coins are signed for then. */
  private pinsWith(inputs: readonly Coin[]): readonly Pin[] {
    const { pins } = this.#options.ledger.record;
    const shared = inputs.length > 1;
    const known = pins.map((pin) => (shared && inputs.some((input) => isSame(input, pin)) ? { ...pin, shared } : pin));
    const fresh = inputs.filter((input) => this.amountOf(input) === undefined);
    const all = [...known, ...fresh.map(({ txid, vout, amount }) => ({ txid, vout, amount, shared }))];
    const kept = all.filter((pin) => pin.shared);
    if (kept.length > MAX_PINS) throw new Hold("too-many-coins", `Expected at most ${MAX_PINS}.`);
    const alone = all.filter((pin) => !pin.shared);
    return [...kept, ...alone.slice(Math.max(0, all.length - MAX_PINS))];
  }

  private isPledgedElsewhere(coin: Outpoint, offer: DraftOffer): boolean {
    const payee = payeeOf(offer);
    return this.pledgesWith(offer).some(
      (pledge) => pledge.socketScript !== payee && pledge.outpoints.some((promised) => isSame(promised, coin)),
    );
  }

  /**
   * Coins over which nothing is signed for the payee of `offer`, those first that it would spend: what is promised to others,
   * and, where no more may be risked, all but coins that came back, since these put at risk nothing that is not already.
   */
  unfitCoins(offer: DraftOffer, reason: StopReason): readonly Outpoint[] {
    if (reason === "coin-pledged") return this.promisedAwayFrom(offer);
    const cameBack = this.#options.ledger.record.pledges.some(({ release }) => release);
    return reason === "claims-open" && cameBack
      ? [...offer.inputs, ...this.promisedAwayFrom(offer)].slice(0, MAX_PROMISED)
      : [];
  }

  private promisedAwayFrom(offer: DraftOffer): readonly Outpoint[] {
    const payee = payeeOf(offer);
    const others = this.pledgesWith(offer).filter(({ socketScript }) => socketScript !== payee);
    const coins = others.flatMap(({ outpoints }) => outpoints).reverse();
    const isSpentHere = (coin: Outpoint): boolean => offer.inputs.some((input) => isSame(input, coin));
    const sorted = [...coins.filter(isSpentHere), ...coins.filter((coin) => !isSpentHere(coin))];
    return sorted.slice(0, MAX_PROMISED);
  }

  /** All promises, the running session's among them where `offer` ends it. */
  private pledgesWith(offer: DraftOffer): readonly Pledge[] {
    const ending = this.knows(offer) ? undefined : this.runningPledge();
    return ending ? this.withEnded(ending) : this.#options.ledger.record.pledges;
  }
}

export function payeeOf(offer: DraftOffer): Hex {
  return offer.outputs[0]?.script ?? "";
}

/** What an offer fixes for its session may not change either while nothing is paid yet. */
function isAsOpened({ socketScript, max, arrears, expiry }: Session, offer: DraftOffer): boolean {
  return (
    socketScript === payeeOf(offer) && max === offer.sessionMax && arrears === offer.arrears && expiry === offer.expiry
  );
}

function agreedOf(session: Session): NonNullable<Parameters<typeof auditDraft>[1]["agreed"]> {
  const last = lastCommitment(session);
  return {
    session: session.id,
    socketScript: session.socketScript,
    sessionMax: session.max,
    expiry: session.expiry,
    inputs: session.inputs,
    increment: session.commitments.length,
    value: last?.value ?? 0,
    paid: session.paid,
    fee: last?.fee ?? 0,
  };
}

/**
 * What the last of the pledge's commitments pays more than the one whose change is on offer. Basic payments do not take each
 * other's place: one that was not mined bought nothing.
 */
function owedBy({ scheme, commitments }: Pledge, offer: DraftOffer): Satoshi {
  if (!schemeOf(scheme).supersedes) return 0;
  const mined = commitments.find(({ txid }) => offer.inputs.some((input) => input.txid === txid));
  return mined ? Math.max(0, ...commitments.map(({ value }) => value - mined.value)) : 0;
}
