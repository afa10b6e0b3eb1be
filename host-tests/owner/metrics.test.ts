// GET /metrics: OpenMetrics text as its specification has it, and what Prometheus' own tool says of
// it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { MINUTE } from "../../lab/stage/bench";
import { formatFor, METRICS_TYPES } from "../../shared/owner/metrics";
import { owned, Side } from "./owned";

const PROMTOOL = spawnSync("promtool", ["--version"]).status === 0;

interface Family {
  readonly name: string;
  readonly type: string;
  unit?: string;
  help?: string;
  readonly samples: { readonly name: string; readonly labels: ReadonlyMap<string, string>; readonly value: number }[];
}

/**
 * Strict, as OpenMetrics 1.0 (its ABNF, and "Overall Structure") has it, for the kinds that we
 * have.
 */
function openMetrics(text: string): Map<string, Family> {
  assert.ok(text.endsWith("\n# EOF\n"), "the last line is # EOF");
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const [, word, about = "", rest = ""] = /^# (TYPE|UNIT|HELP) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (word === "TYPE") {
      assert.match(rest, /^(counter|gauge|info|stateset)$/);
      assert.ok(!families.has(about), `${about} comes once, its samples together`);
      family = { name: about, type: rest, samples: [] };
      families.set(about, family);
    } else if (word !== undefined) {
      assert.equal(about, family?.name, "a family's lines stand together");
      if (family && word === "UNIT") family.unit = rest;
      if (family && word === "HELP") family.help = rest;
    } else addSample(family, line);
  }
  for (const { name, type, unit, help, samples } of families.values()) {
    assert.ok(help && samples.length > 0, name);
    if (unit) assert.ok(name.endsWith(`_${unit}`), `${name} ends in its unit`);
    if (type === "counter") for (const { value } of samples) assert.ok(value >= 0, name);
    if (type === "stateset") assert.equal(samples.filter(({ value }) => value === 1).length, 1, name);
  }
  return families;
}

function addSample(family: Family | undefined, line: string): void {
  const form = /^([a-z_]+)(?:\{([a-z_]+="(?:[^"\\\n]|\\.)*")\})? (-?[0-9.]+(?:e-?[0-9]+)?)$/;
  const [, name = "", labels = "", value = ""] = form.exec(line) ?? [];
  assert.ok(family && name !== "", line);
  const suffix = family.type === "counter" ? "_total" : family.type === "info" ? "_info" : "";
  assert.equal(name, family.name + suffix, line);
  const [, label, text = ""] = /^([a-z_]+)="(.*)"$/.exec(labels) ?? [];
  if (family.type === "stateset") assert.equal(label, family.name, "a state's label is the family");
  family.samples.push({ name, labels: new Map(label ? [[label, text]] : []), value: Number(value) });
}

async function both() {
  const all = owned();
  await all.bench.clock.run(3 * MINUTE);
  return all;
}

function valueIn(families: Map<string, Family>, name: string): number {
  return families.get(`plugpay_${name}`)?.samples[0]?.value ?? Number.NaN;
}

describe("OpenMetrics text", () => {
  test("of a socket that sells says what status says, in base units", async () => {
    const { socket } = await both();
    const families = openMetrics(socket.owner.metrics("openmetrics"));
    const status = await socket.get("status");
    assert.equal(valueIn(families, "power_watts"), status.meter.powerW);
    assert.ok(Math.abs(valueIn(families, "energy_joules") - status.energy.totalMwh * 3.6) < 3.6);
    assert.equal(valueIn(families, "unconfirmed_satoshis"), status.earned.unconfirmedSat);
    assert.equal(valueIn(families, "exposure_satoshis"), status.exposureSat);
    assert.equal(Math.round(valueIn(families, "price_satoshis_per_joule") * 3_600_000), status.priceSatPerKwh);
    assert.equal(valueIn(families, "chain_tip_height"), status.chain.tip);
    assert.equal(valueIn(families, "heap_free_bytes"), 90_000);
    const paid = families.get("plugpay_state")?.samples.find(({ value }) => value === 1);
    assert.equal(paid?.labels.get("plugpay_state"), "paid");
  });

  test("of a cable that pays says what it spent", async () => {
    const { cable } = await both();
    const families = openMetrics(cable.owner.metrics("openmetrics"));
    const status = await cable.get("status");
    assert.equal(valueIn(families, "paid_satoshis"), status.spent.totalSat);
    assert.equal(valueIn(families, "claim_satoshis"), 0);
  });

  test("of a device that did not start says that", async () => {
    const { bench } = await both();
    const side = new Side("socket", {}, () => bench);
    assert.equal(valueIn(openMetrics(side.owner.metrics("openmetrics")), "up"), 0);
  });

  test("has no address, no transaction and no payee in it, in either format", async () => {
    const { socket, cable } = await both();
    for (const text of [socket, cable].flatMap(({ owner }) => [owner.metrics("openmetrics"), owner.metrics("classic")]))
      assert.ok(!/bcrt1|[0-9a-f]{40}/.test(text), text);
  });
});

test("who asks for OpenMetrics gets it, anybody else the classic format", () => {
  const prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
  assert.equal(formatFor(prometheus), "openmetrics");
  assert.equal(formatFor("*/*"), "classic");
  assert.equal(formatFor(undefined), "classic");
  assert.match(METRICS_TYPES.openmetrics, /^application\/openmetrics-text; version=1\.0\.0/);
});

test("promtool check metrics finds nothing wrong", {
  skip: PROMTOOL ? false : "promtool is not installed",
}, async () => {
  const { socket, cable } = await both();
  for (const { owner } of [socket, cable]) {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
      input: owner.metrics("classic"),
      encoding: "utf8",
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  }
});
