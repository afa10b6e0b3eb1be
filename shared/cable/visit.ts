// A visit by radio: which socket's access point the cable has joined, and whether it sits in that
// very socket.
//
// Nothing tells that the socket that is paid is the one whose contacts the plug is in. So on a
// first payment the relay closes for a blink that standby carries too, and both meters must have
// seen it; then it closes for good. A socket whose meter lies is found out by the power: the socket
// that the plug is really in gives standby only, and opens. The journal knows by then whom the
// cable was about to draw from (docs/protocol.md, "Direct link").

import type { Changes, Ledger } from "../journal/ledger";
import { constant } from "../kernel/constant";
import type { Clock, Reporter } from "../kernel/ports";
import type { Hex, MicrowattHour, Millisecond } from "../kernel/units";
import {
  type AccessPoint,
  afterPowerLoss,
  asking,
  atStage,
  isHome,
  nextPlace,
  type Places,
  proven,
  setAside,
} from "../link/places";
import type { Radio } from "../link/radio";
import type { Status } from "../protocol/types";
import { ANSWERS, inReach, inTime, NEXT } from "./arrival";
import type { Inlet } from "./inlet";
import type { CableRecord } from "./record";
import type { CableSettings } from "./settings";
import { isCheating, Stop } from "./stop";

/**
 * What the relay lets through before the meters are compared: a half-wave or two of a heater, of
 * the 50 mWh of standby.
 */
const BLINK: MicrowattHour = 8_000;
/** Blinks without a verdict, after which it is one. */
const MOST_BLINKS = 4;
/** What both meters may be off grows with time, so they are compared over no more than that. */
const WINDOW: Millisecond = 6_000;
/**
 * What two readings of a meter that shows whole mWh may be off, and a moment between two questions.
 */
const ROUNDING = 2;
/**
 * Power that stays on for so long after the relay closed does not come from a socket that trips on
 * it.
 */
const HELD: Millisecond = 2_000;
/** Nor, however little flows, from a socket that gives a cable 60 s to pay. */
const PROVEN: Millisecond = 90_000;
/** mW that no socket's standby carries. */
const HEAVY = 100_000;
/** One whose socket has somebody else, or cannot sell now, is waited for so long. */
const PATIENCE: Millisecond = 40_000;
const ASK_AGAIN: Millisecond = 5_000;
const MICRO = 1000;

export interface VisitOptions {
  readonly radio: Radio;
  readonly clock: Clock;
  readonly ledger: Ledger<CableRecord>;
  readonly inlet: Inlet;
  readonly settings: CableSettings;
  readonly report: Reporter;
}

/** Where both meters stood. */
interface Mark {
  readonly at: Millisecond;
  readonly session: Hex | undefined;
  readonly own: MicrowattHour;
  readonly claimed: number;
}

const NOWHERE: Places = constant({ tried: [] });

export class Visit {
  readonly #options: VisitOptions;
  #found: readonly AccessPoint[] = [];
  #here: AccessPoint | undefined;
  /** The payee of the account, once it is that of the socket that answers here. */
  #payee: Hex | undefined;
  #proven = false;
  #since: Millisecond = 0;
  /**
   * Where the comparison began, and the own meter's reading up to which the relay may close for it.
   */
  #mark: Mark | undefined;
  #upTo: MicrowattHour = 0;
  /** Reading of the gate at the last look. */
  #last: MicrowattHour = 0;
  #blinks = 0;
  /** Where both meters stood when the socket here was asked last. */
  #seen: Mark | undefined;
  /** Access points in a row that came to nothing. */
  #fruitless = 0;

  constructor(options: VisitOptions) {
    this.#options = options;
  }

  private get places(): Places {
    return this.#options.ledger.record.places ?? NOWHERE;
  }

  /** What the last power cut says about where the cable sits. */
  start(): void {
    const { ledger, report } = this.#options;
    const before = this.places;
    const after = afterPowerLoss(before);
    if (after === before) return;
    ledger.change({ places: after });
    const wrong = after.tried.length > 0 && before.trial?.stage !== "asking" && after.trial === undefined;
    if (wrong && before.trial) report({ name: "elsewhere", place: before.trial.bssid, why: "the power went" });
  }

  /** True while it is not known whether the power comes from here. */
  get isOpen(): boolean {
    return !this.#proven;
  }

  /** True where a call was begun at `since` and is not worth repeating. */
  isLost(since: Millisecond): boolean {
    return this.isOpen && this.#options.clock.now() - since >= ANSWERS;
  }

  /**
   * Joins the access point whose turn it is; gives what its socket answers first. Rejects with a
   * Stop where it comes to nothing.
   */
  async arrive(ask: () => Promise<Status>): Promise<Status> {
    const place = (this.isStaying() && this.#here) || (await this.find());
    await this.turnTo(place);
    const status = await inTime(this.#options.clock, this.join(place).then(ask));
    // Its contacts are dead, and here there is power.
    if (this.isOpen && status.state === "lockout") throw new Stop("no-socket", "It is in lockout.", NEXT);
    this.mustNotServeAnother(status);
    return status;
  }

  private join(place: AccessPoint): Promise<void> {
    return this.#options.radio.join(place).catch((error: unknown) => {
      throw new Stop("no-socket", String(error), NEXT);
    });
  }

  /** What flows there, and not here, is another cable's. */
  private mustNotServeAnother({ state, used }: Status): void {
    const { clock, inlet } = this.#options;
    const now = { at: clock.now(), session: undefined, own: inlet.meter(), claimed: used };
    const before = this.#seen;
    this.#seen = now;
    if (!before || !this.isOpen || state !== "paid") return;
    const flowed = (now.own - before.own) / MICRO;
    if (used - before.claimed - flowed > this.tolerance(flowed, now.at - before.at))
      throw new Stop("no-socket", "It serves another cable.", NEXT);
  }

  private isStaying(): boolean {
    return this.#proven || (this.places.trial !== undefined && this.places.trial.bssid === this.#here?.bssid);
  }

  private async find(): Promise<AccessPoint> {
    this.#found = await inReach(this.#options.radio, this.places, this.#fruitless > 0);
    const place = nextPlace(this.#found, this.places);
    if (!place) throw new Stop("no-socket");
    return place;
  }

  private async turnTo(place: AccessPoint): Promise<void> {
    const { ledger, clock, report } = this.#options;
    this.#payee = undefined;
    this.#mark = undefined;
    this.#blinks = 0;
    if (this.isStaying()) return;
    this.#here = place;
    this.#seen = undefined;
    this.#since = clock.now();
    const { bssid, channel, strength } = place;
    ledger.write({ places: asking(this.places, place) });
    report({ name: "joining", place: bssid, channel, strength });
  }

  // ------------------------------------------------------------ whose power it is

  /** The account is `payee`'s, whose socket answers here. */
  met(payee: Hex): void {
    this.#payee = payee;
  }

  /**
   * False where no account with the socket here was agreed: credit of another one is not drawn
   * here.
   */
  get hasMet(): boolean {
    return this.#payee !== undefined;
  }

  /** Reading of the gate up to which the relay may close here. */
  mayDraw(): MicrowattHour {
    if (this.#payee === undefined) return 0;
    if (this.#proven || this.places.trial?.stage !== "asking" || this.isHomeHere()) return Number.POSITIVE_INFINITY;
    return this.#upTo;
  }

  /** The relay is about to close. What is more than a blink is in the journal first. */
  draws(): void {
    if (this.#payee === undefined || this.#proven || this.places.trial?.stage !== "asking") return;
    if (this.isHomeHere()) this.closing(this.#payee);
  }

  private isHomeHere(): boolean {
    return this.#here !== undefined && isHome(this.#here, this.#found, this.places);
  }

  private closing(payee: Hex): void {
    const { ledger, clock } = this.#options;
    const here = this.#here;
    ledger.write({ places: atStage(this.places, "closing", payee) });
    const isStill = (): boolean => !this.#proven && here === this.#here && this.places.trial?.stage !== "asking";
    clock.after(HELD, () => {
      if (isStill()) this.keep({ places: atStage(this.places, "held", payee) });
    });
    clock.after(PROVEN, () => {
      if (isStill()) this.prove();
    });
  }

  private prove(): void {
    const { report } = this.#options;
    report({ name: "at-home", place: this.places.trial?.bssid });
    this.#proven = true;
    this.#fruitless = 0;
    this.keep({ places: proven(this.places) });
  }

  /** What is better written: where flash takes nothing now, the next writing takes it along. */
  private keep(changes: Changes<CableRecord>): void {
    const { ledger, report } = this.#options;
    ledger.change(changes);
    try {
      ledger.write({});
    } catch (error) {
      report({ name: "failed", why: String(error) });
    }
  }

  /**
   * Compares what both meters saw: the own one stood at `asked` when the question left. Throws a
   * Stop where the power comes from elsewhere.
   */
  judge(status: Status, session: Hex | undefined, asked: MicrowattHour): void {
    if (!this.isOpen || this.#payee === undefined || status.state !== "paid") return;
    const { clock, inlet } = this.#options;
    const own = inlet.meter();
    const mark = this.#mark;
    if (mark === undefined || mark.session !== session) {
      this.blink({ at: clock.now(), session, own, claimed: status.used });
      return;
    }
    const time = clock.now() - mark.at;
    const least = Math.max(0, asked - mark.own) / MICRO;
    const most = (own - mark.own) / MICRO;
    const claimed = status.used - mark.claimed;
    const apart = Math.max(0, least - claimed, claimed - most);
    const off = this.tolerance(most, time);
    if (apart > off)
      throw new Stop("elsewhere", `The meters are ${Math.round(apart)} mWh apart after ${time} ms.`, NEXT);
    const { stage } = this.places.trial ?? {};
    const now = { ...mark, at: clock.now(), own, claimed: status.used };
    if (stage === "held" && least > off && most * 3_600_000 > HEAVY * time) this.prove();
    else if (stage === "asking" && least > off) this.closing(this.#payee);
    else if (stage === "asking") this.lookOn(now, time);
    this.#last = inlet.reading();
  }

  /** The meters may agree or not; what has flowed does not tell. */
  private lookOn(now: Mark, time: Millisecond): void {
    const reading = this.#options.inlet.reading();
    const isHeavy = reading - this.#last >= BLINK / 2;
    if (reading < this.#upTo) {
      if (time > WINDOW) this.#mark = now;
    } else if (isHeavy) this.blink(now);
    // So little is no burden for standby, and the power itself will tell.
    else this.closing(this.#payee ?? "");
  }

  private blink(mark: Mark): void {
    if (++this.#blinks > MOST_BLINKS) throw new Stop("elsewhere", "Looks at both meters told nothing.", NEXT);
    this.#mark = mark;
    this.#last = this.#options.inlet.reading();
    this.#upTo = this.#last + BLINK;
  }

  /**
   * By how much both meters may differ over so short a time; what standby gave before is not part
   * of it.
   */
  private tolerance(energy: number, time: Millisecond): number {
    const { inlet, settings } = this.#options;
    return inlet.mayDiffer(energy, time) - settings.toleranceBase + ROUNDING;
  }

  // ------------------------------------------------------------ going on

  /**
   * The dealing here ended with `stop`. Gives the pause after which the next access point is tried;
   * undefined: as after any stop.
   */
  ended(stop: Stop): Millisecond | undefined {
    const { trial } = this.places;
    if (this.#proven || !trial) return undefined;
    const drew = trial.stage !== "asking" || this.#blinks > 0;
    const isWrong = stop.reason === "elsewhere" || (drew && (isCheating(stop.reason) || stop.reason === "locked"));
    const isSilent = stop.reason === "no-socket" || stop.reason === "waiting";
    // What is the cable's own trouble is no better elsewhere.
    if (drew && !isWrong && !isSilent) return undefined;
    if (stop.reason === "waiting" && this.#options.clock.now() - this.#since < PATIENCE)
      return Math.min(stop.retryAfter ?? ASK_AGAIN, ASK_AGAIN);
    const { report } = this.#options;
    report({ name: isWrong ? "elsewhere" : "passed", place: trial.bssid, why: stop.message });
    this.keep({ places: setAside(this.places, isWrong) });
    this.#fruitless += 1;
    if (this.#fruitless % Math.max(1, this.#found.length) === 0) return undefined;
    return NEXT;
  }
}
