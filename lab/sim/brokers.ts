// The simulated devices' MQTT clients: npm's mqtt, over bytes that travel through the device's own
// sockets. Its timers go by the clock, as a broker's do.

import { Duplex } from "node:stream";
import { MqttClient } from "mqtt";

/** What the client has to tell its device. */
export type Tell = (kind: "send" | "control" | "message" | "failed", value?: unknown, bytes?: Uint8Array) => void;

export interface Joining {
  readonly id: string;
  readonly user?: string;
  readonly password?: string;
  /** In ms. */
  readonly keepAlive: number;
  readonly will: { readonly topic: string; readonly message: string; readonly retain: boolean };
}

const CONNACK = 2;
const SUBACK = 9;

export class Brokers {
  readonly #clients = new Map<number, { readonly client: MqttClient; readonly bytes: Duplex }>();

  open(handle: number, { id, user, password, keepAlive, will }: Joining, tell: Tell): void {
    const bytes = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        if (this.#clients.has(handle)) tell("send", undefined, Uint8Array.from(chunk));
        done();
      },
    });
    const client = new MqttClient(() => bytes, {
      clientId: id,
      ...(user !== undefined && { username: user }),
      ...(password !== undefined && { password }),
      keepalive: Math.ceil(keepAlive / 1000),
      will: { topic: will.topic, payload: Buffer.from(will.message), retain: will.retain, qos: 0 },
      protocolVersion: 4,
      clean: true,
      // Its device decides when to try again.
      reconnectPeriod: 0,
      queueQoSZero: false,
    });
    this.#clients.set(handle, { client, bytes });
    const here = () => this.#clients.has(handle);
    client.on("connect", () => here() && tell("control", CONNACK));
    client.on("message", (topic, payload) => here() && tell("message", topic, Uint8Array.from(payload)));
    client.on("error", () => here() && tell("failed"));
  }

  received(handle: number, bytes: Uint8Array): void {
    this.#clients.get(handle)?.bytes.push(Buffer.from(bytes));
  }

  publish(handle: number, topic: string, retain: boolean, bytes: Uint8Array): void {
    this.#clients.get(handle)?.client.publish(topic, Buffer.from(bytes), { qos: 0, retain });
  }

  subscribe(handle: number, topic: string, tell: Tell): void {
    this.#clients.get(handle)?.client.subscribe(topic, { qos: 0 }, () => {
      if (this.#clients.has(handle)) tell("control", SUBACK);
    });
  }

  close(handle: number): void {
    const open = this.#clients.get(handle);
    this.#clients.delete(handle);
    open?.client.end(true);
    open?.bytes.destroy();
  }

  closeAll(): void {
    for (const handle of [...this.#clients.keys()]) this.close(handle);
  }
}
