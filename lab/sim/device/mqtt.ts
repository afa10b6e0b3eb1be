// Stands in for the SDK's MQTT client: the simulator's host has one from npm (lab/sim/brokers.ts),
// whose bytes travel through the socket that this is given, as the SDK's do.

import { bytesOf, call, type HostEvent, ignore, receive } from "./host";

interface Socket {
  format: string;
  read(count: number): ArrayBuffer;
  write(data: Uint8Array): number;
  close(): void;
}

interface Options {
  readonly host: string;
  readonly port: number;
  readonly id: string;
  readonly user?: string;
  readonly password?: string;
  readonly keepAlive: number;
  readonly will: { readonly topic: string; readonly message: string; readonly retain: boolean };
  readonly dns: { readonly io: new (options: object) => Resolver };
  readonly socket: { readonly io: new (options: object) => Socket };
  readonly onControl?: (this: MQTTClient, message: { operation: number }) => void;
  readonly onReadable?: (this: MQTTClient, count: number, message: object) => void;
  readonly onError?: (this: MQTTClient) => void;
}

interface Resolver {
  resolve(options: { host: string; onResolved: (host: string, address: string) => void }): void;
}

interface WriteOptions {
  readonly operation?: number;
  readonly topic?: string;
  readonly retain?: boolean;
  readonly items?: readonly { readonly topic: string }[];
}

export default class MQTTClient {
  static readonly CONNECT = 1;
  static readonly CONNACK = 2;
  static readonly PUBLISH = 3;
  static readonly SUBSCRIBE = 8;
  static readonly SUBACK = 9;
  static readonly DISCONNECT = 14;
  #socket: Socket | undefined;
  #handle = 0;
  #message = new Uint8Array(0);

  constructor(private readonly options: Options) {
    const { host, port, dns, socket } = options;
    new dns.io(dns).resolve({
      host,
      onResolved: (_host, address) => {
        this.#socket = new socket.io({
          ...socket,
          address,
          host,
          port,
          onWritable: () => this.begin(),
          onReadable: (count: number) => this.take(count),
          onError: () => this.options.onError?.call(this),
        });
      },
    });
  }

  write(data: Uint8Array, { operation = MQTTClient.PUBLISH, topic, retain, items = [] }: WriteOptions): number {
    const handle = this.#handle;
    if (operation === MQTTClient.PUBLISH) call("mqtt.publish", { handle, topic, retain }, bytesOf(data));
    else for (const item of items) call("mqtt.subscribe", { handle, topic: item.topic });
    return data.length;
  }

  read(count: number): ArrayBuffer {
    const taken = this.#message.slice(0, count);
    this.#message = this.#message.slice(count);
    return bytesOf(taken);
  }

  close(): void {
    if (this.#handle) {
      ignore(this.#handle);
      call("mqtt.close", { handle: this.#handle });
    }
    this.#handle = 0;
    this.#socket?.close();
    this.#socket = undefined;
  }

  private begin(): void {
    if (this.#handle) return;
    const { id, user, password, keepAlive, will } = this.options;
    const { handle } = call("mqtt.open", { id, user, password, keepAlive, will }).value as { handle: number };
    this.#handle = handle;
    receive(handle, (event, bytes) => this.happened(event, bytes));
  }

  private take(count: number): void {
    if (!this.#socket) return;
    this.#socket.format = "buffer";
    const bytes = this.#socket.read(count);
    if (this.#handle) call("mqtt.received", { handle: this.#handle }, bytes);
  }

  private happened({ kind, value }: HostEvent, bytes: ArrayBuffer): void {
    if (kind === "send") this.#socket?.write(new Uint8Array(bytes));
    else if (kind === "control") this.options.onControl?.call(this, { operation: value as number });
    else if (kind === "message") {
      this.#message = new Uint8Array(bytes);
      this.options.onReadable?.call(this, bytes.byteLength, {
        topic: value,
        byteLength: bytes.byteLength,
        more: false,
      });
    } else {
      this.options.onError?.call(this);
      this.close();
    }
  }
}
