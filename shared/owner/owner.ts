// The owner's side of a device: answers its methods, whichever way they come. It reads what the
// device knows already, and changes nothing but settings and what its own methods are for: no
// relay, and no session's terms.

import { constant } from "../kernel/constant";
import type { Clock, PowerGate, Reporter, Store } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { VERSION } from "../kernel/version";
import type { Device } from "../settings/owner";
import { mayCall } from "./access";
import { type EventLog, MOST_EVENTS } from "./events";
import { JsonRpc, type Method, type Params, RpcError, type Way } from "./json-rpc";
import { type LightWord, lightOf } from "./light";
import { type MethodName, methodsOf } from "./methods";
import { commonFamilies, type Family, type MetricsFormat, meterFamilies, metricsText } from "./metrics";
import { objectOf, textOf, wholeOf } from "./params";
import { askReset } from "./reset";
import { MOST_SESSIONS, type SessionLog } from "./sessions";
import type { OwnerSettings } from "./settings";
import { energyOf, meterOf } from "./status";
import { mustBeFree, type UpdatePorts, UpdateSide, updateState } from "./update";

/** Memory beside XS's own heap, in bytes. */
export interface Heap {
  readonly free: number;
  readonly largest: number;
  /** As scarce as it ever was since the start. */
  readonly least: number;
}

export interface LinkState {
  /** `ethernet`, `wifi`, ... */
  readonly kind: string;
  readonly address?: string;
  readonly name?: string;
}

/** What the board gives; what it has not is absent. */
export interface Board {
  heap?(): Heap | undefined;
  link?(): LinkState | undefined;
  /** Blinks a light for so long. */
  identify?(time: Millisecond): void;
  restart?(): void;
}

/** The device behind it, as far as it started. */
export interface Running {
  readonly gate: PowerGate;
  /** Reading of the gate at the start of this run. */
  readonly totalAtStart: number;
  readonly calibrated: boolean;
  /** Of the metrics: what is particular to the device. */
  families(): readonly Family[];
  /** Of the method status: what is particular to the device. */
  status(): object;
  /** What its light says. */
  light(): LightWord;
  /** Of the method channels. */
  channels(): object;
  forgive(): void;
  clear(): boolean;
  /** Why nothing may be reset now, and no key replaced; undefined: it may. */
  unsettled(): string | undefined;
  /** What a reset would lose, in words. */
  losses(): readonly string[];
  /** Settles, and lets go of the relay. */
  stop(): Promise<void> | void;
}

export interface OwnerOptions {
  readonly device: Device;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly store: Store;
  readonly settings: OwnerSettings;
  readonly events: EventLog;
  readonly sessions: SessionLog;
  readonly board: Board;
  /** Servers that are asked about the chain, as `kind host`. */
  readonly backends: readonly string[];
  /** Of a cable: its address, limits and key. */
  readonly more?: () => Calls;
  /** Slots for images; absent where there are none. */
  readonly update?: UpdatePorts;
}

type Calls = Partial<Record<MethodName, (params: Params, way: Way) => unknown>>;

/** After the answer has left. */
const RESTART_AFTER: Millisecond = 500;
/** A chain that is away does not keep a device from restarting: what is held is in the journal. */
const SETTLE_MOST: Millisecond = 10_000;
const IDENTIFY_S = 10;
const CONFIRM = "erase";
const STARTED_NOT = "not-started";

export class Owner {
  readonly #options: OwnerOptions;
  readonly #rpc: JsonRpc;
  #running: Running | undefined;
  #why = "it has not started yet";
  #restarting = false;
  #update: UpdateSide | undefined;

  constructor(options: OwnerOptions) {
    this.#options = options;
    this.#rpc = new JsonRpc({
      methodOf: (name) => this.method(name),
      onError: (error, method) => options.report({ name: "error", where: `owner's ${method}`, why: String(error) }),
    });
  }

  /** The device runs from now on. */
  started(running: Running): void {
    this.#running = running;
  }

  /** It could not start, and why: a line for each thing that is wrong. */
  failed(why: string): void {
    const lines = why.split("\n").map((line) => line.replace(/^\w*Error: /, "").replace(/^settings\./, ""));
    this.#why = lines.join("; ");
  }

  /** The answer to a request or a batch; undefined where there is none to give. */
  answer(request: Uint8Array, way: Way): Promise<string | undefined> {
    return this.#rpc.answer(request, way);
  }

  /** What status tells, for whoever makes other words of it. */
  status(): object {
    const { device, clock, settings, board, backends, update } = this.#options;
    const running = this.#running;
    const common = {
      device,
      version: VERSION,
      network: settings.started("network") ?? null,
      uptimeMs: Math.round(clock.now()),
      calibrated: running?.calibrated ?? false,
      link: board.link?.() ?? null,
      heap: board.heap?.() ?? null,
      update: update ? updateState(update, this.#update) : null,
    };
    if (!running) {
      const light = lightOf({ state: STARTED_NOT, trip: undefined });
      return { ...common, state: STARTED_NOT, reason: this.#why, light };
    }
    const reading = running.gate.read();
    const own = running.status() as { chain?: object };
    const chain = own.chain && { chain: { ...own.chain, backends } };
    const light = running.light();
    return {
      ...common,
      ...own,
      ...chain,
      light,
      meter: meterOf(reading),
      energy: energyOf(reading, running.totalAtStart),
    };
  }

  /** An update is under way, which runs alone. */
  get isUpdating(): boolean {
    return this.#update?.updater.isBusy ?? false;
  }

  /** The same as metrics. */
  metrics(format: MetricsFormat): string {
    const { clock, board } = this.#options;
    const running = this.#running;
    const families = commonFamilies({
      version: VERSION,
      uptimeMs: Math.round(clock.now()),
      calibrated: running?.calibrated ?? false,
      running: running !== undefined,
      heap: board.heap?.(),
    });
    const own = running ? [...meterFamilies(running.gate.read()), ...running.families()] : [];
    return metricsText([...families, ...own], format);
  }

  /**
   * Made for the one request that wants it: all methods together would hold 5 KB of the device's
   * heap.
   */
  private method(name: string): Method | undefined {
    const { device, more } = this.#options;
    const entry = methodsOf(device).find((each) => each.name === name);
    const calls = name.startsWith("update.") ? this.updateCalls() : { ...this.calls(), ...more?.() };
    const call = entry && calls[entry.name as MethodName];
    if (!entry || !call) return undefined;
    const allowed = (given: Params, way: Way): unknown => {
      mayCall(name, way);
      mustBeFree(name, this.#options.update, this.#update, this.#why);
      return call(given, way);
    };
    return { params: entry.params.map((each) => each.name), call: allowed };
  }

  private calls(): Calls {
    const { settings, events, sessions } = this.#options;
    return {
      status: () => this.status(),
      "settings.get": () => settings.get(),
      "settings.set": (params, way) => this.set(params, way),
      events: (params) =>
        events.read(
          wholeOf(params, "after", -1, Number.MAX_SAFE_INTEGER),
          wholeOf(params, "limit", 1, MOST_EVENTS) ?? MOST_EVENTS,
        ),
      sessions: (params) => ({ sessions: sessions.read(wholeOf(params, "limit", 1, MOST_SESSIONS) ?? MOST_SESSIONS) }),
      channels: () => this.mustRun().channels(),
      forgive: () => this.mustRun().forgive(),
      clear: () => this.clear(),
      identify: (params) => this.identify(params),
      restart: () => this.restart(),
      reset: (params) => this.reset(params),
    };
  }

  private updateCalls(): Calls {
    const { update, settings, sessions, events } = this.#options;
    if (!update) return {};
    this.#update ??= new UpdateSide({
      ...this.#options,
      ...update,
      setting: (name) => settings.started(name),
      running: () => this.#running,
      settled: () => {
        sessions.delivered();
        sessions.write();
        events.flush();
      },
      restart: () => {
        if (!this.#restarting) this.end(() => {});
      },
    });
    return this.#update.calls();
  }

  private set(params: Params, way: Way): object {
    const change = this.#options.settings.set(objectOf(params, "settings"), way);
    // Names only: some are secrets.
    this.#options.report({ name: "settings-changed", settings: change.changed.join(" "), by: way });
    return change;
  }

  private clear(): object {
    const running = this.mustRun();
    const { trip } = running.gate.read();
    if (!running.clear())
      throw new RpcError("refused", `${trip}: the relay itself is broken, and clearing would hide it`);
    this.#options.report({ name: "cleared", trip });
    return { cleared: trip ?? null };
  }

  private identify(params: Params): object {
    const seconds = wholeOf(params, "seconds", 1, 60) ?? IDENTIFY_S;
    const { identify } = this.#options.board;
    if (!identify) throw new RpcError("not-here", "this board has no light");
    identify(seconds * 1000);
    return { seconds };
  }

  /** Settles what is open, and starts anew in a moment. Throws an RpcError where it cannot. */
  restartSoon(): void {
    this.mustRestart();
    this.#options.report({ name: "restarting", by: "owner" });
    this.end(() => this.#running?.stop());
  }

  private restart(): object {
    this.restartSoon();
    return { restarts: true };
  }

  private reset(params: Params): object {
    const { store } = this.#options;
    const confirm = textOf(params, "confirm");
    const unsettled = this.#running?.unsettled();
    if (unsettled !== undefined) throw new RpcError("refused", `something is unsettled: ${unsettled}`);
    this.mustRestart();
    const lost = [...LOST, ...(this.#running?.losses() ?? [])];
    if (confirm !== CONFIRM)
      throw new RpcError(
        "refused",
        `these would be lost: ${lost.join("; ")}. To go on, call it with confirm "${CONFIRM}"`,
      );
    this.#options.report({ name: "resetting", by: "owner" });
    this.end(async () => {
      await this.#running?.stop();
      // A payment may have come after the answer: then it only restarts.
      if (this.#running?.unsettled() === undefined) askReset(store);
    });
    return { restarts: true, lost };
  }

  private mustRestart(): void {
    if (!this.#options.board.restart) throw new RpcError("not-here", "this board cannot restart by itself");
    if (this.#restarting) throw new RpcError("refused", "it restarts already");
  }

  /** Once the answer is out: `before`, as far as it comes, then the restart. */
  private end(before: () => Promise<void> | void): void {
    const { clock, events, sessions, board } = this.#options;
    this.#restarting = true;
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      board.restart?.();
    };
    clock.after(RESTART_AFTER, () => {
      clock.after(SETTLE_MOST, over);
      void Promise.resolve(before()).then(() => {
        // What flowed is all that flows.
        sessions.delivered();
        sessions.write();
        events.flush();
        over();
      }, over);
    });
  }

  private mustRun(): Running {
    if (this.#running) return this.#running;
    throw new RpcError("refused", `the device did not start: ${this.#why}`);
  }
}

const LOST: readonly string[] = constant([
  "all settings that its owner made, and with them the payout address or the limits",
  "the owner's password and the Wi-Fi's",
  "the lists of events and sessions",
]);
