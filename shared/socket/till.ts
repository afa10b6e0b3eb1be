// The till: sessions, from power_request to their end, and the drafts that they propose.
// payments.ts takes what comes back signed.
//
// Each call first asks the chain whatever it has to, then decides in one go without waiting:
// nothing can change between the last check and the journal.

import type { Reporter } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import { schemeOf } from "../payment/schemes";
import { canPayMore, lastCommitment, type Session } from "../payment/session";
import { Fault } from "../protocol/faults";
import type { DraftOffer, PowerRequest } from "../protocol/types";
import type { Scheme } from "../protocol/words";
import { isCheat } from "./cheats";
import { nameOf } from "./coin-watch";
import { isPromised, mustSell, type OpeningOptions, openSession, pledgedIn } from "./opening";
import type { Outlet } from "./outlet";
import type { Proposals } from "./proposals";
import type { Debt, Settlement } from "./record";
import type { Settler } from "./settler";

/** For a question to leave the device before a signature's check keeps it from all else. */
const ON_ITS_WAY: Millisecond = 1;

export interface TillOptions extends OpeningOptions {
  readonly outlet: Outlet;
  readonly proposals: Proposals;
  readonly settler: Settler;
  readonly report: Reporter;
}

export class Till {
  readonly #options: TillOptions;
  #ended: Hex | undefined;
  /**
   * The payer that was asked for arrears and did not pay: perhaps it has forgotten them, so its
   * next session does without.
   */
  #unwilling: Hex | undefined;

  constructor(options: TillOptions) {
    this.#options = options;
  }

  get session(): Session | undefined {
    return this.#options.ledger.record.session;
  }

  /** True where a request of `payer` by `scheme` is for the session that is open. */
  goesOn(payer: Hex, scheme: Scheme): boolean {
    return this.session?.payerScript === payer && this.session.scheme === scheme;
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
    if (running?.payerScript !== payer || !this.#options.proposals.hasRival)
      this.#options.outlet.resume(payer, request.ticket);
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
    this.#options.proposals.reset();
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
    return openSession(this.#options, payer, request, debts);
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
    const isTaken = session?.payerScript === payer || (session?.commitments.length ?? 0) > 0;
    // A settlement that goes out first changes what there is.
    const isSettling = settler.settlements.some((each) => each.state === "held");
    if (isTaken || isSettling || outlet.state !== "standby" || outlet.trip !== undefined) return false;
    return settings.schemes.includes(scheme) && settler.hasRoom() && !isCheat(ledger.record, payer);
  }

  /** Throws a Fault where nothing is sold to `payer` now. */
  mustMayDeal(payer: Hex): void {
    const { outlet, ledger } = this.#options;
    if (outlet.state === "lockout") throw new Fault("locked-out", "", outlet.lockoutLeft());
    if (isCheat(ledger.record, payer)) throw new Fault("address-refused");
    const { trip } = outlet;
    if (trip !== undefined) throw new Fault("power-fault", `(${trip})`, 10_000);
  }

  /** Throws a Fault where what is sold could not be followed into a block. */
  mustHaveRoom(): void {
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
    const proposal = this.#options.proposals.make(session, rates);
    if (proposal) return this.#options.proposals.offer(session, proposal, ticket);
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
    return (
      this.session !== undefined && rates !== undefined && this.#options.proposals.wantsHigherFee(this.session, rates)
    );
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
    clock.after(ON_ITS_WAY, () => void this.#options.rewards.unripe(inputs, tip).catch(() => undefined));
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
        ? settler.withSettlement(settlementOf(session, transaction, false))
        : {};
    ledger.write({ ...settlements, session: undefined, transaction: undefined, asked: undefined });
    this.#options.proposals.withdraw();
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
    ledger.write(settler.withSettlement(settlementOf(session, transaction, true)));
    // The standing proposal was quoted before there was anything to outbid.
    this.#options.proposals.withdraw();
    report({ name: "checkpoint", why, value: lastCommitment(session)?.value ?? 0 });
    void settler.run();
  }

  /** True once the running session's commitment was brought out early. */
  isHandedOver(): boolean {
    return this.session !== undefined && this.openSettlement(this.session) !== undefined;
  }

  private closed(open: Settlement): { settlements: readonly Settlement[] } {
    const { settlements } = this.#options.ledger.record;
    return { settlements: settlements.map((each) => (each === open ? { ...each, open: false } : each)) };
  }

  /** The settlement of a session that goes on after its commitment was broadcast. */
  openSettlement(session: Session): Settlement | undefined {
    return this.#options.ledger.record.settlements.find((each) => each.open && each.session === session.id);
  }

  /** The session that is open. Throws a Fault where `id` is another's, or there is none. */
  mustBeOpen(id?: Hex): Session {
    const { session } = this;
    if (session && (id === undefined || id === session.id)) return session;
    throw new Fault(id === undefined || id === this.#ended ? "session-ended" : "unknown-session");
  }

  /** False while what is sold already is all that may wait for confirmation. */
  canSell(): boolean {
    return this.#options.proposals.canSell() && this.#options.settler.hasRoom();
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
