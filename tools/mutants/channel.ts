// Guards of payment channels: what keeps a deposit, a half and a closing in their bounds.

import type { Mutation } from "./mutation";

function mutation(name: string, file: string, from: string, to: string, test = "channel"): Mutation {
  return {
    name: `channel-${name}`,
    file: `shared/channel/${file}.ts`,
    from,
    to,
    tests: [`host-tests/channel/${test}.test.ts`],
  };
}

export const CHANNEL: readonly Mutation[] = [
  mutation("key-form", "script", "if (!isCompressed(payeeKey))", "if (false)", "script"),
  mutation("key-point", "script", "if (!isPointX(payeeKey.slice(2)))", "if (false)", "script"),
  mutation("key-own", "script", "if (payeeKey.slice(2) === cableKey.slice(2))", "if (payeeKey === cableKey)", "script"),
  mutation("delay-least", "script", "delay >= MIN_DELAY", "delay >= 0", "script"),
  mutation("delay-most", "script", "delay <= MAX_DELAY", "delay <= 0xffffffff", "script"),
  mutation("number-sign", "script", 'if (top >= 0x80) number += "00";', "", "script"),
  mutation("half-sequence", "sighash", "sequence = SEQUENCE)", "sequence = 4_032)", "spends"),
  mutation(
    "half-type",
    "sighash",
    "HALF_TAIL = le32(LOCK_TIME) + le32(SINGLE_ANYONECANPAY)",
    "HALF_TAIL = le32(LOCK_TIME) + le32(2)",
    "sighash",
  ),
  mutation("half-type-byte", "closing", " || !half.endsWith(HALF_TYPE)", ""),
  mutation("share-dust", "closing", "if (share < dust)", "if (false)", "spends"),
  mutation(
    "closing-key",
    "closing",
    "if (bytesToHex(payee.publicKey) !== deposit.keys.payeeKey)",
    "if (false)",
    "spends",
  ),
  mutation("refund-version", "refund", "REFUND_VERSION = 2", "REFUND_VERSION = 1", "spends"),
  mutation("refund-dust", "refund", "if (amount < DUST)", "if (false)", "spends"),
  mutation("funding-keys", "funding", "if (fault) throw new Error(fault);", "", "spends"),
  mutation("memo-proof", "funding", "&& depositScript(channelScript(keys)) === deposit ?", "?", "spends"),
  mutation("increment-funding", "channel", "if (increment.channel !== coin.txid)", "if (false)"),
  mutation("increment-open", "channel", 'if (phase !== "open") return refuse', "if (false) return refuse"),
  mutation("increment-buried", "channel", "if (depth < confirmations)", "if (false)"),
  mutation("increment-deadline", "channel", "if (mustClose(channel, tip, margin))", "if (false)"),
  mutation("increment-superseded", "channel", "if (pay < 0)", "if (false)"),
  mutation("increment-less", "channel", "if (pay < demand.pay)", "if (false)"),
  mutation("increment-more", "channel", "if (pay > demand.pay)", "if (false)"),
  mutation("increment-change", "channel", "if (change < DUST) return refuse", "if (false) return refuse"),
  mutation("increment-half", "channel", "if (!isHalf(channel.deposit, frame, change, half, ecdsa))", "if (false)"),
  mutation("margin-least", "channel", "Math.max(margin, CLOSING_MARGIN)", "margin"),
  mutation("complete-closing", "channel", 'if (phase !== "closing")', "if (false)"),
  mutation(
    "adopted-half",
    "channel",
    " || !isHalf(deposit, frame, change, half, ecdsa)) return undefined",
    ") return undefined",
  ),
];
