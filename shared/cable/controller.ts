// The paying side: finds out the socket's terms, opens a session, pays each increment when both meters say that it is
// due, and holds the relay while credit lasts. It reads top to bottom as one story, told again after each stop.

import type { Wallet } from "../bitcoin/wallet";
import { appended, Ledger } from "../journal/ledger";
import { attempt } from "../kernel/attempt";
import { constant } from "../kernel/constant";
import type { Clock, Outpoint, PowerGate, Reporter, Store } from "../kernel/ports";
import {
  energyFor,
  type Hex,
  type MicrowattHour,
  type Millisecond,
  type MilliwattHour,
  priceOf,
} from "../kernel/units";
import type { Radio } from "../link/radio";
import { Fault, type FaultName } from "../protocol/faults";
import type { CableState, DraftOffer, Status } from "../protocol/types";
import { Inlet } from "./inlet";
import { Purse, type Ready, type Terms } from "./purse";
import { Questions, type SocketLink } from "./questions";
import { CABLE_RECORD_VERSION, type CableRecord, type Claim, EMPTY_RECORD, parseCableRecord } from "./record";
import type { CableSettings } from "./settings";
import { isCheating, Stop, type StopReason } from "./stop";
import { ticketed } from "./tickets";
import { Visit } from "./visit";

const MAX_CHEATS = 32;
const MAX_CLAIMS = 16;
/** After a first call that nobody answered: the socket may be up in a moment. */
const FIRST_RETRY: Millisecond = 50;
/** After a later call that nobody answered. */
const RECONNECT: Millisecond = 500;
const MAX_RECONNECT: Millisecond = 8_000;
/** While one side says that the renewal is due and the other not yet. */
const LOOK_AGAIN: Millisecond = 500;
/** On a link that neighbours share, the meters are compared once this much time has passed. */
const FIRST_MINUTE: Millisecond = 60_000;
/** Energy, in what both meters may be off by, after which their agreeing says something. */
const CONCLUSIVE = 4;
const MAX_DOUBLINGS = 10;
/** Nobody is believed a longer one: the cable asks again. */
const MAX_LOCKOUT: Millisecond = 600_000;
const MAX_STALE = 6;

export interface CableOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly gate: PowerGate;
  readonly wallet: Wallet;
  readonly socket: SocketLink;
  readonly report: Reporter;
  readonly settings: CableSettings;
  /** True where the gate's scales were measured (shared/board/calibration.ts); on mainnet nothing is paid without. */
  readonly calibrated?: boolean;
  /** On a direct link: joins sockets' access points. */
  readonly radio?: Radio;
}

/** A pause from paying. Without a reason it only means that a draft has to be asked for again. */
interface Held {
  readonly stop: Stop | undefined;
  readonly until: Millisecond;
}

/** Where both meters stood on a shared link: when power first flowed, and when the session began that is counted now. */
interface FirstMinute {
  readonly session: Hex | undefined;
  readonly at: Millisecond;
  readonly from: Millisecond;
  readonly own: MicrowattHour;
  readonly claimed: MilliwattHour;
  /** So much has flowed that the meters would not agree by chance. */
  readonly agreed: boolean;
}

/** Faults that only time changes: go on drawing credit, and ask again later. */
const PATIENT: Partial<Record<FaultName, StopReason>> = constant({
  "insufficient-funds": "out-of-funds",
  "exposure-limit": "waiting",
  "fees-too-high": "waiting",
  "chain-unavailable": "waiting",
  "socket-busy": "waiting",
  "locked-out": "locked",
  "too-many-requests": "waiting",
  stopping: "waiting",
  "internal-error": "waiting",
  "broadcast-refused": "waiting",
  "power-fault": "socket-fault",
  "address-refused": "refused",
});

/** Faults that another draft heals. */
const STALE: readonly FaultName[] = constant([
  "unknown-session",
  "session-ended",
  "wrong-increment",
  "already-superseded",
  "input-spent",
]);

export class CableController {
  readonly #options: CableOptions;
  readonly #ledger: Ledger<CableRecord>;
  readonly #inlet: Inlet;
  readonly #purse: Purse;
  readonly #questions: Questions;
  readonly #visit: Visit | undefined;
  #state: CableState = "connecting";
  #running = false;
  #cancelTick: () => void = () => {};
  #ready: Ready | undefined;
  /** Why no more is paid although credit may last, and when to ask again. */
  #held: Held | undefined;
  /** How often in a row a draft was no longer good when it was paid; each time the next one is asked for later. */
  #stale = 0;
  /** True once credit that the socket did not serve was asked for. */
  #reclaimed = false;
  #firstMinute: FirstMinute | undefined;

  constructor(options: CableOptions) {
    const { clock, store, gate, wallet, report, settings, radio } = options;
    this.#options = options;
    this.#ledger = new Ledger({
      store,
      gate,
      report,
      name: "cable",
      version: CABLE_RECORD_VERSION,
      parse: parseCableRecord,
      empty: EMPTY_RECORD,
    });
    const ledger = this.#ledger;
    this.#inlet = new Inlet({ clock, gate, ledger, settings, report });
    this.#purse = new Purse({ ledger, wallet, settings, uptime: () => this.#inlet.uptime() });
    this.#questions = new Questions({ ...options, ledger, purse: this.#purse });
    this.#visit = radio && new Visit({ radio, clock, ledger, inlet: this.#inlet, settings, report });
  }

  get state(): CableState {
    return this.#state;
  }

  /** Reads the journal and begins to deal; the relay stays open until a payment was accepted. */
  start(): void {
    this.#ledger.load();
    this.#inlet.start();
    this.#visit?.start();
    attempt(this.#options.report, () => this.release());
    attempt(this.#options.report, () => this.forgive());
    this.tellStuck();
    this.#running = true;
    this.#options.report({ name: "start", total: this.#ledger.record.total, credit: this.#inlet.remaining() });
    this.tick();
    void this.run();
  }

  /** The owner writes off what sockets took and did not give, and pays those again that cheated: once for each word. */
  private forgive(): void {
    const { settings, report } = this.#options;
    const { claims, pledges, forgiven } = this.#ledger.record;
    if (settings.forgive === "" || settings.forgive === forgiven) return;
    report({
      name: "forgiven",
      claims: claims.reduce((sum, { value }) => sum + value, 0),
      unanswered: this.#purse.outOfHand(),
    });
    // A payment that was never acknowledged may still be mined: the owner writes its worth off, and it frees no coin.
    const closed = pledges.map((each) => ({ ...each, unanswered: 0, forgiven: each.forgiven || each.unanswered > 0 }));
    const written = { claims: [], pledges: closed, cheats: [], losses: 0, forgiven: settings.forgive };
    this.#ledger.write({ ...written, ...this.#purse.forgiven() });
  }

  /** The owner takes coins back that vanished sockets hold: once for each word. Comes before `forgive`, which forgets their worth. */
  private release(): void {
    const { settings, report } = this.#options;
    if (settings.release === "" || settings.release === this.#ledger.record.released) return;
    const written = this.#purse.released();
    this.#ledger.write({ ...written, released: settings.release });
    const freed = this.#ledger.record.pledges.filter(({ release }) => release);
    report({ name: "released", coins: freed.length, stuck: this.#purse.stuck().length - freed.length });
  }

  /** What the owner must know to free coins that pay nobody: which, for how much, and the action. */
  private tellStuck(): void {
    for (const { outpoints, unanswered, socketScript, release, forgiven } of this.#purse.stuck())
      this.#options.report({
        name: "stuck",
        coins: outpoints.map(({ txid, vout }) => `${txid}:${vout}`).join(" "),
        value: forgiven ? 0 : unanswered,
        payee: socketScript,
        ...(release && { release: release.txid }),
      });
  }

  /** Lets go of the relay and falls silent; the socket settles by itself. */
  stop(): void {
    this.#running = false;
    this.#cancelTick();
    this.#inlet.stop();
  }

  private async run(): Promise<void> {
    while (this.#running) {
      try {
        await this.deal();
      } catch (error) {
        await this.pauseAfter(error);
      }
    }
  }

  private tick(): void {
    this.#cancelTick = this.#options.clock.after(Math.floor(this.#options.settings.leaseTime / 4), () => this.tick());
    attempt(this.#options.report, () => this.#inlet.tick());
  }

  // ------------------------------------------------------------ one dealing with one socket

  private async deal(): Promise<void> {
    this.mustNotBeTripped();
    this.enter("connecting");
    this.mustBeCalibrated();
    this.#ready = undefined;
    this.#held = undefined;
    this.#reclaimed = false;
    this.#firstMinute = undefined;
    let status = await this.connect();
    this.enter("negotiating");
    await this.ask(status);
    while (this.#running) {
      const due = this.#ready && this.isDue(this.#ready, status) ? this.#ready : undefined;
      // Credit that the socket has not confirmed would only trip its standby limit; a last rest of it lasts for a blink.
      if (!due && (status.state === "paid" || this.#held === undefined)) this.supply();
      if (this.mayAskAgain()) await this.ask(status);
      else if (due) await this.pay(due, status);
      else {
        this.giveUpIfHeld();
        await this.wait(status);
      }
      status = await this.look(status);
    }
  }

  /** Nothing is left to draw and nothing may be paid. */
  private giveUpIfHeld(): void {
    this.#visit?.mustHaveMet(this.#held?.stop);
    if (this.#held?.stop && this.#inlet.isSpent()) throw this.#held.stop;
  }

  /** The first answer of the socket, however long it takes to come up. */
  private async connect(): Promise<Status> {
    if (this.#visit) return this.#visit.arrive(() => this.#questions.first());
    let pause = FIRST_RETRY;
    for (;;) {
      try {
        return await this.#questions.first();
      } catch (error) {
        if (error instanceof Fault) throw error;
        await this.pause(pause);
        pause = Math.min(2 * pause, MAX_RECONNECT);
      }
    }
  }

  /** Asks for a draft, squares the accounts, and signs it ahead. What the socket cannot sell now is asked for later. */
  private async ask(status: Status): Promise<void> {
    const { socket } = this.#options;
    this.#held = undefined;
    const known = this.#purse.session?.id;
    try {
      const announced = this.#purse.termsOf(status);
      // Whatever the terms are now, credit was paid for under earlier ones.
      if (this.#inlet.isSpent()) this.#purse.mustAccept(announced);
      const asked = await this.#questions.draft(announced.scheme, known, status.payee);
      const another = (promised: readonly Outpoint[]) => socket.powerRequest({ ...asked.request, promised });
      this.#ready = await this.acceptOr(asked.offer, announced, another);
    } catch (error) {
      this.hold(error);
    }
  }

  /** Signs the offer. Where it spends coins that will not do, one over other coins is asked for, once. */
  private async acceptOr(
    offer: DraftOffer,
    announced: Terms,
    another: (promised: readonly Outpoint[]) => Promise<DraftOffer>,
  ): Promise<Ready> {
    try {
      return this.accept(offer, announced);
    } catch (error) {
      const unfit = error instanceof Stop ? this.#purse.unfitCoins(offer, error.reason) : [];
      if (unfit.length === 0) throw error;
      const other = await another(unfit).catch((refusal: unknown) => {
        // A socket of version 1 knows no such member.
        throw refusal instanceof Fault && refusal.fault === "invalid-parameters" ? error : refusal;
      });
      return this.accept(other, announced);
    }
  }

  private accept(offer: DraftOffer, announced: Terms): Ready {
    const terms = this.#purse.termsFor(offer, announced);
    this.square(offer, terms);
    this.#purse.mustAccept(terms);
    return this.#purse.sign(offer, terms);
  }

  /** Makes the cable's account and the offer agree, or throws a Stop that says why they cannot. */
  private square(offer: DraftOffer, terms: Terms): void {
    const payee = offer.outputs[0]?.script ?? "";
    const before = this.#ledger.record.session?.socketScript;
    const isAnother = before !== undefined && before !== payee;
    // What an offer shows of the last payment is about the socket that it went to.
    if (this.#purse.wasTaken(offer) || (!isAnother && this.isCredited(offer))) this.acknowledge();
    if (isAnother && this.#ledger.record.claims.some(({ script }) => script === payee)) this.#inlet.returned();
    // Account and session move in one: between them nothing may be refused and written down.
    if (isAnother) this.#ledger.change({ ...this.#purse.opened(offer, terms), ...this.accountOf(payee, before) });
    this.acknowledgeLate(offer);
    if (this.#inlet.isShort(offer.credit))
      throw new Stop("credit-lost", `Expected ${this.#inlet.remaining()} mWh, came ${offer.credit}.`);
    this.#ledger.change(this.#inlet.agreed(offer.credit));
    if (!this.#purse.knows(offer)) this.#ledger.change(this.#purse.opened(offer, terms));
    this.#visit?.met(payee);
  }

  /** The record's part for another socket: credit stays where it was paid. */
  private accountOf(payee: Hex, before: Hex): Pick<CableRecord, "claims" | "paidUpTo"> {
    const { claims } = this.#ledger.record;
    const left = this.#inlet.remaining();
    const others = claims.filter(({ script }) => script !== before && script !== payee);
    const value = priceOf(Math.max(0, left), this.#ledger.record.session?.price ?? 0);
    const back = claims.find(({ script }) => script === payee)?.energy ?? 0;
    return {
      claims: left > 0 ? withClaim(others, { script: before, energy: left, value }) : others,
      paidUpTo: this.#inlet.meter() + back * 1000,
    };
  }

  /** The increment that was signed last has arrived, though nobody told us. */
  private acknowledge(): void {
    const paidUpTo = this.#ledger.record.paidUpTo + this.#purse.signedEnergy() * 1000;
    this.#ledger.write({ ...this.#purse.taken(), paidUpTo });
  }

  /** A payee shows by its credit that it took a payment of a session that is over, which it never acknowledged. */
  private acknowledgeLate(offer: DraftOffer): void {
    const { record } = this.#ledger;
    const late = record.pledges.find((pledge) => this.#purse.isLate(pledge, offer));
    if (!late) return;
    const energy = energyFor(late.unanswered, late.price);
    const off = this.#inlet.tolerance();
    if (energy <= 2 * off || offer.credit < this.#inlet.remaining() + energy - off) return;
    this.#ledger.change({
      pledges: record.pledges.map((each) => (each === late ? { ...each, unanswered: 0 } : each)),
      paidUpTo: record.paidUpTo + energy * 1000,
      totalPaid: record.totalPaid + late.unanswered,
    });
  }

  /** A socket that has restarted shows by its credit that it took the last increment, whatever coins it offers now. */
  private isCredited(offer: DraftOffer): boolean {
    if (!this.#ledger.record.signed?.sent || this.#purse.knows(offer)) return false;
    const energy = this.#purse.signedEnergy();
    const off = this.#inlet.tolerance();
    return energy > 2 * off && offer.credit >= this.#inlet.remaining() + energy - off;
  }

  // ------------------------------------------------------------ paying

  /** Both meters have to say so: the socket's by its flag, the cable's own within the tolerance. */
  private isDue(ready: Ready, status: Status): boolean {
    if (ready.step.pay === 0) return true;
    return this.isLow(ready, 1) && (status.renewalDue || status.remaining === 0);
  }

  /** True where the own meter says that no more than `times` the renewal threshold is left. */
  private isLow(ready: Ready, times: number): boolean {
    const threshold = (ready.energy * this.#options.settings.renewAt) / 1000;
    return this.#inlet.remaining() <= times * threshold + this.#inlet.tolerance();
  }

  private async pay(ready: Ready, status: Status): Promise<void> {
    const { report, socket } = this.#options;
    this.#ready = undefined;
    try {
      this.#purse.sending();
      let asked = 0;
      const result = await this.answered(() => {
        asked = this.#inlet.meter();
        return socket.payTransaction(ready.request);
      });
      const agreed = this.#inlet.agreed(result.remaining, ready.energy, asked);
      this.#ledger.write({
        ...this.#purse.taken(),
        ...agreed,
        ...this.trusted(ready),
        ...ticketed(this.#ledger.record),
      });
      report({
        name: "paid",
        increment: ready.request.increment,
        value: ready.step.pay,
        fee: ready.step.fee,
        remaining: this.#inlet.remaining(),
      });
      this.supply();
      this.#stale = 0;
      const { next } = result;
      if (next) this.#ready = this.#purse.sign(next, this.#purse.termsFor(next, this.#purse.termsOf(status)));
    } catch (error) {
      this.hold(error);
    }
  }

  /** An increment that came as it was paid makes good one that did not: the pauses after stops grow shorter again. */
  private trusted({ request, step }: Ready): Pick<CableRecord, "losses"> {
    const { losses } = this.#ledger.record;
    return { losses: request.increment > 1 && step.pay > 0 ? Math.max(0, losses - 1) : losses };
  }

  /**
   * Repeats a call until it is answered: the link may drop the question or the answer, and a repetition changes nothing.
   * What others on the link ask too much is no answer either: power that is paid for flows on.
   */
  private async answered<T>(call: () => Promise<T>): Promise<T> {
    const since = this.#options.clock.now();
    let pause = RECONNECT;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const isAnswer = error instanceof Fault && error.fault !== "too-many-requests";
        if (isAnswer || !this.#running || this.#visit?.isLost(since)) throw error;
        await this.pause(pause);
        pause = Math.min(2 * pause, MAX_RECONNECT);
      }
    }
  }

  /** Turns a refusal into a pause from paying; credit that is left flows on. Anything else ends the dealing. */
  private hold(error: unknown): void {
    const stop = asStop(error);
    const pause = stop ? (stop.retryAfter ?? this.#options.settings.retryAfter) : LOOK_AGAIN * 2 ** this.#stale;
    if (!stop) this.#stale = Math.min(this.#stale + 1, MAX_STALE);
    this.#held = { stop, until: this.#options.clock.now() + pause };
    if (!stop) return;
    this.#options.report({ name: "held", reason: stop.reason, why: stop.message });
    if (isCheating(stop.reason)) this.remember();
  }

  private mayAskAgain(): boolean {
    if (this.#ready) return false;
    return this.#held === undefined || this.#options.clock.now() >= this.#held.until;
  }

  // ------------------------------------------------------------ drawing

  private supply(): void {
    if (this.#inlet.isSpent()) return;
    const upTo = this.#visit?.mayDraw();
    if (upTo === 0) return;
    this.#inlet.supply(upTo);
    this.enter("powered");
  }

  /** Until something may have changed; short while either side says that the renewal is near. */
  private async wait(status: Status): Promise<void> {
    const near = status.renewalDue || status.remaining === 0 || this.#held !== undefined || this.#visit?.isOpen;
    if (near || status.state !== "paid") await this.pause(LOOK_AGAIN);
  }

  /** Asks how things stand, and stops where the socket did not keep its word. */
  private async look(before: Status): Promise<Status> {
    const { clock, socket, settings } = this.#options;
    const urgent =
      before.renewalDue || before.state !== "paid" || this.#held !== undefined || !this.#ready || this.#visit?.isOpen;
    const asked = clock.now();
    const meter = this.#inlet.meter();
    const status = await this.answered(() => socket.getStatus(urgent ? {} : { waitMs: settings.waitMs }));
    this.check(status);
    this.#visit?.judge(status, this.#purse.session?.id, meter);
    // The flag goes up long before credit is low: fees have risen, and the draft in hand is behind the times.
    const rises = status.renewalDue && !before.renewalDue;
    if (rises && this.#ready && this.#ready.step.pay > 0 && !this.isLow(this.#ready, 2)) this.#ready = undefined;
    // A socket that holds nothing back would be asked without end.
    if (!urgent && !status.renewalDue && clock.now() - asked < LOOK_AGAIN) await this.pause(LOOK_AGAIN);
    return status;
  }

  /** A cable that cannot judge what flowed would pay what it is told. */
  private mustBeCalibrated(): void {
    const { settings, calibrated = false } = this.#options;
    if (settings.network === "mainnet" && !calibrated) throw new Stop("not-calibrated");
  }

  private mustNotBeTripped(): void {
    const { trip } = this.#inlet;
    if (trip) throw new Stop("power-fault", `(${trip})`);
  }

  private check(status: Status): void {
    this.mustNotBeTripped();
    if (status.state === "paid") this.#reclaimed = false;
    else {
      this.#inlet.stop();
      if (this.#inlet.isShort(0)) this.reclaim();
    }
    if (status.state === "paid" && this.#inlet.isShort(status.remaining) && !this.#held)
      this.hold(new Stop("energy-claimed", `Expected ${this.#inlet.remaining()} mWh left, came ${status.remaining}.`));
    if (status.state === "lockout") {
      const pause = Math.min(Math.max(status.lockoutMs, LOOK_AGAIN), MAX_LOCKOUT);
      throw new Stop("locked", "", pause);
    }
    if (this.#options.settings.sharedLink) this.compareFirstMinute(status);
  }

  /** The power stopped before its time. A socket that has restarted gives credit back when it is asked; else it is lost. */
  private reclaim(): void {
    if (this.#reclaimed) throw new Stop("undelivered", `${this.#inlet.remaining()} mWh were left.`);
    this.#reclaimed = true;
    this.#ready = undefined;
    this.#held = undefined;
  }

  /**
   * A neighbour's socket may answer on a shared link: what flows here must be what it counts there. A minute is enough
   * where something flows; where nothing does yet, or little, both would agree on that, so it goes on.
   */
  private compareFirstMinute(status: Status): void {
    const before = this.#firstMinute;
    if (this.#state !== "powered" || before?.agreed) return;
    const now = this.#options.clock.now();
    const own = this.#inlet.meter();
    const session = this.#purse.session?.id;
    // Another session counts from its own opening.
    if (before === undefined || before.session !== session) {
      this.#firstMinute = { session, at: before?.at ?? now, from: now, own, claimed: status.used, agreed: false };
      return;
    }
    const flowed = (own - before.own) / 1000;
    const apart = Math.abs(flowed - (status.used - before.claimed));
    const tolerance = this.#inlet.mayDiffer(flowed, now - before.from);
    if (apart > tolerance)
      throw new Stop(
        "wrong-socket",
        `The meters are ${Math.round(apart)} mWh apart after ${Math.round((now - before.at) / 1000)} s.`,
      );
    const agreed = now - before.at >= FIRST_MINUTE && flowed >= CONCLUSIVE * tolerance;
    if (agreed) this.#firstMinute = { ...before, agreed };
  }

  // ------------------------------------------------------------ stops

  private async pauseAfter(error: unknown): Promise<void> {
    const { settings, report } = this.#options;
    const stop = asStop(error) ?? new Stop("waiting", String(error), LOOK_AGAIN);
    this.#inlet.stop();
    if (isCheating(stop.reason)) attempt(report, () => this.remember(stop.reason === "undelivered"));
    const doublings = Math.min(isCheating(stop.reason) ? this.#ledger.record.losses : 0, MAX_DOUBLINGS);
    const pause = this.#visit?.ended(stop) ?? (stop.retryAfter ?? settings.retryAfter) * 2 ** doublings;
    this.enter("stopped", { reason: stop.reason, why: stop.message, retryMs: pause });
    await this.pause(pause);
  }

  /** A payee that cheated is remembered; a loss, or the same one cheating again, makes the next try wait longer. */
  private remember(lost = false): void {
    const { cheats, losses, session } = this.#ledger.record;
    const payee = session?.socketScript;
    if (payee === undefined) return;
    const again = cheats.includes(payee);
    this.#ledger.write({
      cheats: again ? cheats : appended(cheats, payee, MAX_CHEATS),
      losses: lost || again ? losses + 1 : losses,
    });
  }

  private enter(state: CableState, facts: Record<string, string | number> = {}): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.report({ name: state, ...facts });
  }

  private pause(time: Millisecond): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(time, resolve);
    });
  }
}

/** `claims` and one more. They bound what is risked, so none is forgotten: beyond the list's end the oldest become one. */
function withClaim(claims: readonly Claim[], claim: Claim): readonly Claim[] {
  const list = [...claims, claim];
  if (list.length <= MAX_CLAIMS) return list;
  const [first, second, ...rest] = list as [Claim, Claim, ...Claim[]];
  return [{ script: "", energy: first.energy + second.energy, value: first.value + second.value }, ...rest];
}

/** What an error means for dealing; undefined where it only means that a draft has to be asked for again. */
function asStop(error: unknown): Stop | undefined {
  if (error instanceof Stop) return error;
  if (!(error instanceof Fault)) return new Stop("waiting", `(${String(error)})`, RECONNECT);
  if (STALE.includes(error.fault)) return undefined;
  return new Stop(PATIENT[error.fault] ?? "refused", `(${error.message})`, error.retryAfterMs);
}
