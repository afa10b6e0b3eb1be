// The operations of the benchmark, in the order of its table. Runs on the emulated core, over the
// libraries as they come or over the wallet: the bundler decides.

import { RawTx } from "@scure/btc-signer/script.js";
import { addressOf } from "../../../shared/bitcoin/address";
import { auditDraft } from "../../../shared/bitcoin/audit";
import { hexToBytes } from "../../../shared/bitcoin/bytes";
import { ecdsa } from "../../../shared/bitcoin/ecdsa";
import { frameOf, prepareDraft } from "../../../shared/bitcoin/frame";
import { signDraft } from "../../../shared/bitcoin/sign";
import { decodeUtf8, encodeUtf8 } from "../../../shared/kernel/utf8";
import type { DraftOffer, PaymentResult } from "../../../shared/protocol/types";
import { decodeCall, decodeResponse } from "../../../shared/rpc/decode";
import { encodeCall, encodeResponse } from "../../../shared/rpc/encode";
import { answerCall } from "../../../shared/rpc/methods";
import { draftOffer, paymentRequest, paymentResult, powerRequest } from "../../../shared/rpc/wire";
import type { Value } from "../../../shared/rpc/xmlrpc";
import { calibrate, measure, report } from "./host";
import { openCable, SECRET, setTable, type Table, TERMS } from "./payment";
import { primitives } from "./primitives";

const PEER = "169.254.0.2:5000";

/** One input, two outputs. */
function transactions(offer: DraftOffer, wallet: ReturnType<typeof openCable>): void {
  measure("address", () => addressOf(wallet.script, "regtest"));
  const draft = {
    inputs: offer.inputs,
    payerScript: wallet.script,
    socketScript: offer.outputs[0]?.script ?? "",
    value: offer.outputs[0]?.amount ?? 0,
    fee: offer.fee,
  };
  const prepared = measure("build", () => {
    const made = prepareDraft(draft);
    made.hashAhead();
    return made;
  });
  const frame = frameOf(draft.inputs, wallet.script);
  const expectation = {
    scheme: TERMS.scheme,
    payerScript: wallet.script,
    increment: TERMS.increment,
    price: TERMS.price,
    limits: { price: 300_000, fee: 5_000, feeRate: 100_000, session: 100_000, arrears: 0 },
    pinned: () => undefined,
    pledgedElsewhere: () => false,
  };
  const verdict = measure("audit", () => auditDraft(offer, { ...expectation, frame }));
  if (!verdict.ok) throw new Error(`expected the offer to pass, got ${verdict.reason}: ${verdict.detail}`);
  const signed = hexToBytes(signDraft(draft, wallet, prepared));
  measure("parse", () => RawTx.decode(signed));
}

/** What travels in a payment, as values and as text. */
function wire(request: string, answer: string): void {
  measure("rpcDecode", () => decodeCall(request));
  const response = decodeResponse(answer);
  if (response.kind === "fault") throw new Error(`expected an answer, got ${response.message}`);
  measure("rpcEncode", () => encodeResponse(response.value as Value));
}

async function call(table: Table, method: string, params: readonly Value[]): Promise<string> {
  const { xml } = await answerCall(encodeCall(method, params), table.socket, PEER, (error) => {
    throw error;
  });
  return xml;
}

function read<T>(xml: string, shape: { read(value: Value, field: string): T }): T {
  const response = decodeResponse(xml);
  if (response.kind === "fault") throw new Error(`expected an answer, got ${response.message}`);
  return shape.read(response.value, "");
}

function taken(table: Table): void {
  table.ledger.write(table.purse.acknowledged());
}

/** The second increment of a session: the first one opens it and makes what a session keeps. */
async function payments(
  wallet: ReturnType<typeof openCable>,
): Promise<{ offer: DraftOffer; request: string; answer: string }> {
  const table = setTable(wallet);
  const request = { address: addressOf(wallet.script, "regtest"), scheme: TERMS.scheme };
  const offer = read(await call(table, "power_request", [powerRequest.write(request)]), draftOffer);
  const first = table.purse.sign(offer, TERMS);
  const result: PaymentResult = read(
    await call(table, "pay_transaction", [paymentRequest.write(first.request)]),
    paymentResult,
  );
  taken(table);
  table.idle();
  const { next } = result;
  if (!next) throw new Error("expected the next draft with the answer");
  const second = measure("incrementCable", () => table.purse.sign(next, TERMS));
  const text = measure("renewalCable", () =>
    encodeUtf8(encodeCall("pay_transaction", [paymentRequest.write(second.request)])),
  );
  const before = host.instret();
  const { xml } = await answerCall(decodeUtf8(text), table.socket, PEER, (error) => {
    throw error;
  });
  const bytes = encodeUtf8(xml);
  report("renewalSocket", host.instret() - before);
  taken(table);
  table.idle();
  const third = read(xml, paymentResult).next;
  if (!third || bytes.length === 0) throw new Error("expected a third draft");
  const last = table.purse.sign(third, TERMS);
  const start = host.instret();
  await table.socket.payTransaction(last.request, PEER);
  table.idle();
  report("incrementSocket", host.instret() - start);
  return { offer, request: decodeUtf8(text), answer: xml };
}

/**
 * All operations, each figure reported as it is found; then `more`, beside which the heap's peak is
 * not taken.
 */
export async function run(more: (wallet: ReturnType<typeof openCable>) => void = () => {}): Promise<void> {
  calibrate();
  host.heap();
  measure("firstPublicKey", () => ecdsa.publicKey(SECRET));
  primitives();
  const wallet = openCable();
  const { offer, request, answer } = await payments(wallet);
  transactions(offer, wallet);
  wire(request, answer);
  const [slots, chunks] = host.peak();
  host.print(`= slots ${slots}`);
  host.print(`= chunks ${chunks}`);
  more(wallet);
}
