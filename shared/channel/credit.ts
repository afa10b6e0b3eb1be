// Credit of channels: in each one's entry, so that an increment waits for that one write and no
// other.
//
// At rest `energy` is what waits. While it is drawn the entry says from which reading of the gate
// on, and the outlet has the one number up to which energy is paid for (shared/socket/credit.ts); a
// power cut then costs what the meter forgets.

import { scriptOfKey } from "../bitcoin/address";
import { hexToBytes } from "../bitcoin/bytes";
import type { Hex, MicrowattHour, MilliwattHour } from "../kernel/units";
import type { ChannelLedger } from "./ledger";
import type { ChannelEntry } from "./record";

const MICRO = 1000;

export class ChannelCredit {
  readonly #ledger: ChannelLedger;

  constructor(ledger: ChannelLedger) {
    this.#ledger = ledger;
  }

  /** Channels of the cable with the P2WPKH script `payer` and this ticket in which credit waits. */
  waiting(payer: Hex, ticket: Hex | undefined): readonly ChannelEntry[] {
    if (ticket === undefined) return [];
    return this.#ledger.entries.filter(
      (entry) =>
        entry.ticket === ticket &&
        entry.energy > 0 &&
        entry.reading === undefined &&
        scriptOfKey(hexToBytes(entry.cableKey)) === payer,
    );
  }

  /**
   * All credit that is drawn now, `paidUpTo` by the gate that stands at `total`, is the channel's
   * from here on.
   */
  engage(channel: Hex, paidUpTo: MicrowattHour, total: MicrowattHour): void {
    const entry = this.#ledger.find(channel);
    if (!entry) return;
    const energy = leftOf(paidUpTo, total);
    this.#ledger.save({ ...entry, energy, reading: paidUpTo - energy * MICRO });
  }

  /** What is left waits for the cable's return. */
  rest(channel: Hex, paidUpTo: MicrowattHour, total: MicrowattHour): void {
    const entry = this.#ledger.find(channel);
    if (entry) this.#ledger.save(atRest(entry, leftOf(paidUpTo, total)));
  }

  /** Its credit goes on elsewhere. */
  empty(channel: Hex): void {
    const entry = this.#ledger.find(channel);
    if (entry) this.#ledger.save(atRest(entry, 0));
  }

  /**
   * After a restart, with the gate at `total`: nothing is drawn. `drawn` is the channel that the
   * socket's record has, with its number. An increment is in the entry alone, so the entry counts;
   * where the record has more, the cut was between its write and the entry's.
   */
  restAll(total: MicrowattHour, drawn: Hex | undefined, paidUpTo: MicrowattHour): void {
    for (const entry of this.#ledger.entries) {
      const { reading, energy, txid } = entry;
      const own = reading === undefined ? energy : leftOf(reading + energy * MICRO, Math.max(total, reading));
      const left = txid === drawn ? Math.max(own, leftOf(paidUpTo, total)) : own;
      if (reading !== undefined || left > energy) this.#ledger.save(atRest(entry, left));
    }
  }
}

function atRest({ reading: _, ...entry }: ChannelEntry, energy: MilliwattHour): ChannelEntry {
  return { ...entry, energy };
}

function leftOf(paidUpTo: MicrowattHour, total: MicrowattHour): MilliwattHour {
  return Math.max(0, Math.floor((paidUpTo - total) / MICRO));
}
