// Exposure: value of delivered energy that no confirmed transaction pays yet. It bounds what the
// socket can lose.

import type { MilliSatPerWh, MilliwattHour, Satoshi } from "../kernel/units";
import { lastCommitment } from "../payment/session";
import { supersedes } from "../protocol/words";
import { latest, type SocketRecord } from "./record";

/**
 * What no confirmed transaction pays, delivered or not: settlements on their way, the commitment
 * held, and debts.
 */
export function unpaid(record: SocketRecord): Satoshi {
  const settlements = record.settlements.reduce((sum, settlement) => sum + latest(settlement).value, 0);
  const debts = record.debts.reduce((sum, debt) => sum + debt.amount, 0);
  return settlements + heldValue(record) + debts;
}

/** The same less the credit that is still to be delivered. */
export function exposure(record: SocketRecord, credit: MilliwattHour, price: MilliSatPerWh): Satoshi {
  return Math.max(0, unpaid(record) - Math.floor((credit * price) / 1_000_000));
}

/** Worth of the running session's commitment while it is in the socket's hands only. */
function heldValue({ session, settlements }: SocketRecord): Satoshi {
  if (!session || !supersedes(session.scheme)) return 0;
  const handedOver = settlements.some((settlement) => settlement.open && settlement.session === session.id);
  return handedOver ? 0 : (lastCommitment(session)?.value ?? 0);
}
