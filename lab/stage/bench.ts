// A table with a socket, a cable and an appliance on it, on a virtual clock and a model chain: for
// stories about the two controllers together.

import { addressOf } from "../../shared/bitcoin/address";
import { signDraft } from "../../shared/bitcoin/sign";
import { openWallet, type Wallet } from "../../shared/bitcoin/wallet";
import { CableController } from "../../shared/cable/controller";
import { type CableSettings, cableSettings } from "../../shared/cable/settings";
import type { DeviceEvent } from "../../shared/kernel/ports";
import type { DraftOffer, PaymentRequest, PaymentResult, SocketCalls } from "../../shared/protocol/types";
import { SocketController } from "../../shared/socket/controller";
import { type SocketSettings, socketSettings } from "../../shared/socket/settings";
import { Circuit } from "../model/circuit";
import { VirtualClock } from "../model/clock";
import { Life } from "../model/life";
import { Link, PEER } from "../model/link";
import { ModelNetwork } from "../model/network";
import type { Policy } from "../model/policy";
import { SeededRandom } from "../model/random";
import { realEcdsa } from "../model/signers";
import { CutStore } from "../model/store";
import { View, type ViewOptions } from "../model/view";
import { PAPER } from "../paper";

export interface BenchOptions {
  readonly socket?: Partial<SocketSettings>;
  readonly cable?: Partial<CableSettings>;
  /** Coins of the cable, confirmed. */
  readonly coins?: readonly number[];
  /** What the socket's backend can do. */
  readonly view?: ViewOptions;
  /** Whose gates are calibrated; only mainnet asks. */
  readonly calibrated?: readonly ("socket" | "cable")[];
  /** Of the network's nodes. */
  readonly policy?: Partial<Policy>;
  /** The objects that the devices work with, where somebody else makes them (shared/owner). */
  readonly live?: { readonly socket?: SocketSettings; readonly cable?: CableSettings };
  /** Sees each setting that a device reads. */
  readonly onRead?: (device: "socket" | "cable", setting: string) => void;
}

export const MINUTE = 60_000;
/** mW. */
export const TOASTER = 1_300_000;
export const CAR = 3_600_000;
const NO_CHANNELS = (): Promise<never> => Promise.reject(new Error("the link carries no channels"));
/** Of the socket's payee keys. */
export const CHANNEL_SEED = new Uint8Array(32).fill(0x5e);
/** One increment of the paper, in µWh. */
export const INCREMENT_UWH = 40_000_000;

export class Bench {
  readonly clock = new VirtualClock();
  readonly network: ModelNetwork;
  readonly circuit: Circuit;
  readonly events: (DeviceEvent & { readonly device: string; readonly at: number })[] = [];
  readonly wallet = openWallet(new Uint8Array(32).fill(7), realEcdsa);
  readonly payout = openWallet(new Uint8Array(32).fill(9), realEcdsa);
  readonly socketStore = new CutStore();
  readonly cableStore = new CutStore();
  readonly view: View;
  readonly link: Link;
  socket: SocketController;
  cable: CableController;
  /**
   * The very objects that the devices work with: what changes in them changes in a running device.
   */
  settings!: { socket: SocketSettings; cable: CableSettings };
  /** Hears of each line as it is told. */
  onTold: (device: "socket" | "cable", event: DeviceEvent) => void = () => {};
  /** What the cable meets: the socket, or a liar in front of it. */
  front: (socket: SocketController) => SocketCalls = (socket) => socket;
  #options: BenchOptions;
  #socketLife = new Life();
  #cableLife = new Life();
  #seed = 1;

  constructor(options: BenchOptions = {}) {
    this.#options = options;
    this.network = new ModelNetwork({
      clock: this.clock,
      ...(options.policy ? { policy: options.policy } : {}),
    });
    for (const amount of options.coins ?? [1_000_000]) this.network.grant(this.wallet.script, amount);
    this.network.mineMany(3);
    this.view = new View(this.network.node, options.view);
    this.circuit = new Circuit({ clock: this.clock, electronics: 1_000 });
    this.socket = this.newSocket();
    this.link = new Link(this.clock, new SeededRandom(2));
    // Nothing of a socket without power reaches the link.
    this.link.far = () => (this.#socketLife.alive ? this.#socketLife.socket(this.front(this.socket)) : undefined);
    this.cable = this.newCable();
  }

  newSocket(): SocketController {
    const life = new Life();
    this.#socketLife = life;
    this.settings = { ...this.settings, socket: this.#options.live?.socket ?? this.socketSettings() };
    return new SocketController({
      clock: life.clock(this.clock),
      random: new SeededRandom(this.#seed++),
      store: life.store(this.socketStore),
      gate: life.gate(this.circuit.socket),
      chain: life.chain(this.view),
      ecdsa: realEcdsa,
      report: life.report((event) => this.tell("socket", event)),
      settings: this.watched("socket", this.settings.socket),
      calibrated: this.isCalibrated("socket"),
      ...(this.#options.socket?.schemes?.includes("channel") ? { channelSeed: CHANNEL_SEED } : {}),
    });
  }

  newCable(): CableController {
    const life = new Life();
    this.#cableLife = life;
    const calls = life.socket(this.link.calls());
    this.settings = { ...this.settings, cable: this.#options.live?.cable ?? this.cableSettings() };
    return new CableController({
      clock: life.clock(this.clock),
      store: life.store(this.cableStore),
      gate: life.gate(this.circuit.cable),
      wallet: this.wallet,
      socket: {
        getStatus: (request) => calls.getStatus(request, PEER),
        powerRequest: (request) => calls.powerRequest(request, PEER),
        payTransaction: (request) => calls.payTransaction(request, PEER),
        channels: {
          request: (request) => calls.channels?.request(request, PEER) ?? NO_CHANNELS(),
          pay: (payment) => calls.channels?.pay(payment, PEER) ?? NO_CHANNELS(),
        },
      },
      ecdsa: realEcdsa,
      report: life.report((event) => this.tell("cable", event)),
      settings: this.watched("cable", this.settings.cable),
      calibrated: this.isCalibrated("cable"),
    });
  }

  private tell(device: "socket" | "cable", event: DeviceEvent): void {
    this.events.push({ device, at: this.clock.now(), ...event });
    this.onTold(device, event);
  }

  private socketSettings(): SocketSettings {
    const payoutAddress = addressOf(this.payout.script, "regtest");
    return socketSettings({ network: "regtest", payoutAddress, ...PAPER.socket, ...this.#options.socket });
  }

  private cableSettings(): CableSettings {
    return cableSettings({ network: "regtest", ...PAPER.cable, ...this.#options.cable });
  }

  private watched<T extends SocketSettings | CableSettings>(device: "socket" | "cable", settings: T): T {
    const { onRead } = this.#options;
    if (!onRead) return settings;
    return new Proxy(settings, {
      get: (all, name) => {
        onRead(device, String(name));
        return Reflect.get(all, name);
      },
    });
  }

  /**
   * The owner changes settings of a running device, as the table's `changes` says when that counts.
   */
  change({ socket = {}, cable = {} }: Pick<BenchOptions, "socket" | "cable">): void {
    this.configure({ socket, cable });
    Object.assign(this.settings.socket, this.socketSettings());
    Object.assign(this.settings.cable, this.cableSettings());
  }

  private isCalibrated(device: "socket" | "cable"): boolean {
    return this.#options.calibrated?.includes(device) ?? false;
  }

  /** What the owners decide from the next start on. */
  configure(options: Pick<BenchOptions, "socket" | "cable">): void {
    this.#options = {
      ...this.#options,
      socket: { ...this.#options.socket, ...options.socket },
      cable: { ...this.#options.cable, ...options.cable },
    };
  }

  /** Somebody plugs in what draws `power` mW from whatever the relay lets through. */
  draw(power: number): void {
    this.circuit.isPlugged = true;
    this.circuit.cable.boot();
    this.circuit.cable.grant({ upTo: 1e15, time: 1e12, current: 1e9 });
    this.circuit.load = power;
  }

  /** Satoshi in blocks on the socket's address. */
  received(): number {
    let sum = 0;
    for (const coin of this.network.blocks.unspent.values()) if (coin.script === this.payout.script) sum += coin.amount;
    return sum;
  }

  /**
   * The lines of the story after its first `before` that have one of `names`, each with its reason.
   */
  linesAfter(before: number, names: readonly string[], device?: "socket" | "cable"): readonly string[] {
    return this.events
      .slice(before)
      .filter((event) => names.includes(event.name) && (device === undefined || event.device === device))
      .map(({ name, why, reason, cause }) =>
        [name, reason ?? why ?? cause].filter((part) => part !== undefined).join(" "),
      );
  }

  named(name: string): Bench["events"] {
    return this.events.filter((event) => event.name === name);
  }

  /** The socket's power goes. */
  cutSocket(): void {
    this.#socketLife.end();
    this.circuit.socket.cut();
  }

  /** The cable's power goes. */
  cutCable(): void {
    this.#cableLife.end();
    this.circuit.cable.cut();
  }

  /** Another socket stands where the first one was: its journal is empty, and its owner another. */
  exchangeSocket(key: number): void {
    this.socketStore.values.clear();
    const payout = openWallet(new Uint8Array(32).fill(key), realEcdsa);
    this.configure({ socket: { payoutAddress: addressOf(payout.script, "regtest") } });
    this.restartSocket();
  }

  /** The socket's power goes, and comes back. */
  restartSocket(): void {
    this.cutSocket();
    this.circuit.socket.boot();
    this.socket = this.newSocket();
    this.socket.start();
  }

  /** The cable's power alone goes, and comes back. */
  restartCable(): void {
    this.cutCable();
    this.circuit.cable.boot();
    this.cable = this.newCable();
    this.cable.start();
  }

  unplug(): void {
    this.circuit.isPlugged = false;
    this.cutCable();
  }

  plugIn(): void {
    this.circuit.isPlugged = true;
    this.circuit.cable.boot();
    this.cable = this.newCable();
    this.cable.start();
  }

  story(): string {
    return this.events.map((event) => JSON.stringify(event)).join("\n");
  }
}

/** A bench on which both devices are on, and the appliance draws `load` mW. */
export function plugged(options: BenchOptions = {}, load = TOASTER): Bench {
  const bench = new Bench(options);
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = load;
  return bench;
}

/** A socket on its own: nothing is plugged in, and calls are made by hand. */
export function alone(options: BenchOptions = {}): Bench {
  const bench = new Bench(options);
  bench.circuit.isPlugged = false;
  bench.socket.start();
  return bench;
}

/** Somebody with a key who calls the socket by hand. */
export class Customer {
  readonly wallet: Wallet;
  readonly address: string;

  constructor(
    readonly bench: Bench,
    key: number,
    readonly host = `169.254.1.${key}`,
    coins: readonly number[] = [500_000],
  ) {
    this.wallet = openWallet(new Uint8Array(32).fill(key), realEcdsa);
    this.address = addressOf(this.wallet.script, "regtest");
    for (const amount of coins) bench.network.grant(this.wallet.script, amount);
  }

  ask(scheme: "single-fee" | "basic" = "single-fee"): Promise<DraftOffer> {
    return this.bench.clock.finish(this.bench.socket.powerRequest({ address: this.address, scheme }, this.host));
  }

  sign(offer: DraftOffer): PaymentRequest {
    const [socket] = offer.outputs;
    const draft = {
      inputs: offer.inputs,
      payerScript: this.wallet.script,
      socketScript: socket?.script ?? "",
      value: socket?.amount ?? 0,
      fee: offer.fee,
    };
    const transaction = signDraft(draft, this.wallet);
    return { session: offer.session, increment: offer.increment, transaction };
  }

  send(request: PaymentRequest): Promise<PaymentResult> {
    return this.bench.clock.finish(this.bench.socket.payTransaction(request, this.host));
  }

  async pay(offer?: DraftOffer): Promise<PaymentResult> {
    return this.send(this.sign(offer ?? (await this.ask())));
  }

  status(waitMs = 0): Promise<Awaited<ReturnType<SocketController["getStatus"]>>> {
    return this.bench.clock.finish(this.bench.socket.getStatus({ waitMs }, this.host));
  }
}
