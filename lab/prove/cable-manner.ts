// How a rogue cable calls: each field of a request for power and of a payment is honest, repeated,
// stale, swapped, invented or out of range, each independently of the others, and what it signs it
// brings to the chain itself now, later or never.

import fc from "fast-check";
import { releaseDraft } from "../../shared/bitcoin/release";
import { signDraft } from "../../shared/bitcoin/sign";
import { openWallet } from "../../shared/bitcoin/wallet";
import type { DraftOffer, PaymentRequest, PowerRequest } from "../../shared/protocol/types";
import { Purse } from "../model/purse";
import type { Stage } from "./stage";

type Name = "honest" | "repeated" | "stale" | "swapped" | "invented";

export interface CableManner {
  /**
   * Whose address asks: its own, the first that ever asked, another of its own, or one that nobody
   * knows.
   */
  readonly address: "honest" | "stale" | "swapped" | "invented";
  readonly scheme: "honest" | "swapped";
  /** Of power_request; absent is honest. */
  readonly asked: "honest" | "repeated" | "stale" | "invented";
  readonly ticket: Name;
  /**
   * Coins that it says are promised to others: none, those on offer, or some that are not there.
   */
  readonly promised: "honest" | "repeated" | "invented";
  /** A release of the coins on offer, of another's, or of coins that are not there. */
  readonly release: "honest" | "repeated" | "swapped" | "invented";
  /** Of pay_transaction. */
  readonly session: Name;
  readonly increment: Name | "out-of-range";
  /**
   * The draft on offer, signed; or an earlier payment's, another coin's first, other amounts, or
   * nonsense.
   */
  readonly transaction: Name | "out-of-range";
  readonly broadcast: "now" | "later" | "never";
}

function mostly<T>(weight: number, honest: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: fc.constant(honest) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

const NAMES = ["repeated", "stale", "swapped", "invented"] as const;

export const cableManner: fc.Arbitrary<CableManner> = fc.record<CableManner>({
  address: mostly<CableManner["address"]>(3, "honest", "stale", "swapped", "invented"),
  scheme: mostly<CableManner["scheme"]>(5, "honest", "swapped"),
  asked: mostly<CableManner["asked"]>(1, "honest", "repeated", "stale", "invented"),
  ticket: mostly<CableManner["ticket"]>(2, "honest", ...NAMES),
  promised: mostly<CableManner["promised"]>(5, "honest", "repeated", "invented"),
  release: mostly<CableManner["release"]>(5, "honest", "repeated", "swapped", "invented"),
  session: mostly<CableManner["session"]>(10, "honest", ...NAMES),
  increment: mostly<CableManner["increment"]>(10, "honest", ...NAMES, "out-of-range"),
  transaction: mostly<CableManner["transaction"]>(8, "honest", ...NAMES, "out-of-range"),
  broadcast: mostly<CableManner["broadcast"]>(3, "never", "now", "later"),
});

/** What a cable's owner has at hand to lie with. */
export interface Props {
  readonly purse: Purse;
  readonly purses: readonly Purse[];
  readonly offer: DraftOffer | undefined;
  readonly paid: readonly PaymentRequest[];
}

/** Deforms what an honest cable would say; remembers what it said, to repeat it. */
export class CableSpeech {
  private readonly asked: PowerRequest[] = [];
  private names = 0;

  constructor(
    private readonly stage: Stage,
    readonly manner: CableManner,
    private readonly addressOf: (purse: Purse) => string,
  ) {}

  request(honest: PowerRequest, props: Props): PowerRequest {
    const { manner } = this;
    const session = this.sessionAsked(props.paid);
    const ticket = this.ticket(props);
    const promised = this.promised(props.offer);
    const release = this.release(props);
    const request: PowerRequest = {
      address: this.address(honest.address, props),
      scheme: manner.scheme === "honest" ? honest.scheme : honest.scheme === "basic" ? "single-fee" : "basic",
      ...(session !== undefined && { session }),
      ...(ticket !== undefined && { ticket }),
      ...(promised !== undefined && { promised }),
      ...(release !== undefined && { release }),
    };
    this.asked.push(request);
    return request;
  }

  payment(honest: PaymentRequest, props: Props, alter: () => string): PaymentRequest {
    const { manner } = this;
    const last = props.paid.at(-1);
    const first = props.paid[0];
    const ticket = this.ticket(props);
    return {
      session: said(
        manner.session,
        honest.session,
        last?.session,
        first?.session,
        honest.session.replace(/^../, "00"),
        this.id(),
      ),
      increment: this.increment(honest.increment, last?.increment, first?.increment),
      transaction:
        manner.transaction === "out-of-range"
          ? honest.transaction.slice(0, 60)
          : said(
              manner.transaction,
              honest.transaction,
              last?.transaction,
              first?.transaction,
              alter(),
              "00".repeat(99),
            ),
      ...(ticket !== undefined && { ticket }),
    };
  }

  private address(honest: string, { purses }: Props): string {
    switch (this.manner.address) {
      case "honest":
        return honest;
      case "stale":
        return this.asked[0]?.address ?? honest;
      case "swapped":
        return this.addressOf(purses[this.stage.random.integer(0, purses.length - 1)] as Purse);
      case "invented":
        return this.addressOf(new Purse(`nobody ${++this.names}`, this.stage.ecdsa));
    }
  }

  private sessionAsked(paid: readonly PaymentRequest[]): string | undefined {
    const { asked } = this.manner;
    if (asked === "honest") return undefined;
    return asked === "invented" ? this.id() : (asked === "repeated" ? paid.at(-1) : paid[0])?.session;
  }

  private ticket({ purse, purses }: Props): string | undefined {
    const payee = this.stage.payout.script;
    const of = (owner: Purse | undefined): string | undefined =>
      owner && openWallet(owner.secret, this.stage.ecdsa).ticket(payee);
    const other = purses.find((each) => each !== purse);
    return said(this.manner.ticket, of(purse), this.asked.at(-1)?.ticket, undefined, of(other), this.id());
  }

  private promised(offer: DraftOffer | undefined): PowerRequest["promised"] {
    const { promised } = this.manner;
    if (promised === "honest") return undefined;
    if (promised === "repeated") return offer?.inputs.map(({ txid, vout }) => ({ txid, vout }));
    return [{ txid: `${this.id()}${this.id()}`, vout: 1 }];
  }

  private release({ purse, purses, offer }: Props): string | undefined {
    const { release } = this.manner;
    if (release === "honest") return undefined;
    if (release === "invented") return "02".repeat(80);
    const owner = release === "repeated" ? purse : purses.find((each) => each !== purse);
    const inputs = offer?.inputs;
    if (!owner || !inputs || inputs.reduce((sum, { amount }) => sum + amount, 0) < 2_000) return undefined;
    return signDraft(releaseDraft(inputs, owner.script, 1_000), openWallet(owner.secret, this.stage.ecdsa));
  }

  private increment(honest: number, last: number | undefined, first: number | undefined): number {
    const { increment } = this.manner;
    if (increment === "out-of-range") return 2 ** 31 - 1;
    return said(increment, honest, last, first, honest + 1, this.stage.random.integer(1, 9));
  }

  private id(): string {
    return Buffer.from(this.stage.random.bytes(16)).toString("hex");
  }
}

function said<T>(how: Name, honest: T, repeated: T | undefined, stale: T | undefined, swapped: T, invented: T): T {
  switch (how) {
    case "honest":
      return honest;
    case "repeated":
      return repeated ?? honest;
    case "stale":
      return stale ?? honest;
    case "swapped":
      return swapped;
    case "invented":
      return invented;
  }
}
