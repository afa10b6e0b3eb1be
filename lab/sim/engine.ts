// A JavaScript engine that runs one device's bundle: the real XS engine (engine-xs.ts) or Node's
// (engine-node.ts). Both give the bundle the same sealed environment, that of a Moddable device:
// the language, `trace`, and nothing of Node or of the worker. The bundle reaches the simulator by
// one synchronous call, `hostCall`, and is reached by one function, `hostEvent`; both carry a JSON
// head and raw bytes.

export interface Message {
  readonly head: unknown;
  readonly bytes?: Uint8Array;
}

export interface Engine {
  /** Evaluates the bundle: on a device it is preloaded into flash, so this is not charged. */
  load(bundle: string): Promise<void>;
  /**
   * Runs one event to its end, promise jobs included. `meter`: computing since the last command, in
   * units of XS's meter.
   */
  deliver(event: Message): Promise<{ readonly meter: number }>;
  /**
   * Answers the bundle's calls; `meter` is the computing since the call before (or since the event
   * began).
   */
  onCommand: (command: Message, meter: number) => Message;
  /**
   * Cuts the power: nothing runs and no command comes any more; a delivery under way rejects with
   * `PowerLost`.
   */
  kill(): void;
}

export type EngineName = "xs" | "node";

/** The engine was killed in the middle of a delivery. */
export class PowerLost extends Error {
  constructor() {
    super("the device lost its power");
    this.name = "PowerLost";
  }
}

/** The firmware threw: what a device would print before it restarts. */
export class FirmwareCrash extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FirmwareCrash";
  }
}
