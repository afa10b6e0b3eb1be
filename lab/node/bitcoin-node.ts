// A real Bitcoin node for the desktop: bcoin 1.0.2 in regtest, in this process, in memory.
//
// Everything that decides a txid is fixed (block times, coinbase nonces, the purse's key), so the
// same calls give the same transaction ids on each run. Where bcoin's policy is older than today's
// (relay fee, dust, the wording of refusals), submit() applies Bitcoin Core's. It takes no
// replacements: a conflict is refused, as bcoin does.

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";
import { p2wpkh, Transaction } from "@scure/btc-signer";
import bcoin, { type BcoinBlock, type BcoinEntry, type BcoinTemplate, type BcoinTx, type FullNode } from "bcoin";
import type { Coin, Outpoint } from "../../shared/kernel/ports";
import { feeFor, type Hex, type MilliSatPerVbyte, type Satoshi } from "../../shared/kernel/units";
import { type Block, type KnownSpend, type KnownTx, Ledger, reversed, scriptHash } from "./ledger";

/** SegWit is active from this height on in bcoin's regtest (BIP9, three windows of 144 blocks). */
export const SEGWIT_HEIGHT = 432;
/**
 * Seconds since 1970 of block 0 as far as the default block times count; 2020-09-13, always in a
 * host's past.
 */
const FIRST_BLOCK_TIME = 1_600_000_000;
const BLOCK_INTERVAL_S = 600;
const COINBASE_MATURITY = 100;
/** sat/vB: sendrawtransaction's default maxfeerate, 0.10 BTC/kvB. */
const MAX_FEE_RATE = 10_000;
/** Place of bcoin's random nonce in its coinbase script, after height and flags. */
const NONCE_PUSH = 2;
/** The purse's fee for funding transactions. */
const PURSE_FEE: Satoshi = 1_000;
/** Any fixed, valid key will do: regtest coins are worth nothing. */
const PURSE_KEY = new Uint8Array(32).fill(0x51);

export interface NodeOptions {
  /** Least fee rate that is relayed; Bitcoin Core 30's 0.1 sat/vB by default. */
  readonly minRelay?: MilliSatPerVbyte;
  /** Time of the block at `height`, in seconds since 1970; must grow and lie in the past. */
  readonly blockTime?: (height: number) => number;
  /** Serves bcoin's own JSON-RPC on 127.0.0.1 at this port. */
  readonly rpc?: { readonly port: number; readonly password: string };
}

/** A refusal as Bitcoin Core's sendrawtransaction words it. */
export class Rejection extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
    this.name = "Rejection";
  }
}

export class BitcoinNode {
  readonly #node: FullNode;
  readonly #ledger = new Ledger();
  readonly #minRelay: MilliSatPerVbyte;
  readonly #blockTime: (height: number) => number;
  readonly #purse = p2wpkh(secp256k1.getPublicKey(PURSE_KEY, true));

  /** Starts a node and mines until SegWit is active and the purse has ripe coins. */
  static async start(options: NodeOptions = {}): Promise<BitcoinNode> {
    const node = new BitcoinNode(options);
    await node.#node.open();
    await node.mine(SEGWIT_HEIGHT);
    return node;
  }

  private constructor(options: NodeOptions) {
    this.#minRelay = options.minRelay ?? 100;
    this.#blockTime = options.blockTime ?? ((height) => FIRST_BLOCK_TIME + height * BLOCK_INTERVAL_S);
    bcoin.Network.get("regtest").addressPrefix.bech32 = "bcrt";
    // TRUC transactions (BIP431) are standard since Bitcoin Core 28.
    bcoin.policy.MAX_TX_VERSION = 3;
    this.#node = new bcoin.FullNode({
      network: "regtest",
      memory: true,
      workers: false,
      listen: false,
      "index-tx": true,
      "require-standard": true,
      "replace-by-fee": true,
      "reject-absurd-fees": false,
      ...(options.rpc && { "http-port": options.rpc.port, "api-key": options.rpc.password }),
    });
    if (!options.rpc) this.#node.http = { open: async () => {}, close: async () => {} };
    const { chain, mempool, miner } = this.#node;
    // Under this weight a block takes what pays less than bcoin's 1 sat/vB, too: all that was
    // relayed.
    miner.options.minWeight = 4_000_000;
    // submit() keeps the relay fee; bcoin's own rules about free transactions are of another time.
    Object.assign(mempool.options, { minRelay: this.#minRelay, relayPriority: false, limitFree: false });
    chain.on("connect", (entry, block) => this.#ledger.connected(entry, block.txs));
    chain.on("disconnect", (_entry, block) => this.#ledger.disconnected(block.txs));
    mempool.on("add entry", (entry) => this.#ledger.entered(entry));
    mempool.on("remove entry", (entry) => this.#ledger.left(entry));
  }

  async stop(): Promise<void> {
    await this.#node.close();
  }

  // ---------------------------------------------------------------- looking

  tip(): Block {
    const { tip } = this.#node.chain;
    return { height: tip.height, hash: tip.rhash(), time: tip.time };
  }

  transaction(txid: Hex): KnownTx | undefined {
    return this.#ledger.transaction(txid);
  }

  spend(outpoint: Outpoint): KnownSpend | undefined {
    return this.#ledger.spend(outpoint);
  }

  utxos(script: Hex): readonly Coin[] {
    return this.#ledger.coins(scriptHash(script));
  }

  /** As blocks alone have it: what the mempool spends is included, what it creates is not. */
  confirmedUtxos(script: Hex): readonly Coin[] {
    return this.#ledger.confirmedCoins(scriptHash(script));
  }

  /** The 80 bytes of the header of the block at `height`. */
  async header(height: number): Promise<Hex> {
    // bcoin adds an empty list of transactions.
    return (await this.#entry(height)).toHeaders().toRaw().subarray(0, 80).toString("hex");
  }

  async blockHash(height: number): Promise<Hex> {
    return (await this.#entry(height)).rhash();
  }

  utxosByHash(hash: Hex): readonly Coin[] {
    return this.#ledger.coins(hash);
  }

  /** Everything in blocks and mempool. */
  transactions(): readonly KnownTx[] {
    return this.#ledger.transactions();
  }

  /** Scripts of the outputs that `tx` spends. */
  spentScripts(tx: BcoinTx): readonly Hex[] {
    return this.#ledger.spentOutputs(tx).map(({ script }) => script.toJSON());
  }

  /**
   * Index of a confirmed transaction in its block: 0 for the block's reward, whatever the others'
   * order.
   */
  placeOf(txid: Hex): number | undefined {
    const block = this.transaction(txid)?.block;
    if (!block) return undefined;
    const others = this.transactions().filter((each) => each.block?.height === block.height && !each.tx.isCoinbase());
    return others.findIndex(({ tx }) => tx.txid() === txid) + 1;
  }

  /** Transactions that wait for a block, in order of arrival. */
  mempool(): readonly KnownTx[] {
    return this.#ledger.mempool();
  }

  get minRelay(): MilliSatPerVbyte {
    return this.#minRelay;
  }

  // ---------------------------------------------------------------- doing

  /** Mines `count` blocks with all that fits, to `script` or to the purse. */
  async mine(count: number, script: Hex = this.#purseScript): Promise<void> {
    for (let i = 0; i < count; i++) {
      const template = await this.#node.miner.createBlock();
      await this.#add(this.#seal(template, this.#blockTime(this.tip().height + 1), script));
    }
  }

  /** Pays `amount` from the purse to `script`; it waits in the mempool for the next block. */
  async fund(script: Hex, amount: Satoshi): Promise<Outpoint> {
    const transaction = new Transaction({ version: 2 });
    const witness = { script: this.#purse.script };
    let gathered = 0;
    for (const coin of this.#ripeCoins()) {
      if (gathered >= amount + PURSE_FEE) break;
      transaction.addInput({
        txid: coin.txid,
        index: coin.vout,
        witnessUtxo: { ...witness, amount: BigInt(coin.amount) },
      });
      gathered += coin.amount;
    }
    if (gathered < amount + PURSE_FEE) throw new Error(`the purse holds ${gathered} sat, ${amount} sat were asked for`);
    transaction.addOutput({ script: hex.decode(script), amount: BigInt(amount) });
    const change = gathered - amount - PURSE_FEE;
    if (change >= 294) transaction.addOutput({ ...witness, amount: BigInt(change) });
    transaction.sign(PURSE_KEY);
    transaction.finalize();
    return { txid: await this.submit(transaction.hex), vout: 0 };
  }

  /**
   * Offers a raw transaction to the mempool. Gives its txid; rejects with a Rejection in Bitcoin
   * Core's words.
   */
  async submit(raw: Hex): Promise<Hex> {
    const tx = decode(raw);
    const txid = tx.txid();
    const known = this.#ledger.transaction(txid);
    if (known && !known.block) return txid;
    if (known) throw new Rejection(-27, "Transaction outputs already in utxo set");
    this.#checkInputs(tx);
    this.#checkFee(tx);
    let missing: readonly string[] | null;
    try {
      missing = await this.#node.mempool.addTX(tx);
    } catch (error) {
      throw asRejection(error);
    }
    if (missing) this.#node.mempool.removeOrphan(tx.hash("hex"));
    if (missing) throw new Rejection(-25, "bad-txns-inputs-missingorspent");
    return txid;
  }

  /** The txid that submit() would give, without offering it to anybody. */
  txidOf(raw: Hex): Hex {
    return decode(raw).txid();
  }

  /**
   * Replaces the last `depth` blocks by `depth + 1` empty ones; their transactions wait in the
   * mempool again.
   */
  async reorganise(depth: number): Promise<void> {
    const { chain, miner } = this.#node;
    const height = chain.tip.height - depth;
    let parent = depth > 0 ? await chain.getEntryByHeight(height) : null;
    if (!parent) throw new Error(`expected a depth of 1 to ${chain.tip.height} blocks, got ${depth}`);
    const undone = this.#ledger.confirmedAfter(height);
    for (let i = 1; i <= depth + 1; i++) {
      const template = await miner.createBlock(parent);
      template.items = [];
      template.fees = 0;
      // One second later than the block it replaces: another time makes another hash.
      parent = await this.#add(this.#seal(template, this.#blockTime(height + i) + 1, this.#purseScript));
    }
    // bcoin puts them back by itself only while its mempool holds something.
    for (const { tx } of undone)
      if (!this.#ledger.transaction(tx.txid())) await this.submit(tx.toRaw().toString("hex"));
  }

  // ---------------------------------------------------------------- inside

  async #entry(height: number): Promise<BcoinEntry> {
    const entry = await this.#node.chain.getEntryByHeight(height);
    if (!entry) throw new Error(`expected a height of 0 to ${this.tip().height}, got ${height}`);
    return entry;
  }

  get #purseScript(): Hex {
    return hex.encode(this.#purse.script);
  }

  #ripeCoins(): readonly Coin[] {
    const { height } = this.tip();
    return this.utxos(this.#purseScript).filter((coin) => {
      const coinbase = this.transaction(coin.txid)?.tx.isCoinbase();
      return !coinbase || height + 1 - (coin.height ?? height) >= COINBASE_MATURITY;
    });
  }

  /**
   * Finishes a template: a coinbase without bcoin's random nonce, the given time, and proof of
   * work.
   */
  #seal(template: BcoinTemplate, time: number, script: Hex): BcoinBlock {
    const create = template.createCoinbase.bind(template);
    template.createCoinbase = (witnessRoot) => {
      const coinbase = create(witnessRoot);
      const [input] = coinbase.inputs;
      const [output] = coinbase.outputs;
      if (!input || !output) throw new Error("bcoin made a coinbase without input or output");
      input.script.setData(NONCE_PUSH, Buffer.alloc(4));
      input.script.compile();
      output.script = bcoin.Script.fromRaw(Buffer.from(script, "hex"));
      coinbase.refresh();
      return coinbase;
    };
    template.refresh();
    for (let nonce = 0; ; nonce++) {
      const proof = template.getProof(0, 0, time, nonce);
      if (proof.verify(template.target)) return template.commit(proof);
    }
  }

  async #add(block: BcoinBlock): Promise<BcoinEntry> {
    const entry = await this.#node.chain.add(block);
    if (!entry) throw new Error("bcoin did not connect a block of its own");
    return entry;
  }

  #checkInputs(tx: BcoinTx): void {
    for (const { prevout } of tx.inputs) {
      const outpoint = { txid: reversed(prevout.hash), vout: prevout.index };
      const spend = this.#ledger.spend(outpoint);
      if (spend && !spend.block) throw new Rejection(-26, "txn-mempool-conflict");
      const output = this.#ledger.transaction(outpoint.txid)?.tx.outputs[outpoint.vout];
      if (spend || !output) throw new Rejection(-25, "bad-txns-inputs-missingorspent");
    }
  }

  #checkFee(tx: BcoinTx): void {
    const fee = (this.#ledger.inputValue(tx) ?? 0) - tx.outputs.reduce((sum, { value }) => sum + value, 0);
    const size = tx.getVirtualSize();
    const least = feeFor(size, this.#minRelay);
    if (fee >= 0 && fee < least) throw new Rejection(-26, `min relay fee not met, ${fee} < ${least}`);
    if (fee > size * MAX_FEE_RATE) {
      throw new Rejection(-25, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)");
    }
  }
}

function decode(raw: Hex): BcoinTx {
  if (/^([0-9a-f]{2})+$/i.test(raw)) {
    try {
      const tx = bcoin.TX.fromRaw(Buffer.from(raw, "hex"));
      if (tx.toRaw().toString("hex") === raw.toLowerCase()) return tx;
    } catch {
      // Told below, in Core's words.
    }
  }
  throw new Rejection(-22, "TX decode failed. Make sure the tx has at least one input.");
}

/** bcoin's VerifyError as Core says it; anything else is a defect and stays as it is. */
function asRejection(error: unknown): unknown {
  if (!(error instanceof Error) || !("reason" in error)) return error;
  const reason = String(error.reason);
  return new Rejection(-26, reason.endsWith("script-verify-flag") ? `${reason}-failed` : reason);
}
