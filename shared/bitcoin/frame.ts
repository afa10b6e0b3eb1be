// What all drafts of a session share: the serialised inputs and the SHA-256 states over them. Both
// sides compute it once a session and then pay only for what an increment changes. A value, not a
// cache: its maker keeps it.

import { sameOutpoints } from "../kernel/outpoint";
import type { Coin } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import { type Draft, inputsHex, outputsHex, outputsOf, txidOfUnsigned, unsignedFrom } from "./draft";
import { hashOutputs, type Midstate, sighash, sighashMidstates } from "./sighash";

export class Frame {
  readonly inputsHex: Hex;
  #midstates: readonly Midstate[] | undefined;

  constructor(
    readonly inputs: readonly Coin[],
    readonly payerScript: Hex,
  ) {
    this.inputsHex = inputsHex(inputs);
  }

  /**
   * Hashed when they are first asked for: an offer's bytes need none of it, and a cable waits for
   * them.
   */
  get midstates(): readonly Midstate[] {
    this.#midstates ??= sighashMidstates(this.inputs, this.payerScript);
    return this.#midstates;
  }
}

/**
 * A draft made ready. Its bytes, all that an offer needs, are there at once; what has to be hashed
 * is computed when it is first asked for, or before that by `hashAhead`, when there is time.
 */
export class PreparedDraft {
  /** The canonical bytes, without witnesses. */
  readonly unsigned: Hex;
  readonly #draft: Draft;
  readonly #frame: Frame;
  #digests: readonly Uint8Array[] | undefined;
  #txid: Hex | undefined;

  /** Throws where `frame` was made for other inputs. */
  constructor(draft: Draft, frame: Frame) {
    if (frame.payerScript !== draft.payerScript || !sameOutpoints(frame.inputs, draft.inputs))
      throw new Error("expected a frame made for the draft's own inputs and payer, got one of another session");
    const outputs = outputsOf(draft);
    this.unsigned = unsignedFrom(frame.inputsHex, outputs.length, outputsHex(outputs));
    this.#draft = draft;
    this.#frame = frame;
  }

  /** What to sign or to verify, one an input. */
  get digests(): readonly Uint8Array[] {
    this.#digests ??= digestsOf(this.#draft, this.#frame);
    return this.#digests;
  }

  /** Transaction id, known before anybody signs. */
  get txid(): Hex {
    this.#txid ??= txidOfUnsigned(this.unsigned);
    return this.#txid;
  }

  /** Computes what is not yet there. */
  hashAhead(): void {
    this.digests;
    this.txid;
  }
}

export function frameOf(inputs: readonly Coin[], payerScript: Hex): Frame {
  return new Frame(inputs, payerScript);
}

/** The draft made ready. Throws where `frame` was made for other inputs. */
export function prepareDraft(draft: Draft, frame: Frame = frameOf(draft.inputs, draft.payerScript)): PreparedDraft {
  return new PreparedDraft(draft, frame);
}

function digestsOf(draft: Draft, frame: Frame): readonly Uint8Array[] {
  const outputsHash = hashOutputs(outputsHex(outputsOf(draft)));
  return draft.inputs.map((input, i) => sighash(frame.midstates[i] as Midstate, input.amount, outputsHash));
}

export { sameOutpoints };
