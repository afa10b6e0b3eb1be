// Transactions as a node sees them: read strictly, measured (BIP141) and their P2WPKH inputs
// verified (BIP143).
//
// Written apart from shared/bitcoin on purpose: the model chain is the judge of what that room
// builds, so the two must not share a mistake.

import { createHash } from "node:crypto";
import { ripemd160 } from "@noble/hashes/legacy.js";

export interface TxInput {
  readonly txid: string;
  readonly vout: number;
  readonly scriptSig: Buffer;
  readonly sequence: number;
  readonly witness: readonly Buffer[];
}

export interface TxOutput {
  /** Satoshi. */
  readonly amount: number;
  /** scriptPubKey in hex. */
  readonly script: string;
}

export interface Transaction {
  readonly txid: string;
  readonly wtxid: string;
  readonly hex: string;
  readonly version: number;
  readonly locktime: number;
  readonly inputs: readonly TxInput[];
  readonly outputs: readonly TxOutput[];
  /** Virtual bytes: (3 x stripped size + full size) / 4, rounded up. */
  readonly vsize: number;
}

/** Is `der` a signature of `digest` by `publicKey`? */
export type Verify = (der: Uint8Array, digest: Uint8Array, publicKey: Uint8Array) => boolean;

export class Malformed extends Error {}

export function sha256d(...parts: Uint8Array[]): Buffer {
  const first = createHash("sha256");
  for (const part of parts) first.update(part);
  return createHash("sha256").update(first.digest()).digest();
}

export function hash160(data: Uint8Array): Buffer {
  return Buffer.from(ripemd160(createHash("sha256").update(data).digest()));
}

/** scriptPubKey (hex) that pays to a compressed public key: OP_0 and its hash. */
export function payToKey(publicKey: Uint8Array): string {
  return `0014${hash160(publicKey).toString("hex")}`;
}

class Reader {
  private at = 0;
  constructor(private readonly data: Buffer) {}
  get offset(): number {
    return this.at;
  }
  get left(): number {
    return this.data.length - this.at;
  }
  take(length: number): Buffer {
    if (length > this.left) throw new Malformed(`expected ${length} more bytes, ${this.left} are left`);
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }
  byte(): number {
    return this.take(1).readUInt8();
  }
  u32(): number {
    return this.take(4).readUInt32LE();
  }
  amount(): number {
    const value = this.u32() + this.u32() * 2 ** 32;
    if (value > 21e14) throw new Malformed(`an output of ${value} sat is more than all bitcoin`);
    return value;
  }
  /** CompactSize, in its shortest form only. */
  size(): number {
    const first = this.byte();
    if (first < 0xfd) return first;
    if (first === 0xfd) {
      const value = this.take(2).readUInt16LE();
      if (value >= 0xfd) return value;
    } else if (first === 0xfe) {
      const value = this.u32();
      if (value > 0xffff && value <= 0x02000000) return value;
    }
    throw new Malformed("a CompactSize is not in its shortest form or too large");
  }
}

/** Reads a serialised transaction to its last byte, or throws Malformed. */
export function parse(hex: string): Transaction {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) throw new Malformed("not hexadecimal");
  const data = Buffer.from(hex, "hex");
  const reader = new Reader(data);
  const version = reader.u32();
  let count = reader.size();
  const segwit = count === 0;
  if (segwit) {
    if (reader.byte() !== 1) throw new Malformed("expected the SegWit flag 01");
    count = reader.size();
  }
  const bodyStart = reader.offset - sizeLength(count);
  const bare: Omit<TxInput, "witness">[] = [];
  for (let i = 0; i < count; i++) {
    const txid = Buffer.from(reader.take(32)).reverse().toString("hex");
    bare.push({ txid, vout: reader.u32(), scriptSig: reader.take(reader.size()), sequence: reader.u32() });
  }
  const outputs: TxOutput[] = [];
  for (let i = reader.size(); i > 0; i--)
    outputs.push({ amount: reader.amount(), script: reader.take(reader.size()).toString("hex") });
  const bodyEnd = reader.offset;
  const inputs = bare.map((input) => ({ ...input, witness: segwit ? witness(reader) : [] }));
  const locktime = reader.u32();
  if (reader.left !== 0) throw new Malformed(`${reader.left} bytes follow the transaction`);
  if (inputs.length === 0 || outputs.length === 0) throw new Malformed("a transaction needs an input and an output");
  if (segwit && inputs.every((input) => input.witness.length === 0))
    throw new Malformed("a superfluous witness record");
  const stripped = [data.subarray(0, 4), data.subarray(bodyStart, bodyEnd), data.subarray(data.length - 4)];
  const strippedSize = 8 + bodyEnd - bodyStart;
  return {
    txid: sha256d(...stripped)
      .reverse()
      .toString("hex"),
    wtxid: sha256d(data).reverse().toString("hex"),
    hex: hex.toLowerCase(),
    version,
    locktime,
    inputs,
    outputs,
    vsize: Math.ceil((3 * strippedSize + data.length) / 4),
  };
}

function witness(reader: Reader): Buffer[] {
  const items: Buffer[] = [];
  for (let i = reader.size(); i > 0; i--) items.push(reader.take(reader.size()));
  return items;
}

function sizeLength(value: number): number {
  return value < 0xfd ? 1 : value <= 0xffff ? 3 : 5;
}

function compact(value: number): Buffer {
  if (value < 0xfd) return Buffer.from([value]);
  if (value <= 0xffff) return Buffer.from([0xfd, value & 255, value >> 8]);
  const out = Buffer.alloc(5, 0xfe);
  out.writeUInt32LE(value, 1);
  return out;
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
}

function u64(value: number): Buffer {
  return Buffer.concat([u32(value % 2 ** 32), u32(Math.floor(value / 2 ** 32))]);
}

function outpointBytes(input: { readonly txid: string; readonly vout: number }): Buffer {
  return Buffer.concat([Buffer.from(input.txid, "hex").reverse(), u32(input.vout)]);
}

function outputBytes(output: TxOutput): Buffer {
  const script = Buffer.from(output.script, "hex");
  return Buffer.concat([u64(output.amount), compact(script.length), script]);
}

/** What a person writes to make a transaction: `serialise` turns it into bytes. */
export interface Plan {
  readonly version?: number;
  readonly locktime?: number;
  readonly inputs: readonly {
    readonly txid: string;
    readonly vout: number;
    readonly sequence?: number;
    readonly witness?: readonly Uint8Array[];
  }[];
  readonly outputs: readonly TxOutput[];
}

/** Hex of the transaction; without any witness in the old form. */
export function serialise(plan: Plan): string {
  const signed = plan.inputs.some((input) => (input.witness ?? []).length > 0);
  const parts: Buffer[] = [u32(plan.version ?? 2)];
  if (signed) parts.push(Buffer.from([0, 1]));
  parts.push(compact(plan.inputs.length));
  for (const input of plan.inputs)
    parts.push(outpointBytes(input), Buffer.from([0]), u32(input.sequence ?? 0xfffffffd));
  parts.push(compact(plan.outputs.length), ...plan.outputs.map(outputBytes));
  if (signed)
    for (const input of plan.inputs) {
      const items = input.witness ?? [];
      parts.push(compact(items.length));
      for (const item of items) parts.push(compact(item.length), Buffer.from(item));
    }
  parts.push(u32(plan.locktime ?? 0));
  return Buffer.concat(parts).toString("hex");
}

/**
 * BIP143: what the signature of input `index` commits to, given the amount (satoshi) that it
 * spends.
 */
export function sighash(
  tx: Pick<Transaction, "version" | "locktime" | "inputs" | "outputs">,
  index: number,
  keyHash: Uint8Array,
  amount: number,
  type: number,
): Buffer {
  const code = Buffer.concat([Buffer.from([0x76, 0xa9, 0x14]), keyHash, Buffer.from([0x88, 0xac])]);
  return sighashOf(tx, index, code, amount, type);
}

/** The same for any script code of fewer than 253 bytes. */
export function sighashOf(
  tx: Pick<Transaction, "version" | "locktime" | "inputs" | "outputs">,
  index: number,
  code: Uint8Array,
  amount: number,
  type: number,
): Buffer {
  const zero = Buffer.alloc(32);
  const anyone = (type & 0x80) !== 0;
  const base = type & 0x1f;
  const input = tx.inputs[index];
  if (!input) throw new RangeError(`no input ${index}`);
  const single = tx.outputs[index];
  const outputs =
    base === 3
      ? single
        ? sha256d(outputBytes(single))
        : zero
      : base === 2
        ? zero
        : sha256d(...tx.outputs.map(outputBytes));
  return sha256d(
    u32(tx.version),
    anyone ? zero : sha256d(...tx.inputs.map(outpointBytes)),
    anyone || base === 2 || base === 3 ? zero : sha256d(...tx.inputs.map((each) => u32(each.sequence))),
    outpointBytes(input),
    compact(code.length),
    code,
    u64(amount),
    u32(input.sequence),
    outputs,
    u32(tx.locktime),
    u32(type),
  );
}

/** Why input `index` may not spend a coin of that script and amount; undefined when it may. */
export function inputFault(tx: Transaction, index: number, coin: TxOutput, verify: Verify): string | undefined {
  const input = tx.inputs[index];
  if (!input) return "there is no such input";
  if (/^0020[0-9a-f]{64}$/.test(coin.script)) return depositFault(tx, index, coin, verify);
  if (!/^0014[0-9a-f]{40}$/.test(coin.script))
    return "the model chain verifies P2WPKH inputs and deposits of channels only";
  if (input.scriptSig.length > 0) return "mandatory-script-verify-flag-failed (Witness requires empty scriptSig)";
  const [signature, key] = input.witness;
  if (input.witness.length !== 2 || !signature || !key)
    return "mandatory-script-verify-flag-failed (Witness program mismatch)";
  const keyHash = hash160(key);
  if (key.length !== 33 || keyHash.toString("hex") !== coin.script.slice(4))
    return "mandatory-script-verify-flag-failed (Witness program hash mismatch)";
  if (signature.length < 1) return "mandatory-script-verify-flag-failed (Signature is empty)";
  const type = signature.readUInt8(signature.length - 1);
  if (![1, 2, 3, 0x81, 0x82, 0x83].includes(type)) return "mandatory-script-verify-flag-failed (Signature hash type)";
  if (!verify(signature.subarray(0, -1), sighash(tx, index, keyHash, coin.amount, type), key))
    return "mandatory-script-verify-flag-failed (Signature must be valid)";
  return undefined;
}

const FAILED = "mandatory-script-verify-flag-failed";
/** `<payee> CHECKSIG NOTIF <N, two bytes> CHECKSEQUENCEVERIFY VERIFY ENDIF <cable> CHECKSIG`. */
const DEPOSIT = /^21([0-9a-f]{66})ac6402([0-9a-f]{4})b2696821([0-9a-f]{66})ac$/;

/**
 * What the script of a channel's deposit says of input `index`: read and judged apart from
 * shared/channel.
 */
function depositFault(tx: Transaction, index: number, coin: TxOutput, verify: Verify): string | undefined {
  const input = tx.inputs[index] as TxInput;
  const [cable, payee, script] = input.witness;
  if (input.scriptSig.length > 0) return `${FAILED} (Witness requires empty scriptSig)`;
  if (input.witness.length !== 3 || !cable || !payee || !script) return `${FAILED} (Witness program mismatch)`;
  if (createHash("sha256").update(script).digest("hex") !== coin.script.slice(4))
    return `${FAILED} (Witness program hash mismatch)`;
  const [, payeeKey = "", delay = "", cableKey = ""] = DEPOSIT.exec(script.toString("hex")) ?? [];
  if (payeeKey === "") return "the model chain verifies P2WPKH inputs and deposits of channels only";
  const signs = (signature: Buffer, key: string): boolean => {
    const type = signature.readUInt8(signature.length - 1);
    const digest = sighashOf(tx, index, script, coin.amount, type);
    return (
      [1, 2, 3, 0x81, 0x82, 0x83].includes(type) && verify(signature.subarray(0, -1), digest, Buffer.from(key, "hex"))
    );
  };
  if (payee.length > 0 && !signs(payee, payeeKey))
    return `${FAILED} (Signature must be zero for failed CHECK(MULTI)SIG operation)`;
  if (payee.length === 0) {
    const blocks = Number.parseInt(delay.slice(2) + delay.slice(0, 2), 16);
    const isTimed = tx.version >= 2 && input.sequence < 0x80000000 && (input.sequence & 0x400000) === 0;
    if (!isTimed || (input.sequence & 0xffff) < blocks) return `${FAILED} (Locktime requirement not satisfied)`;
  }
  if (cable.length === 0 || !signs(cable, cableKey)) return `${FAILED} (Signature must be valid)`;
  return undefined;
}

/**
 * BIP68: the first block that may hold the transaction by this input, whose coin is in the block of
 * `height`.
 */
export function finalAt({ version }: Transaction, { sequence }: TxInput, height: number): number {
  const isTimed = version >= 2 && sequence < 0x80000000 && (sequence & 0x400000) === 0;
  return isTimed ? height + (sequence & 0xffff) : 0;
}
