// A key with hands: signs whatever a test wants signed, honest or not.

import type { Ecdsa } from "../../shared/kernel/ports";
import { realEcdsa } from "./signers";
import {
  hash160,
  type Plan,
  parse,
  payToKey,
  serialise,
  sha256d,
  sighash,
  type Transaction,
  type TxOutput,
} from "./transaction";

/** A coin that a purse can spend. */
export interface Spendable {
  readonly txid: string;
  readonly vout: number;
  /** Satoshi. */
  readonly amount: number;
}

export class Purse {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  /** scriptPubKey in hex (P2WPKH). */
  readonly script: string;

  constructor(
    name: string,
    private readonly ecdsa: Ecdsa = realEcdsa,
  ) {
    this.secret = sha256d(Buffer.from(`purse of ${name}`));
    this.publicKey = this.ecdsa.publicKey(this.secret);
    this.script = payToKey(this.publicKey);
  }

  /**
   * Signs a transaction that spends own coins. `type` is the sighash type, 1 (ALL) unless told
   * otherwise.
   */
  sign(
    plan: Omit<Plan, "inputs">,
    coins: readonly Spendable[],
    options: { readonly type?: number; readonly sequence?: number } = {},
  ): Transaction {
    const type = options.type ?? 1;
    const inputs = coins.map(({ txid, vout }) => ({ txid, vout, sequence: options.sequence ?? 0xfffffffd }));
    const bare = parse(serialise({ ...plan, inputs }));
    const signed = coins.map((coin, index) => {
      const digest = sighash(bare, index, hash160(this.publicKey), coin.amount, type);
      const der = this.ecdsa.sign(digest, this.secret);
      return {
        ...inputs[index],
        txid: coin.txid,
        vout: coin.vout,
        witness: [Buffer.concat([der, Buffer.from([type])]), this.publicKey],
      };
    });
    return parse(serialise({ ...plan, inputs: signed }));
  }

  /**
   * Pays `fee` to the miner and shares the rest over `outputs` equal outputs to oneself (or to
   * `script`).
   */
  spend(coins: readonly Spendable[], fee: number, options: SpendOptions = {}): Transaction {
    const rest = coins.reduce((sum, coin) => sum + coin.amount, 0) - fee;
    const count = options.outputs ?? 1;
    const script = options.script ?? this.script;
    const share = Math.floor(rest / count);
    const outputs: TxOutput[] = Array.from({ length: count }, (_, i) => ({
      script,
      amount: i === 0 ? rest - share * (count - 1) : share,
    }));
    return this.sign({ version: options.version ?? 2, outputs }, coins, options);
  }
}

export interface SpendOptions {
  readonly outputs?: number;
  readonly script?: string;
  readonly version?: number;
  readonly type?: number;
  readonly sequence?: number;
}

/** The output `vout` of a transaction, as a coin. */
export function coinOf(tx: Transaction, vout = 0): Spendable {
  const output = tx.outputs[vout];
  if (!output) throw new RangeError(`${tx.txid} has no output ${vout}`);
  return { txid: tx.txid, vout, amount: output.amount };
}
