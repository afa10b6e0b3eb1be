// A cable that steals, on the real wire, at the real socket. It tries each way to get power without
// paying for it, and notes what it met. Between the tries it pays one increment honestly, so that
// there is a session to attack.

import { RawTx } from "@scure/btc-signer/script.js";
import { bytesToHex, hexToBytes } from "../../../shared/bitcoin/bytes";
import { decodeDer, encodeDer } from "../../../shared/bitcoin/der";
import { type Draft, unsignedHex } from "../../../shared/bitcoin/draft";
import { ecdsa } from "../../../shared/bitcoin/ecdsa";
import { prepareDraft } from "../../../shared/bitcoin/frame";
import { signDraft } from "../../../shared/bitcoin/transaction";
import { openWallet } from "../../../shared/bitcoin/wallet";
import { withWitnesses } from "../../../shared/bitcoin/witness";
import type { Clock } from "../../../shared/kernel/ports";
import type { Hex } from "../../../shared/kernel/units";
import { decodeUtf8 } from "../../../shared/kernel/utf8";
import { HttpClient } from "../../../shared/net/http-client";
import { Fault, type FaultName, faultName } from "../../../shared/protocol/faults";
import { type DraftOffer, type PowerRequest, RPC_PATH } from "../../../shared/protocol/types";
import { RpcClient } from "../../../shared/rpc/client";
import { decodeResponse } from "../../../shared/rpc/decode";
import { DEFAULT_LIMITS } from "../../../shared/rpc/xmlrpc";
import type { Account } from "../account";
import { type Keys, keysOf } from "../keys";
import type { Simulation } from "../simulation";
import { clockOf, dialerOf } from "./ports";

/** Order of secp256k1 (SEC 2). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const SIGHASH_ALL = "01";
const SIGHASH_SINGLE = "03";
/** Between two tries, so that the limit on requests is not what refuses. */
const PAUSE_MS = 1500;
const LIMITS = { ...DEFAULT_LIMITS, chars: 65_536 };

export class Thief {
  readonly #clock: Clock;
  readonly #http: HttpClient;
  readonly #socket: RpcClient;
  readonly #own: Keys;
  readonly #other: Keys;

  constructor(
    readonly simulation: Simulation,
    readonly account: Account,
  ) {
    const { timeline, network, port, options } = simulation;
    this.#clock = clockOf(timeline);
    this.#http = new HttpClient({ dialer: dialerOf(network, { name: "thief", alive: true }), clock: this.#clock });
    this.#socket = new RpcClient({ http: this.#http, host: "127.0.0.1", port });
    this.#own = simulation.keys.cable;
    this.#other = keysOf(options.seed, "somebody else");
  }

  async run(): Promise<void> {
    await this.#talkNonsense();
    await this.#askWrongly();
    const offer = await this.#ask();
    await this.#payWrongly(offer);
    const next = await this.#payOnce(offer);
    await this.#replay(offer, next);
    await this.#spendTwice(next);
    this.#http.close();
  }

  // ---------------------------------------------------------------- what it tries

  async #talkNonsense(): Promise<void> {
    await this.#try("text instead of XML", "parse-error", () => this.#post("give me power"));
    await this.#try("an entity bomb", "parse-error", () =>
      this.#post('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b">]><methodCall>&b;</methodCall>'),
    );
    await this.#try("an unknown method", "method-not-found", () =>
      this.#post("<methodCall><methodName>free_power</methodName><params/></methodCall>"),
    );
    await this.#try("a parameter of the wrong type", "invalid-parameters", () =>
      this.#post(
        "<methodCall><methodName>power_request</methodName><params><param><value><int>1</int></value></param></params></methodCall>",
      ),
    );
    await this.#try("a body of 100 kB", "too-large", () => this.#post("x".repeat(100_000)));
  }

  async #askWrongly(): Promise<void> {
    await this.#try("an address of another network", "bad-address", () =>
      this.#ask({ address: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4" }),
    );
    await this.#try("an address without coins", "insufficient-funds", () =>
      this.#ask({ address: this.#other.address }),
    );
  }

  async #payWrongly(offer: DraftOffer): Promise<void> {
    const changed = (change: Change) => this.#signed(offer, { tx: forged(offer.transaction, change) });
    const forgeries: readonly [tried: string, fault: FaultName, transaction: Hex][] = [
      ["a forged signature: another's key", "wrong-key", this.#signed(offer, { keys: this.#other })],
      [
        "a bad signature: over something else",
        "bad-signature",
        this.#signed(offer, { digest: new Uint8Array(32).fill(7) }),
      ],
      ["a malleable signature: high S", "malleable-signature", this.#signed(offer, { highS: true })],
      ["a signature for one output only", "wrong-sighash", this.#signed(offer, { sighash: SIGHASH_SINGLE })],
      ["no signature at all", "malformed-transaction", offer.transaction],
      ["a torn transaction", "malformed-transaction", this.#signed(offer).slice(0, -10)],
      ["underpaying by one satoshi", "underpaid", changed({ amounts: [-1n, 0n] })],
      ["paying itself", "wrong-payee", changed({ scripts: [this.#own.script] })],
      ["change to somebody else", "wrong-change", changed({ scripts: [undefined, this.#other.script] })],
      ["keeping part of the fee", "wrong-fee", changed({ amounts: [0n, 100n] })],
      ["a coin that does not exist", "wrong-inputs", changed({ txid: new Uint8Array(32).fill(9) })],
      ["a lock time in the far future", "not-the-draft", changed({ lockTime: 499_999_999 })],
    ];
    for (const [tried, fault, transaction] of forgeries)
      await this.#try(tried, fault, () => this.#pay(offer, transaction));
    await this.#try("a session that never was", "unknown-session", () =>
      this.#pay({ ...offer, session: "00".repeat(16) }, this.#signed(offer)),
    );
    await this.#try("an increment far ahead", "wrong-increment", () =>
      this.#pay({ ...offer, increment: offer.increment + 5 }, this.#signed(offer)),
    );
  }

  async #payOnce(offer: DraftOffer): Promise<DraftOffer> {
    const { next } = await this.#pay(offer, this.#signed(offer));
    if (!next) throw new Error("expected a next draft after an honest payment");
    this.simulation.tell("scene", { name: "thief pays", increment: offer.increment });
    return next;
  }

  async #replay(first: DraftOffer, next: DraftOffer): Promise<void> {
    const before = (await this.#socket.getStatus()).remaining;
    const again = await this.#pay(first, this.#signed(first));
    const refused = again.remaining <= before;
    this.account.trials.push({
      tried: "the same payment again",
      met: refused ? "answered, not credited" : "credited",
      refused,
    });
    await this.#try("the first payment as the second", "underpaid", () => this.#pay(next, this.#signed(first)));
    await this.#try("another transaction for a paid increment", "already-superseded", () =>
      this.#pay({ ...next, increment: 1 }, this.#signed(next)),
    );
  }

  /**
   * Pays itself with the session's coin, behind the socket's back, and then goes on paying the
   * socket with it.
   */
  async #spendTwice(next: DraftOffer): Promise<void> {
    const draft: Draft = {
      inputs: next.inputs,
      payerScript: this.#own.script,
      socketScript: this.#other.script,
      value: 50_000,
      fee: 2_000,
    };
    await this.simulation.node.submit(signDraft(draft, openWallet(this.#own.secret, ecdsa)));
    this.simulation.tell("scene", { name: "thief spends the coin elsewhere" });
    // The socket may hold that the coin was unspent a moment ago, for as long as its owner allows.
    await this.#wait(35_000);
    await this.#try("a coin that it has spent elsewhere", ["input-spent", "session-ended"], () =>
      this.#pay(next, this.#signed(next)),
    );
  }

  // ---------------------------------------------------------------- how

  #ask(change: Partial<PowerRequest> = {}): Promise<DraftOffer> {
    return this.#socket.powerRequest({ address: this.#own.address, scheme: this.simulation.options.scheme, ...change });
  }

  #pay({ session, increment }: { session: Hex; increment: number }, transaction: Hex) {
    return this.#socket.payTransaction({ session, increment, transaction });
  }

  /** The draft as a cable would sign it, but for what `wrong` says. */
  #signed(
    offer: DraftOffer,
    wrong: { keys?: Keys; digest?: Uint8Array; highS?: boolean; sighash?: string; tx?: Hex } = {},
  ): Hex {
    const { keys = this.#own, sighash = SIGHASH_ALL } = wrong;
    const [socket] = offer.outputs;
    if (!socket) throw new Error("expected an output in the offer");
    const { script: socketScript, amount: value } = socket;
    const draft = { inputs: offer.inputs, payerScript: this.#own.script, socketScript, value, fee: offer.fee };
    const witnesses = prepareDraft(draft).digests.map((digest) => {
      const der = ecdsa.sign(wrong.digest ?? digest, keys.secret);
      return { signature: bytesToHex(wrong.highS ? highS(der) : der) + sighash, publicKey: bytesToHex(keys.publicKey) };
    });
    return withWitnesses(wrong.tx ?? unsignedHex(draft), witnesses);
  }

  /** `expected`: the faults that are right answers. */
  async #try(
    tried: string,
    expected: FaultName | readonly FaultName[],
    attempt: () => Promise<unknown>,
  ): Promise<void> {
    await this.#wait(PAUSE_MS);
    let met = "accepted";
    let why = "";
    try {
      await attempt();
    } catch (error) {
      met = error instanceof Fault ? error.fault : "no answer";
      why = (error as Error).message;
    }
    this.account.trials.push({ tried, met, refused: ([expected].flat() as readonly string[]).includes(met), why });
    this.simulation.tell("scene", { name: "tried", what: tried, met });
  }

  async #post(body: string): Promise<void> {
    const { port } = this.simulation;
    const to = {
      host: "127.0.0.1",
      port,
      method: "POST",
      path: RPC_PATH,
      timeoutMs: 10_000,
      limitBytes: 65_536,
    } as const;
    const response = await this.#http.request({ ...to, headers: { "Content-Type": "text/xml" }, body });
    if (response.status === 413) throw new Fault("too-large", "(HTTP 413)");
    const answer = decodeResponse(decodeUtf8(response.body), LIMITS);
    if (answer.kind !== "fault") return;
    const name = faultName(answer.code);
    throw name ? new Fault(name, answer.message) : new Error(answer.message);
  }

  #wait(duration: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(duration, resolve);
    });
  }
}

/** What a forgery changes in a draft. */
interface Change {
  /** Added to the outputs' amounts. */
  readonly amounts?: readonly bigint[];
  readonly scripts?: readonly (Hex | undefined)[];
  /** Of the first input. */
  readonly txid?: Uint8Array;
  readonly lockTime?: number;
}

function forged(unsigned: Hex, { amounts = [], scripts = [], txid, lockTime }: Change): Hex {
  const tx = RawTx.decode(hexToBytes(unsigned));
  const outputs = tx.outputs.map(({ amount, script }, index) => {
    const other = scripts[index];
    return { amount: amount + (amounts[index] ?? 0n), script: other === undefined ? script : hexToBytes(other) };
  });
  const inputs = tx.inputs.map((input, index) => (txid && index === 0 ? { ...input, txid } : input));
  return bytesToHex(RawTx.encode({ ...tx, inputs, outputs, lockTime: lockTime ?? tx.lockTime }));
}

/**
 * The other signature that is as valid and has another txid where witnesses count: S and order - S.
 */
function highS(der: Uint8Array): Uint8Array {
  const compact = decodeDer(der);
  if (!compact) throw new Error("expected a strict DER signature");
  const s = ORDER - BigInt(`0x${bytesToHex(compact.subarray(32))}`);
  const high = Uint8Array.from(compact);
  high.set(hexToBytes(s.toString(16).padStart(64, "0")), 32);
  return encodeDer(high);
}
