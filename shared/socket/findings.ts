// What follows from what the settler finds on the chain: for the session that is open, for the
// power, for who pays.

import type { Changes } from "../journal/ledger";
import type { Reporter, Spend } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import { supersedes } from "../protocol/words";
import { isCheat, withCheat } from "./cheats";
import type { SocketLedger } from "./ledger";
import type { Outlet } from "./outlet";
import type { Proposals } from "./proposals";
import { latest, type Settlement, type SocketRecord } from "./record";
import type { Rival } from "./settlement";
import type { SettlementListener, Settler } from "./settler";
import { settlementOf, type Till } from "./till";

export interface FindingsOptions {
  readonly ledger: SocketLedger;
  readonly report: Reporter;
  readonly till: Till;
  readonly outlet: Outlet;
  readonly proposals: Proposals;
  readonly settler: Settler;
}

export class Findings implements SettlementListener {
  readonly #options: FindingsOptions;

  constructor(options: FindingsOptions) {
    this.#options = options;
  }

  tooLow({ session }: Settlement, fee: Satoshi): void {
    const { till, proposals } = this.#options;
    proposals.bidMore();
    if (session === till.session?.id) proposals.outbid(fee);
  }

  creditOnceSent({ payerScript, credit, ticket }: Settlement): Changes<SocketRecord> {
    return this.#options.outlet.creditFor(payerScript, credit ?? 0, ticket);
  }

  rival(settlement: Settlement, rival: Rival, spend: Spend): void {
    const { report, till, outlet, ledger, proposals } = this.#options;
    const { session } = till;
    report({ name: "rival", rival, txid: spend.txid, session: settlement.session });
    if (rival === "foreign") {
      // First of all, or the lockout would be told as the session's end.
      if (session?.id === settlement.session || this.hangsOn(settlement)) till.end("double-spend");
      outlet.forfeit(settlement.payerScript);
      const { record } = ledger;
      if (!isCheat(record, settlement.payerScript)) ledger.write(withCheat(record, settlement));
      return;
    }
    if (session?.id !== settlement.session) return;
    const earlier = settlement.commitments.find((commitment) => commitment.txid === spend.txid);
    // One of the socket's own that the better one could not replace yet is no reason to stop.
    if (spend.txid !== settlement.sentTxid) outlet.suspend("earlier-commitment");
    if (earlier && spend.height === undefined) proposals.outbid(earlier.fee);
  }

  /** A channel's funding is no more: a session over its change ends, and what it paid is lost. */
  replaced(funding: Hex): void {
    const { till, settler } = this.#options;
    if (till.session?.inputs.some(({ txid }) => txid === funding)) till.end("funding-replaced");
    settler.lose(funding);
  }

  /** The session cannot go on over what it spent. */
  mined(settlement: Settlement): void {
    const { till } = this.#options;
    if (till.session?.id === settlement.session && settlement.open) till.end("mined");
    else if (settlement.minedTxid !== latest(settlement).txid && this.hangsOn(settlement)) till.end("mined");
  }

  /** True where the running session spends what a commitment of the settlement would have made. */
  private hangsOn(settlement: Settlement): boolean {
    const txids = settlement.commitments.map(({ txid }) => txid);
    return this.#options.till.session?.inputs.some((input) => txids.includes(input.txid)) ?? false;
  }
}

/**
 * A session that was open when the power went is over: its commitment goes out before anything
 * else.
 */
export function settleLeftover(ledger: SocketLedger, session: Till["session"], transaction: Hex | undefined): void {
  const { settlements: all } = ledger.record;
  if (!session) return;
  const open = all.some((each) => each.open && each.session === session.id);
  const owed = supersedes(session.scheme) && transaction !== undefined && !open;
  const settlements = all.map((each) => (each.open ? { ...each, open: false } : each));
  ledger.change({
    settlements: owed ? [...settlements, settlementOf(session, transaction, false)] : settlements,
    session: undefined,
    transaction: undefined,
  });
}
