// A simulated board: an engine with the firmware, a clock that computing takes time from, timers,
// TCP, a store and a power gate. Events reach the firmware one at a time; while it computes it is
// busy, and what it does is dated by how far it had come. TCP output leaves at the end of the
// event, as lwIP's does on a device.

import type { Lease } from "../../shared/kernel/ports";
import type { Millisecond } from "../../shared/kernel/units";
import { FRAME_BYTES, WIDTH } from "../../shared/owner/picture";
import type { Slots } from "../../shared/update/slots";
import type { ModelFlash } from "../model/flash";
import { Brokers, type Joining, type Tell } from "./brokers";
import type { DeviceName } from "./bundle";
import { BOOT_TIME, type ComputeFactor, computeTime } from "./compute";
import { type Engine, FirmwareCrash, type Message, PowerLost } from "./engine";
import type { GateLink } from "./gate-link";
import { type End, type Network, type Party, SEND_BUFFER_BYTES } from "./network";
import type { Cause, Turn } from "./path";
import type { FileStore } from "./store-file";
import type { Timeline } from "./timeline";

export interface BoardOptions {
  readonly name: DeviceName;
  readonly bundle: string;
  readonly engine: () => Engine;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly store: FileStore;
  readonly gate: GateLink;
  /** What `mc/config` gives. */
  readonly config: object;
  readonly entropy: (length: number) => Uint8Array;
  /** Two slots for images, the first with this one; absent: the board has one. */
  readonly flash?: ModelFlash | undefined;
  /** The owner's page, as it answers for it; absent: the image has none. */
  readonly page?: Uint8Array | undefined;
  readonly factor: ComputeFactor;
  /** What the firmware puts out on its console beside lines. */
  readonly onConsole?: (bytes: Uint8Array) => void;
  /** One line that the firmware traced. */
  readonly onTrace: (line: string, at: Millisecond) => void;
  readonly onCrash: (error: FirmwareCrash) => void;
  /** Whether it is remembered what led to what. */
  readonly isTraced?: () => boolean;
  /** Power went by itself, in the middle of a write. */
  readonly onCut: () => void;
}

type Facts = Readonly<Record<string, unknown>>;
type Command = (facts: Facts, bytes: Uint8Array) => unknown;

/** A message that waits for the firmware. */
interface Event {
  readonly message: Message;
  readonly cause: Cause;
  readonly came: Millisecond;
}

interface Work extends Turn {
  computed: Millisecond;
}

/** Locally administered addresses (IEEE 802). */
const MACS: Readonly<Record<DeviceName, string>> = { socket: "02:00:00:50:50:01", cable: "02:00:00:50:50:02" };

const NOTHING: Message = { head: null };

function noSlot(): never {
  throw new Error("this board has one slot");
}

const ONE_SLOT: Slots = {
  state: "single",
  room: 0,
  begin: noSlot,
  write: noSlot,
  digest: noSlot,
  use: noSlot,
  abandon: () => {},
  confirm: noSlot,
};

export class Board implements Party {
  readonly name: DeviceName;
  readonly #options: BoardOptions;
  #engine: Engine | undefined;
  #bootedAt: Millisecond = 0;
  #busyUntil: Millisecond = 0;
  #inbox: Event[] = [];
  #waking = false;
  #delivering = false;
  /** The event under way: when it began, and how long it has computed so far. */
  #turn: Work;
  #nextHandle = 1;
  #timers = new Map<number, () => void>();
  #ends = new Map<number, End>();
  /** Bytes that the other end has not taken yet, an end. */
  #unsent = new Map<End, number>();
  #output: (() => void)[] = [];
  #gateHandle = 0;
  #consoleHandle = 0;
  readonly #brokers = new Brokers();
  #traced = "";
  /** What its light shows, where it has one. */
  rhythm: string | undefined;
  /** What its display shows, where it has one. */
  frame: Uint8Array | undefined;
  #slots: Slots = ONE_SLOT;
  /** Computing since the start, in the meter's units, and its time. */
  computed = { meter: 0, time: 0 };
  /** What closed the relay last, and when. */
  closedBy: { readonly turn: Turn; readonly at: Millisecond } | undefined;

  constructor(options: BoardOptions) {
    this.#options = options;
    this.name = options.name;
    this.#turn = this.#work();
    options.store.onCut = () => this.#engine?.kill();
  }

  get alive(): boolean {
    return this.#engine !== undefined;
  }

  /** Power comes: the firmware, preloaded in flash, reaches `main` after the boot time. */
  async powerOn(): Promise<void> {
    if (this.#engine) return;
    const engine = this.#options.engine();
    engine.onCommand = (command, meter) => this.#command(command, meter);
    this.#engine = engine;
    this.#turn = this.#work();
    await engine.load(this.#image());
    await this.#options.gate.boot();
    this.#bootedAt = this.#options.timeline.now;
    this.#options.network.restored(this);
    this.#busyUntil = this.#bootedAt + BOOT_TIME;
    this.#post({ head: { handle: 0, kind: "boot" } }, this.#ownCause("boots"), this.#busyUntil);
  }

  /** What the bootloader starts. */
  #image(): string {
    const { flash, bundle } = this.#options;
    if (!flash) return bundle;
    const body = flash.boot();
    if (!body) throw new Error("there is no whole image in this device's flash");
    this.#slots = flash.slots();
    return Buffer.from(body).toString("utf8");
  }

  /** Power goes: everything stops where it is; only the store stays. */
  async powerOff(): Promise<void> {
    const engine = this.#engine;
    if (!engine) return;
    this.#engine = undefined;
    engine.kill();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#ends.clear();
    this.#unsent.clear();
    this.#inbox = [];
    this.#output = [];
    this.#traced = "";
    this.rhythm = undefined;
    this.#brokers.closeAll();
    this.frame = undefined;
    this.#options.network.cut(this);
    await this.#options.gate.cut();
  }

  /** The gate did something by itself. */
  gateEvent(event: unknown): void {
    if (this.#gateHandle) this.#post({ head: { handle: this.#gateHandle, kind: "gate", value: event } });
  }

  /** Somebody types on its console. */
  type(bytes: Uint8Array): void {
    if (this.#consoleHandle) this.#post({ head: { handle: this.#consoleHandle, kind: "typed" }, bytes });
  }

  /** Lets JavaScript stand still, as a fault would. */
  stall(until: Millisecond): void {
    this.#busyUntil = Math.max(this.#busyUntil, until);
  }

  // ---------------------------------------------------------------- events in

  #post(message: Message, cause = this.#ownCause("waits"), came = this.#options.timeline.now): void {
    if (!this.#engine) return;
    this.#inbox.push({ message, cause, came });
    this.#wake();
  }

  #wake(): void {
    if (this.#waking || this.#delivering || this.#inbox.length === 0) return;
    this.#waking = true;
    const engine = this.#engine;
    this.#options.timeline.at(this.#busyUntil, async () => {
      this.#waking = false;
      if (engine !== this.#engine) return this.#wake();
      if (this.#options.timeline.now < this.#busyUntil) return this.#wake();
      await this.#deliver();
    });
  }

  async #deliver(): Promise<void> {
    const engine = this.#engine;
    const event = this.#inbox.shift();
    if (!engine || !event) return;
    this.#delivering = true;
    await this.#options.gate.takeReading();
    this.#turn = this.#work(event);
    try {
      const { meter } = await engine.deliver(event.message);
      this.#charge(meter);
      this.#busyUntil = this.#instant();
      this.#flush(engine);
    } catch (error) {
      await this.#failed(error);
    } finally {
      this.#delivering = false;
    }
    this.#wake();
  }

  async #failed(error: unknown): Promise<void> {
    const { onCut, onCrash } = this.#options;
    if (!(error instanceof PowerLost) && !(error instanceof FirmwareCrash)) throw error;
    await this.powerOff();
    if (error instanceof FirmwareCrash) onCrash(error);
    else onCut();
  }

  #charge(meter: number): void {
    const time = computeTime(meter, this.#options.factor);
    this.#turn.computed += time;
    this.computed.meter += meter;
    this.computed.time += time;
  }

  /** The moment that the firmware has reached within the event. */
  #instant(): Millisecond {
    return this.#turn.start + this.#turn.computed;
  }

  #flush(engine: Engine): void {
    const output = this.#output;
    this.#output = [];
    if (output.length === 0) return;
    this.#options.timeline.at(this.#busyUntil, () => {
      if (engine === this.#engine) for (const action of output) action();
    });
  }

  // ---------------------------------------------------------------- commands out

  #command({ head, bytes = new Uint8Array(0) }: Message, meter: number): Message {
    this.#charge(meter);
    const { name, ...facts } = head as { name: string } & Facts;
    const command = this.#commands[name];
    if (!command) return { head: { error: `the simulator knows no command ${name}` } };
    try {
      const value = command(facts, bytes);
      return value instanceof Uint8Array
        ? { head: { found: true }, bytes: value }
        : value === undefined
          ? NOTHING
          : { head: value };
    } catch (error) {
      return { head: { error: (error as Error).message } };
    }
  }

  readonly #commands: Readonly<Record<string, Command>> = {
    config: () => this.#options.config,
    ticks: () => ({ ticks: Math.floor(this.#instant() - this.#bootedAt) }),
    entropy: ({ length }) => this.#options.entropy(length as number),
    trace: ({ text }) => this.#trace(text as string),
    "pin.write": () => undefined,
    "console.write": (_, bytes) => this.#options.onConsole?.(bytes),
    "console.listen": () => {
      this.#consoleHandle = this.#nextHandle++;
      return { handle: this.#consoleHandle };
    },
    "light.show": ({ rhythm }) => {
      this.rhythm = rhythm as string;
    },
    "display.page": ({ index }, bytes) => {
      this.frame ??= new Uint8Array(FRAME_BYTES);
      this.frame.set(bytes, (index as number) * WIDTH);
    },
    "page.length": () => this.#options.page?.length ?? 0,
    "page.read": ({ from, to }) => this.#options.page?.subarray(from as number, to as number),
    "slot.state": () => this.#slots.state,
    "slot.room": () => this.#slots.room,
    "slot.begin": () => this.#slots.begin(),
    "slot.write": (_, bytes) => this.#slots.write(bytes),
    "slot.digest": ({ size }) => new Uint8Array(this.#slots.digest(size as number)),
    "slot.use": () => this.#slots.use(),
    "slot.abandon": () => this.#slots.abandon(),
    "slot.confirm": () => this.#slots.confirm(),
    // As a cut of power: nothing of the event that is under way reaches anybody any more.
    restart: () => this.#engine?.kill(),

    "text.decode": (_, bytes) => ({ text: asciiOf(bytes) }),
    "text.encode": ({ text }) => new TextEncoder().encode(text as string),

    "timer.set": ({ interval }) => this.#setTimer(interval as number),
    "timer.clear": ({ handle }) => {
      this.#timers.get(handle as number)?.();
      this.#timers.delete(handle as number);
    },
    "timer.delay": ({ milliseconds }) => {
      this.#turn.computed += milliseconds as number;
    },

    "store.read": ({ key }) => this.#options.store.read(key as string) ?? { found: false },
    "store.write": ({ key }, bytes) => this.#options.store.write(key as string, bytes),
    "store.remove": ({ key }) => this.#options.store.remove(key as string),

    "gate.open": () => {
      this.#gateHandle = this.#nextHandle++;
      return { handle: this.#gateHandle };
    },
    "gate.grant": ({ lease }) => {
      const at = this.#instant();
      if (this.#options.gate.grant(lease as Lease, at)) this.closedBy = { turn: this.#turn, at };
    },
    "gate.revoke": () => this.#options.gate.revoke(this.#instant()),
    "gate.clear": () => this.#options.gate.clear(this.#instant()),
    "gate.restore": ({ total }) => this.#options.gate.restore(total as number, this.#instant()),
    "gate.read": () => this.#options.gate.read(this.#instant()),

    "mqtt.open": (facts) => {
      const handle = this.#nextHandle++;
      this.#brokers.open(handle, facts as unknown as Joining, this.#tellOf(handle));
      return { handle };
    },
    "mqtt.received": ({ handle }, bytes) => this.#brokers.received(handle as number, bytes),
    "mqtt.publish": ({ handle, topic, retain }, bytes) =>
      this.#brokers.publish(handle as number, topic as string, retain === true, bytes),
    "mqtt.subscribe": ({ handle, topic }) =>
      this.#brokers.subscribe(handle as number, topic as string, this.#tellOf(handle as number)),
    "mqtt.close": ({ handle }) => this.#brokers.close(handle as number),
    "net.mac": () => MACS[this.name],

    "tcp.connect": ({ address, port, host, certificate }) => {
      const secure = certificate === undefined ? undefined : { host: host as string, ca: certificate as string };
      const { network } = this.#options;
      const end = network.connect(this, address as string, port as number, this.#instant(), secure, this.#turn);
      return { handle: this.#own(end) };
    },
    "net.resolve": ({ host }) => {
      const handle = this.#nextHandle++;
      this.#options.network.resolve(host as string, (value) => {
        this.#post({ head: { handle, kind: "resolved", value: value ?? null } });
      });
      return { handle };
    },
    "tcp.ready": ({ handle }) => {
      const end = this.#end(handle);
      const cause = { ...this.#ownCause("takes a connection"), after: this.#turn };
      this.#post({ head: { handle, kind: "ready", value: this.#writable(end) } }, cause);
    },
    "tcp.write": ({ handle }, bytes) => {
      const end = this.#end(handle);
      this.#unsent.set(end, (this.#unsent.get(end) ?? 0) + bytes.length);
      const turn = this.#turn;
      this.#output.push(() => this.#options.network.write(end, bytes, this.#options.timeline.now, turn));
    },
    "tcp.close": ({ handle }) => {
      const end = this.#end(handle);
      this.#ends.delete(handle as number);
      this.#unsent.delete(end);
      this.#output.push(() => this.#options.network.close(end, this.#options.timeline.now));
    },
    "tcp.listen": ({ port }) => {
      const handle = this.#nextHandle++;
      this.#options.network.listen(this, port as number, (end, cause) => {
        const accepted = { handle: this.#own(end), remoteAddress: end.remote.address, remotePort: end.remote.port };
        this.#post({ head: { handle, kind: "accept", value: accepted } }, cause);
      });
      return { handle, port };
    },
    "tcp.unlisten": () => this.#options.network.unlisten(this),
  };

  #setTimer(interval: Millisecond): { handle: number } {
    const handle = this.#nextHandle++;
    const cause = { who: this.name, what: `waits ${interval} ms`, since: this.#instant(), after: this.#turn };
    const cancel = this.#options.timeline.at(this.#instant() + interval, () => {
      if (this.#timers.delete(handle)) this.#post({ head: { handle, kind: "timer" } }, cause);
    });
    this.#timers.set(handle, cancel);
    return { handle };
  }

  /**
   * Work on `event`; what led to it is kept only while somebody asks, since it holds on to all that
   * came before.
   */
  #work(event?: Event): Work {
    const { now } = this.#options.timeline;
    const start = { device: this.name, start: now, computed: 0 };
    if (event && this.#options.isTraced?.())
      return { ...start, cause: event.cause, came: event.came, before: this.#turn };
    return { ...start, cause: this.#ownCause("works"), came: now, before: undefined };
  }

  /** What a client of MQTT tells comes when it comes: its broker is not of this process. */
  #tellOf(handle: number): Tell {
    return (kind, value, bytes) => {
      this.#post({ head: { handle, kind, value }, ...(bytes && { bytes }) });
      this.#options.network.onOutside();
    };
  }

  #ownCause(what: string): Cause {
    return { who: this.name, what, since: this.#options.timeline.now, after: undefined };
  }

  #own(end: End): number {
    const handle = this.#nextHandle++;
    this.#ends.set(handle, end);
    const post = (kind: string, value?: unknown, bytes?: Uint8Array, cause?: Cause) => {
      if (this.#ends.get(handle) !== end) return;
      this.#post({ head: { handle, kind, value }, ...(bytes && { bytes }) }, cause);
    };
    end.onOpen = (cause) => post("writable", SEND_BUFFER_BYTES, undefined, cause);
    end.onData = (bytes, cause) => post("data", undefined, bytes, cause);
    end.onEnd = (reason) => post("end", reason, undefined, end.peer?.said ?? end.said);
    end.onTaken = (count) => {
      this.#unsent.set(end, Math.max(0, (this.#unsent.get(end) ?? 0) - count));
      post("writable", this.#writable(end), undefined, end.said);
    };
    return handle;
  }

  #end(handle: unknown): End {
    const end = this.#ends.get(handle as number);
    if (!end) throw new Error("the connection is closed");
    return end;
  }

  #writable(end: End): number {
    return SEND_BUFFER_BYTES - (this.#unsent.get(end) ?? 0);
  }

  #trace(text: string): void {
    const lines = (this.#traced + text).split("\n");
    this.#traced = lines.pop() ?? "";
    for (const line of lines) this.#options.onTrace(line, this.#instant());
  }
}

/** Throws for anything else: the firmware's own way says what is wrong with it. */
function asciiOf(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte === 0 || byte > 0x7f)) throw new Error("expected ASCII");
  return Buffer.from(bytes).toString("latin1");
}
