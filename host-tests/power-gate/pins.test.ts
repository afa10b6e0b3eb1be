import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { GATE_CORE } from "../../lab/world/build";
import { gateSignals } from "../../tools/firmware/pins";
import { TARGETS } from "../../tools/firmware/targets";

interface PinMap {
  readonly signals: Record<string, { direction: "adc1" | "input" | "output"; what: string; optional?: true }>;
  readonly targets: Record<
    string,
    {
      readonly adc1: Record<string, number>;
      readonly inputOnly: readonly number[];
      /**
       * Pins that the chip pulls up while it is in reset, as its datasheet has it; some only by an
       * eFuse.
       */
      readonly pullUpAtReset: readonly number[];
      readonly reserved: Record<string, string>;
      readonly pins: Record<string, number>;
      readonly console: { readonly receive: number; readonly transmit: number };
    }
  >;
}

const root = new URL("../../", import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), "utf8"));
const map = read("manifests/pins.json") as PinMap;
const manifest = read("manifests/power-gate.json") as {
  defines: { gate: Record<string, Record<string, number>> };
  modules: { "*": readonly string[] };
};
const ethernet = read("manifests/network-ethernet.json") as {
  defines: { ethernet: { internal: { mac: Record<string, number> } } };
};

describe("the pin map", () => {
  it("has every target that the firmware is built for, and no other", () => {
    assert.deepEqual(Object.keys(map.targets).sort(), Object.keys(TARGETS).sort());
  });

  it("says the same as the power gate's manifest", () => {
    for (const [target, { pins }] of Object.entries(map.targets)) {
      const defined = manifest.defines.gate[target] ?? {};
      const gates = Object.entries(pins).filter(([name]) => !map.signals[name]?.optional);
      const expected = Object.fromEntries(gates.map(([name, pin]) => [name.toLowerCase(), pin]));
      assert.deepEqual(defined, expected, target);
    }
  });

  it("says the same as docs/hardware.md", () => {
    const page = readFileSync(new URL("docs/hardware.md", root), "utf8").split("## Pins")[1] ?? "";
    const targets = Object.keys(map.targets);
    for (const name of Object.keys(map.signals)) {
      const row = page.match(new RegExp(`^\\| ${name}(?: \\([^|]*)? \\|(.*)\\|$`, "m"))?.[1];
      const expected = targets.map((target) => map.targets[target]?.pins[name]);
      assert.deepEqual(row?.split("|").map(Number), expected, name);
    }
    const consoles = page
      .match(/^\| console[^|]*\|(.*)\|$/m)?.[1]
      ?.split("|")
      .map((cell) => cell.trim());
    assert.deepEqual(
      consoles,
      Object.values(map.targets).map(({ console: { receive, transmit } }) => `${receive} / ${transmit}`),
    );
  });

  it("keeps the Ethernet manifest's pins free", () => {
    for (const pin of Object.values(ethernet.defines.ethernet.internal.mac)) {
      assert.ok(map.targets.esp32?.reserved[pin], `GPIO ${pin}`);
    }
  });

  for (const [target, { pins, adc1, inputOnly, pullUpAtReset, reserved }] of Object.entries(map.targets)) {
    it(`of ${target} puts analog signals on ADC1, outputs on pins that can drive, and nothing on reserved ones`, () => {
      assert.deepEqual(Object.keys(pins).sort(), Object.keys(map.signals).sort());
      for (const [name, pin] of Object.entries(pins)) {
        const direction = map.signals[name]?.direction;
        assert.equal(reserved[pin], undefined, `${name} is on GPIO ${pin}`);
        if (direction === "adc1") assert.notEqual(adc1[pin], undefined, `${name}: GPIO ${pin} is not on ADC1`);
        if (direction === "output") assert.ok(!inputOnly.includes(pin), `${name}: GPIO ${pin} cannot drive`);
      }
    });

    it(`of ${target} has the relay on a pin that reset does not pull up`, () => {
      assert.ok(pullUpAtReset.length > 0);
      assert.ok(!pullUpAtReset.includes(pins.relay ?? Number.NaN), `relay: GPIO ${pins.relay}`);
    });

    it(`of ${target} gives no pin to two signals that are used together`, () => {
      // A board has either the ADC, a chip with pulses or one that speaks.
      for (const sensor of ["adc", "bl0937", "cse7766"]) {
        const used = gateSignals(sensor).map((name) => pins[name]);
        assert.ok(used.every((pin) => pin !== undefined));
        assert.equal(new Set(used).size, used.length, sensor);
      }
      const optional = Object.keys(map.signals).filter((name) => map.signals[name]?.optional);
      const board = [...gateSignals("adc"), ...optional].map((name) => pins[name]);
      assert.equal(new Set(board).size, board.length);
    });
  }
});

it("a board's image has all files of the core that is tested here", () => {
  const built = manifest.modules["*"].map((file) => file.replace("$(PLUGPAY)/", ""));
  const missing = GATE_CORE.filter((file) => file.endsWith(".c") && !built.includes(file));
  assert.deepEqual(missing, []);
});
