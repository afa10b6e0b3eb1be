// A signed receipt of each session, the last twenty. They are made when nobody waits: some seconds
// after a session is over and its relay open, or after the next start where a cut of power came
// between. A session of which too little was written gets the word that its receipt is missing, so
// the numbers go on without a gap.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "../bitcoin/bytes";
import { attempt } from "../kernel/attempt";
import type { Clock, Reporter } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { VERSION } from "../kernel/version";
import type { SocketRecord } from "../socket/record";
import { bornIdentity, type Identity, type IdentityOptions, identityOf } from "./identity";
import type { Params } from "./json-rpc";
import type { MethodName } from "./methods";
import { payloadOf, recordOf } from "./ocmf";
import { wholeOf } from "./params";
import { Ring } from "./ring";
import type { SessionEntry, SessionLog } from "./sessions";

export const MOST_RECEIPTS = 20;
/** So many a call, as each is a kilobyte of the answer. */
export const RECEIPTS_A_CALL = 3;
/** After the end of a session: a cable that comes back at once does not wait for a signature. */
const LATER: Millisecond = 5000;
/**
 * After the start, whose first minute belongs to whoever is plugged in; and while somebody is
 * served.
 */
const MUCH_LATER: Millisecond = 60_000;
const CUT = "the power was cut before its end was written";

interface Kept {
  readonly session: Hex;
  /** The record of OCMF; absent where there is none, and why. */
  readonly ocmf?: string;
  readonly missing?: string;
}

export interface ReceiptsOptions extends IdentityOptions {
  readonly clock: Clock;
  readonly report: Reporter;
  readonly sessions: SessionLog;
  /** Undefined before the socket runs. */
  readonly record: () => SocketRecord | undefined;
  readonly isCalibrated: () => boolean;
}

export class Receipts {
  readonly #ring: Ring<Kept>;
  #due = false;

  constructor(private readonly options: ReceiptsOptions) {
    // In the socket's own store: a reset forgets them no more than the key that signed them.
    this.#ring = new Ring(options.store, "r", MOST_RECEIPTS);
    options.sessions.onOver = () => this.soon(LATER);
    this.soon(MUCH_LATER);
  }

  /** The method of the owner's protocol. */
  calls(): Partial<Record<MethodName, (params: Params) => unknown>> {
    return {
      receipts: (params) =>
        this.read(
          wholeOf(params, "after", 0, Number.MAX_SAFE_INTEGER),
          wholeOf(params, "limit", 1, RECEIPTS_A_CALL) ?? RECEIPTS_A_CALL,
        ),
    };
  }

  /**
   * Those with a number above `after`, the oldest first; without, the latest. `next` is the `after`
   * to go on with.
   */
  read(after: number | undefined, limit: number): object {
    const latest = this.#ring.next;
    const from = Math.max(after ?? latest - limit, latest - MOST_RECEIPTS, 0);
    const receipts: object[] = [];
    let next = from;
    for (; next < latest && receipts.length < limit; next++) {
      // One that a cut has torn is missing too.
      const kept = this.#ring.read(next) ?? { missing: "it was torn by a cut of power" };
      receipts.push({ number: next + 1, ...kept });
    }
    return { publicKey: identityOf(this.options.store)?.publicKey ?? null, receipts, next };
  }

  private soon(time: Millisecond): void {
    if (this.#due) return;
    this.#due = true;
    this.options.clock.after(time, () => {
      this.#due = false;
      // A store that takes nothing costs a receipt.
      attempt(this.options.report, () => this.makeOne());
    });
  }

  /** One a turn, the oldest first: a signature keeps JavaScript busy. */
  private makeOne(): void {
    const { sessions, record } = this.options;
    const now = record();
    if (!now || isServing(now)) {
      this.soon(MUCH_LATER);
      return;
    }
    const due = sessions.past().find(({ entry }) => entry.receipt === undefined);
    if (due) {
      sessions.receipted(due.n, this.keep(due.entry));
      this.soon(LATER);
      return;
    }
    const lost = unwritten(now, sessions);
    if (lost !== undefined && !this.has(lost)) this.append({ session: lost, missing: CUT });
  }

  /**
   * Gives its number in the ring. A cut between this and the word in the session's entry makes no
   * second one.
   */
  private keep(entry: SessionEntry): number {
    const last = this.#ring.next - 1;
    if (last >= 0 && this.#ring.read(last)?.session === entry.session) return last;
    const { energyMwh, session } = entry;
    if (energyMwh === undefined) return this.append({ session, missing: CUT });
    return this.append({ session, ocmf: this.signed({ ...entry, energyMwh }, last + 2) });
  }

  private append(kept: Kept): number {
    const n = this.#ring.append(kept);
    const { session, missing } = kept;
    this.options.report(
      missing === undefined
        ? { name: "receipt", session, number: n + 1 }
        : { name: "receipt-missing", session, number: n + 1, why: missing },
    );
    return n;
  }

  private signed(entry: SessionEntry & { readonly energyMwh: number }, number: number): string {
    const { session, priceSatPerKwh, paidSat, atMs, from, energyMwh, isResumed = false } = entry;
    const { secret, publicKey } = this.identity();
    const payload = payloadOf({
      number,
      version: VERSION,
      publicKey,
      session,
      priceSatPerKwh,
      paidSat,
      isCalibrated: this.options.isCalibrated(),
      begin: { at: atMs, total: from },
      end: { at: entry.endMs ?? atMs, total: from + energyMwh * 1000 },
      isCut: isResumed,
    });
    return recordOf(payload, bytesToHex(this.options.ecdsa.sign(sha256(encodeUtf8(payload)), secret)));
  }

  private identity(): Identity {
    return identityOf(this.options.store) ?? bornIdentity(this.options);
  }

  private has(session: Hex): boolean {
    return this.#ring.numbers().some((n) => this.#ring.read(n)?.session === session);
  }
}

function isServing({ state, session }: SocketRecord): boolean {
  return state === "paid" || session !== undefined;
}

/**
 * The session that was settled last, where a cut within seconds of its end left nothing else of it.
 */
function unwritten({ settlements }: SocketRecord, sessions: SessionLog): Hex | undefined {
  const last = settlements[settlements.length - 1]?.session;
  return last === undefined || sessions.knows(last) ? undefined : last;
}
