// Credit of channels over a restart: what the entry says, and what the socket's record says beside
// it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CutStore } from "../../lab/model/store";
import { ChannelCredit } from "../../shared/channel/credit";
import { ChannelLedger } from "../../shared/channel/ledger";
import type { ChannelEntry } from "../../shared/channel/record";

const TXID = "cc".repeat(32);
const ENTRY: ChannelEntry = {
  payeeKey: `02${"11".repeat(32)}`,
  cableKey: `03${"22".repeat(32)}`,
  delay: 4_032,
  version: 3,
  txid: TXID,
  deposit: 20_000,
  phase: "open",
  paid: 1_000,
  energy: 0,
};

/**
 * What an entry holds after a restart with the gate at `total`; its record has `paidUpTo` of
 * channel `drawn`.
 */
function restarted(entry: Partial<ChannelEntry>, total: number, drawn: string | undefined, paidUpTo: number): number {
  const store = new CutStore();
  new ChannelLedger(store, 1, () => {}).save({ ...ENTRY, ...entry });
  const ledger = new ChannelLedger(store, 1, () => {});
  new ChannelCredit(ledger).restAll(total, drawn, paidUpTo);
  const { energy, reading } = ledger.find(TXID) ?? assert.fail("no entry");
  assert.equal(reading, undefined, "nothing is drawn");
  return energy;
}

describe("a channel's credit after a restart", () => {
  it("is what its entry says, of which the record may know less: increments are in the entry alone", () => {
    const drawn = { energy: 9_000, reading: 500_000 };
    assert.equal(restarted(drawn, 1_500_000, TXID, 4_000_000), 8_000);
    assert.equal(restarted(drawn, 1_500_000, undefined, 0), 8_000);
    assert.equal(restarted(drawn, 1_500_500, TXID, 0), 7_999, "a part of a milliwatt-hour flowed");
    assert.equal(restarted(drawn, 400_000, TXID, 0), 9_000, "no more than was paid for, where a meter forgot");
  });

  it("is what the record says where the cut was between the record's write and the entry's", () => {
    assert.equal(restarted({ energy: 9_000, reading: 500_000 }, 1_500_000, TXID, 12_500_000), 11_000, "a session paid");
    assert.equal(restarted({ energy: 0 }, 1_500_000, TXID, 4_500_000), 3_000, "emptied for another, which has nothing");
    assert.equal(restarted({ energy: 9_000 }, 1_500_000, "dd".repeat(32), 90_000_000), 9_000, "another channel's");
  });
});
