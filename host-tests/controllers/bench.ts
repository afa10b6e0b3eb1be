// A table with a socket, a cable and an appliance on it, on a virtual clock and a model chain: for stories about the
// two controllers together.

import { addressOf } from "../../shared/bitcoin/address";
import { openWallet } from "../../shared/bitcoin/wallet";
import { CableController } from "../../shared/cable/controller";
import { type CableSettings, cableSettings } from "../../shared/cable/settings";
import type { DeviceEvent } from "../../shared/ports";
import { SocketController } from "../../shared/socket/controller";
import { type SocketSettings, socketSettings } from "../../shared/socket/settings";
import { Circuit } from "../model/circuit";
import { VirtualClock } from "../model/clock";
import { Life } from "../model/life";
import { Link, PEER } from "../model/link";
import { ModelNetwork, View } from "../model/network";
import { SeededRandom } from "../model/random";
import { realEcdsa } from "../model/signers";
import { CutStore } from "../model/store";

export interface BenchOptions {
  readonly socket?: Partial<SocketSettings>;
  readonly cable?: Partial<CableSettings>;
  /** Coins of the cable, confirmed. */
  readonly coins?: readonly number[];
}

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
  readonly #options: BenchOptions;
  #socketLife = new Life();
  #cableLife = new Life();
  #seed = 1;

  constructor(options: BenchOptions = {}) {
    this.#options = options;
    this.network = new ModelNetwork({ clock: this.clock });
    for (const amount of options.coins ?? [1_000_000]) this.network.grant(this.wallet.script, amount);
    this.network.mineMany(3);
    this.view = new View(this.network.node);
    this.circuit = new Circuit({ clock: this.clock, electronics: 1_000 });
    this.socket = this.newSocket();
    this.link = new Link(this.clock, new SeededRandom(2));
    this.link.far = () => this.socket;
    this.cable = this.newCable();
  }

  newSocket(): SocketController {
    const life = new Life();
    this.#socketLife = life;
    return new SocketController({
      clock: life.clock(this.clock),
      random: new SeededRandom(this.#seed++),
      store: life.store(this.socketStore),
      gate: life.gate(this.circuit.socket),
      chain: life.chain(this.view),
      ecdsa: realEcdsa,
      report: life.report((event) => this.events.push({ device: "socket", at: this.clock.now(), ...event })),
      settings: socketSettings({
        network: "regtest",
        payoutAddress: addressOf(this.payout.script, "regtest"),
        ...this.#options.socket,
      }),
    });
  }

  newCable(): CableController {
    const life = new Life();
    this.#cableLife = life;
    const calls = life.socket(this.link.calls());
    return new CableController({
      clock: life.clock(this.clock),
      store: life.store(this.cableStore),
      gate: life.gate(this.circuit.cable),
      wallet: this.wallet,
      socket: {
        getStatus: (request) => calls.getStatus(request, PEER),
        powerRequest: (request) => calls.powerRequest(request, PEER),
        payTransaction: (request) => calls.payTransaction(request, PEER),
      },
      report: life.report((event) => this.events.push({ device: "cable", at: this.clock.now(), ...event })),
      settings: cableSettings({ network: "regtest", ...this.#options.cable }),
    });
  }

  /** The socket's power goes, and comes back. */
  restartSocket(): void {
    this.#socketLife.end();
    this.circuit.socket.cut();
    this.circuit.socket.boot();
    this.socket = this.newSocket();
    this.socket.start();
  }

  unplug(): void {
    this.circuit.isPlugged = false;
    this.#cableLife.end();
    this.circuit.cable.cut();
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
