// The one door between a simulated device and the simulator: a synchronous call out, and events in
// by handle. Everything else in this folder stands in for a module of the Moddable SDK and speaks
// through here.

declare const hostCall: (head: string, bytes?: ArrayBuffer) => { head: string; bytes: ArrayBuffer };

export interface Reply {
  // biome-ignore lint/suspicious/noExplicitAny: the host answers in JSON; each module knows its own answers
  readonly value: any;
  readonly bytes: ArrayBuffer;
}

export interface HostEvent {
  readonly handle: number;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly value?: any;
}

type Receiver = (event: HostEvent, bytes: ArrayBuffer) => void;

const receivers = new Map<number, Receiver>();

/** Calls the simulator: `name` and its facts, and bytes where the call carries some. */
export function call(name: string, facts: object = {}, bytes?: ArrayBuffer): Reply {
  const reply = hostCall(JSON.stringify({ name, ...facts }), bytes);
  const value = JSON.parse(reply.head) as { error?: string } | null;
  if (value?.error !== undefined) throw new Error(value.error);
  return { value, bytes: reply.bytes };
}

/** Routes the events of `handle` here until `ignore`. */
export function receive(handle: number, receiver: Receiver): void {
  receivers.set(handle, receiver);
}

export function ignore(handle: number): void {
  receivers.delete(handle);
}

/** The bytes of any buffer or view, as the copy that the call takes. */
export function bytesOf(value: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  if (value instanceof ArrayBuffer) return value;
  return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) as ArrayBuffer;
}

const global = globalThis as unknown as Record<string, unknown>;

global.hostEvent = (head: string, bytes: ArrayBuffer): void => {
  const event = JSON.parse(head) as HostEvent;
  receivers.get(event.handle)?.(event, bytes);
};

// A device prints with `trace`.
global.trace = (...parts: unknown[]): void => {
  call("trace", { text: parts.join("") });
};

/** Handle 0 is the device itself: its one event is the start of `main`. */
export function onBoot(main: () => void): void {
  receive(0, () => main());
}
