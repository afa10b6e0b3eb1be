// How a linked image on a desktop reaches the world: one synchronous call
// (firmware/selftest/host.c), and events in by handle. It takes the place of the simulator's own
// (lab/sim/device/host.ts) below the same stand-ins for the SDK's modules. What they remember is
// made at run time: everything that exists while linking is in flash, read-only.

interface HostEvent {
  readonly handle: number;
  readonly kind: string;
  readonly value?: unknown;
}

type Receiver = (event: HostEvent, bytes: ArrayBuffer) => void;

let receivers: Map<number, Receiver> | undefined;

function hostCall(this: unknown, head: string, bytes: ArrayBuffer | undefined): [string, ArrayBuffer] {
  return native("plugpay_hostCall").call(this, head, bytes) as [string, ArrayBuffer];
}

/** Calls the world: `name` and its facts, and bytes where the call carries some. */
export function call(name: string, facts: object = {}, bytes?: ArrayBuffer): { value: unknown; bytes: ArrayBuffer } {
  const [head, answer] = hostCall(JSON.stringify({ name, ...facts }), bytes);
  const value = JSON.parse(head) as { error?: string } | null;
  if (value?.error !== undefined) throw new Error(value.error);
  return { value, bytes: answer };
}

/** Routes the events of `handle` here until `ignore`. */
export function receive(handle: number, receiver: Receiver): void {
  receivers ??= new Map();
  receivers.set(handle, receiver);
}

export function ignore(handle: number): void {
  receivers?.delete(handle);
}

/** The bytes of any buffer or view, as the copy that the call takes. */
export function bytesOf(value: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  if (value instanceof ArrayBuffer) return value;
  return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) as ArrayBuffer;
}

/** Handle 0 is the device itself: its one event is the start of `main`. */
export function onBoot(main: () => void): void {
  const world = globalThis as unknown as Record<string, unknown>;
  world.hostEvent = (head: string, bytes: ArrayBuffer): void => {
    const event = JSON.parse(head) as HostEvent;
    receivers?.get(event.handle)?.(event, bytes);
  };
  // A device prints with `trace`.
  world.trace = (...parts: unknown[]): void => {
    call("trace", { text: parts.join("") });
  };
  receive(0, () => main());
}
