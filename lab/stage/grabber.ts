// A socket that takes signed payments and gives nothing: which session, payee and coins it names is
// up to the test.

import { type Draft, outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import type { Coin, Outpoint } from "../../shared/kernel/ports";
import type { Satoshi } from "../../shared/kernel/units";
import { Fault } from "../../shared/protocol/faults";
import type { SocketCalls, Status } from "../../shared/protocol/types";
import {
  type DraftOffer,
  type PaymentRequest,
  type PaymentResult,
  PROTOCOL_VERSION,
} from "../../shared/protocol/types";
import { type Bench, MINUTE } from "./bench";

const PRICE = 250_000;
export const INCREMENT = 10_000;
const FEE = 141;

/** What the next offer names. */
export interface Names {
  readonly session: string;
  /** Number of the payout script. */
  readonly payee: number;
  readonly coin: Coin;
}

export interface Taken {
  readonly payee: string;
  readonly value: number;
  readonly fee: number;
  readonly inputs: readonly Outpoint[];
}

export class Grabber implements SocketCalls {
  readonly taken: Taken[] = [];
  private offers = 0;
  private last: Draft | undefined;

  constructor(
    private readonly bench: Bench,
    private readonly names: (offer: number) => Names,
    /** What it says to a payment; silence where it never returns. */
    private readonly answer: (offer: DraftOffer | undefined) => Promise<PaymentResult> = refusing,
  ) {}

  async getStatus(): Promise<Status> {
    return {
      ...{ version: PROTOCOL_VERSION, schemes: ["single-fee"], state: "standby", used: 0, remaining: 0 },
      ...{ standbyRemaining: 50, price: PRICE, increment: INCREMENT, sessionMax: 100_000 },
      ...{ renewalDue: true, lockoutMs: 0 },
    };
  }

  async powerRequest(): Promise<DraftOffer> {
    const { session, payee, coin } = this.names(this.offers++);
    const draft: Draft = {
      inputs: [coin],
      payerScript: this.bench.wallet.script,
      socketScript: `0014${payee.toString(16).padStart(40, "0")}`,
      value: INCREMENT,
      fee: FEE,
    };
    this.last = draft;
    return {
      ...{ session, scheme: "single-fee", increment: 1, inputs: draft.inputs, outputs: outputsOf(draft), fee: FEE },
      ...{ transaction: unsignedHex(draft), energy: 40_000, sessionMax: 100_000, arrears: 0, credit: 0, expiry: 300 },
    };
  }

  /** The signature is its own from now on, whatever it answers. */
  async payTransaction(_request: PaymentRequest): Promise<PaymentResult> {
    const draft = this.last;
    if (draft) this.taken.push({ payee: draft.socketScript, value: draft.value, fee: draft.fee, inputs: draft.inputs });
    return this.answer(undefined);
  }

  /**
   * Satoshi that it can have mined; each signature here spends a coin of its own, or the change of
   * another.
   */
  total(): number {
    const coins = new Map(this.taken.map((each) => [JSON.stringify(each.inputs), each.value]));
    return [...coins.values()].reduce((sum, value) => sum + value, 0);
  }
}

export async function refusing(): Promise<PaymentResult> {
  throw new Fault("wrong-payee");
}

/**
 * One socket after another vanishes with a payment, each with a real coin of the bench's; the cable
 * restarts after each. `total` is what the cable signed to them, in satoshi.
 */
export async function robbed(
  bench: Bench,
  onRestart: () => void = () => {},
): Promise<{ coins: readonly Coin[]; total: Satoshi }> {
  const coins = [...bench.network.blocks.unspent.values()].map(({ txid, vout, amount }) => ({ txid, vout, amount }));
  let total = 0;
  for (const [n, coin] of coins.entries()) {
    const session = (n + 1).toString(16).padStart(32, "0");
    const vanishing = new Grabber(
      bench,
      () => ({ session, payee: n, coin }),
      () => new Promise(() => {}),
    );
    bench.front = () => vanishing;
    await bench.clock.run(2 * MINUTE);
    bench.restartCable();
    onRestart();
    total += vanishing.total();
  }
  return { coins, total };
}
