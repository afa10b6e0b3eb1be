// A settlement's states as one table: what follows in held, in sent and in mined from what the
// network says of it.
//
//   held   to be broadcast
//   sent   known to the network; it waits for a block, and is broadcast again where the network forgot it
//   mined  in a block that is not yet deep enough
//
// It ends when it is written off: buried, or never to be mined because its coins are somebody
// else's for good. The table changes nothing itself; settler.ts asks the network, and has the
// effects happen in the order in which they stand.

import type { Changes } from "../journal/ledger";
import type { DeviceEvent, Spend } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import { latest, type Settlement } from "./record";

/** Who spends the inputs of a settlement, where it is not its latest commitment. */
export type Rival = "earlier-commitment" | "foreign";

export type SettlementEvent =
  /** The network took it, or said that it had it already. */
  | { readonly kind: "broadcast" }
  /** Its coins are spent by itself. */
  | { readonly kind: "seen" }
  /** `txid`, one of its commitments, is in a block. */
  | { readonly kind: "mined"; readonly txid: Hex }
  /** No block holds `txid` any longer. */
  | { readonly kind: "reorganised"; readonly txid: Hex }
  /**
   * The block of `height` that holds `txid` is deep enough, and what it spends is in a block too.
   */
  | { readonly kind: "buried"; readonly txid: Hex; readonly height: number }
  /** Another transaction spends its coins. `isDeep`: a block that is deep enough holds it. */
  | { readonly kind: "rival"; readonly spend: Spend; readonly isDeep: boolean };

export type SettlementEffect =
  | { readonly do: "tell"; readonly event: DeviceEvent }
  /**
   * Writes it down, durable when it is done; with the credit that waited for the network, if there
   * still is any.
   */
  | { readonly do: "write"; readonly changes: Changes<Settlement>; readonly givesCredit: boolean }
  /** The session may have to end, or its credit may be worth nothing. */
  | { readonly do: "meet"; readonly rival: Rival; readonly spend: Spend }
  /** Its coins are spent for good by `txid`: no session goes on over them. */
  | { readonly do: "close"; readonly txid: Hex }
  /** Writes it off with `owed`: `txid` is buried, or nothing of it ever will be. */
  | { readonly do: "write-off"; readonly owed: Satoshi; readonly txid: Hex | undefined };

type Effects = readonly SettlementEffect[];

/** The table. */
export function settlementEffects(event: SettlementEvent, settlement: Settlement): Effects {
  switch (settlement.state) {
    case "held":
      switch (event.kind) {
        case "broadcast": // the network has it
        case "seen": // somebody else brought it there
          return becomesSent();
        case "rival": // refused: others spend its coins
          return meet(event, settlement);
        default:
          return [];
      }
    case "sent":
      switch (event.kind) {
        case "broadcast": // the network had forgotten it
          return becomesSent();
        case "mined": // a block has it
          return becomesMined(event.txid);
        case "rival": // forgotten: others spend its coins
          return meet(event, settlement);
        default:
          return [];
      }
    case "mined":
      switch (event.kind) {
        case "reorganised": // no block has it any longer
          return [
            { do: "tell", event: { name: "reorganised", txid: event.txid } },
            write({ state: "held", minedTxid: undefined }),
          ];
        case "buried": // it is over; an earlier commitment paid less than the latest
          return bury(event, settlement);
        default:
          return [];
      }
  }
}

// ------------------------------------------------------------ what several rows do

function becomesSent(): Effects {
  const changes = { state: "sent", sentTxid: undefined, credit: undefined, ticket: undefined } as const;
  return [write({ ...changes, rivalHeight: undefined }, true)];
}

function becomesMined(txid: Hex): Effects {
  return [
    { do: "tell", event: { name: "mined", txid } },
    write({ state: "mined", open: false, minedTxid: txid, rivalHeight: undefined }),
    { do: "close", txid },
  ];
}

/**
 * One that is in a block decides: an earlier commitment pays in its place, somebody else's
 * transaction once it is deep.
 */
function meet({ spend, isDeep }: SettlementEvent & { kind: "rival" }, settlement: Settlement): Effects {
  const { txid, height } = spend;
  const earlier = txid !== undefined && settlement.commitments.some((commitment) => commitment.txid === txid);
  const met: SettlementEffect = { do: "meet", rival: earlier ? "earlier-commitment" : "foreign", spend };
  if (height === undefined) return [met];
  if (earlier) return [met, ...becomesMined(txid)];
  // Somebody else's transaction has the inputs for good: what was delivered on them is owed.
  return isDeep ? [met, { do: "write-off", owed: delivered(settlement), txid: undefined }] : [met];
}

function bury({ txid, height }: SettlementEvent & { kind: "buried" }, settlement: Settlement): Effects {
  const value = settlement.commitments.find((commitment) => commitment.txid === txid)?.value ?? 0;
  const owed = latest(settlement).value - value;
  return [
    { do: "tell", event: { name: "buried", txid, value, height, owed } },
    { do: "write-off", owed, txid },
  ];
}

/** What was given for it: nothing yet for a payment that the network never took. */
export function delivered(settlement: Settlement): Satoshi {
  return settlement.credit === undefined ? latest(settlement).value : 0;
}

function write(changes: Changes<Settlement>, givesCredit = false): SettlementEffect {
  return { do: "write", changes, givesCredit };
}
