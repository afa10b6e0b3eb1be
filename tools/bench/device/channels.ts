// An increment of a channel between a real pocket and a real book, and the transactions that end
// one.

import { bytesToHex } from "../../../shared/bitcoin/bytes";
import { ecdsa } from "../../../shared/bitcoin/ecdsa";
import type { Wallet } from "../../../shared/bitcoin/wallet";
import { ChannelBook } from "../../../shared/channel/book";
import { ChannelPocket } from "../../../shared/channel/pocket";
import { measure } from "./host";
import { store } from "./payment";

const PRICE = 300;
const PAYOUT = `0014${"5a".repeat(20)}`;
const DAY = 86_400_000;
/** Block of the funding, and a tip that buries it. */
const HEIGHT = 100;
const TIP = 200;

export function channels(wallet: Wallet): void {
  const report = (): void => {};
  const terms = {
    delay: 4_032,
    version: 3,
    depositLeast: 1_000,
    depositMost: 100_000,
    confirmations: 6,
    margin: 1_008,
    maxUnclosed: 50_000,
    answerAge: DAY,
    payeeScript: PAYOUT,
  };
  const limits = { delay: 4_032, maxLocked: 20_000, fee: 1_000, increment: 1_000, first: 1_000 };
  const book = new ChannelBook({ store: store(), report, ecdsa, seed: new Uint8Array(32).fill(5), terms });
  const pocket = new ChannelPocket({ store: store(), report, wallet, ecdsa, limits });
  const inputs = [{ txid: "c3".repeat(32), vout: 1, amount: 60_000 }];
  const offer = { payeeKey: book.nextKey(), delay: 4_032, version: 3, inputs, deposit: 5_000, fee: 199 };
  const funded = pocket.fund(offer, ({ amount }) => amount);
  if (!funded.ok) throw new Error(funded.detail);
  const entry = book.open({ ...offer, cableKey: bytesToHex(wallet.publicKey), signed: funded.transaction });
  if (!("txid" in entry)) throw new Error(entry.detail);
  const { txid } = entry;
  book.sawTip(TIP, 0);
  book.sawFunding(txid, { height: HEIGHT, unspent: true, at: 0 });
  // The first one makes what a channel keeps.
  for (const [pay, isMeasured] of [
    [311, false],
    [4, true],
  ] as const) {
    const sign = () => pocket.pay(txid, pay, PRICE, DAY);
    const increment = isMeasured ? measure("channelCable", sign) : sign();
    if (!("half" in increment)) throw new Error(increment.detail);
    const take = () => book.take(increment, pay, PRICE, 0);
    const taken = isMeasured ? measure("channelSocket", take) : take();
    if (!taken.ok) throw new Error(taken.detail);
  }
  measure("channelClosing", () => book.close(txid, 100, 100));
  measure("channelRefund", () => pocket.refund(txid, 121));
}
