// Whole sessions by channel as they really went over the wire, for tools/protocol-vectors.ts:
// openings, visits, increments, refusals, a closing; and beside them the refund that the deposit
// would have had.

import { join } from "node:path";
import { parse, type Transaction } from "../lab/model/transaction";
import { CHANNEL_SEED, NETWORK, type Stage } from "../lab/prove/stage";
import { addressOf } from "../shared/bitcoin/address";
import { bytesToHex } from "../shared/bitcoin/bytes";
import { openWallet } from "../shared/bitcoin/wallet";
import { changeAt } from "../shared/channel/amounts";
import { channelFrame, type Deposit, signHalf } from "../shared/channel/closing";
import { depositCoin, signFunding } from "../shared/channel/funding";
import { payeeSecret } from "../shared/channel/payee-key";
import { signRefund } from "../shared/channel/refund";
import { channelScript } from "../shared/channel/script";
import type { Hex, Satoshi } from "../shared/kernel/units";
import type { ChannelCalls, ChannelPayment, ChannelRequest, FundingProposal } from "../shared/protocol/channel";
import { Fault } from "../shared/protocol/faults";
import { CHANNEL } from "../shared/protocol/words";
import { vectorStage } from "./vector-stage";
import { overTheWire, PEER, type VectorCall } from "./vector-wire";

export const CHANNEL_FOLDER = join(import.meta.dirname, "..", "host-tests", "vectors", "channel");

export interface ChannelVector {
  readonly name: string;
  readonly about: string;
  readonly network: string;
  readonly cable: { readonly secret: Hex; readonly publicKey: Hex; readonly address: string; readonly script: Hex };
  readonly socket: {
    readonly address: string;
    readonly script: Hex;
    /** Of this channel. */
    readonly payeeSecret: Hex;
    readonly settings: Readonly<Record<string, unknown>>;
  };
  readonly coins: readonly { readonly txid: Hex; readonly vout: number; readonly amount: Satoshi }[];
  /** The witness script, and what the cable would have signed to take the deposit back. */
  readonly script: Hex;
  readonly refund: { readonly fee: Satoshi; readonly hex: Hex };
  readonly calls: readonly VectorCall[];
  /** What blocks held in the end: the funding, then the closing. */
  readonly mined: readonly { readonly txid: Hex; readonly hex: Hex; readonly vbytes: number; readonly fee: Satoshi }[];
}

const DEPOSIT: Satoshi = 5_000;
const REFUND_FEE: Satoshi = 121;
const BLOCK = 30_000;
/** After so long without a call a cable has left. */
const LEFT = 40_000;

/** Plays them anew. */
export async function channelVectors(): Promise<readonly ChannelVector[]> {
  return [await visits()];
}

/** Somebody with a key who deals with a socket by hand. */
class Payer {
  readonly calls: VectorCall[] = [];
  readonly wallet;
  private readonly channels: ChannelCalls;
  private readonly status: () => Promise<unknown>;

  constructor(readonly stage: Stage) {
    this.wallet = openWallet(stage.purse.secret, stage.ecdsa);
    const real = stage.link.far?.();
    if (!real) throw new Error("expected a socket that answers");
    const wired = overTheWire(stage, real, this.calls);
    this.channels = wired.channels ?? never();
    this.status = () => wired.getStatus({}, PEER);
  }

  /** A refusal is on record, and gives undefined. */
  private ask<T>(call: Promise<T>): Promise<T | undefined> {
    return this.stage.clock.finish(
      call.catch((error: unknown) => {
        if (error instanceof Fault) return undefined;
        throw error;
      }),
    );
  }

  look(): Promise<unknown> {
    return this.ask(this.status());
  }

  request(members: Partial<ChannelRequest>): Promise<unknown> {
    const own = { scheme: CHANNEL, cableKey: bytesToHex(this.wallet.publicKey), ticket: this.ticket } as const;
    return this.ask(this.channels.request({ ...own, ...members }, PEER));
  }

  pay(members: Partial<ChannelPayment>): Promise<unknown> {
    return this.ask(this.channels.pay({ ticket: this.ticket, ...members }, PEER));
  }

  get ticket(): Hex {
    return this.wallet.ticket(this.stage.payout.script);
  }
}

async function visits(): Promise<ChannelVector> {
  const { stage, coins } = vectorStage({ socket: { schemes: [CHANNEL, "single-fee"], price: 300, increment: 1_000 } });
  stage.startSocket();
  const payer = new Payer(stage);
  // Nothing draws: what flows is no part of the vector.
  stage.circuit.isPlugged = false;
  await payer.look();
  await payer.request({ deposit: 4_999 });
  const offer = (await payer.request({ deposit: DEPOSIT })) as FundingProposal;
  const { payeeKey, delay, version, inputs, fee } = offer;
  const keys = { payeeKey, cableKey: bytesToHex(payer.wallet.publicKey), delay };
  const funding = { keys, inputs, deposit: DEPOSIT, fee };
  await payer.pay({ funding: signFunding(funding, payer.wallet) });
  const deposit: Deposit = { keys, coin: depositCoin(funding), version };
  const channel = deposit.coin.txid;
  const frame = channelFrame(deposit);
  const increment = (paid: Satoshi, says = paid): Partial<ChannelPayment> => ({
    channel,
    paid: says,
    half: signHalf(frame, changeAt(DEPOSIT, paid), payer.wallet),
  });
  await payer.request({ channel });
  await bury(stage);
  await payer.look();
  await payer.request({ channel, ticket: "00".repeat(16) });
  await payer.request({ channel });
  await payer.pay(increment(310));
  await payer.pay(increment(312, 311));
  await payer.pay(increment(311));
  await payer.pay(increment(311));
  for (const paid of [312, 324]) await payer.pay(increment(paid));
  await payer.pay(increment(312));
  await stage.clock.run(LEFT);
  await payer.pay(increment(336));
  await payer.request({ channel });
  await payer.pay(increment(336));
  await payer.request({ channel, close: true });
  await payer.pay(increment(348));
  await bury(stage);
  const { purse, payout, settings } = stage;
  return {
    name: "visits",
    about:
      "A channel is funded, refused while it is not buried, paid on in two visits in steps of 311, 1 and 12 satoshi, with wrong and repeated increments between, and closed at the cable's word.",
    network: NETWORK,
    cable: {
      secret: bytesToHex(purse.secret),
      publicKey: keys.cableKey,
      address: addressOf(purse.script, NETWORK),
      script: purse.script,
    },
    socket: {
      address: settings.payoutAddress,
      script: payout.script,
      payeeSecret: bytesToHex(payeeSecret(CHANNEL_SEED, 0)),
      settings: { ...settings },
    },
    coins,
    script: channelScript(keys),
    refund: { fee: REFUND_FEE, hex: signRefund(deposit, frame, REFUND_FEE, payer.wallet) },
    calls: payer.calls,
    mined: stage.network.blocks.all().flatMap(({ transactions }) => transactions.map((tx) => minedOf(stage, tx))),
  };
}

/** Six blocks, after what waits for them has spread; by then a lockout is over, too. */
async function bury({ network, clock }: Stage): Promise<void> {
  for (let block = 0; block < 6; block++) {
    await clock.run(BLOCK);
    network.mine();
  }
  await clock.run(4 * BLOCK);
}

function minedOf({ network }: Stage, tx: Transaction): ChannelVector["mined"][number] {
  const spent = tx.inputs.reduce((sum, input) => sum + (network.blocks.coinEver(input)?.amount ?? 0), 0);
  const fee = spent - tx.outputs.reduce((sum, { amount }) => sum + amount, 0);
  return { txid: tx.txid, hex: tx.hex, vbytes: parse(tx.hex).vsize, fee };
}

function never(): never {
  throw new Error("expected a socket that sells by channel");
}
