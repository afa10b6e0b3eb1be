// One device alone, at the clock's speed: a socket for somebody else's cable, or a cable at
// somebody else's socket. In the electrical world the other device is a plain relay: a socket's
// that is always closed, or a cable's that closes when the socket was paid.

import { payerScriptOf } from "../../shared/bitcoin/address";
import type { Millisecond } from "../../shared/kernel/units";
import { PAPER } from "../paper";
import { Account } from "./account";
import type { DeviceName } from "./bundle";
import { UsageError } from "./options";
import { pictureText } from "./picture";
import { Prompt } from "./prompt";
import { openPty, type Pty } from "./pty";
import { whyNoAnswer } from "./reach";
import { RealTime } from "./real-time";
import type { Scenario } from "./scenario";
import { type Happening, type RunOptions, Simulation } from "./simulation";
import { View } from "./view";

/** A year: until somebody presses Ctrl-C. */
const FOREVER_S = 365 * 86_400;
const LEASE = { upTo: Number.MAX_SAFE_INTEGER, time: 2 ** 31, current: 16_000 };
/** Until the socket's answer has reached the cable. */
const ANSWER = 100;
/** From the plug until a cable that the socket knows closes its relay (docs/performance.md). */
const RETURN = 600;
/** How long somebody may take to accept a connection, in ms. */
const REACH = 3000;
const COMMANDS = "help, status, fund ADDRESS [SATOSHI], mine [BLOCKS], plug in, plug out, display";
/** Satoshi that `fund` sends when no amount is given. */
export const FUND = 250_000;

export interface AloneOptions extends Omit<RunOptions, "scenario" | "pace"> {
  readonly device: DeviceName;
  readonly about: string;
  readonly coins: readonly number[];
  readonly json: boolean;
  /** At the price of 2017, in place of the defaults. */
  readonly paper: boolean;
  /** The device's own, over those. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Name of a pseudo-terminal that is its serial port. */
  readonly ownerSerial?: string | undefined;
  /** Real power of the appliance. */
  readonly watts: number;
}

/**
 * Starts the device and runs until the process is told to end. `ready` says what is to be known
 * once the device answers; `help` repeats it.
 */
export async function runAlone(options: AloneOptions, ready: (simulation: Simulation) => string): Promise<void> {
  const time = new RealTime();
  const other: DeviceName = options.device === "socket" ? "cable" : "socket";
  const simulation = await Simulation.start({
    ...options,
    slots: true,
    scenario: {
      name: `${options.device} alone`,
      about: options.about,
      ...settingsOf(options),
      coins: options.coins,
      linkDelayMs: 0,
      chainDelayMs: 0,
      blockIntervalS: 60,
      steps: [{ atS: 0, plug: "in" }],
      endS: FOREVER_S,
      absent: other,
    },
    pace: (now, until) => time.pace(now, until),
  });
  const account = new Account(simulation);
  const view = new View(simulation, account, process.stdout);
  const end = () => {
    simulation.end();
    time.poke();
  };
  const say = (text: string) => prompt.say(text);
  const complain = (text: string) => (prompt.isTerminal ? prompt.say(text) : console.error(text));
  const answer = async (line: string) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === "help") say(`${about ?? "The device starts."}\nType: ${COMMANDS}. End: Ctrl-C`);
    else if (words[0] === "status") say(view.rows().join("\n"));
    else if (words[0] === "display") say(displayed(simulation.boards[options.device]?.frame));
    else await command(simulation, words, say);
  };
  const prompt = new Prompt(process.stdin, process.stdout, {
    line: (line) => take(simulation, time, line, answer, complain),
    end,
  });
  let serial: Pty | undefined;
  let standIn: PlainCable | undefined;
  let about: string | null = null;
  simulation.network.onOutside = () => time.poke();
  simulation.onHappening = (happening) => {
    account.take(happening);
    if (isNews(happening)) prompt.say(options.json ? jsonLine(happening) : view.line(happening));
    standIn?.hear(happening);
    // From now on it answers.
    if (about === null && happening.from === options.device) {
      about = ready(simulation);
      prompt.say(about);
    }
  };
  if (options.watts > 0) await simulation.world.setLoad({ kind: "resistive", watts: options.watts });
  if (other === "socket") await plainSocket(simulation);
  else standIn = new PlainCable(simulation);
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  if (options.socketAt) void warnUnlessReached(options.socketAt, options.json ? console.error : say);
  try {
    if (options.ownerSerial !== undefined) serial = await openSerial(simulation, options, options.ownerSerial, time);
    await simulation.run(() => false);
  } finally {
    prompt.close();
    serial?.close();
    await simulation.close();
  }
}

/** A device has a display where it has an owner's port. */
function displayed(frame: Uint8Array | undefined): string {
  return frame ? pictureText(frame).join("\n") : "it has no display (--owner-port gives it one)";
}

/** The device's console under a name of its own. */
async function openSerial(
  simulation: Simulation,
  { device }: AloneOptions,
  name: string,
  time: RealTime,
): Promise<Pty> {
  const { timeline } = simulation;
  const pty = await openPty(name, (bytes) => {
    timeline.at(timeline.now, () => simulation.boards[device]?.type(bytes));
    time.poke();
  });
  simulation.onConsole = (from, bytes) => {
    if (from === device) pty.write(bytes);
  };
  return pty;
}

function settingsOf({ device, paper, settings }: AloneOptions): Pick<Scenario, DeviceName> {
  const { socket, cable } = paper ? PAPER : { socket: {}, cable: {} };
  return { socket, cable, [device]: { ...(device === "socket" ? socket : cable), ...settings } };
}

/** Blocks come every minute; only those that change something are news. */
function isNews({ event }: Happening): boolean {
  return event.name !== "block";
}

function jsonLine(happening: Happening): string {
  return JSON.stringify({ atMs: Math.round(happening.at), from: happening.from, ...happening.event });
}

async function warnUnlessReached(at: { host: string; port: number }, say: (text: string) => void): Promise<void> {
  const why = await whyNoAnswer(at, REACH);
  if (why) say(`Nobody answers at ${at.host}:${at.port} (${why}). Is the socket running? The cable goes on trying.`);
}

/** A socket that gives power to everybody: the cable's own relay decides. */
async function plainSocket({ world }: Simulation): Promise<void> {
  await world.boot("socket");
  await world.grant("socket", LEASE);
}

/**
 * A cable lets its appliance draw once the socket has taken a payment, and no longer than that is
 * so; also when it comes back while it is still so, since the socket tells nothing new then.
 */
class PlainCable {
  #isPaid = false;

  constructor(private readonly simulation: Simulation) {
    simulation.onSupply = async (supplied) => {
      if (!supplied) return;
      await simulation.world.boot("cable");
      if (this.#isPaid) this.#follow(simulation.timeline.now + RETURN);
    };
  }

  hear({ at, event }: Happening): void {
    const closes = event.name === "credited" || event.name === "credit-honoured";
    if (!closes && event.name !== "standby" && event.name !== "lockout" && event.name !== "credit-used") return;
    this.#isPaid = closes;
    this.#follow(at + ANSWER);
  }

  /** Its relay does what the socket has told until `at`. */
  #follow(at: Millisecond): void {
    const { world, timeline } = this.simulation;
    timeline.at(at, async () => {
      if (!(await world.read("cable")).running) return;
      await (this.#isPaid ? world.grant("cable", LEASE) : world.revoke("cable"));
    });
  }
}

/** A line on standard input, in its turn on the timeline. */
function take(
  simulation: Simulation,
  time: RealTime,
  line: string,
  answer: (line: string) => Promise<void>,
  complain: (text: string) => void,
): void {
  const { timeline } = simulation;
  timeline.at(timeline.now, async () => {
    try {
      await answer(line);
    } catch (error) {
      complain((error as Error).message);
    }
  });
  time.poke();
}

async function command(
  simulation: Simulation,
  [verb, first, second]: readonly string[],
  say: (text: string) => void,
): Promise<void> {
  if (verb === "fund" && first) {
    const { txid } = await simulation.node.fund(payerScriptOf(first, "regtest"), Number(second ?? FUND));
    await simulation.node.mine(1);
    say(`sent ${second ?? FUND} sat to ${first} in ${txid}, and mined a block`);
  } else if (verb === "mine") {
    await simulation.node.mine(Number(first ?? 1));
    say(`height ${simulation.node.tip().height}`);
  } else if (verb === "plug" && (first === "in" || first === "out")) await simulation.plug(first);
  else if (verb) throw new UsageError(`expected: ${COMMANDS}`);
}
