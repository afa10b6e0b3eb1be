// A room with many sockets, each with an access point of its own, and a cable plugged into each:
// radio decides which socket a cable pays, copper which one gives it power.

import { addressOf } from "../../shared/bitcoin/address";
import { openWallet, type Wallet } from "../../shared/bitcoin/wallet";
import { CableController } from "../../shared/cable/controller";
import type { CableRecord } from "../../shared/cable/record";
import { type CableSettings, cableSettings } from "../../shared/cable/settings";
import type { DeviceEvent } from "../../shared/kernel/ports";
import type { Hex, Millisecond, Milliwatt } from "../../shared/kernel/units";
import type { SocketCalls } from "../../shared/protocol/types";
import { SocketController } from "../../shared/socket/controller";
import type { SocketRecord } from "../../shared/socket/record";
import { type SocketSettings, socketSettings } from "../../shared/socket/settings";
import { Air, type Position, Station } from "../world/radio";
import { Circuit } from "./circuit";
import { VirtualClock } from "./clock";
import { Life } from "./life";
import { Link } from "./link";
import { ModelNetwork } from "./network";
import { SeededRandom } from "./random";
import { cableJournal, socketJournal } from "./records";
import { realEcdsa } from "./signers";
import { CutStore } from "./store";
import { View } from "./view";

export interface RoomOptions {
  readonly seed: number;
  /** What the appliance at each socket draws; one socket each. */
  readonly loads: readonly Milliwatt[];
  /** Metres between two sockets; 1.2 unless told otherwise. */
  readonly apart?: number;
  readonly socket?: Partial<SocketSettings>;
  readonly cable?: Partial<CableSettings>;
}

export interface Told extends DeviceEvent {
  readonly at: Millisecond;
  readonly device: string;
}

/** From power to the first line of code; no two of them take the same time. */
const BOOT: Millisecond = 800;
const BOOT_SPREAD: Millisecond = 1_500;
/** How long a cable's supply bridges a loss of mains. */
const HOLD_UP: Millisecond = 40;
/** dBm at 0.1 m. */
const POWER = -25;
/** From a socket's antenna to that of the cable in it. */
const CORD = 0.15;
const IN_A_ROW = 5;
const CHANNEL = 6;
const ELECTRONICS: Milliwatt = 1_000;

/** A socket, the cable that is plugged into it, and the copper between them. */
export class Seat {
  readonly circuit: Circuit;
  readonly socketStore = new CutStore();
  readonly cableStore = new CutStore();
  readonly payout: Wallet;
  wallet: Wallet;
  readonly settings: SocketSettings;
  readonly station: Station;
  readonly bssid: Hex;
  socket: SocketController | undefined;
  cable: CableController | undefined;
  /** What callers meet: the socket, or a liar in front of it. */
  front: (socket: SocketController) => SocketCalls = (socket) => socket;
  /** How often the cable's electronics lost their power. */
  cuts = 0;
  private life = new Life();
  private starts = false;
  calls: SocketCalls | undefined;

  constructor(
    readonly room: Room,
    readonly number: number,
    readonly at: Position,
    load: Milliwatt,
    { power = POWER, isEverywhere = false }: { readonly power?: number; readonly isEverywhere?: boolean } = {},
  ) {
    const { clock, air } = room;
    this.circuit = new Circuit({ clock, electronics: ELECTRONICS });
    this.circuit.load = load;
    this.payout = walletOf(2 * number + 1);
    this.wallet = walletOf(2 * number + 2);
    this.bssid = `02504c55${(number >> 8).toString(16).padStart(2, "0")}${(number & 255).toString(16).padStart(2, "0")}`;
    this.settings = socketSettings({
      network: "regtest",
      payoutAddress: addressOf(this.payout.script, "regtest"),
      ...room.options.socket,
    });
    this.station = new Station(air, [at[0] + CORD, at[1]]);
    air.transmitters.push({
      ssid: `plugpay-${this.bssid.slice(6)}`,
      bssid: this.bssid,
      channel: CHANNEL,
      at,
      power,
      isEverywhere,
      isOn: () => this.calls !== undefined,
    });
    this.cableStore.onCut = () => this.cut();
  }

  get name(): string {
    return String(this.number).padStart(2, "0");
  }

  /** True where this cable has paid this socket, and the appliance has what power it likes. */
  get isServed(): boolean {
    const { socket, cable } = this.circuit;
    if (!socket.closed || !cable.closed || this.cable?.state !== "powered") return false;
    const { state, payer } = this.socketRecord() ?? {};
    return state === "paid" && payer === this.wallet.script && this.cableRecord()?.places?.home?.bssid === this.bssid;
  }

  cableRecord(): CableRecord | undefined {
    return cableJournal(this.cableStore).load();
  }

  socketRecord(): SocketRecord | undefined {
    return socketJournal(this.socketStore).load();
  }

  startSocket(): void {
    const { room } = this;
    const life = new Life();
    this.circuit.socket.boot();
    this.socket = new SocketController({
      clock: life.clock(room.clock),
      random: new SeededRandom(1000 + this.number),
      store: life.store(this.socketStore),
      gate: life.gate(this.circuit.socket),
      chain: life.chain(new View(room.network.node)),
      ecdsa: realEcdsa,
      report: (event) => room.tell(`socket ${this.name}`, event),
      settings: this.settings,
    });
    this.calls = this.front(this.socket);
    this.socket.start();
  }

  /** A cable that lives on what this socket lets through is in it from now on. */
  plugIn(): void {
    this.circuit.isPlugged = true;
    this.circuit.onSupply = (on) => {
      if (on) this.boot();
      else this.room.clock.after(HOLD_UP, () => (this.circuit.supplied ? undefined : this.cut()));
    };
    if (this.circuit.supplied) this.boot();
  }

  unplug(): void {
    this.circuit.isPlugged = false;
    this.cut();
  }

  /**
   * Somebody pulls the cable and pushes it into another socket, with the appliance that hangs on
   * it.
   */
  moveTo(other: Seat): void {
    this.unplug();
    other.unplug();
    other.wallet = this.wallet;
    other.cableStore.values.clear();
    for (const [key, value] of this.cableStore.values) other.cableStore.values.set(key, value);
    other.circuit.load = this.circuit.load;
    other.plugIn();
  }

  /** The cable's electronics lost their power. */
  cut(): void {
    if (!this.cable) return;
    this.cuts += 1;
    this.life.end();
    this.cable = undefined;
    this.station.joined = undefined;
    this.circuit.cable.cut();
    if (this.circuit.supplied) this.boot();
  }

  private boot(): void {
    if (this.cable || this.starts) return;
    this.starts = true;
    this.room.clock.after(BOOT + this.room.random.integer(0, BOOT_SPREAD), () => {
      this.starts = false;
      if (!this.cable && this.circuit.supplied) this.startCable();
    });
  }

  private startCable(): void {
    const { room } = this;
    const life = new Life();
    this.life = life;
    this.circuit.cable.boot();
    const peer = `169.254.1.${this.number + 1}:50000`;
    const link = new Link(room.clock, room.random);
    link.far = () => room.behind(this.station);
    const calls = life.socket(link.calls());
    this.cable = new CableController({
      clock: life.clock(room.clock),
      store: life.store(this.cableStore),
      gate: life.gate(this.circuit.cable),
      wallet: this.wallet,
      socket: {
        getStatus: (request) => calls.getStatus(request, peer),
        powerRequest: (request) => calls.powerRequest(request, peer),
        payTransaction: (request) => calls.payTransaction(request, peer),
      },
      radio: this.station,
      report: life.report((event) => room.tell(`cable ${this.name}`, event)),
      settings: cableSettings({ network: "regtest", ...room.options.cable }),
    });
    this.cable.start();
  }
}

export class Room {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: ModelNetwork;
  readonly air: Air;
  readonly seats: readonly Seat[];
  readonly story: Told[] = [];
  onTold: (line: Told) => void = () => {};
  /** Sockets in which no cable is. */
  readonly others: Seat[] = [];

  constructor(readonly options: RoomOptions) {
    this.random = new SeededRandom(options.seed);
    this.network = new ModelNetwork({ clock: this.clock });
    this.air = new Air(this.clock, this.random);
    const { loads, apart = 1.2 } = options;
    this.seats = loads.map((load, i) => {
      const at: Position = [(i % IN_A_ROW) * apart, Math.floor(i / IN_A_ROW) * apart];
      return new Seat(this, i, at, load);
    });
    for (const { wallet } of this.seats) for (let i = 0; i < 6; i++) this.network.grant(wallet.script, 150_000);
    this.network.mineMany(3);
  }

  /** A socket in which no cable is, heard everywhere as if it stood beside each. */
  imitator(power = -10): Seat {
    const seat = new Seat(this, 200 + this.others.length, [0, 0], 0, { power, isEverywhere: true });
    this.others.push(seat);
    seat.circuit.isPlugged = false;
    return seat;
  }

  /** Who answers a station's calls. */
  behind({ joined }: Station): SocketCalls | undefined {
    return [...this.seats, ...this.others].find(({ bssid }) => bssid === joined?.bssid)?.calls;
  }

  tell(device: string, event: DeviceEvent): void {
    const line = { ...event, at: this.clock.now(), device };
    this.story.push(line);
    this.onTold(line);
  }

  named(name: string, device = ""): readonly Told[] {
    return this.story.filter((each) => each.name === name && each.device.startsWith(device));
  }

  /** A block comes every ten minutes. */
  async run(time: Millisecond): Promise<void> {
    const end = this.clock.now() + time;
    while (this.clock.now() < end) {
      const now = this.clock.now();
      await this.clock.runUntil(Math.min(end, now + 600_000 - (now % 600_000)));
      if (this.clock.now() % 600_000 === 0) this.network.mine();
    }
  }

  /** Starts all sockets; the cables are in them. */
  start(): void {
    for (const seat of [...this.seats, ...this.others]) seat.startSocket();
    for (const seat of this.seats) seat.plugIn();
  }

  /** Worth of all that sockets owe a seat's cable, in satoshi. */
  claims(seat: Seat): number {
    const record = seat.cableRecord();
    return (record?.claims ?? []).reduce((sum, { value }) => sum + value, 0);
  }

  /** Payments of cables to sockets in which they do not sit. */
  strays(): readonly Told[] {
    const joined = new Map<string, unknown>();
    return this.story.filter(({ name, device, place }) => {
      if (name === "joining") joined.set(device, place);
      const seat = this.seats.find((each) => device === `cable ${each.name}`);
      return name === "paid" && seat !== undefined && joined.get(device) !== seat.bssid;
    });
  }

  /**
   * Runs until every cable is served by its own socket, at most for `limit`; gives whether that
   * came.
   */
  async untilServed(limit: Millisecond, seats: readonly Seat[] = this.seats): Promise<boolean> {
    for (const end = this.clock.now() + limit; this.clock.now() < end; ) {
      if (seats.every(({ isServed }) => isServed)) return true;
      await this.run(1_000);
    }
    return seats.every(({ isServed }) => isServed);
  }
}

function walletOf(number: number): Wallet {
  const secret = new Uint8Array(32).fill(1);
  secret[30] = number >> 8;
  secret[31] = number & 255;
  return openWallet(secret, realEcdsa);
}
