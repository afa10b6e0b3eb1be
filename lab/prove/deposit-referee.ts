// The referee of a cable's deposits at a rogue socket: what it signed is within its owner's terms,
// all that may be locked together is within its limit, and what nobody closes comes back to it by
// its own key and what the chain shows.

import { openWallet } from "../../shared/bitcoin/wallet";
import { ChainError } from "../../shared/chain/error";
import { channelFrame } from "../../shared/channel/closing";
import { channelOfFunding } from "../../shared/channel/funding";
import { signRefund } from "../../shared/channel/refund";
import type { Satoshi } from "../../shared/kernel/units";
import { dearestTogether, type Rivals } from "../model/together";
import type { Bought } from "./rogue-seller";
import type { Stage } from "./stage";

const LEAST_DELAY = 2_016;
const REFUND_FEE: Satoshi = 121;

export class DepositReferee {
  private looked = 0;

  constructor(
    private readonly stage: Stage,
    private readonly bought: readonly Bought[],
    /** What all energy that flowed is worth. */
    private readonly delivered: () => Satoshi,
  ) {}

  /** What does not hold now. */
  check(): string | undefined {
    for (; this.looked < this.bought.length; this.looked++) {
      const fault = this.fault(this.bought[this.looked] as Bought);
      if (fault) return fault;
    }
    // A socket that keeps change locked gives up what it delivered, of which it is not paid then.
    const most = this.stage.cableSettings.maxLocked + this.delivered();
    const locked = this.dearest(({ funding, halves }) => funding.deposit - signed(halves));
    return locked > most
      ? `deposits of ${locked} sat can be locked together; the most is ${most.toFixed(0)}, with what was delivered`
      : undefined;
  }

  /** The most that was signed away of each deposit. */
  signed(): Satoshi {
    return this.bought.reduce((sum, { halves }) => sum + signed(halves), 0);
  }

  /** Miners' fees of fundings that fit together. */
  fees(): Satoshi {
    return this.dearest(({ tx, funding }) => this.amounts(funding.inputs) - outputsOf(tx), true);
  }

  /**
   * Whatever no closing has spent is the cable's again N blocks after its block; found by the memo
   * and its key alone.
   */
  settle(): string | undefined {
    const { network, purse, ecdsa } = this.stage;
    const wallet = openWallet(purse.secret, ecdsa);
    for (const { tx } of this.bought) {
      const block = network.blocks.blockOf(tx.txid);
      if (!block || network.blocks.spenderOf(`${tx.txid}:0`)) continue;
      const [output, memo] = tx.outputs;
      const cableKey = Buffer.from(purse.publicKey).toString("hex");
      const keys = channelOfFunding(output?.script ?? "", memo?.script ?? "", cableKey);
      if (!output || !keys) return "a funding does not show what takes its deposit back";
      const deposit = { keys, coin: { txid: tx.txid, vout: 0, amount: output.amount }, version: 3 };
      network.mineMany(Math.max(0, block.height + keys.delay - network.blocks.height - 1));
      try {
        network.node.submit(signRefund(deposit, channelFrame(deposit), REFUND_FEE, wallet));
      } catch (error) {
        if (!(error instanceof ChainError)) throw error;
        return `a deposit does not come back after ${keys.delay} blocks: ${error.message}`;
      }
      network.mine();
      if (!network.blocks.spenderOf(`${tx.txid}:0`)) return "a refund is in no block";
    }
    return undefined;
  }

  /** Why the owner would not have signed this. */
  private fault({ funding, tx, deposit, isGood }: Bought): string | undefined {
    const { cableSettings } = this.stage;
    const { payeeKey, cableKey, delay } = funding.keys;
    if (delay < LEAST_DELAY || delay > cableSettings.maxDelay) return `a deposit was locked for ${delay} blocks`;
    if (!/^0[23]/.test(payeeKey) || payeeKey.slice(2) === cableKey.slice(2)) return `${payeeKey} is a payee's key`;
    if (deposit.version !== 2 && deposit.version !== 3) return `a closing would have version ${deposit.version}`;
    const fee = this.amounts(funding.inputs) - outputsOf(tx);
    if (isGood && fee > cableSettings.maxFee)
      return `a funding burns ${fee} sat as fee; the limit is ${cableSettings.maxFee}`;
    return undefined;
  }

  /** By the chain's own amounts. */
  private amounts(inputs: readonly { readonly txid: string; readonly vout: number }[]): Satoshi {
    const { blocks } = this.stage.network;
    return inputs.reduce((sum, input) => sum + (blocks.coinEver(input)?.amount ?? 0), 0);
  }

  /** The most that one chain can hold of what is not closed yet; with `ever` of what was, too. */
  private dearest(worth: (one: Bought) => Satoshi, ever = false): Satoshi {
    const { blocks } = this.stage.network;
    const open = this.bought.filter(({ tx, isGood }) => isGood && (ever || !blocks.spenderOf(`${tx.txid}:0`)));
    const rivals = open.map((one): Rivals => {
      const { tx } = one;
      return { outpoints: tx.inputs, transactions: [{ txid: tx.txid, worth: worth(one) }] };
    });
    return dearestTogether(rivals).worth;
  }
}

function signed(halves: Bought["halves"]): Satoshi {
  return Math.max(0, ...halves.map(({ paid }) => paid));
}

function outputsOf({ outputs }: Bought["tx"]): Satoshi {
  return outputs.reduce((sum, { amount }) => sum + amount, 0);
}
