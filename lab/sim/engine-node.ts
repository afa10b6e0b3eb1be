// Node's engine in the same sealed environment: a fresh context with a microtask queue of its own.
// It starts in no time and has no meter: each event and each command is charged a deterministic sum
// of its kind instead.

import { type Context, createContext, Script } from "node:vm";
import { type Engine, FirmwareCrash, type Message, PowerLost } from "./engine";

/**
 * What XS's meter shows for an event that neither signs nor verifies, less its commands: measured
 * on the XS engine over the scenario toaster (`npx tsx tools/bench/events.ts`; no connection ends
 * there). Data costs by its bytes, since parsing and answering it does.
 */
export const EVENT_METER: Readonly<Record<string, number>> = {
  accept: 700,
  ready: 300,
  writable: 200,
  end: 1_000,
  data: 8_500,
  timer: 900,
};
/** A start, an event of the gate, and whatever else is rare. */
export const RARE_METER = 28_000;
export const BYTE_METER = 30;
export const COMMAND_METER = 600;

function meterOf({ head, bytes }: Message): number {
  const { kind } = head as { readonly kind: string };
  return (EVENT_METER[kind] ?? RARE_METER) + BYTE_METER * (bytes?.length ?? 0);
}

const PRELUDE = new Script(`(() => {
  const { $call } = globalThis;
  const nothing = new ArrayBuffer(0);
  const own = (bytes) => {
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return copy.buffer;
  };
  globalThis.hostCall = (head, bytes = nothing) => {
    const reply = $call(head, new Uint8Array(bytes));
    return { head: reply.head, bytes: own(reply.bytes) };
  };
  globalThis.$deliver = () => globalThis.hostEvent(globalThis.$event.head, own(globalThis.$event.bytes));
  for (const name of ["$call", "console", "WebAssembly", "SharedArrayBuffer", "Atomics"]) delete globalThis[name];
})()`);
const DELIVER = new Script("$deliver()");

/**
 * What a command gets once the power is gone: something that no firmware stumbles over before its
 * event has ended.
 */
const DEAD = {
  head: JSON.stringify({
    handle: 0,
    port: 0,
    ticks: 0,
    found: false,
    total: 0,
    closed: false,
    current: 0,
    voltage: 0,
    power: 0,
  }),
  bytes: new Uint8Array(128),
};

/** Whose event ran last: whose rejections nobody handled are. */
let latest: NodeEngine | undefined;
let watching = false;

/**
 * Node tells of unhandled rejections by process, not by context; those of a context are not Errors
 * of ours.
 */
function watchRejections(): void {
  if (watching) return;
  watching = true;
  process.on("unhandledRejection", (reason) => {
    if (reason instanceof Error || !latest) throw reason;
    latest.rejected(reason);
  });
}

export class NodeEngine implements Engine {
  onCommand: (command: Message, meter: number) => Message = () => ({ head: null });
  readonly #context: Context;
  #killed = false;
  #broken: FirmwareCrash | undefined;

  constructor() {
    watchRejections();
    const $call = (head: string, bytes: Uint8Array) => this.#command(head, bytes);
    this.#context = createContext({ $call }, { microtaskMode: "afterEvaluate" });
    PRELUDE.runInContext(this.#context);
  }

  async load(bundle: string): Promise<void> {
    new Script(bundle, { filename: "firmware.js" }).runInContext(this.#context);
  }

  async deliver(event: Message): Promise<{ meter: number }> {
    if (this.#killed) throw new PowerLost();
    if (this.#broken) throw this.#broken;
    latest = this;
    this.#context.$event = { head: JSON.stringify(event.head ?? null), bytes: event.bytes ?? new Uint8Array(0) };
    try {
      DELIVER.runInContext(this.#context);
    } catch (error) {
      if (!this.#killed) throw new FirmwareCrash((error as Error).stack ?? String(error));
    }
    if (this.#killed) throw new PowerLost();
    return { meter: meterOf(event) };
  }

  /**
   * JavaScript cannot be stopped in its tracks here, but what it does to the end of the event has
   * no effect any more.
   */
  kill(): void {
    this.#killed = true;
  }

  /** A promise that the firmware forgot; after a cut of the power that is no news. */
  rejected(reason: unknown): void {
    if (!this.#killed) this.#broken = new FirmwareCrash((reason as Partial<Error>)?.stack ?? String(reason));
  }

  #command(head: string, bytes: Uint8Array): { head: string; bytes: Uint8Array } {
    if (this.#killed) return DEAD;
    const reply = this.onCommand({ head: JSON.parse(head), bytes: Uint8Array.from(bytes) }, COMMAND_METER);
    if (this.#killed) return DEAD;
    return { head: JSON.stringify(reply.head ?? null), bytes: reply.bytes ?? new Uint8Array(0) };
  }
}
