// The part of bcoin 1.0.2 that lab/node/ uses; bcoin brings no types. Hashes are hex in bcoin's
// (wire) byte order.

declare module "bcoin" {
  export interface BcoinScript {
    toJSON(): string;
    readonly raw: Buffer;
  }
  export interface BcoinOutput {
    readonly value: number;
    readonly script: BcoinScript;
    /** Undefined or null where the script has no address. */
    getAddress(): { toString(network?: BcoinNetwork): string } | null;
    isDust(satPerKvb: number): boolean;
  }
  export interface BcoinInput {
    readonly prevout: { readonly hash: string; readonly index: number };
    readonly script: BcoinScript;
    readonly witness: { readonly items: readonly Buffer[] };
    readonly sequence: number;
  }
  export interface BcoinTx {
    readonly version: number;
    readonly locktime: number;
    readonly inputs: readonly BcoinInput[];
    readonly outputs: readonly BcoinOutput[];
    /** Wire order. */
    hash(encoding: "hex"): string;
    /** As explorers show it. */
    txid(): string;
    toRaw(): Buffer;
    getSize(): number;
    getWeight(): number;
    getVirtualSize(): number;
    isCoinbase(): boolean;
    hasWitness(): boolean;
    /** Runs the scripts of one input under these flags. */
    verifyInput(index: number, spent: BcoinOutput, flags: number): boolean;
  }
  export interface BcoinBlock {
    readonly time: number;
    readonly txs: readonly BcoinTx[];
  }
  export interface BcoinEntry {
    readonly hash: string;
    readonly prevBlock: string;
    readonly height: number;
    readonly time: number;
    /** As explorers show it. */
    rhash(): string;
    toHeaders(): { toRaw(): Buffer };
  }
  export interface BcoinTemplate {
    time: number;
    fees: number;
    items: unknown[];
    readonly mtp: number;
    readonly target: Buffer;
    createCoinbase(witnessRoot: Buffer): MutableCoinbase;
    refresh(): void;
    getProof(nonce1: number, nonce2: number, time: number, nonce: number): { verify(target: Buffer): boolean };
    commit(proof: { verify(target: Buffer): boolean }): BcoinBlock;
  }
  export interface MutableCoinbase {
    readonly inputs: readonly { readonly script: { setData(index: number, data: Buffer): void; compile(): void } }[];
    readonly outputs: readonly { script: BcoinScript }[];
    refresh(): void;
  }
  export interface BcoinChain {
    readonly height: number;
    readonly tip: BcoinEntry;
    getEntryByHeight(height: number): Promise<BcoinEntry | null>;
    add(block: BcoinBlock): Promise<BcoinEntry | null>;
    on(event: "connect" | "disconnect", handler: (entry: BcoinEntry, block: BcoinBlock) => void): void;
  }
  export interface BcoinMempoolEntry {
    readonly tx: BcoinTx;
    readonly fee: number;
  }
  export interface BcoinMempool {
    readonly options: { minRelay: number; relayPriority: boolean; limitFree: boolean };
    /** Gives the hashes of missing parents when the transaction was kept as an orphan. */
    addTX(tx: BcoinTx): Promise<readonly string[] | null>;
    getEntry(hash: string): BcoinMempoolEntry | undefined;
    removeOrphan(hash: string): boolean;
    on(event: "add entry" | "remove entry", handler: (entry: BcoinMempoolEntry) => void): void;
  }
  export interface BcoinNetwork {
    readonly addressPrefix: { bech32: string };
  }
  export class FullNode {
    constructor(options: Record<string, string | number | boolean>);
    readonly network: BcoinNetwork;
    readonly chain: BcoinChain;
    readonly mempool: BcoinMempool;
    readonly miner: { readonly options: { minWeight: number }; createBlock(tip?: BcoinEntry): Promise<BcoinTemplate> };
    http: { open(): Promise<void>; close(): Promise<void> };
    open(): Promise<void>;
    close(): Promise<void>;
  }
  /** A wallet of one key, as bcoin's own wallet program has it. */
  export interface BcoinWallet {
    importKey(account: number, ring: BcoinRing): Promise<unknown>;
    createTX(options: {
      readonly outputs: readonly { readonly script: BcoinScript; readonly value: number }[];
      /** Satoshi for 1,000 vbytes. */
      readonly rate: number;
      readonly subtractFee?: boolean;
    }): Promise<BcoinTx>;
    sign(transaction: BcoinTx): Promise<number>;
    getBalance(): Promise<{ readonly unconfirmed: number }>;
  }
  export interface BcoinRing {
    witness: boolean;
  }
  export interface BcoinWalletDb {
    readonly primary: BcoinWallet;
    open(): Promise<void>;
    close(): Promise<void>;
    addTX(transaction: BcoinTx): Promise<unknown>;
  }

  const bcoin: {
    readonly WalletDB: new (options: { readonly network: string; readonly memory: boolean }) => BcoinWalletDb;
    readonly KeyRing: { fromPrivate(key: Buffer): BcoinRing };
    readonly FullNode: typeof FullNode;
    readonly Network: { get(name: string): BcoinNetwork };
    readonly TX: { fromRaw(data: Buffer): BcoinTx };
    readonly Script: { fromRaw(data: Buffer): BcoinScript; readonly flags: { readonly STANDARD_VERIFY_FLAGS: number } };
    readonly Output: new (options: { readonly value: number; readonly script: BcoinScript }) => BcoinOutput;
    /** What a node relays; `MAX_TX_VERSION` is 2 as bcoin comes. */
    readonly policy: { MAX_TX_VERSION: number };
    readonly Address: {
      fromString(text: string, network: BcoinNetwork): unknown;
    };
  };
  export default bcoin;
}
