// Ports: all that a device needs from the world. shared/ imports no platform; the composition roots
// in firmware/ hand these in, and a test hands in others (a virtual clock, a model chain, a store
// that is cut).

import type {
  Hex,
  MicrowattHour,
  Milliampere,
  MilliSatPerVbyte,
  Millisecond,
  Millivolt,
  Milliwatt,
  Satoshi,
} from "./units";

// ---------------------------------------------------------------- time and chance

/** A monotonic clock that starts at boot; devices have no calendar. */
export interface Clock {
  now(): Millisecond;
  /**
   * Calls `action` once, `delay` from now. Returns a function that cancels it, harmless when it is
   * late.
   */
  after(delay: Millisecond, action: () => void): () => void;
}

/** Cryptographically secure bytes. */
export interface Random {
  bytes(length: number): Uint8Array;
}

// ---------------------------------------------------------------- memory that survives a power cut

/**
 * Durable values by key. A `write` has reached the medium when it returns; a cut may tear or lose
 * only the last one.
 */
export interface Store {
  read(key: string): Uint8Array | undefined;
  write(key: string, value: Uint8Array): void;
  remove(key: string): void;
}

// ---------------------------------------------------------------- power

/**
 * What the power gate may let through: it opens the relay by itself at the first limit that is
 * reached.
 */
export interface Lease {
  /**
   * Reading of the gate's own energy total at which the lease is used up. Absolute, so a repeated
   * grant adds nothing.
   */
  readonly upTo: MicrowattHour;
  /** The lease ends this long after the grant unless it is granted again. */
  readonly time: Millisecond;
  /** Largest RMS current that flows without a trip. */
  readonly current: Milliampere;
}

export type TripCause =
  | "over-current"
  | "short-circuit"
  | "over-voltage"
  | "under-voltage"
  | "over-temperature"
  | "sensor-fault"
  | "samples-lost"
  | "relay-welded"
  | "relay-stuck-open";

export type GateEvent =
  | { readonly kind: "energy-used" }
  | { readonly kind: "time-used" }
  | { readonly kind: "trip"; readonly cause: TripCause };

export interface GateReading {
  /** Energy that ever flowed through; never decreases, goes on from `restore` after a restart. */
  readonly total: MicrowattHour;
  readonly closed: boolean;
  /** The latched trip, until `clear`. */
  readonly trip: TripCause | undefined;
  readonly current: Milliampere;
  readonly voltage: Millivolt;
  /** False where there is no voltage sensor and `voltage` is the nominal one. */
  readonly voltageMeasured: boolean;
  /** Real power. */
  readonly power: Milliwatt;
  /** Apparent power in mVA. */
  readonly apparent: number;
  /** Power factor in thousandths. */
  readonly powerFactor: number;
  /** Mains frequency in mHz; 0 while unknown. */
  readonly frequency: number;
}

/** The native power gate: a relay held by a lease. It never waits for JavaScript to open. */
export interface PowerGate {
  /** Replaces the lease and closes the relay, unless a trip is latched. */
  grant(lease: Lease): void;
  /** Ends the lease: the relay opens. */
  revoke(): void;
  /** Clears a latched trip. The relay stays open until the next grant. */
  clear(): void;
  /** Sets the total that a restart goes on from; only before the first grant. */
  restore(total: MicrowattHour): void;
  read(): GateReading;
  /** Called once for each thing the gate did by itself. */
  onEvent: (event: GateEvent) => void;
}

// ---------------------------------------------------------------- network

/**
 * One TCP connection (or TLS, where the platform made it so). Callbacks are set before any data
 * arrives.
 */
export interface Connection {
  /** The other end, as `address:port`; for limits per peer. */
  readonly peer: string;
  write(data: Uint8Array): void;
  /**
   * Bytes in our memory that were written and that the other end has not taken yet; absent where
   * they are elsewhere.
   */
  readonly unsent?: number;
  /**
   * Total, and may be called twice. `onClose` is not called for a close of one's own; what is
   * unsent may be dropped.
   */
  close(): void;
  onData: (data: Uint8Array) => void;
  /** The other end closed, or the connection failed; `error` says why where it is known. */
  onClose: (error?: string) => void;
}

export interface Dialer {
  /**
   * Connects; rejects with an Error that names host, port and reason. `secure` asks for TLS with
   * certificate checks.
   */
  connect(to: { readonly host: string; readonly port: number; readonly secure?: boolean }): Promise<Connection>;
}

/** Whether a connection from `address` (without its port) is taken. */
export type Admits = (address: string) => boolean;

/** The address whose connections go first where not all can be taken; undefined: nobody's. */
export type Favoured = () => string | undefined;

export interface Listener {
  /**
   * Takes connections on `port` until the returned function is called. `admits` is asked with the
   * peer's address, before anything is built for a connection; one that it does not admit is closed
   * at once. A stack that turns connections away by itself asks `favoured`.
   */
  listen(port: number, onConnection: (connection: Connection) => void, admits: Admits, favoured?: Favoured): () => void;
}

// ---------------------------------------------------------------- the chain

export interface Outpoint {
  /** As explorers show it: the double SHA-256 reversed. */
  readonly txid: Hex;
  readonly vout: number;
}

export interface Coin extends Outpoint {
  readonly amount: Satoshi;
  /** Height of the block that holds it; absent while unconfirmed. */
  readonly height?: number;
}

/** Who spent an outpoint, as far as the backend knows. */
export interface Spend {
  /** Absent where the backend only says that it is spent. */
  readonly txid?: Hex;
  /**
   * Of the block that holds it; absent while none is known to. Without a `txid` it is the latest
   * that is possible (the tip of now, where the backend only sees that some block has it), and may
   * be higher each time.
   */
  readonly height?: number;
}

/** Coins of a script, and what their being listed says. */
export interface Listing {
  readonly coins: readonly Coin[];
  /**
   * True where the backend leaves out what a transaction in its mempool spends: what it lists was
   * unspent when it was asked, in blocks and mempool, and is not asked about once more.
   */
  readonly unspent: boolean;
  /** True where it is from memory, for finding coins is dear: what came since is not in it. */
  readonly kept?: boolean;
}

export interface TxStatus {
  readonly state: "unknown" | "mempool" | "confirmed";
  readonly height?: number;
  readonly blockHash?: Hex;
}

export interface FeeRates {
  /** Least that a node relays. */
  readonly floor: MilliSatPerVbyte;
  /** Least that a replacement adds (BIP125 rule 4). */
  readonly incremental: MilliSatPerVbyte;
  /** For a confirmation within a few blocks. */
  readonly target: MilliSatPerVbyte;
}

/** A view of the block chain. Every call may reject with a ChainError (shared/chain/error.ts). */
export interface Chain {
  /** Coins of a scriptPubKey, the largest first, at most `limit`. */
  utxos(script: Hex, limit: number): Promise<readonly Coin[]>;
  /**
   * The same, with what it says of each coin; absent where a list says nothing about the mempool.
   * `anew`: nothing from memory.
   */
  listing?(script: Hex, limit: number, anew?: boolean): Promise<Listing>;
  /**
   * Undefined while the outpoint is unspent, in blocks and mempool. Its `script`, where known,
   * saves some backends a question.
   */
  outspend(outpoint: Outpoint, script?: Hex): Promise<Spend | undefined>;
  /** Gives the txid. A transaction that is already known counts as success. */
  broadcast(transaction: Hex): Promise<Hex>;
  /**
   * Asks whether a node would relay the transaction, and sends it nowhere else. False where this
   * backend cannot ask; rejects as `broadcast` does where the node refuses it.
   */
  wouldTake?(transaction: Hex): Promise<boolean>;
  /** Whether `wouldTake` can ask; undefined until it was tried, or where there is none. */
  readonly canTest?: boolean | undefined;
  /**
   * True for a confirmed coin that a block's reward made: no node takes what spends it before 100
   * blocks hold it.
   */
  isReward?(coin: Coin): Promise<boolean>;
  status(txid: Hex): Promise<TxStatus>;
  feeRates(): Promise<FeeRates>;
  tip(): Promise<number>;
  /**
   * So long fee rates and tip are good: they are asked for at this pace while a socket waits for a
   * cable. Default a minute; longer where the server's quota is small.
   */
  readonly newsAge?: Millisecond;
  /**
   * Tells when something happened to the script, where the server pushes. Returns a function that
   * ends it.
   */
  watch?(script: Hex, onChange: () => void): () => void;
}

// ---------------------------------------------------------------- signatures

/**
 * ECDSA on secp256k1 over a 32-byte digest. A test may hand in a stand-in where signatures are not
 * the subject.
 */
export interface Ecdsa {
  /** Compressed, 33 bytes. */
  publicKey(secret: Uint8Array): Uint8Array;
  /** Strict DER, low-S, deterministic (RFC 6979), without the sighash byte. */
  sign(digest: Uint8Array, secret: Uint8Array): Uint8Array;
  /** False for anything but a strict DER, low-S, valid signature; never throws. */
  verify(der: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
}

// ---------------------------------------------------------------- telling people

/** One line of a device's story: a name for programs and the facts that belong to it. */
export interface DeviceEvent {
  readonly name: string;
  readonly [fact: string]: string | number | boolean | undefined;
}

/** Where a device tells what it does (serial console, live view, test). It never holds a secret. */
export type Reporter = (event: DeviceEvent) => void;
