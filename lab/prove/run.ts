// One run: a plan played on a stage from the first plug to the last block, the referee looking on
// after each step.

import type { Move, Plan, Step } from "./moves";
import { Referee, Violation } from "./referee";
import { RogueCable } from "./rogue-cable";
import { RogueSocket } from "./rogue-socket";
import { Stage, type Tamper } from "./stage";

export interface Outcome {
  readonly steps: number;
  readonly sessions: number;
  readonly increments: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly worst: Referee["worst"];
  readonly estimates: Referee["estimates"];
  readonly story: readonly string[];
  /** What did not hold; undefined for a good run. */
  readonly violation: string | undefined;
}

/** The referee looks at least this often, in ms of virtual time. */
const SLICE = 5_000;
const CALM_BLOCKS = 14;
const DAY = 86_400_000;
/** Of a day in which nobody is there, so much is played. */
const AWAKE = 40_000;
/** Weeks and blocks beyond any channel's deadline. */
const DEADLINE_DAYS = 15;
const DEADLINE_BLOCKS = 150;
/** As it should be, with the least deposit. */
const FIRST_CHANNEL = 12;

export async function run(plan: Plan, tamper: Tamper = {}): Promise<Outcome> {
  const play = new Play(plan, tamper);
  let violation: string | undefined;
  // What a device throws, at once or where nobody waits for it, would have stopped it: that must
  // not happen either.
  const unhandled = (error: unknown) => play.fail(stackOf(error));
  process.on("unhandledRejection", unhandled);
  try {
    await play.all();
  } catch (error) {
    violation = error instanceof Violation ? error.message : stackOf(error);
  } finally {
    process.off("unhandledRejection", unhandled);
  }
  return play.outcome(violation);
}

function stackOf(error: unknown): string {
  return String(error instanceof Error ? error.stack : error);
}

class Play {
  private readonly stage: Stage;
  private readonly referee: Referee;
  private readonly faults: Record<string, number> = {};
  private readonly rogueCable: RogueCable | undefined;
  private readonly rogueSocket: RogueSocket | undefined;
  private steps = 0;

  constructor(
    private readonly plan: Plan,
    tamper: Tamper,
  ) {
    // A rogue's cable lives on its own battery.
    const terms = plan.cast === "rogue-cable" ? { ...plan.terms, electronics: 0 } : plan.terms;
    this.stage = new Stage(terms, tamper);
    this.referee = new Referee(this.stage);
    if (plan.cast === "rogue-cable") this.rogueCable = new RogueCable(this.stage, this.referee);
    if (plan.cast === "rogue-socket") this.rogueSocket = new RogueSocket(this.stage);
    this.referee.rogueSocket = this.rogueSocket;
  }

  fail(why: string): void {
    this.stage.violation ??= why;
  }

  async all(): Promise<void> {
    this.stage.circuit.load = 1_300_000;
    if (!this.rogueSocket) this.stage.startSocket();
    if (this.plan.opening) this.rogueSocket?.do(this.plan.opening, this.plan.terms.seed);
    if (this.plan.manner) this.rogueSocket?.speak(this.plan.manner);
    if (!this.rogueCable) this.stage.plugCable();
    await this.pass(2_000);
    if (this.sellsByChannel) await this.bury();
    for (const step of this.plan.steps) await this.step(step);
    await this.calm();
  }

  outcome(violation: string | undefined): Outcome {
    const { counts, link, story, releases } = this.stage;
    const back = releases.length > 0 ? { "coins taken back": releases.length } : {};
    const line = Object.fromEntries(Object.entries(link.happened).filter(([, times]) => times > 0));
    return {
      steps: this.steps,
      sessions: counts.sessions,
      increments: counts.increments,
      faults: {
        ...this.faults,
        ...back,
        ...line,
        ...(counts.byChannel > 0 && { "increments by channel": counts.byChannel }),
      },
      worst: this.referee.worst,
      estimates: this.referee.estimates,
      story: [...story],
      violation,
    };
  }

  private async step({ wait, move }: Step): Promise<void> {
    this.steps += 1;
    this.stage.note(`-- ${JSON.stringify(move)}`);
    if (move.kind === "days") this.count("days");
    if (move.kind === "days") await this.days(move.days, move.blocks);
    else this.apply(move);
    this.referee.check();
    await this.pass(wait * 1000);
  }

  private get sellsByChannel(): boolean {
    return this.stage.settings.schemes.includes("channel");
  }

  /** A channel that was opened pays once blocks bury it, and the socket has asked. */
  private async bury(): Promise<void> {
    const { network, settings } = this.stage;
    this.rogueCable?.do("channel-open", FIRST_CHANNEL);
    await this.pass(1_000);
    network.mineMany(settings.channelConfirmations);
    if (this.rogueCable) await this.pass(65_000);
  }

  /**
   * Nobody is there: what is short of a day is passed over, and the socket has the rest to do what
   * is due.
   */
  private async days(days: number, blocks: number): Promise<void> {
    const { circuit, network } = this.stage;
    const { isPlugged } = circuit;
    circuit.isPlugged = false;
    await this.pass(1_000);
    for (let day = 0; day < days; day++) {
      this.stage.skip(DAY - AWAKE);
      network.mineMany(blocks);
      await this.pass(AWAKE);
    }
    circuit.isPlugged = isPlugged;
  }

  private async pass(time: number): Promise<void> {
    const { clock } = this.stage;
    for (let left = time; left > 0; left -= SLICE) {
      await clock.run(Math.min(SLICE, left));
      this.referee.check();
    }
    if (time === 0) await clock.run(0);
  }

  /** All faults end, everybody leaves, blocks come: what is owed must now be paid. */
  private async calm(): Promise<void> {
    const { network, view, link, circuit, socketStore, cableStore } = this.stage;
    socketStore.isFull = false;
    cableStore.isFull = false;
    view.fault = "none";
    view.delay = 50;
    link.trouble = { dropRequest: 0, dropReply: 0, double: 0, late: 0, delay: 0 };
    network.market = 0;
    network.censored = () => false;
    network.isCensoring = false;
    circuit.load = 0;
    circuit.isPlugged = false;
    if (this.rogueSocket) this.rogueSocket.cashIn();
    else await this.closeUp();
    for (let i = 0; i < CALM_BLOCKS; i++) {
      await this.pass(40_000);
      network.mine();
    }
    await this.pass(30_000);
    this.referee.settle();
  }

  /**
   * Where there are channels, the socket's owner wants them closed; or nobody says a word until
   * their deadline.
   */
  private async closeUp(): Promise<void> {
    this.stage.startSocket();
    if (this.sellsByChannel && this.plan.terms.seed % 3 === 0) {
      await this.days(DEADLINE_DAYS, DEADLINE_BLOCKS);
      this.rogueCable?.refund();
      return;
    }
    this.stage.closingWord = "the end";
    if (this.sellsByChannel) this.stage.cutSocket(1_000);
    await this.pass(2_000);
    this.stage.startSocket();
  }

  private count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  private apply(move: Exclude<Move, { kind: "days" }>): void {
    const { stage } = this;
    const { network, circuit, view, link } = stage;
    switch (move.kind) {
      case "load":
        circuit.load = move.power;
        return;
      case "plug":
      case "unplug":
        circuit.isPlugged = move.kind === "plug";
        return;
      case "mine":
        network.mineMany(move.blocks);
        return;
      case "market":
        network.market = move.rate;
        return;
      case "reorg":
        // A branch longer than what the socket waits for is beyond its trust (docs/trust.md).
        if (stage.settings.confirmations < 2) return;
        this.count("reorganisation");
        network.reorganise(1);
        return;
      case "censor":
        if (move.on) this.count("censorship");
        network.isCensoring = move.on;
        network.censored = move.on
          ? (tx) => tx.outputs.some((output) => output.script === stage.payout.script)
          : () => false;
        return;
      case "chain":
        if (move.fault !== "none") this.count(`chain ${move.fault}`);
        if (move.delay > 1_000) this.count("chain slow");
        view.fault = move.fault;
        view.delay = move.delay;
        return;
      case "line":
        link.trouble = {
          dropRequest: move.drop,
          dropReply: move.lose,
          double: move.double,
          late: move.late,
          delay: 8_000,
        };
        return;
      case "cut-socket":
        this.count(`cut at a write, ${move.how}`);
        stage.cutSocketAt(move.writes, move.how, move.off * 1000);
        return;
      case "kill-socket":
        this.count("cut between steps");
        stage.cutSocket(move.off * 1000);
        return;
      case "cut-cable":
        this.count(`cut at a write, ${move.how}`);
        stage.cutCableAt(move.writes, move.how, move.off * 1000);
        return;
      case "kill-cable":
        this.count("cut between steps");
        stage.cutCable(move.off * 1000);
        return;
      case "full-socket":
        this.count("flash full");
        stage.fill(stage.socketStore, move.time * 1000);
        return;
      case "full-cable":
        this.count("flash full");
        stage.fill(stage.cableStore, move.time * 1000);
        return;
      case "release":
        this.count("release");
        stage.release();
        return;
      case "speak":
        this.count(`answers ${move.manner.answer}`);
        this.rogueSocket?.speak(move.manner);
        return;
      case "call":
        this.count(
          `calls with ${Object.values(move.manner).filter((how) => how !== "honest" && how !== "never").length} lies`,
        );
        this.rogueCable?.speak(move.manner);
        return;
      case "rogue":
        this.count(`rogue ${move.trick}`);
        this.rogueCable?.do(move.trick, move.choice);
        this.rogueSocket?.do(move.trick, move.choice);
        return;
    }
  }
}
