// The purse: what the cable promised, to whom, and what it may still promise. It audits each offer, writes down what
// it is about to sign, and signs.

import { auditDraft } from "../bitcoin/audit";
import type { Draft } from "../bitcoin/draft";
import { type Frame, type PreparedDraft, sameOutpoints } from "../bitcoin/frame";
import { signDraft } from "../bitcoin/sign";
import type { Wallet } from "../bitcoin/wallet";
import type { Ledger } from "../journal/ledger";
import { schemeOf } from "../payment/schemes";
import { lastCommitment, nextIncrement, SESSION_BLOCKS, type Session, type Step } from "../payment/session";
import type { Coin, Outpoint } from "../ports";
import { type DraftOffer, type PaymentRequest, PROTOCOL_VERSION, type Scheme, type Status } from "../rpc/types";
import { energyFor, type Millisecond, type MilliwattHour, type Satoshi } from "../units";
import type { CableRecord, Pin, Pledge, Signed } from "./record";
import type { CableSettings } from "./settings";
import { Stop } from "./stop";

const DAY: Millisecond = 86_400_000;
/** Silence after which a socket has settled the session, so that another may begin. */
const SESSION_REST: Millisecond = 60_000;
const MAX_PINS = 64;
const MAX_PLEDGES = 8;
/** Of all pledges together: what a device can write. A socket that raises its fees again and again makes many. */
const MAX_PROMISES = 48;

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

  /** What the socket announces for new sessions. Throws a Stop where the two cannot deal at all. */
  termsOf(status: Status): Terms {
    const { settings } = this.#options;
    if (status.version !== PROTOCOL_VERSION)
      throw new Stop("other-protocol", `Expected ${PROTOCOL_VERSION}, came ${status.version}.`);
    const scheme = settings.schemes.find((name) => status.schemes.includes(name));
    if (!scheme) throw new Stop("no-common-scheme", `It takes ${status.schemes.join(", ")}.`);
    return { scheme, price: status.price, increment: status.increment };
  }

  /** A session keeps the terms under which it opened, whatever is announced meanwhile. */
  termsFor(offer: DraftOffer, announced: Terms): Terms {
    const { session } = this;
    if (!session || !this.knows(offer)) return announced;
    return { scheme: announced.scheme, price: session.price, increment: session.increment };
  }

  /** Throws a Stop where the terms are not within the owner's limits. */
  mustAccept({ price, increment }: Terms): void {
    const { maxPrice, maxIncrement } = this.#options.settings;
    if (price > maxPrice || price <= 0)
      throw new Stop("overpriced", `Expected at most ${maxPrice} msat/Wh, came ${price}.`);
    if (increment > maxIncrement)
      throw new Stop("increment-too-large", `Expected at most ${maxIncrement} sat, came ${increment}.`);
  }

  /** What the increment buys that was signed last. */
  signedEnergy(): MilliwattHour {
    const { signed, session } = this.#options.ledger.record;
    return signed && session ? energyFor(signed.pay, session.price) : 0;
  }

  /** The session as the offer shows it to stand: the last one signed may have been accepted without our knowing. */
  knows(offer: DraftOffer): boolean {
    const { session } = this;
    return session !== undefined && session.id === offer.session;
  }

  /** True where the socket has taken the increment that was signed last, though its answer never came. */
  wasTaken(offer: DraftOffer): boolean {
    const { signed, session } = this.#options.ledger.record;
    if (!signed || !session) return false;
    if (offer.session === session.id) return offer.increment === signed.increment + 1;
    return offer.inputs.some((input) => input.txid === signed.txid);
  }

  /** The record's part after the signed increment was taken. */
  taken(): Pick<CableRecord, "session" | "totalPaid" | "totalFees" | "daySpent" | "daySince"> & { signed: undefined } {
    const { record } = this.#options.ledger;
    const { session, signed } = record;
    if (!session || !signed) throw new Error("expected a signed increment of a running session, there is none");
    const scheme = schemeOf(session.scheme);
    const draft = scheme.draft(session, signed);
    const replaced = scheme.supersedes ? (lastCommitment(session)?.fee ?? 0) : 0;
    return {
      session: scheme.advance(session, signed, draft, signed.txid),
      signed: undefined,
      totalPaid: record.totalPaid + signed.pay,
      totalFees: record.totalFees + signed.fee - replaced,
      ...this.day(signed.pay),
    };
  }

  /** The record's part in which `offer` opens a new session; the old one's coins stay promised until it is settled. */
  opened(
    offer: DraftOffer,
    terms: Terms,
  ): Pick<CableRecord, "session" | "pledges" | "totalFees"> & { signed: undefined } {
    const payee = offer.outputs[0]?.script ?? "";
    const { signed, totalFees } = this.#options.ledger.record;
    return {
      session: {
        id: offer.session,
        scheme: terms.scheme,
        payerScript: this.#options.wallet.script,
        socketScript: payee,
        price: terms.price,
        increment: terms.increment,
        max: offer.sessionMax,
        arrears: offer.arrears,
        expiry: offer.expiry,
        inputs: offer.inputs,
        paid: 0,
        commitments: [],
      },
      pledges: this.pledgesWith(offer),
      // What was handed over and never acknowledged may be mined all the same, and its fee with it.
      totalFees: totalFees + (signed?.sent ? signed.fee : 0),
      signed: undefined,
    };
  }

  /** Audits the offer and signs it; throws a Stop with the reason otherwise. */
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
      throw new Stop(verdict.reason, verdict.detail, verdict.reason === "session-limit" ? SESSION_REST : undefined);
    if (session && !sameOutpoints(session.inputs, offer.inputs)) throw new Stop("wrong-coins");
    if (session && opening && !isAsOpened(session, offer)) throw new Stop("terms-changed");
    if (opening) this.mustNotPayTwice(offer);
    const before = opening ? 0 : schemeOf(terms.scheme).supersedes ? (lastCommitment(session)?.value ?? 0) : 0;
    const step = { pay: verdict.draft.value - before - offer.arrears, fee: offer.fee };
    this.mustAfford(step);
    this.mustNotRisk(offer);
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
      pledges: this.openPledges(offer),
      uptime: uptime(),
    });
    const transaction = signDraft(draft, wallet, prepared);
    const request = { session: offer.session, increment: offer.increment, transaction, ticket: wallet.ticket };
    return { request, step, draft, energy: energyFor(step.pay, terms.price) };
  }

  /** Written before a signature leaves the cable: from then on it counts, whatever the socket says. */
  sending(): void {
    const { ledger } = this.#options;
    const { signed } = ledger.record;
    if (signed && !signed.sent) ledger.write({ signed: { ...signed, sent: true } });
  }

  /**
   * A payment that was handed over and never acknowledged can be broadcast at any time. Another one to the same socket
   * is harmless only if it takes the first one's place: spends one of its coins, or the change of its session.
   */
  private mustNotPayTwice(offer: DraftOffer): void {
    const payee = offer.outputs[0]?.script;
    for (const pledge of this.openPledges(offer)) {
      if (!pledge.open || pledge.socketScript !== payee || isSpent(pledge, offer)) continue;
      const replaces = pledge.outpoints.some((promised) => offer.inputs.some((input) => isSame(input, promised)));
      if (!replaces)
        throw new Stop("paid-already", `Payment ${pledge.commitments.at(-1)?.txid} was never acknowledged.`);
    }
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
    const payee = offer.outputs[0]?.script;
    const pledges = this.#options.ledger.record.pledges.filter((pledge) => pledge.socketScript === payee);
    return Math.max(0, ...pledges.map((pledge) => owedBy(pledge, offer)));
  }

  private mustAfford(step: Step): void {
    const { ledger, settings } = this.#options;
    const { record } = ledger;
    const today = this.day(0).daySpent;
    if (today + step.pay > settings.maxDaily)
      throw new Stop("daily-budget", `Expected at most ${settings.maxDaily} sat, came ${today + step.pay}.`);
    const session = this.session;
    const replaced = session && schemeOf(session.scheme).supersedes ? (lastCommitment(session)?.fee ?? 0) : 0;
    const fees = record.totalFees + step.fee - replaced;
    // One fee may run ahead of what it will turn out to be a share of.
    const allowed = settings.maxFee + Math.floor(((record.totalPaid + step.pay) * settings.maxFeeShare) / 1000);
    if (fees > allowed) throw new Stop("fee-share", `Expected at most ${allowed} sat of fees in all, came ${fees}.`);
  }

  /** What other sockets owe is money out of hand: the owner's limit bounds it, however many faces one of them has. */
  private mustNotRisk(offer: DraftOffer): void {
    const { ledger, settings } = this.#options;
    const payee = offer.outputs[0]?.script;
    let owed = 0;
    for (const { script, value } of ledger.record.claims) if (script !== payee) owed += value;
    for (const pledge of this.openPledges(offer))
      if (pledge.open && pledge.socketScript !== payee) owed += unansweredOf(pledge);
    if (owed > settings.maxClaims)
      throw new Stop("claims-open", `Expected at most ${settings.maxClaims} sat, came ${owed}.`);
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
    if (kept.length > MAX_PINS) throw new Stop("too-many-coins", `Expected at most ${MAX_PINS}.`);
    const alone = all.filter((pin) => !pin.shared);
    return [...kept, ...alone.slice(Math.max(0, all.length - MAX_PINS))];
  }

  private isPledgedElsewhere(coin: Outpoint, offer: DraftOffer): boolean {
    const payee = offer.outputs[0]?.script;
    return this.openPledges(offer).some(
      (pledge) => pledge.socketScript !== payee && pledge.outpoints.some((promised) => isSame(promised, coin)),
    );
  }

  /** All promises, the running session's among them where `offer` ends it. */
  private pledgesWith(offer: DraftOffer): readonly Pledge[] {
    const { pledges, session, signed } = this.#options.ledger.record;
    const ending = session && session.id !== offer.session ? pledgeOf(session, signed) : undefined;
    if (!ending) return pledges;
    let kept = pledges;
    while (kept.length >= MAX_PLEDGES || promisesOf(kept) + promisesOf([ending]) > MAX_PROMISES) {
      // Room is made by what binds least: a payment that was never acknowledged is not forgotten.
      const settled = kept.find((pledge) => !pledge.open);
      if (!settled) throw new Stop("paid-already", `${kept.length} payments were never acknowledged.`);
      kept = kept.filter((pledge) => pledge !== settled);
    }
    return [...kept, ending];
  }

  /** Promises that still bind once the cable signs `offer`: only what it signs proves that one is settled. */
  private openPledges(offer: DraftOffer): readonly Pledge[] {
    const tip = offer.expiry - SESSION_BLOCKS;
    const all = this.pledgesWith(offer);
    const settled = settledBy(all, offer.inputs);
    return all.filter((pledge) => {
      if (isSpent(pledge, offer)) return owedBy(pledge, offer) > 0;
      // A coin is spent once: what settled one promise over it has undone the others.
      const undone = settled.some((other) => other === pledge || shareCoin(other, pledge));
      return (pledge.open || pledge.expiry > tip) && !undone;
    });
  }
}

function isSame(a: Outpoint, b: Outpoint): boolean {
  return a.txid === b.txid && a.vout === b.vout;
}

function promisesOf(pledges: readonly Pledge[]): number {
  return pledges.reduce((sum, { commitments }) => sum + commitments.length, 0);
}

/** What an offer fixes for its session may not change either while nothing is paid yet. */
function isAsOpened({ socketScript, max, arrears, expiry }: Session, offer: DraftOffer): boolean {
  const payee = offer.outputs[0]?.script;
  return socketScript === payee && max === offer.sessionMax && arrears === offer.arrears && expiry === offer.expiry;
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

/** What is left of a session that is over: coins, and all that was signed over them. Nothing signed, nothing promised. */
function pledgeOf(session: Session, signed: Signed | undefined): Pledge | undefined {
  const made = session.commitments.map(({ txid, value }) => ({ txid, value }));
  const last = made.at(-1)?.value ?? 0;
  const commitments = signed ? [...made, { txid: signed.txid, value: last + signed.pay }] : made;
  if (commitments.length === 0) return undefined;
  const outpoints = session.inputs.map(({ txid, vout }) => ({ txid, vout }));
  const open = signed?.sent ?? false;
  const { scheme, socketScript, expiry } = session;
  return { scheme, socketScript, outpoints, commitments, expiry, open };
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

/** What the last commitment of an open pledge pays that nobody acknowledged. */
function unansweredOf({ commitments }: Pledge): Satoshi {
  return (commitments.at(-1)?.value ?? 0) - (commitments.at(-2)?.value ?? 0);
}

/** Promises whose commitments are in the past of `coins`: change of them, or change of what spent their change. */
function settledBy(pledges: readonly Pledge[], coins: readonly Outpoint[]): readonly Pledge[] {
  const found = pledges.filter(({ commitments }) =>
    commitments.some(({ txid }) => coins.some((coin) => coin.txid === txid)),
  );
  if (found.length === 0) return found;
  const others = pledges.filter((pledge) => !found.includes(pledge));
  return [
    ...found,
    ...settledBy(
      others,
      found.flatMap((pledge) => pledge.outpoints),
    ),
  ];
}

function shareCoin(a: Pledge, b: Pledge): boolean {
  return a.outpoints.some((coin) => b.outpoints.some((other) => isSame(coin, other)));
}

/** The offer spends change of one of the pledge's commitments, so that one was broadcast and its coins are gone. */
function isSpent(pledge: Pledge, offer: DraftOffer): boolean {
  return pledge.commitments.some(({ txid }) => offer.inputs.some((input) => input.txid === txid));
}
