// A stage: one model chain, one circuit, one line, a socket and a cable, and what the referee needs
// to know of them. Devices are cut and started again here; what they are is a cast's affair
// (cast.ts).

import { addressOf } from "../../shared/bitcoin/address";
import { openWallet } from "../../shared/bitcoin/wallet";
import { CableController } from "../../shared/cable/controller";
import type { SocketLink } from "../../shared/cable/questions";
import type { CableRecord } from "../../shared/cable/record";
import { type CableSettings, cableSettings } from "../../shared/cable/settings";
import { Failover } from "../../shared/chain/failover";
import { type ChannelEntry, entryJournal, MAX_CABLE_CHANNELS, MAX_SOCKET_CHANNELS } from "../../shared/channel/record";
import type { Chain, DeviceEvent, Ecdsa, PowerGate, Store } from "../../shared/kernel/ports";
import type { Satoshi } from "../../shared/kernel/units";
import type { ChannelCalls } from "../../shared/protocol/channel";
import { Fault } from "../../shared/protocol/faults";
import type { PaymentRequest, PaymentResult, SocketCalls } from "../../shared/protocol/types";
import { SocketController } from "../../shared/socket/controller";
import type { SocketRecord } from "../../shared/socket/record";
import { type SocketSettings, socketSettings } from "../../shared/socket/settings";
import { Circuit } from "../model/circuit";
import { VirtualClock } from "../model/clock";
import { Life } from "../model/life";
import { Link, PEER } from "../model/link";
import { ModelNetwork } from "../model/network";
import { Purse } from "../model/purse";
import { SeededRandom } from "../model/random";
import { cableJournal, socketJournal } from "../model/records";
import { realEcdsa, standInEcdsa } from "../model/signers";
import { type CutKind, CutStore } from "../model/store";
import { parse, type Transaction } from "../model/transaction";
import { View } from "../model/view";
import { PAPER } from "../paper";

export interface Terms {
  readonly seed: number;
  /** True: every signature is real. False: the quick stand-in of model/signers.ts. */
  readonly realSigner: boolean;
  readonly socket: Partial<SocketSettings>;
  readonly cable: Partial<CableSettings>;
  /** Satoshi of each coin that the cable starts with. */
  readonly coins: readonly Satoshi[];
  /** Errors of the two meters, in thousandths. */
  readonly socketError: number;
  readonly cableError: number;
  /** Power of the cable's electronics, in mW. */
  readonly electronics: number;
}

/** What a mutation puts between a device and its ports, to see whether the proof would notice. */
export interface Tamper {
  readonly socketStore?: (store: Store) => Store;
  readonly cableStore?: (store: Store) => Store;
  readonly socketChain?: (chain: Chain) => Chain;
  readonly socketGate?: (gate: PowerGate) => PowerGate;
  /** Others than the owner stated, by which a guard falls away. */
  readonly socketSettings?: (settings: SocketSettings) => SocketSettings;
  readonly cableSettings?: (settings: CableSettings) => CableSettings;
  /** True: every socket has a quorum of two. */
  readonly quorum?: boolean;
  /** Takes a guard out of the code itself, where no port reaches it. Gives what puts it back. */
  readonly patch?: () => () => void;
  /** What the cable does besides when a socket refuses a payment; `settings` are its own. */
  readonly refused?: (cable: CableController, settings: { forgive: string }, refusals: number) => void;
}

/** A payment that the socket acknowledged. */
export interface Ack {
  readonly session: string;
  readonly increment: number;
  readonly txid: string;
  /** Worth of the socket's output. */
  readonly value: Satoshi;
  readonly inputs: readonly { readonly txid: string; readonly vout: number }[];
  readonly at: number;
}

export const NETWORK = "regtest";
const STORY = 90;
/** From power to the first call. */
const BOOT = 800;
/** How long the cable's supply bridges a loss of mains. */
const HOLD_UP = 40;

/** Of the socket's payee keys. */
export const CHANNEL_SEED = new Uint8Array(32).fill(0x5e);

function channelsOf({ request, pay }: ChannelCalls): NonNullable<SocketLink["channels"]> {
  return { request: (members) => request(members, PEER), pay: (payment) => pay(payment, PEER) };
}

function entriesIn(store: CutStore, most: number): readonly ChannelEntry[] {
  const found: ChannelEntry[] = [];
  for (let slot = 0; slot < most; slot++) {
    const entry = store.values.has(`channel.${slot}.a`) || store.values.has(`channel.${slot}.b`);
    const loaded = entry ? entryJournal(store, slot, () => {}).load() : undefined;
    if (loaded) found.push(loaded);
  }
  return found;
}

export class Stage {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: ModelNetwork;
  readonly circuit: Circuit;
  readonly link: Link;
  readonly ecdsa: Ecdsa;
  readonly settings: SocketSettings;
  readonly payout: Purse;
  readonly purse: Purse;
  readonly socketStore = new CutStore();
  readonly cableStore = new CutStore();
  readonly view: View;
  /** What the socket asks: that view, or with a quorum of two a liar as well. */
  readonly chain: Chain;
  readonly acks: Ack[] = [];
  /** Satoshi for which the honest socket credited energy. */
  earned = 0;
  /** Every payment that reached the honest socket, acknowledged or not. */
  readonly paid: Transaction[] = [];
  /**
   * `fullCuts`: those of the socket's cuts at which its flash took nothing, or had not caught up
   * since.
   */
  readonly counts = { socketCuts: 0, fullCuts: 0, cableCuts: 0, sessions: 0, increments: 0, byChannel: 0 };
  /** The last lines of both devices' story. */
  readonly story: string[] = [];
  /** Called with each line of a device's story. */
  onEvent: (who: string, event: DeviceEvent) => void = () => {};
  /** What somebody saw that must never happen. */
  violation: string | undefined;
  socket: SocketController | undefined;
  cable: CableController | undefined;
  readonly cableSettings: CableSettings;
  /** By which the cable took coins back, and gave to a socket. */
  readonly releases: Transaction[] = [];
  /**
   * Called at once when the honest socket credits an increment, `paid` sat of a channel's life in
   * all.
   */
  onIncrement: (channel: string, paid: Satoshi) => void = () => {};
  /** How often the payee's keys were used by a thief. */
  thefts = 0;
  /** Time that was passed over while nothing flowed. */
  skipped = 0;
  /** The owner's word that closes all channels at the socket's next start. */
  closingWord = "";
  private readonly entries = new Map<CutStore, { writes: number; list: readonly ChannelEntry[] }>();
  private releaseWord = 0;
  private cableLife: Life | undefined;
  private cableOff = 0;
  /** Payments of the cable that were refused. */
  private refusals = 0;
  /** True while the cable's own supply bridges the time until the socket's power is back. */
  private cableStarts = false;
  private socketLife: Life | undefined;
  private socketOff = 0;

  constructor(
    readonly terms: Terms,
    readonly tamper: Tamper = {},
  ) {
    this.ecdsa = terms.realSigner ? realEcdsa : standInEcdsa;
    this.random = new SeededRandom(terms.seed);
    // Node 0 mines and is where an attacker is best placed; node 1 is the socket's.
    this.network = new ModelNetwork({ clock: this.clock, nodes: 2, relayDelay: 500, verify: this.ecdsa.verify });
    this.circuit = new Circuit({
      clock: this.clock,
      electronics: terms.electronics,
      socketError: terms.socketError / 1000,
      cableError: terms.cableError / 1000,
    });
    this.link = new Link(this.clock, this.random);
    this.payout = new Purse("the socket's owner", this.ecdsa);
    this.purse = new Purse("the cable", this.ecdsa);
    this.settings = socketSettings({
      network: NETWORK,
      payoutAddress: addressOf(this.payout.script, NETWORK),
      ...PAPER.socket,
      ...terms.socket,
    });
    this.cableSettings = cableSettings({ network: NETWORK, ...PAPER.cable, ...terms.cable });
    // Every other socket's backend can ask its node whether it would take a payment.
    const canAsk = terms.seed % 2 === 0;
    // And of both kinds every other one lists coins that are unspent in the mempool, too.
    const lists = terms.seed % 4 < 2;
    // Of the others every other one remembers them, and says no such thing.
    const keeps = terms.seed % 8 > 5;
    this.view = new View(this.network.nodes[1] ?? this.network.node, { tests: canAsk, rewards: canAsk, lists, keeps });
    // With a quorum of two the first of two backends hides what waits for a block.
    const liar = new View(this.network.nodes[1] ?? this.network.node, { lists });
    liar.fault = "mempool-hidden";
    const hasQuorum = tamper.quorum ?? terms.seed % 5 === 4;
    this.chain = hasQuorum ? new Failover({ backends: [liar, this.view], clock: this.clock, quorum: 2 }) : this.view;
    for (const amount of terms.coins) this.network.grant(this.purse.script, amount);
    this.cableStore.onCut = () => this.cutCable(this.cableOff);
    this.socketStore.onCut = () => this.cutSocket(this.socketOff);
  }

  // ------------------------------------------------------------ the honest socket's power

  startSocket(): void {
    if (this.socket) return;
    const life = new Life();
    this.socketLife = life;
    this.circuit.socket.boot();
    const same = <T>(port: T): T => port;
    const { socketStore = same, socketChain = same, socketGate = same, socketSettings = same } = this.tamper;
    const socket = new SocketController({
      clock: life.clock(this.clock),
      random: this.random,
      store: life.store(socketStore(this.socketStore)),
      gate: life.gate(socketGate(this.circuit.socket)),
      chain: life.chain(socketChain(this.chain)),
      ecdsa: this.ecdsa,
      report: life.report((event) => this.tell("socket", event)),
      settings: { ...socketSettings(this.settings), closeChannels: this.closingWord },
      ...(this.settings.schemes.includes("channel") ? { channelSeed: CHANNEL_SEED } : {}),
    });
    this.socket = socket;
    const calls = this.witnessed(life.socket(socket));
    this.link.far = () => (life.alive && this.circuit.isPlugged ? calls : undefined);
    socket.start();
  }

  /** Power goes at the n-th write from now, for `off` ms. */
  cutSocketAt(writes: number, kind: CutKind, off: number): void {
    this.socketStore.cutIn = { writes, kind };
    this.socketOff = off;
  }

  /** The mains fails, or somebody pulled the socket's supply; it comes back after `off` ms. */
  cutSocket(off: number): void {
    if (!this.socket) return;
    this.clock.after(off, () => this.startSocket());
    this.counts.socketCuts += 1;
    if (this.socketStore.isFull || this.socketStore.isBehind) this.counts.fullCuts += 1;
    this.note("socket: POWER CUT");
    this.socketLife?.end();
    this.socket = undefined;
    this.circuit.socket.cut();
  }

  /** The flash takes nothing for `time` ms. */
  fill(store: CutStore, time: number): void {
    store.isFull = true;
    this.clock.after(time, () => {
      store.isFull = false;
    });
  }

  // ------------------------------------------------------------ the honest cable's power

  /** From now on there is a cable: it lives on what the socket's relay lets through. */
  plugCable(): void {
    this.circuit.onSupply = (on) => {
      if (on) this.bootCable(BOOT);
      else this.clock.after(HOLD_UP, () => (this.circuit.supplied ? undefined : this.cutCable(0)));
    };
    if (this.circuit.supplied) this.bootCable(BOOT);
  }

  cutCableAt(writes: number, kind: CutKind, off: number): void {
    this.cableStore.cutIn = { writes, kind };
    this.cableOff = off;
  }

  /**
   * The cable's electronics lose power; they boot again after `off` ms, or when the socket's relay
   * lets power through.
   */
  cutCable(off: number): void {
    if (!this.cable) return;
    this.counts.cableCuts += 1;
    this.note("cable: POWER CUT");
    this.cableLife?.end();
    this.cable = undefined;
    this.circuit.cable.cut();
    this.bootCable(off + BOOT);
  }

  private bootCable(after: number): void {
    if (this.cable || this.cableStarts) return;
    this.cableStarts = true;
    this.clock.after(after, () => {
      this.cableStarts = false;
      if (!this.cable && this.circuit.supplied) this.startCable();
    });
  }

  private startCable(): void {
    const life = new Life();
    this.cableLife = life;
    this.circuit.cable.boot();
    const same = <T>(port: T): T => port;
    const { cableStore = same, cableSettings = same } = this.tamper;
    const socket = life.socket(this.link.calls());
    const settings = {
      ...cableSettings(this.cableSettings),
      ...(this.releaseWord > 0 && { release: String(this.releaseWord) }),
    };
    this.cable = new CableController({
      clock: life.clock(this.clock),
      store: life.store(cableStore(this.cableStore)),
      gate: life.gate(this.circuit.cable),
      wallet: openWallet(this.purse.secret, this.ecdsa),
      socket: {
        getStatus: (request) => socket.getStatus(request, PEER),
        powerRequest: (request) => {
          if (request.release) this.released(parse(request.release));
          return socket.powerRequest(request, PEER);
        },
        payTransaction: (request) =>
          socket.payTransaction(request, PEER).catch((error: unknown) => {
            if (error instanceof Fault) this.refused(settings);
            throw error;
          }),
        ...(socket.channels && { channels: channelsOf(socket.channels) }),
      },
      ecdsa: this.ecdsa,
      report: life.report((event) => this.tell("cable", event)),
      settings,
    });
    this.cable.start();
  }

  /** The cable's owner types another word. */
  release(): void {
    this.releaseWord += 1;
  }

  private released(tx: Transaction): void {
    if (this.releases.some(({ txid }) => txid === tx.txid)) return;
    this.releases.push(tx);
    this.note(`cable: takes back ${tx.inputs.length} coins by ${tx.txid}`);
  }

  private refused(settings: { forgive: string }): void {
    this.refusals += 1;
    if (this.cable) this.tamper.refused?.(this.cable, settings, this.refusals);
  }

  /** Notes what the socket acknowledges. */
  private witnessed(socket: SocketCalls): SocketCalls {
    return {
      getStatus: (request, peer) => socket.getStatus(request, peer),
      powerRequest: async (request, peer) => {
        const offer = await socket.powerRequest(request, peer);
        if (offer.increment === 1) this.counts.sessions += 1;
        return offer;
      },
      payTransaction: async (request, peer) => {
        this.arrived(request);
        const result = await socket.payTransaction(request, peer);
        this.acknowledged(request, result);
        return result;
      },
      channels: socket.channels,
    };
  }

  private arrived(request: PaymentRequest): void {
    try {
      const tx = parse(request.transaction);
      if (!this.paid.some((each) => each.txid === tx.txid)) this.paid.push(tx);
    } catch {
      // Nothing that anybody could bring to the chain.
    }
  }

  private acknowledged(request: PaymentRequest, result: PaymentResult): void {
    const tx = parse(request.transaction);
    const before = this.acks.find((ack) => ack.txid === tx.txid);
    if (before && before.session !== request.session) this.violation = `transaction ${tx.txid} was credited twice`;
    if (before) return;
    this.counts.increments += 1;
    this.earned += Math.round((result.credited * this.settings.price) / 1e6);
    const value = tx.outputs[0]?.amount ?? 0;
    const inputs = tx.inputs.map(({ txid, vout }) => ({ txid, vout }));
    this.acks.push({
      session: request.session,
      increment: request.increment,
      txid: tx.txid,
      value,
      inputs,
      at: this.clock.now(),
    });
  }

  // ------------------------------------------------------------ what is true

  /** Entries of channels in the socket's store. */
  socketChannels(): readonly ChannelEntry[] {
    return this.entriesOf(this.socketStore, MAX_SOCKET_CHANNELS);
  }

  cableChannels(): readonly ChannelEntry[] {
    return this.entriesOf(this.cableStore, MAX_CABLE_CHANNELS);
  }

  /** Read anew where anything was written since. */
  private entriesOf(store: CutStore, most: number): readonly ChannelEntry[] {
    const { writes } = store;
    const known = this.entries.get(store);
    if (known?.writes === writes) return known.list;
    const list = entriesIn(store, most);
    this.entries.set(store, { writes, list });
    return list;
  }

  /** Time by which something may have been earned: what was passed over is none. */
  awake(): number {
    return this.clock.now() - this.skipped;
  }

  /** Passes `time` over in one go. Nothing may flow meanwhile, and no timer runs before its end. */
  skip(time: number): void {
    if (this.circuit.flow > 0) return;
    this.clock.skip(time);
    this.skipped += time;
  }

  /** Satoshi that blocks pay to the socket's owner. */
  received(): Satoshi {
    return this.owned(this.payout.script);
  }

  /** What the socket's journal holds now. */
  socketRecord(): SocketRecord | undefined {
    return socketJournal(this.socketStore).load();
  }

  cableRecord(): CableRecord | undefined {
    return cableJournal(this.cableStore).load();
  }

  owned(script: string): Satoshi {
    let sum = 0;
    for (const coin of this.network.blocks.unspent.values()) if (coin.script === script) sum += coin.amount;
    return sum;
  }

  tell(who: string, event: DeviceEvent): void {
    this.onEvent(who, event);
    if (who === "socket" && event.name === "credited" && event.channel !== undefined) {
      this.counts.byChannel += 1;
      this.onIncrement(String(event.channel), Number(event.paid));
    }
    const { name, ...facts } = event;
    this.note(
      `${who}: ${name} ${Object.entries(facts)
        .map(([key, value]) => `${key}=${value}`)
        .join(" ")}`,
    );
  }

  note(line: string): void {
    // What is tried again and again is told once.
    if (this.story.some((told) => told.endsWith(` s  ${line}`))) return;
    this.story.push(`${(this.clock.now() / 1000).toFixed(1).padStart(8)} s  ${line}`);
    if (this.story.length > STORY) this.story.shift();
  }
}
