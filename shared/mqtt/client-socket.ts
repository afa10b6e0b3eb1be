// A connection as the SDK's MQTT client wants its socket (ECMA-419's TCP): read byte by byte or in
// buffers, written in pieces. What the broker sends has passed the guard.

import type { Connection } from "../kernel/ports";
import { PacketGuard } from "./guard";

/**
 * As much as the client may take for free: it throws where it finds less, and whoever uses it looks
 * at `unsent` instead.
 */
const ROOM = 65_536;

export interface SocketCallbacks {
  readonly onReadable: (count: number) => void;
  readonly onWritable: (count: number) => void;
}

type Bytes = ArrayBuffer | Uint8Array;

export class ClientSocket {
  /** `number`: the next byte; `buffer`: several. */
  format = "number";
  readonly #connection: Connection;
  readonly #guard: PacketGuard;
  #client: SocketCallbacks | undefined;
  #packet: Uint8Array = NOTHING;
  #at = 0;
  #pieces: Uint8Array[] = [];

  /** `onEnd`: the connection is of no more use. */
  constructor(connection: Connection, onEnd: (why: string) => void) {
    this.#connection = connection;
    this.#guard = new PacketGuard({ onPacket: (packet) => this.packet(packet), onWrong: onEnd });
    connection.onData = (data) => this.#guard.take(data);
    connection.onClose = (why) => onEnd(why ?? "the broker closed the connection");
  }

  /** Who is called. */
  attach(client: SocketCallbacks): void {
    this.#client = client;
  }

  /** The client may begin. */
  open(): void {
    this.#client?.onWritable(ROOM);
  }

  get unsent(): number {
    return this.#connection.unsent ?? 0;
  }

  renew(): void {
    this.#guard.renew();
  }

  read(count: number | Uint8Array = 1): number | ArrayBuffer | undefined {
    if (this.format === "number") return this.#packet[this.#at++];
    const length = typeof count === "number" ? count : count.length;
    const bytes = this.#packet.slice(this.#at, this.#at + length);
    this.#at += length;
    return bytes.buffer;
  }

  /** Gives how many bytes more may come. */
  write(data: Bytes, options?: { readonly more?: boolean }): number {
    this.#pieces.push(data instanceof ArrayBuffer ? new Uint8Array(data) : data);
    if (options?.more) return ROOM;
    const whole = joined(this.#pieces);
    this.#pieces = [];
    this.#connection.write(whole);
    return ROOM;
  }

  close(): void {
    this.#client = undefined;
    this.#connection.close();
  }

  private packet(packet: Uint8Array): void {
    this.#packet = packet;
    this.#at = 0;
    this.#client?.onReadable(packet.length);
  }
}

const NOTHING = new Uint8Array(0);

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
