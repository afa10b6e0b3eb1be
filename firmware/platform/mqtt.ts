// One connection with an MQTT broker, by the SDK's client module over our own sockets: it is
// dialled as all else is, and what the broker sends passes a guard (shared/mqtt/guard.ts).

import MQTTClient from "embedded:network/mqtt/client";
import type { Dialer } from "../../shared/kernel/ports";
import { decodeUtf8, encodeUtf8 } from "../../shared/kernel/utf8";
import { ClientSocket, type SocketCallbacks } from "../../shared/mqtt/client-socket";
import type { BrokerEvents, BrokerLink, BrokerOptions, Join, Retained } from "../../shared/mqtt/port";

/** The client looks a name up and connects by itself; here both is done, and it gets the result. */
class Dialled {
  resolve({ host, onResolved }: { host: string; onResolved: (host: string, address: string) => void }): void {
    onResolved(host, host);
  }
}

/** "new" gives the connection that there is. */
class Attached {
  constructor({ to, ...client }: SocketCallbacks & { readonly to: ClientSocket }) {
    to.attach(client);
    // biome-ignore lint/correctness/noConstructorReturn: the client makes its socket by "new", and ours is made
    return to as unknown as Attached;
  }
}

class MqttLink implements BrokerLink {
  #socket: ClientSocket | undefined;
  #client: MQTTClient | undefined;
  #over = false;

  constructor(
    private readonly options: BrokerOptions,
    private readonly events: BrokerEvents,
    dialer: Dialer,
  ) {
    const { host, port } = options;
    dialer.connect({ host, port }).then(
      (connection) => {
        const socket = new ClientSocket(connection, (why) => this.end(why));
        if (this.#over) return socket.close();
        this.#socket = socket;
        this.begin(socket);
      },
      (error) => this.end(error instanceof Error ? error.message : String(error)),
    );
  }

  get unsent(): number {
    return this.#socket?.unsent ?? 0;
  }

  publish({ topic, text }: Retained): void {
    this.#client?.write(encodeUtf8(text), { operation: MQTTClient.PUBLISH, topic, retain: true });
  }

  subscribe(topic: string): void {
    this.#client?.write(NOTHING, { operation: MQTTClient.SUBSCRIBE, topic, items: [{ topic, QoS: 0 }] });
  }

  renew(): void {
    this.#socket?.renew();
  }

  close(): void {
    this.#over = true;
    this.release();
  }

  private begin(socket: ClientSocket): void {
    const { id, user, password, will, keepAlive, host, port } = this.options;
    this.#client = new MQTTClient({
      host,
      port,
      id,
      ...(user !== undefined && { user }),
      ...(password !== undefined && { password }),
      keepAlive,
      will: { topic: will.topic, message: will.text, retain: true },
      dns: { io: Dialled },
      socket: { io: Attached, to: socket },
      onControl: ((message: { operation: number }) => this.control(message.operation)) as never,
      onReadable: (count, { topic }) => this.message(count, topic),
      onError: () => this.end("the broker does not answer any more"),
    });
    socket.open();
  }

  private control(operation: number): void {
    if (operation === MQTTClient.CONNACK && !this.#over) this.events.onReady();
  }

  private message(count: number, topic = ""): void {
    const bytes = this.#client?.read(count);
    if (!bytes || this.#over) return;
    let text: string;
    try {
      text = decodeUtf8(new Uint8Array(bytes));
    } catch {
      return;
    }
    this.events.onMessage(topic, text);
  }

  private end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.release();
    this.events.onClose(why);
  }

  private release(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#socket?.close();
    client?.close();
  }
}

const NOTHING = new Uint8Array(0);

export function joinBy(dialer: Dialer): Join {
  return (options, events) => new MqttLink(options, events, dialer);
}
