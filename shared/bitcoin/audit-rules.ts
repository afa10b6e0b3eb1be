// The audit's rules, in the order in which they are asked; each may rely on those before it.

import { isSameOutpoint, outpointKey, sameOutpoints } from "../kernel/outpoint";
import { isHex } from "../kernel/text";
import { energyFor, feeFor, isSatoshi, MAX_SATOSHI, type Satoshi } from "../kernel/units";
import { supersedes } from "../protocol/words";
import { isPayeeScript } from "./address";
import type { AuditReason } from "./audit-reasons";
import type { AuditRefusal, Step } from "./audit-step";
import { DUST, dustOf, MAX_INPUTS, totalOf, vsizeOf } from "./draft";

type Rule = (step: Step) => AuditRefusal | undefined;

const SESSION_ID_BYTES = 16;
const MAX_VOUT = 0xffffffff;

export const RULES: readonly Rule[] = Object.freeze([
  form,
  session,
  price,
  inputForm,
  coins,
  amounts,
  outputs,
  value,
  limit,
  energy,
  fee,
]);

function form({ offer }: Step): AuditRefusal | undefined {
  const { increment, fee, energy, sessionMax, arrears, credit, expiry } = offer;
  if (!isHex(offer.session, SESSION_ID_BYTES)) return refuse("malformed-offer", `session: ${shown(offer.session)}.`);
  const numbers = { increment, fee, energy, sessionMax, arrears, credit, expiry };
  for (const [name, number] of Object.entries(numbers))
    if (!isSatoshi(number)) return refuse("malformed-offer", `${name}: ${shown(number)}.`);
  if (offer.inputs.length < 1 || offer.inputs.length > MAX_INPUTS)
    return refuse("malformed-offer", `Expected 1 to ${MAX_INPUTS} inputs, got ${offer.inputs.length}.`);
  if (offer.outputs.length < 1 || offer.outputs.length > 2)
    return refuse("malformed-offer", `Expected 1 or 2 outputs, got ${offer.outputs.length}.`);
  for (const output of offer.outputs)
    if (!isSatoshi(output.amount)) return refuse("malformed-offer", `amount: ${shown(output.amount)}.`);
  return undefined;
}

function session({ offer, expectation: { agreed, scheme, limits } }: Step): AuditRefusal | undefined {
  const increment = agreed ? agreed.increment + 1 : 1;
  if (offer.scheme !== scheme) return differs("wrong-session", scheme, offer.scheme);
  if (offer.increment !== increment) return differs("wrong-session", `increment ${increment}`, offer.increment);
  if (!agreed) {
    const latest = limits.expiry ?? offer.expiry;
    return offer.expiry > latest ? differs("expiry-too-late", `block ${latest} or before`, offer.expiry) : undefined;
  }
  if (offer.session !== agreed.session) return differs("wrong-session", agreed.session, offer.session);
  if (offer.sessionMax !== agreed.sessionMax)
    return differs("terms-changed", `a maximum of ${agreed.sessionMax} sat`, offer.sessionMax);
  if (offer.expiry !== agreed.expiry) return differs("terms-changed", `the end at ${agreed.expiry}`, offer.expiry);
  return undefined;
}

function price({ expectation }: Step): AuditRefusal | undefined {
  const most = expectation.limits.price;
  return expectation.price > most ? differs("overpriced", `at most ${most} sat/kWh`, expectation.price) : undefined;
}

function inputForm({ offer }: Step): AuditRefusal | undefined {
  const seen: string[] = [];
  for (const { txid, vout, amount } of offer.inputs) {
    if (!isHex(txid, 32) || !Number.isInteger(vout) || vout < 0 || vout > MAX_VOUT || !isSatoshi(amount))
      return refuse("malformed-offer", `input: ${shown(txid)}:${shown(vout)} of ${shown(amount)} sat.`);
    const outpoint = outpointKey({ txid, vout });
    if (seen.includes(outpoint)) return refuse("duplicate-input", `${outpoint}.`);
    seen.push(outpoint);
  }
  const total = totalOf(offer.inputs);
  return total > MAX_SATOSHI ? refuse("malformed-offer", `inputs worth ${total} sat.`) : undefined;
}

function coins({ offer, expectation }: Step): AuditRefusal | undefined {
  const { agreed, scheme, pledgedElsewhere } = expectation;
  if (agreed && supersedes(scheme)) {
    if (sameOutpoints(agreed.inputs, offer.inputs)) return undefined;
    const foreign = offer.inputs.find((coin) => !agreed.inputs.some((own) => isSameOutpoint(own, coin)));
    if (foreign) return refuse("foreign-coin", `${outpointKey(foreign)}.`);
    return refuse(
      "wrong-coins",
      `Expected ${agreed.inputs.length} coins, got ${offer.inputs.length} or another order.`,
    );
  }
  const pledged = offer.inputs.find(pledgedElsewhere);
  return pledged && refuse("coin-pledged", `${outpointKey(pledged)}.`);
}

function amounts({ offer, expectation }: Step): AuditRefusal | undefined {
  for (const coin of offer.inputs) {
    const agreed = expectation.agreed?.inputs.find((own) => isSameOutpoint(own, coin))?.amount;
    for (const amount of [agreed, expectation.pinned(coin)])
      if (amount !== undefined && amount !== coin.amount)
        return differs("amount-changed", `${amount} sat in ${outpointKey(coin)}`, coin.amount);
  }
  return undefined;
}

function outputs({ offer, expectation: { agreed, payerScript } }: Step): AuditRefusal | undefined {
  const [socket, change] = offer.outputs;
  if (agreed && socket?.script !== agreed.socketScript)
    return differs("payee-changed", agreed.socketScript, socket?.script);
  if (!socket || !isPayeeScript(socket.script) || socket.script === payerScript)
    return differs("bad-payee", "a P2WPKH, P2WSH or P2TR script that is not the cable's", socket?.script);
  if (change && change.script !== payerScript) return differs("redirected-change", payerScript, change.script);
  return undefined;
}

function value(step: Step): AuditRefusal | undefined {
  const { offer, expectation, before } = step;
  const { agreed, limits, increment } = expectation;
  const owed = agreed ? 0 : limits.arrears;
  if (offer.arrears > owed) return differs("arrears-refused", `at most ${owed} sat`, offer.arrears);
  const socket = offer.outputs[0];
  const amount = socket?.amount ?? 0;
  const bought = boughtBy(step);
  if (bought > increment) return differs("overcharged", `${before + increment + offer.arrears} sat`, amount);
  if (bought !== increment && bought !== 0)
    return differs("wrong-increment", `${before + increment + offer.arrears} sat`, amount);
  if (bought === 0 && offer.arrears === 0 && !raisesFee(step))
    return refuse("nothing-bought", `The socket would get ${amount} sat, as before.`);
  const dust = dustOf(socket?.script ?? "");
  return amount < dust ? differs("dust-increment", `at least ${dust} sat`, amount) : undefined;
}

function limit(step: Step): AuditRefusal | undefined {
  const { offer, expectation } = step;
  const most = Math.min(expectation.limits.session, offer.sessionMax);
  const paid = (expectation.agreed?.paid ?? 0) + boughtBy(step);
  return paid > most ? differs("session-limit", `at most ${most} sat`, paid) : undefined;
}

function energy(step: Step): AuditRefusal | undefined {
  const due = energyFor(boughtBy(step), step.expectation.price);
  const { energy } = step.offer;
  return energy < due ? differs("energy-short", `${due} mWh`, energy) : undefined;
}

function fee({ offer, expectation: { limits } }: Step): AuditRefusal | undefined {
  const left = totalOf(offer.inputs) - totalOf(offer.outputs);
  if (offer.fee !== left) return differs("hidden-fee", `${left} sat, what the outputs leave`, offer.fee);
  if (left > limits.fee) return differs("fee-too-high", `at most ${limits.fee} sat`, left);
  const vsize = vsizeOf(
    offer.inputs.length,
    offer.outputs.map((output) => output.script),
  );
  const most = feeFor(vsize, limits.feeRate);
  if (left > most) return differs("fee-rate-too-high", `at most ${most} sat for ${vsize} vbytes`, left);
  const change = offer.outputs[1];
  if (change && change.amount < DUST) return differs("wrong-change", `none, or at least ${DUST} sat`, change.amount);
  return undefined;
}

/** What the draft pays for energy: what the socket's output gained, less the arrears. */
function boughtBy({ offer, before }: Step): Satoshi {
  return (offer.outputs[0]?.amount ?? 0) - before - offer.arrears;
}

/**
 * A draft may repeat the last value at a higher fee: single-fee only, where it supersedes the last
 * one.
 */
function raisesFee({ offer, expectation: { agreed, scheme } }: Step): boolean {
  return supersedes(scheme) && agreed !== undefined && offer.fee > agreed.fee;
}

function differs(reason: AuditReason, expected: string, came: unknown): AuditRefusal {
  return refuse(reason, `Expected ${expected}, got ${shown(came)}.`);
}

function refuse(reason: AuditReason, detail: string): AuditRefusal {
  return { ok: false, reason, detail };
}

/** What came, short enough for a line. */
function shown(value: unknown): string {
  return String(value).slice(0, 80);
}
