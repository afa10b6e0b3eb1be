// Prices are shown a kilowatt-hour wherever a person reads them; the wire and the settings count
// millisatoshi a Wh, which is the same figure.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Account } from "../../lab/sim/account";
import type { Simulation } from "../../lab/sim/simulation";
import { View } from "../../lab/sim/view";
import { plugged } from "../../lab/stage/bench";
import { formatPrice, priceOf } from "../../shared/kernel/units";
import { CABLE_TABLE } from "../../shared/settings/cable";
import { SOCKET_TABLE } from "../../shared/settings/socket";

test("a price of 0.3 sat/Wh reads 300 sat/kWh, and a kWh costs that", () => {
  assert.equal(formatPrice(300), "300 sat/kWh");
  assert.equal(formatPrice(250_000), "250000 sat/kWh");
  assert.equal(priceOf(1_000_000, 300), 300);
});

test("the tables of settings name the unit", () => {
  const unitOf = (entries: readonly { readonly name: string; readonly unit?: string }[], name: string) =>
    entries.find((entry) => entry.name === name)?.unit;
  assert.equal(unitOf(SOCKET_TABLE.entries, "price"), "sat/kWh");
  assert.equal(unitOf(CABLE_TABLE.entries, "maxPrice"), "sat/kWh");
});

test("a cable that finds it too dear says so a kWh", async () => {
  const bench = plugged({ socket: { price: 900 }, cable: { maxPrice: 600 } });
  await bench.clock.run(10_000);
  const why = bench.events.find(({ reason }) => reason === "overpriced")?.why;
  assert.match(String(why), /at most 600 sat\/kWh, came 900/);
});

test("the live view shows the socket's price, and none of a socket that is not its own", () => {
  const account = {
    state: { socket: "standby", cable: "off" },
    bought: 0,
    paid: 0,
    increments: 0,
    delivered: () => 0,
    exposure: () => 0,
    settlements: () => [],
  } as unknown as Account;
  const priceRow = (absent?: string) => {
    const parts = { price: 300, absent, timeline: { now: 0 }, readings: undefined, boards: {} };
    const simulation = parts as unknown as Simulation;
    const rows = new View(simulation, account, process.stdout).rows();
    return rows.find((row) => row.trim().startsWith("price"));
  };
  assert.match(priceRow() ?? "", /300 sat\/kWh/);
  assert.match(priceRow("socket") ?? "", /price +-$/);
});
