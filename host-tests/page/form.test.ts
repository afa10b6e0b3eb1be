// The form of the settings, as it is made from their table.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { changesOf, type Field, fieldsOf } from "../../page/form";
import type { Settings } from "../../page/shapes";
import { serialOnly } from "../../shared/owner/access";
import { type Device, ownerTable, SECRETS } from "../../shared/settings/owner";

const GOT: Settings = {
  settings: {
    price: 300,
    schemes: ["single-fee", "basic"],
    network: "regtest",
    payoutAddress: "bcrt1q",
    increment: 1000,
  },
  own: ["price"],
  secrets: ["ownerPassword"],
  waiting: ["hostname"],
  refused: [],
};

function fields(device: Device = "socket", isSerial = false): readonly Field[] {
  return fieldsOf({ device, isSerial, got: GOT });
}

function field(name: string, all = fields()): Field {
  const found = all.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

describe("the form", () => {
  test("has every setting of the table, in its order", () => {
    for (const device of ["socket", "cable"] as const)
      assert.deepEqual(
        fields(device).map(({ name }) => name),
        ownerTable(device).entries.map(({ name }) => name),
      );
  });

  test("tells unit, bounds, default, and when a change counts", () => {
    const { entry, hints } = field("increment");
    assert.equal(entry.unit, "sat");
    assert.deepEqual(hints, [
      "294 to 1\u2009000\u2009000\u2009000 sat.",
      "Default: 1\u2009000 sat.",
      "Counts from the next session on.",
    ]);
    assert.ok(field("price").hints.includes("Default: 300 sat/kWh (none on mainnet)."));
    assert.ok(field("hostname").hints.includes("Counts after a restart."));
    assert.ok(field("feeLimit").hints.includes("Counts at once."));
  });

  test("shows what holds, what the owner set, and what waits for a restart", () => {
    assert.deepEqual([field("price").text, field("price").isOwn, field("increment").isOwn], ["300", true, false]);
    assert.equal(field("schemes").text, "single-fee, then basic");
    assert.ok(field("hostname").isWaiting);
  });

  test("shuts over the link what wants the serial port, and says why", () => {
    const shut = fields().filter(({ why }) => why !== undefined);
    for (const { name } of shut) assert.ok(serialOnly().settings.includes(name), name);
    assert.equal(field("payoutAddress").why, "it decides where the money goes");
    assert.equal(field("price").why, undefined);
    assert.ok(
      fields("cable").every(({ why }) => why !== undefined),
      "all of a cable's",
    );
    assert.ok(
      fields("socket", true).every(({ why }) => why === undefined),
      "nothing over serial",
    );
  });

  test("never has a control for a secret over the link", () => {
    for (const device of ["socket", "cable"] as const)
      for (const { name, control, text } of fields(device).filter((each) => SECRETS.includes(each.name))) {
        assert.equal(control, "shown", name);
        assert.equal(text, name === "ownerPassword" ? "set" : "not set");
      }
  });

  test("offers each order of a choice of several", () => {
    const choices = field("schemes").choices.map(({ text }) => text);
    assert.equal(new Set(choices).size, choices.length);
    for (const text of ["single-fee, then basic", "basic, then single-fee", "single-fee", "basic"])
      assert.ok(choices.includes(text), text);
  });
});

describe("what was typed", () => {
  const changed = (texts: Record<string, string>) => changesOf("socket", fields(), new Map(Object.entries(texts)));

  test("is sent where it is another than before, and as the table wants it", () => {
    const { changes, problems } = changed({
      price: "250",
      increment: "1000",
      feeLimit: "1 500",
      schemes: "basic",
      hostname: "shed",
    });
    assert.deepEqual(changes, { price: 250, feeLimit: 1500, schemes: ["basic"], hostname: "shed" });
    assert.equal(problems.size, 0);
  });

  test("is refused beside its field with what was expected", () => {
    const { changes, problems } = changed({
      price: "0",
      increment: "a lot",
      feeLimit: "1.5",
      hostname: "a b",
      grace: "-",
    });
    assert.deepEqual(changes, {});
    assert.match(problems.get("price") ?? "", /^expected a whole number \(sat\/kWh\) from 1 to .*, came 0$/);
    assert.match(problems.get("increment") ?? "", /^expected a whole number .*, came "a lot"$/);
    assert.match(problems.get("feeLimit") ?? "", /came 1.5$/);
    assert.match(problems.get("hostname") ?? "", /^expected a name of 1 to 63/);
    assert.match(problems.get("grace") ?? "", /^expected a whole number/);
  });

  test("of a setting for the serial port is not sent over the link", () => {
    assert.deepEqual(changed({ payoutAddress: "bcrt1qother" }).changes, {});
  });
});

describe("the form over the serial port", () => {
  const serial = (device: Device = "socket") => fields(device, true);

  test("has every setting open, what a new device wants among the first", () => {
    for (const device of ["socket", "cable"] as const)
      assert.deepEqual(
        serial(device).filter(({ why }) => why !== undefined),
        [],
      );
    for (const name of ["network", "payoutAddress", "esplora", "ssid", "ownerPassword"])
      assert.ok(field(name, serial()).isMain, name);
  });

  test("takes a password, never shows one, and changes none that is not typed", () => {
    const secret = field("ownerPassword", serial());
    assert.deepEqual([secret.control, secret.text, secret.hints[0]], ["secret", "", "It is set."]);
    const typed = (text: string) => changesOf("socket", serial(), new Map([["ownerPassword", text]])).changes;
    assert.deepEqual(typed(""), {});
    assert.deepEqual(typed("correct horse"), { ownerPassword: "correct horse" });
  });

  test("takes an object as JSON, and says what is wrong with one that is none", () => {
    const typed = (text: string) => changesOf("cable", serial("cable"), new Map([["socket", text]]));
    const at = { host: "10.0.0.2", port: 8080 };
    assert.deepEqual(typed(JSON.stringify(at)).changes, { socket: at });
    assert.match(typed("10.0.0.2").problems.get("socket") ?? "", /^expected an object/);
  });
});
