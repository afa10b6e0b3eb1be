// The paying side: finds out the socket's terms, opens a session, pays each increment when both
// meters say that it is due, and holds the relay while credit lasts. states.ts says what follows
// from what; here it happens.

import type { Wallet } from "../bitcoin/wallet";
import { ChannelPocket } from "../channel/pocket";
import { appended, Ledger } from "../journal/ledger";
import { attempt } from "../kernel/attempt";
import type { Clock, Ecdsa, PowerGate, Reporter, Store } from "../kernel/ports";
import type { Hex, MilliSatPerWh } from "../kernel/units";
import type { Radio } from "../link/radio";
import type { CableState } from "../protocol/types";
import { CHANNEL } from "../protocol/words";
import { Calls, passed } from "./calls";
import {
  type Act,
  AT_FIRST,
  BEGIN,
  type CableEvent,
  type Effect,
  type Memory,
  type Moment,
  TURN,
  WAITED,
} from "./effects";
import { Inlet } from "./inlet";
import { CABLE_OLDER } from "./older-record";
import { forgive, forgiveByWord, leaveChannels, release, tellStuck } from "./owner";
import type { CableParts } from "./parts";
import { Payments } from "./payments";
import { Purse } from "./purse";
import { Questions, type SocketLink } from "./questions";
import { CABLE_RECORD_VERSION, type CableRecord, EMPTY_RECORD, parseCableRecord, payeeHere } from "./record";
import { stopOf } from "./refusals";
import type { CableSettings } from "./settings";
import { pauseAfter, stepOf } from "./states";
import type { Hold, Stop } from "./stop";
import type { CableView } from "./view";
import { Visit } from "./visit";

const MAX_CHEATS = 32;

export interface CableOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly gate: PowerGate;
  readonly wallet: Wallet;
  readonly socket: SocketLink;
  readonly report: Reporter;
  readonly settings: CableSettings;
  /**
   * True where the gate's scales were measured (shared/board/calibration.ts); on mainnet nothing is
   * paid without.
   */
  readonly calibrated?: boolean;
  /** On a direct link: joins sockets' access points. */
  readonly radio?: Radio;
  /** Where the owner pays by channel. */
  readonly ecdsa?: Ecdsa;
}

export class CableController {
  readonly #parts: CableParts;
  readonly #calls: Calls;
  readonly #payments: Payments;
  readonly #isCalibrated: boolean;
  #memory: Memory = AT_FIRST;
  #isRunning = false;
  #cancelTick: () => void = () => {};

  constructor(options: CableOptions) {
    const { clock, store, gate, wallet, socket, report, settings, radio } = options;
    const ledger = new Ledger({
      store,
      gate,
      report,
      name: "cable",
      version: CABLE_RECORD_VERSION,
      older: CABLE_OLDER,
      parse: parseCableRecord,
      empty: EMPTY_RECORD,
    });
    const inlet = new Inlet({ clock, gate, ledger, settings, report });
    const pocket = pocketOf(options);
    const purse = new Purse({ ledger, wallet, settings, pocket, uptime: () => inlet.uptime() });
    const priceAt = (payee: Hex): MilliSatPerWh => pocket?.priceAt(payee) ?? ledger.record.session?.price ?? 0;
    const questions = new Questions({ ...options, ledger, purse, pocket });
    const visit = radio && new Visit({ radio, clock, ledger, inlet, settings, report });
    const money = { ledger, inlet, purse, pocket, priceAt };
    this.#parts = { clock, wallet, socket, report, settings, ...money, questions, visit };
    this.#calls = new Calls(this.#parts, () => this.#isRunning);
    this.#payments = new Payments(this.#parts, this.#calls);
    this.#isCalibrated = options.calibrated ?? false;
  }

  get state(): CableState {
    return this.#memory.state;
  }

  get record(): CableRecord {
    return this.#parts.ledger.record;
  }

  /** What the owner is shown. */
  view(): CableView {
    const { ledger, inlet, purse, pocket } = this.#parts;
    return {
      channels: { entries: pocket?.entries ?? [], locked: pocket?.locked ?? 0 },
      record: ledger.record,
      state: this.state,
      stop: reasonOf(this.#memory),
      remaining: inlet.remaining(),
      trip: inlet.trip,
      outOfHand: purse.outOfHand(),
      stuck: purse.stuck(),
      uptime: inlet.uptime(),
    };
  }

  /** The owner has looked at what the gate tripped for. False where that does not help. */
  clear(): boolean {
    return this.#parts.inlet.clear();
  }

  /** Reads the journal and begins to deal; the relay stays open until a payment was accepted. */
  start(): void {
    const { ledger, inlet, visit, report } = this.#parts;
    ledger.load();
    inlet.start();
    visit?.start();
    attempt(report, () => release(this.#parts));
    attempt(report, () => forgiveByWord(this.#parts));
    attempt(report, () => leaveChannels(this.#parts));
    tellStuck(this.#parts);
    this.#isRunning = true;
    report({ name: "start", total: ledger.record.total, credit: inlet.remaining() });
    this.tick();
    void this.run();
  }

  /** The owner writes off what sockets took and did not give. */
  forgive(): void {
    forgive(this.#parts);
  }

  /** Lets go of the relay and falls silent; the socket settles by itself. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelTick();
    this.#parts.inlet.stop();
  }

  private tick(): void {
    const { clock, settings, report, inlet } = this.#parts;
    this.#cancelTick = clock.after(Math.floor(settings.leaseTime / 4), () => this.tick());
    attempt(report, () => inlet.tick());
  }

  // ------------------------------------------------------------ what happens

  private async run(): Promise<void> {
    let event = BEGIN;
    while (this.#isRunning) event = await this.happen(event);
  }

  /** Does what the table says to `event`, and gives what comes of it. */
  private async happen(event: CableEvent): Promise<CableEvent> {
    try {
      const { next, effects, act } = stepOf(this.#memory, event, this.moment());
      this.#memory = next;
      for (const effect of effects) this.effect(effect);
      return await this.act(act);
    } catch (error) {
      return { kind: "failed", stop: stopOf(error) };
    }
  }

  private moment(): Moment {
    const { clock, inlet, visit, settings, purse } = this.#parts;
    const session = purse.session?.id;
    return { now: clock.now(), account: inlet, visit, settings, isCalibrated: this.#isCalibrated, session };
  }

  private effect(effect: Effect): void {
    const { inlet, visit, report, purse } = this.#parts;
    switch (effect.do) {
      case "open":
        inlet.stop();
        break;
      case "supply":
        visit?.draws();
        inlet.supply(effect.upTo);
        break;
      case "tell":
        report(effect.event);
        break;
      case "blame":
        if (effect.isOptional) attempt(report, () => this.blame(effect.isLoss));
        else this.blame(effect.isLoss);
        break;
      case "judge":
        visit?.judge(effect.status, purse.session?.id, effect.meter);
        break;
    }
  }

  private async act(act: Act): Promise<CableEvent> {
    const { clock } = this.#parts;
    switch (act.do) {
      case "connect":
        this.#payments.begin();
        return { kind: "answer", status: await this.#calls.first() };
      case "ask":
        return this.#payments.ask(act.status);
      case "finish":
        return this.#payments.finish(act.offered);
      case "sign":
        return this.#payments.sign(act.offer, act.status);
      case "pay":
        return this.#payments.pay(act.ready);
      case "wait":
        await passed(clock, act.time);
        return WAITED;
      case "look":
        return this.askStatus(act.isUrgent);
      case "go-on":
        if (act.time > 0) await passed(clock, act.time);
        return TURN;
      case "pause":
        await this.pause(act.stop, act.isNews);
        return BEGIN;
    }
  }

  private async askStatus(isUrgent: boolean): Promise<CableEvent> {
    const { clock, inlet, socket, settings } = this.#parts;
    const asked = clock.now();
    const meter = inlet.meter();
    const request = isUrgent ? {} : { waitMs: settings.waitMs };
    const status = await this.#calls.answered(() => socket.getStatus(request));
    return { kind: "status", status, asked, meter, isUrgent };
  }

  private pause(stop: Stop, isNews: boolean): Promise<void> {
    const { clock, visit, ledger, settings, report } = this.#parts;
    const time = visit?.ended(stop) ?? pauseAfter(stop, ledger.record.losses, settings);
    if (isNews) report({ name: "stopped", reason: stop.reason, why: stop.message, retryMs: time });
    return passed(clock, time);
  }

  /**
   * A payee that cheated is remembered; a loss, or the same one cheating again, makes the next try
   * wait longer.
   */
  private blame(isLoss: boolean): void {
    const { ledger } = this.#parts;
    const { cheats, losses } = ledger.record;
    const payee = payeeHere(ledger.record);
    if (payee === undefined) return;
    const again = cheats.includes(payee);
    ledger.write({
      cheats: again ? cheats : appended(cheats, payee, MAX_CHEATS),
      losses: isLoss || again ? losses + 1 : losses,
    });
  }
}

/** Why it is stopped, or why no more is paid for now while what is paid for flows on. */
function reasonOf(memory: Memory): Stop | Hold | undefined {
  if (memory.state === "stopped") return memory.stop;
  return "payment" in memory && memory.payment.is !== "open" ? memory.payment.held?.hold : undefined;
}

/** Channels, where the owner pays by them, or did. */
function pocketOf({ store, report, wallet, ecdsa, settings }: CableOptions): ChannelPocket | undefined {
  if (!ecdsa) return undefined;
  const { maxDelay: delay, maxLocked, maxFee: fee, maxIncrement: increment } = settings;
  const limits = { delay, maxLocked, fee, increment, first: increment };
  const pocket = new ChannelPocket({ store, report, wallet, ecdsa, limits });
  return settings.schemes.includes(CHANNEL) || pocket.entries.length > 0 ? pocket : undefined;
}
