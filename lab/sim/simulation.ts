// One run: a Bitcoin node with its server, the electrical world, two boards, and the virtual time
// that binds them.
//
// The loop is all there is to concurrency: wait until no byte is under way, let the electrical
// world run up to the next thing that is due (or to what a gate does by itself before that), do it,
// and begin again.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceEvent } from "../../shared/kernel/ports";
import type { MilliSatPerVbyte, MilliSatPerWh, Millisecond } from "../../shared/kernel/units";
import { SCHEMES, type Scheme } from "../../shared/protocol/words";
import { defaults } from "../../shared/settings/check";
import { SOCKET_TABLE } from "../../shared/settings/socket";
import { answerOf, buildPage } from "../../tools/page/build";
import { ModelFlash, modelImage } from "../model/flash";
import { BitcoinNode } from "../node/bitcoin-node";
import { QUIET_ESTIMATES } from "../node/esplora-api";
import { EsploraServer } from "../node/esplora-server";
import { type Advance, startWorld, type World, type WorldReading } from "../world/world";
import { Appliance, type ApplianceName } from "./appliance";
import { Board } from "./board";
import { bundleFirmware, type DeviceName } from "./bundle";
import { Chance } from "./chance";
import { computeFactor } from "./compute";
import type { Engine, EngineName, FirmwareCrash } from "./engine";
import { NodeEngine } from "./engine-node";
import { XsEngine } from "./engine-xs";
import { GateLink } from "./gate-link";
import type { Manner } from "./hostile/manner";
import { type Keys, keysOf } from "./keys";
import { Network, type Party } from "./network";
import type { Scenario, Step } from "./scenario";
import { FileStore } from "./store-file";
import { Timeline } from "./timeline";

/** What the cable's electronics draw, in watts: the default of its owner's setting `ownPower`. */
const ELECTRONICS_W = 1;
/** So long after a plug it is remembered what led to power. */
const TRACED: Millisecond = 30_000;
/** A device that crashed or was cut starts again after this long. */
const RESTART: Millisecond = 1000;
const CRASHES_MAX = 5;
const TICK: Millisecond = 1000;
/** When nothing has been left to do for so long, the run is over. */
const QUIET: Millisecond = 5000;

export interface RunOptions {
  readonly scenario: Scenario;
  readonly scheme: Scheme;
  readonly engine: EngineName;
  /**
   * Engines of one's own in place of `engine`'s: a linked image of the firmware
   * (tools/firmware/linked.ts).
   */
  readonly engineOf?: (device: DeviceName) => Engine;
  readonly seed: number;
  /**
   * Waits as long as the clock takes for virtual time to reach `until`; gives how far time may go
   * now.
   */
  readonly pace?: (now: Millisecond, until: Millisecond, busy: boolean) => Promise<Millisecond>;
  /** Where the socket listens; 0, the default, takes a free port. */
  readonly port?: number;
  /** Neighbours who crowd the socket. */
  readonly crowd?: Manner;
  /** Writes what a device has in its store before it starts. */
  readonly stored?: (stores: Readonly<Record<DeviceName, FileStore>>) => void;
  /** The owner's way in over the link, by device. */
  readonly owners?: Readonly<Partial<Record<DeviceName, OwnerAccess>>>;
  /** Devices have two slots for images, as boards with 8 MB of flash do. */
  readonly slots?: boolean;
  /** The MQTT broker that both devices tell. */
  readonly broker?: BrokerAccess | undefined;
  /**
   * As they leave the factory: no settings, no chain's server and no key; their owners set them up.
   */
  readonly factoryNew?: boolean;
  /** It goes on when all has happened, until somebody ends it. */
  readonly goesOn?: boolean;
  /** Called when something came in from outside this process. */
  readonly onOutside?: () => void;
  /** The socket that the cable calls, where it is not ours. */
  readonly socketAt?: { readonly host: string; readonly port: number };
}

/** Where a device answers its owner on 127.0.0.1, and by what it knows him. */
export interface OwnerAccess {
  /** 0 takes a free one. */
  readonly port: number;
  readonly password?: string;
  readonly metricsToken?: string;
}

/** A broker of MQTT outside of this process. */
export interface BrokerAccess {
  readonly host: string;
  readonly port: number;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** Something that happened, for those who watch. */
export interface Happening {
  readonly at: Millisecond;
  /** `scene`: the scenario's own doing. */
  readonly from: DeviceName | "scene";
  readonly event: DeviceEvent;
}

/** A simulated image is a script, and larger than a board's (manifests/partitions). */
const SLOT_BYTES = 0x40_0000;

export class Simulation {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly world: World;
  readonly node: BitcoinNode;
  readonly server: EsploraServer;
  readonly keys: Readonly<Record<DeviceName, Keys>>;
  readonly stores: Readonly<Record<DeviceName, FileStore>>;
  /** Absent where a hostile peer takes its place. */
  readonly boards: { -readonly [name in DeviceName]?: Board } = {};
  /** Owner of the socket's port where a hostile peer has it. */
  readonly hostileParty: Party = { name: "hostile socket", alive: true };
  /** The socket's port. */
  port = 0;
  /** Where the devices answer their owners. */
  readonly ownerPorts: { [name in DeviceName]?: number } = {};
  onHappening: (happening: Happening) => void = () => {};
  /** All that comes out of a device's console. */
  onConsole: (device: DeviceName, bytes: Uint8Array) => void = () => {};
  /** The cable was plugged in or pulled out. */
  onPlug: () => void = () => {};
  /** The cable's electronics gained or lost their supply. */
  onSupply: (supplied: boolean) => Promise<unknown> = async () => {};
  /** Once a virtual second, after `readings` were taken. */
  onTick: (() => void) | undefined;
  readings: Readonly<Record<DeviceName, WorldReading>> | undefined;
  plugged = false;
  #plugAt: Millisecond = 0;
  /** Voltage reaches the appliance. */
  powered = false;
  #cableSupplied = false;
  #appliance: Appliance | undefined;
  /** Steps that wait for an event. */
  #waiting: readonly Step[] = [];
  /** Steps whose time is set and has not come. */
  #pending = 0;
  #crashes = 0;
  #ended = false;
  /** What each device reads at its start. */
  readonly #settings: Record<DeviceName, object> = { socket: {}, cable: {} };
  readonly #folder: string;
  readonly #blocks: Chance;
  readonly #entropy: Readonly<Record<DeviceName, Chance>>;

  static async start(options: RunOptions): Promise<Simulation> {
    const { scenario, seed } = options;
    const timeline = new Timeline();
    // First what may be missing on this machine: a C compiler.
    const world = startWorld({ seed, gates: [{ name: "socket" }, { name: "cable" }], electronics: ELECTRONICS_W });
    const node = await BitcoinNode.start();
    const server = await EsploraServer.start(node, {
      wait: (delay) => new Promise((resolve) => timeline.at(timeline.now + delay, resolve)),
      ...(scenario.feeEstimates && { feeEstimates: scenario.feeEstimates }),
    });
    const simulation = new Simulation(options, timeline, node, server, world);
    try {
      await simulation.#prepare();
    } catch (error) {
      await simulation.close();
      throw error;
    }
    return simulation;
  }

  private constructor(
    readonly options: RunOptions,
    timeline: Timeline,
    node: BitcoinNode,
    server: EsploraServer,
    world: World,
  ) {
    const { seed, scenario } = options;
    this.timeline = timeline;
    this.node = node;
    this.server = server;
    this.world = world;
    this.network = new Network(timeline, scenario.linkDelayMs);
    if (options.onOutside) this.network.onOutside = options.onOutside;
    this.network.adopt({ port: server.port, delay: scenario.chainDelayMs, working: () => server.working });
    this.keys = { socket: keysOf(seed, "socket"), cable: keysOf(seed, "cable") };
    this.#blocks = new Chance(seed, "blocks");
    this.#entropy = { socket: new Chance(seed, "entropy of socket"), cable: new Chance(seed, "entropy of cable") };
    this.#folder = mkdtempSync(join(tmpdir(), "plugpay-"));
    this.stores = { socket: this.#store("socket"), cable: this.#store("cable") };
    options.stored?.(this.stores);
  }

  /**
   * Runs until all has happened and every payment is in a block, or the scenario's time is up.
   * `settled`: whether nothing is held back that is still to be broadcast.
   */
  async run(settled: () => boolean): Promise<void> {
    const end = this.options.goesOn ? Number.MAX_SAFE_INTEGER : this.options.scenario.endS * 1000;
    let quietSince = 0;
    try {
      while (!this.#ended && this.timeline.now < end) {
        await this.#step(end);
        if (this.options.goesOn || !this.#isQuiet || !settled()) quietSince = this.timeline.now;
        else if (this.timeline.now - quietSince >= QUIET) this.end();
      }
      await this.#takeReadings();
    } catch (error) {
      // Ctrl-C reaches the helper processes, too: what they lack then is no news.
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (!this.#ended) throw error;
    }
  }

  /** Ends the run after what happens now. */
  end(): void {
    this.#ended = true;
  }

  async close(): Promise<void> {
    // Whatever is broken, the rest is put away: a socket that listens would keep the process alive.
    const shut = [() => this.network.shut(), () => this.server.stop(), () => this.node.stop()];
    for (const board of Object.values(this.boards)) await board?.powerOff().catch(() => {});
    await Promise.allSettled(shut.map((each) => each()));
    this.world.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Nothing is scripted any more, no cable is plugged in, and every payment is in a block. */
  get #isQuiet(): boolean {
    if (this.#pending > 0 || this.plugged || this.powered) return false;
    return !this.node
      .mempool()
      .some(({ tx }) => tx.outputs.some(({ script }) => script.toJSON() === this.keys.socket.script));
  }

  /** The device that is not ours: a cheat has its place, or somebody else. */
  get absent(): DeviceName | undefined {
    const { trouble, absent } = this.options.scenario;
    return trouble === "thief" ? "cable" : trouble === "greedy-socket" ? "socket" : absent;
  }

  /** As the socket's owner set it. */
  get price(): MilliSatPerWh {
    return Number(this.options.scenario.socket.price ?? defaults(SOCKET_TABLE).price);
  }

  /** For a confirmation within three blocks, as the chain's server says. */
  get feeRate(): MilliSatPerVbyte {
    const { feeEstimates = QUIET_ESTIMATES } = this.options.scenario;
    return Math.round((feeEstimates["3"] ?? 1) * 1000);
  }

  /** `at`: when it happened, where that is within an event under way. */
  tell(from: Happening["from"], event: DeviceEvent, at: Millisecond = this.timeline.now): void {
    this.onHappening({ at, from, event });
    const name = from === "scene" ? event.name : `${from} ${event.name}`;
    const due = this.#waiting.filter((step) => step.on === name);
    this.#waiting = this.#waiting.filter((step) => step.on !== name);
    for (const step of due) this.#schedule(step, at + (step.plusS ?? 0) * 1000);
  }

  // ---------------------------------------------------------------- setting up

  async #prepare(): Promise<void> {
    const { scenario, scheme, port = 0, factoryNew = false } = this.options;
    for (const coin of scenario.coins) await this.node.fund(this.keys.cable.script, coin);
    await this.node.mine(1);
    const { absent } = this;
    const network = "regtest";
    // The cable chooses; a socket takes what its customers have.
    const schemes = [scheme, ...SCHEMES.filter((other) => other !== scheme)];
    const socketConfig = {
      settings: factoryNew ? {} : { network, schemes, payoutAddress: this.keys.socket.address, ...scenario.socket },
      ...(!factoryNew && { esplora: this.server.url }),
      port: 0,
      ...this.#broker(),
    };
    const socket = absent === "socket" ? undefined : await this.#board("socket", socketConfig);
    this.port = await this.network.open(socket ?? this.hostileParty, port);
    socketConfig.port = this.port;
    if (socket) await this.#openOwners(socket, socketConfig);
    const cableConfig = {
      settings: factoryNew ? {} : { network, schemes: [scheme], ...scenario.cable },
      ...(!factoryNew && { key: this.keys.cable.secretHex }),
      socket: this.options.socketAt ?? { host: "127.0.0.1", port: this.port },
      ...this.#broker(),
    };
    this.#settings.socket = socketConfig.settings;
    this.#settings.cable = cableConfig.settings;
    if (socket) this.boards.socket = socket;
    if (absent !== "cable") {
      this.boards.cable = await this.#board("cable", cableConfig);
      await this.#openOwners(this.boards.cable, cableConfig);
    }
    for (const step of scenario.steps) if (step.atS !== undefined) this.#schedule(step, step.atS * 1000);
    this.#waiting = scenario.steps.filter((step) => step.on !== undefined);
    this.#scheduleBlock();
    this.#tick();
    await socket?.powerOn();
  }

  async #board(name: DeviceName, config: object): Promise<Board> {
    const { engine, engineOf, slots } = this.options;
    const bundle = await bundleFirmware(name);
    return new Board({
      name,
      bundle,
      flash: slots ? new ModelFlash(modelImage(Buffer.from(bundle)), SLOT_BYTES) : undefined,
      engine: () => engineOf?.(name) ?? (engine === "xs" ? new XsEngine(name) : new NodeEngine()),
      timeline: this.timeline,
      network: this.network,
      store: this.stores[name],
      gate: new GateLink(this.world, name, this.timeline),
      config,
      entropy: (length) => this.#entropy[name].bytes(length),
      page: this.options.owners?.[name] && answerOf(await buildPage()),
      factor: computeFactor(),
      onTrace: (line, at) => this.#traced(name, line, at),
      onConsole: (bytes) => this.onConsole(name, bytes),
      onCrash: (error) => this.#crashed(name, error),
      onCut: () => this.#restart(name, RESTART),
      isTraced: () => this.plugged && !this.powered && this.timeline.now < this.#plugAt + TRACED,
    });
  }

  /** Binds the owner's port of a device, and has its configuration name it. */
  async #openOwners(board: Board, config: object): Promise<void> {
    const access = this.options.owners?.[board.name];
    // Without, a simulated device has no second port.
    if (!access) return void Object.assign(config, { ownerPort: 0 });
    const ownerPort = await this.network.open(board, access.port);
    this.ownerPorts[board.name] = ownerPort;
    const { password: ownerPassword, metricsToken } = access;
    Object.assign(config, {
      ownerPort,
      light: { pin: 0, litByLow: false },
      display: { data: 0, clock: 1 },
      ...(ownerPassword && { ownerPassword }),
      ...(metricsToken && { metricsToken }),
    });
  }

  /** As the owner's settings name it. */
  #broker(): object {
    const { broker } = this.options;
    if (!broker) return {};
    const { host, port, user, password } = broker;
    return {
      mqttHost: host,
      mqttPort: port,
      ...(user !== undefined && { mqttUser: user }),
      ...(password !== undefined && { mqttPassword: password }),
    };
  }

  #store(name: DeviceName): FileStore {
    return new FileStore(join(this.#folder, `${name}.json`));
  }

  // ---------------------------------------------------------------- the loop

  async #step(end: Millisecond): Promise<void> {
    // A troublemaker is a program of this process: it does what it does next before time moves on.
    if (this.options.scenario.trouble) await new Promise((resolve) => setImmediate(resolve));
    await this.network.settle();
    const { timeline } = this;
    const due = Math.min(timeline.next ?? end, end);
    const until = this.options.pace ? await this.options.pace(timeline.now, due, this.plugged) : due;
    const advance = await this.world.advance(until);
    timeline.moveTo(advance.atMs);
    await this.#electrical(advance);
    if (timeline.next !== undefined && timeline.next <= advance.atMs) await timeline.step();
  }

  async #electrical({ events, powered, contacts }: Advance): Promise<void> {
    for (const { gate, event } of events) this.boards[gate]?.gateEvent(event);
    if (powered.cable !== this.#cableSupplied) {
      this.#cableSupplied = powered.cable;
      this.tell("scene", { name: powered.cable ? "cable supplied" : "cable unsupplied" });
      await (powered.cable ? this.boards.cable?.powerOn() : this.boards.cable?.powerOff());
      await this.onSupply(powered.cable);
    }
    const on = this.plugged && contacts.socket && contacts.cable;
    if (on === this.powered) return;
    this.powered = on;
    this.#appliance?.power(on);
    this.tell("scene", { name: on ? "appliance powered" : "appliance unpowered" });
  }

  #tick(): void {
    this.timeline.at(this.timeline.now + TICK, async () => {
      if (this.onTick) {
        await this.#takeReadings();
        this.onTick();
      }
      this.#tick();
    });
  }

  async #takeReadings(): Promise<void> {
    this.readings = { socket: await this.world.read("socket"), cable: await this.world.read("cable") };
  }

  #scheduleBlock(): void {
    const { blockIntervalS } = this.options.scenario;
    if (blockIntervalS === 0) return;
    this.timeline.at(this.timeline.now + this.#blocks.interval(blockIntervalS * 1000), async () => {
      await this.#mine(1);
      this.#scheduleBlock();
    });
  }

  async #mine(count: number): Promise<void> {
    await this.node.mine(count);
    this.tell("scene", { name: "block", height: this.node.tip().height });
  }

  // ---------------------------------------------------------------- what happens

  #schedule(step: Step, at: Millisecond): void {
    this.#pending++;
    this.timeline.at(at, async () => {
      await this.#do(step);
      this.#pending--;
    });
  }

  async #do(step: Step): Promise<void> {
    const { world } = this;
    if (step.plug) await this.plug(step.plug);
    if (step.appliance) await this.connect(step.appliance);
    if (step.mine) await this.#mine(step.mine);
    if (step.fund) await this.node.fund(this.keys.cable.script, step.fund);
    if (step.mains) await world.setMains(step.mains);
    if (step.owner) Object.assign(this.#settings[step.owner.device], step.owner.settings);
    if (step.cut) await this.#cut(step.cut.device, step.cut.forS * 1000);
    if (step.stall) this.#stall(step.stall.device, step.stall.forS * 1000);
    if (step.backend) {
      await this.server.setFault(step.backend);
      this.tell("scene", { name: "backend", fault: step.backend.kind });
    }
    if (step.fault) {
      const { gate, ...fault } = step.fault;
      await world.fault(gate, fault);
      this.tell("scene", { name: "fault", gate, ...fault });
    }
  }

  /** Puts an appliance at the cable's end, switched on. */
  async connect(name: ApplianceName): Promise<void> {
    this.#appliance = new Appliance(name, this.timeline, this.world, () =>
      this.tell("scene", { name: "appliance done" }),
    );
    this.tell("scene", { name: "appliance", appliance: name });
    await this.#appliance.start();
    this.#appliance.power(this.powered);
  }

  async plug(where: "in" | "out"): Promise<void> {
    this.plugged = where === "in";
    this.#plugAt = this.timeline.now;
    this.tell("scene", { name: `plug ${where}` });
    await this.world.plug(where);
    this.onPlug();
  }

  async #cut(name: DeviceName, duration: Millisecond): Promise<void> {
    this.tell("scene", { name: "cut", device: name });
    await this.boards[name]?.powerOff();
    this.#restart(name, duration);
  }

  /** Puts a new cable in the place of this one: the same key and settings, an empty journal. */
  renewCable(): void {
    this.timeline.at(this.timeline.now, async () => {
      await this.boards.cable?.powerOff();
      this.stores.cable.clear();
      this.#restart("cable", 0);
    });
  }

  #stall(name: DeviceName, duration: Millisecond): void {
    this.tell("scene", { name: "stall", device: name, ms: duration });
    this.boards[name]?.stall(this.timeline.now + duration);
  }

  #traced(name: DeviceName, line: string, at: Millisecond): void {
    this.onConsole(name, Buffer.from(`${line}\n`));
    // An answer to its owner is no part of its story.
    if (/^\[?\{"jsonrpc"/.test(line)) return;
    let event: unknown;
    try {
      event = JSON.parse(line);
    } catch {
      event = { name: "trace", text: line };
    }
    this.tell(name, event as DeviceEvent, at);
  }

  #crashed(name: DeviceName, error: FirmwareCrash): void {
    this.tell(name, { name: "crash", why: error.message });
    if (++this.#crashes > CRASHES_MAX)
      throw new Error(`the ${name}'s firmware crashes again and again: ${error.message}`);
    this.#restart(name, RESTART);
  }

  /** Starts a device again, where it has power. */
  #restart(name: DeviceName, after: Millisecond): void {
    this.#pending++;
    this.timeline.at(this.timeline.now + after, async () => {
      this.#pending--;
      if (name === "socket" || this.#cableSupplied) await this.boards[name]?.powerOn();
    });
  }
}
