// Fields that more than one call has.

import { constant } from "../kernel/constant";
import type { Outpoint } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import { MAX_PROMISED } from "../protocol/types";
import type { SocketState, WireInput } from "../protocol/words";
import { hex, int, type Shape, satoshi, struct, text, WireError } from "./shapes";

export const MAX_INPUTS = 5;
/** Five inputs with their witnesses and three outputs are under 900 bytes. */
const MAX_TRANSACTION_BYTES = 1024;
/** The longest witness program (BIP141): 42 bytes. */
const MAX_SCRIPT_BYTES = 42;

const STATES: readonly string[] = Object.freeze(["standby", "paid", "lockout"] satisfies SocketState[]);

export const ticket: Shape<Hex> = hex(16);
export const state = text<SocketState>((value) => STATES.includes(value), "standby, paid or lockout");
export const transaction = hex(10, MAX_TRANSACTION_BYTES);
export const script: Shape<Hex> = hex(4, MAX_SCRIPT_BYTES);

const OUTPOINT_BYTES = 36;
const outpointsHex: Shape<Hex> = constant(hex(OUTPOINT_BYTES, MAX_PROMISED * OUTPOINT_BYTES));

/**
 * One text, 36 bytes an outpoint: the id as explorers show it, and the output's number, four bytes
 * big-endian.
 */
export const outpoints: Shape<readonly Outpoint[]> = constant({
  write: (values) => values.map(({ txid, vout }) => txid + vout.toString(16).padStart(8, "0")).join(""),
  read: (value, field) => {
    const text = outpointsHex.read(value, field);
    const width = 2 * OUTPOINT_BYTES;
    if (text.length % width !== 0) throw new WireError(field, `${width} digits an outpoint`, `${text.length} digits`);
    const found: Outpoint[] = [];
    for (let at = 0; at < text.length; at += width)
      found.push({ txid: text.slice(at, at + 64), vout: Number.parseInt(text.slice(at + 64, at + width), 16) });
    return found;
  },
});

export const input: Shape<WireInput> = struct<WireInput>(
  {
    txid: { name: "txid", shape: hex(32) },
    vout: { name: "vout", shape: int(0) },
    amount: { name: "amount_sat", shape: satoshi },
  },
  "ignore",
);
