// What the publisher needs of MQTT: one connection with a broker. What it says goes out retained,
// with QoS 0: after each new connection all of it is said again.

import type { Millisecond } from "../kernel/units";

export interface Retained {
  readonly topic: string;
  readonly text: string;
}

export interface BrokerOptions {
  readonly host: string;
  readonly port: number;
  /** The client's id: the broker ends an older connection of the same. */
  readonly id: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** What the broker says for us, retained, when we are gone without a word. */
  readonly will: Retained;
  /** The broker takes us for gone after one and a half of it without a packet. */
  readonly keepAlive: Millisecond;
}

export interface BrokerEvents {
  /** The broker has taken us in. */
  onReady(): void;
  onMessage(topic: string, text: string): void;
  /** It failed, or ended; called at most once, and not for a close of one's own. */
  onClose(why: string): void;
}

export interface BrokerLink {
  /** Bytes that were said and that the broker has not taken yet. */
  readonly unsent: number;
  publish(message: Retained): void;
  subscribe(topic: string): void;
  /** A turn is over: what the broker may send in one is counted anew. */
  renew(): void;
  /** Total, and may be called twice. The broker then says our will. */
  close(): void;
}

/** Begins to connect; nothing is called before it has returned. */
export type Join = (options: BrokerOptions, events: BrokerEvents) => BrokerLink;
