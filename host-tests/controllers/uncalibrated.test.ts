// Real money and a meter that nobody calibrated: the one side sells nothing, the other pays
// nothing, and both say why.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, type BenchOptions, INCREMENT_UWH, MINUTE, plugged } from "../../lab/stage/bench";
import { addressOf } from "../../shared/bitcoin/address";
import { encodeCalibration, isCalibrated, storedCalibration, UNCALIBRATED } from "../../shared/board/calibration";
import { Fault } from "../../shared/protocol/faults";

const HOST = "169.254.1.7";

/** A toaster on mainnet, the cable plugged in. */
function onMainnet(calibrated: NonNullable<BenchOptions["calibrated"]>): Bench {
  const network = "mainnet";
  const { payout } = new Bench();
  return plugged({
    calibrated,
    socket: { network, price: 250_000, payoutAddress: addressOf(payout.script, network) },
    cable: { network, maxPrice: 250_000, maxDaily: 1_000_000 },
  });
}

function told(bench: Bench, device: string, name: string): readonly Readonly<Record<string, unknown>>[] {
  return bench.events.filter((event) => event.device === device && event.name === name);
}

test("on mainnet two calibrated meters deal", async () => {
  const bench = onMainnet(["socket", "cable"]);
  await bench.clock.run(2 * MINUTE);
  assert.ok(bench.circuit.cable.read().total > INCREMENT_UWH / 2, `${bench.circuit.cable.read().total} uWh`);
  assert.equal((await bench.socket.getStatus({}, HOST)).trouble, undefined);
});

test("on mainnet an uncalibrated socket sells nothing; call, status and console say why", async () => {
  const bench = onMainnet(["cable"]);
  await bench.clock.run(65_000);
  assert.equal(bench.circuit.cable.read().total, 0);
  const address = addressOf(bench.wallet.script, "mainnet");
  const refuses = (error: unknown) =>
    error instanceof Fault &&
    error.fault === "power-fault" &&
    error.message.includes("not calibrated, so it sells nothing");
  await assert.rejects(bench.socket.powerRequest({ address, scheme: "single-fee" }, HOST), refuses);
  const payment = { session: "00".repeat(16), increment: 1, transaction: "00" };
  await assert.rejects(bench.socket.payTransaction(payment, HOST), refuses);
  assert.equal((await bench.socket.getStatus({}, HOST)).trouble, "not-calibrated");
  const times = told(bench, "socket", "not-calibrated").map(({ at }) => at);
  assert.ok(times.length >= 6 && times.length <= 8, `told at ${times}`);
  const [held] = told(bench, "cable", "held");
  assert.match(String(held?.why), /not calibrated, so it sells nothing on mainnet/);
});

test("on mainnet an uncalibrated cable pays nothing, asks for nothing and says why, again and again", async () => {
  const bench = onMainnet(["socket"]);
  let asked = 0;
  bench.front = (socket) => ({
    getStatus: (...call) => socket.getStatus(...call),
    powerRequest: (...call) => {
      asked++;
      return socket.powerRequest(...call);
    },
    payTransaction: (...call) => socket.payTransaction(...call),
  });
  await bench.clock.run(5 * MINUTE);
  assert.equal(asked, 0);
  assert.equal(bench.circuit.cable.read().total, 0);
  const stops = told(bench, "cable", "stopped");
  assert.ok(stops.length >= 3, `${stops.length} times`);
  assert.equal(stops[0]?.reason, "not-calibrated");
  assert.match(String(stops[0]?.why), /cannot judge what it pays for/);
});

test("a gate counts as calibrated by a whole record, or by what its owner states of each sensor that it has", () => {
  const record = encodeCalibration({ ...UNCALIBRATED, currentGain: 1_010_000 });
  assert.ok(isCalibrated(storedCalibration({ read: () => record }, assert.fail)));
  assert.ok(!isCalibrated(storedCalibration({ read: () => undefined }, assert.fail)));
  assert.ok(!isCalibrated(storedCalibration({ read: () => record.subarray(1) }, () => {})));
  assert.ok(!isCalibrated({ currentRange: 40_000 }));
  assert.ok(!isCalibrated({ currentGain: 1_010_000 }));
  assert.ok(isCalibrated({ currentGain: 1_010_000, voltageGain: 990_000 }));
  assert.ok(isCalibrated({ currentGain: 1_010_000, voltageSensor: 0 }));
});
