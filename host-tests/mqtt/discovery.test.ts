// What Home Assistant reads: its rules for device discovery and for sensors, held against what the
// devices of a bench say.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toldOf } from "../../shared/mqtt/discovery";
import type { Device } from "../../shared/settings/owner";
import { owned } from "../owner/owned";

const MAC = "02:00:00:A0:B1:C2";

/** By device class: units and state classes that Home Assistant takes together. */
const RULES: Readonly<
  Record<string, { readonly units: readonly (string | undefined)[]; readonly states: readonly (string | undefined)[] }>
> = {
  power: { units: ["W", "kW"], states: ["measurement"] },
  voltage: { units: ["V", "mV"], states: ["measurement"] },
  current: { units: ["A", "mA"], states: ["measurement"] },
  power_factor: { units: [undefined, "%"], states: ["measurement"] },
  frequency: { units: ["Hz", "kHz"], states: ["measurement"] },
  energy: { units: ["Wh", "kWh"], states: ["total", "total_increasing"] },
  enum: { units: [undefined], states: [undefined] },
};
const BINARY = ["power", "problem"];
/** Short names of its MQTT integration, by what they are in. */
const SHORT = {
  root: { dev: "device", o: "origin", cmps: "components", stat_t: "state_topic", avty_t: "availability_topic" },
  dev: {
    ids: "identifiers",
    name: "name",
    mf: "manufacturer",
    mdl: "model",
    sw: "sw_version",
    cu: "configuration_url",
  },
  o: { name: "name", sw: "sw_version" },
  component: {
    p: "platform",
    uniq_id: "unique_id",
    name: "name",
    val_tpl: "value_template",
    dev_cla: "device_class",
    unit_of_meas: "unit_of_measurement",
    stat_cla: "state_class",
    sug_dsp_prc: "suggested_display_precision",
    ops: "options",
    ent_cat: "entity_category",
  },
} as const;

interface Component {
  readonly p: string;
  readonly uniq_id: string;
  readonly val_tpl: string;
  readonly dev_cla?: string;
  readonly unit_of_meas?: string;
  readonly stat_cla?: string;
  readonly ops?: readonly string[];
  readonly ent_cat?: string;
}

const { bench, socket, cable } = owned();
const statusOf = { socket: () => socket.owner.status(), cable: () => cable.owner.status() };

function told(device: Device, status: () => object = statusOf[device]) {
  return toldOf({ device, version: "1.2.3", mac: MAC, prefix: "house/power", page: "http://10.0.0.7:8081/", status });
}

function read(device: Device) {
  const { discovery, state } = told(device);
  const config = JSON.parse(discovery().text);
  return {
    config,
    components: Object.entries(config.cmps as Record<string, Component>),
    state: JSON.parse(state().text),
  };
}

for (const device of ["socket", "cable"] as const)
  describe(`a ${device} for Home Assistant`, () => {
    test("one retained message names the device, whence it comes, and its entities, by names that are known", () => {
      const { topic } = told(device).discovery();
      assert.equal(topic, "homeassistant/device/plugpay_a0b1c2/config");
      assert.match(topic, /^homeassistant\/device\/[a-zA-Z0-9_-]+\/config$/);
      const { config, components } = read(device);
      assert.deepEqual(
        Object.keys(config).filter((name) => !(name in SHORT.root)),
        [],
      );
      for (const part of ["dev", "o"] as const)
        assert.deepEqual(
          Object.keys(config[part]).filter((name) => !(name in SHORT[part])),
          [],
        );
      assert.equal(config.dev.ids, "plugpay_a0b1c2");
      assert.equal(config.avty_t, "house/power/plugpay_a0b1c2/availability");
      assert.equal(config.dev.cu, "http://10.0.0.7:8081/");
      for (const [key, component] of components)
        assert.deepEqual(
          Object.keys(component).filter((name) => !(name in SHORT.component)),
          [],
          key,
        );
      const ids = components.map(([, { uniq_id }]) => uniq_id);
      assert.equal(new Set(ids).size, ids.length, "each has an id of its own");
    });

    test("each sensor's unit and state class are those that its device class takes", () => {
      for (const [key, { p, dev_cla, unit_of_meas, stat_cla, ops, ent_cat }] of read(device).components) {
        if (p === "binary_sensor") assert.ok(BINARY.includes(dev_cla ?? ""), key);
        else assert.equal(p, "sensor", key);
        const rule = p === "sensor" ? RULES[dev_cla ?? ""] : undefined;
        if (rule) assert.ok(rule.units.includes(unit_of_meas) && rule.states.includes(stat_cla), key);
        else assert.ok(p === "binary_sensor" || dev_cla === undefined, key);
        assert.equal(ops !== undefined, dev_cla === "enum", key);
        assert.ok(ent_cat === undefined || ent_cat === "diagnostic", key);
      }
      const { energy } = read(device).config.cmps;
      assert.deepEqual([energy.dev_cla, energy.stat_cla], ["energy", "total_increasing"]);
    });

    test("it takes no command of any kind, so none that could close a relay", () => {
      const { text } = told(device).discovery();
      assert.doesNotMatch(text, /cmd_t|command|_topic|switch|button/);
    });

    test("every entity reads a value that the state has, an enum one of its own", async () => {
      await bench.clock.run(60_000);
      const { components, state } = read(device);
      assert.deepEqual(components.map(([key]) => key).sort(), Object.keys(state).sort());
      for (const [key, { val_tpl, ops, p }] of components) {
        assert.equal(val_tpl, `{{ value_json.${key} }}`);
        if (ops && state[key] !== null) assert.ok(ops.includes(state[key]), `${key}: ${state[key]}`);
        if (p === "binary_sensor") assert.ok(["ON", "OFF", null].includes(state[key]), key);
      }
      assert.equal(state.state, device === "socket" ? "paid" : "powered");
      assert.ok(state.power > 1000 && state.energy > 0 && state.relay === "ON" && state.problem === "OFF");
    });

    test("what did not start says why, and has no numbers rather than zeros", () => {
      const { state } = told(device, () => ({ state: "not-started", reason: "price: expected ".repeat(40) }));
      const { state: word, reason, power, energy, relay, problem } = JSON.parse(state().text);
      assert.deepEqual(
        [word, reason.length, power, energy, relay, problem],
        ["not-started", 255, null, null, null, "ON"],
      );
    });

    test("its two texts fit a board's memory", () => {
      const sizes = [told(device).discovery(), told(device).state()].map(({ text }) => text.length);
      assert.ok((sizes[0] ?? 0) < 4096 && (sizes[1] ?? 0) < 1024, sizes.join());
    });
  });
