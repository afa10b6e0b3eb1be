// The page of settings and the schemas for editors say what the tables say, and the tables fit the
// code.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cableSettings } from "../../shared/cable/settings";
import { BUILD_TABLE } from "../../shared/settings/build";
import { CABLE_TABLE } from "../../shared/settings/cable";
import { BACKEND_TABLES } from "../../shared/settings/chain";
import { defaults, problems } from "../../shared/settings/check";
import type { Table } from "../../shared/settings/entry";
import { GATE_TABLE, gateProblems } from "../../shared/settings/gate";
import { SOCKET_TABLE } from "../../shared/settings/socket";
import { socketSettings } from "../../shared/socket/settings";
import { schemaOf, settingsFiles } from "../../tools/docs/settings";

for (const [file, text] of settingsFiles())
  test(`${file.pathname.split("/").at(-1)} is what the tables say`, () => {
    assert.equal(readFileSync(file, "utf8"), text, "run: npx tsx tools/docs/settings.ts");
  });

test("every setting that a device works with is in its table, once, and no other", () => {
  const payoutAddress = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
  const names = ({ entries }: Table) => entries.map(({ name }) => name).sort();
  assert.deepEqual(names(SOCKET_TABLE), Object.keys(socketSettings({ network: "regtest", payoutAddress })).sort());
  assert.deepEqual(names(CABLE_TABLE), Object.keys(cableSettings({ network: "regtest" })).sort());
});

test("every default is within its own range", () => {
  for (const table of [SOCKET_TABLE, CABLE_TABLE, BUILD_TABLE, GATE_TABLE, ...BACKEND_TABLES])
    assert.deepEqual(problems(table, defaults(table), "default"), []);
  assert.deepEqual(gateProblems({}, "default"), []);
});

test("a rule between settings names settings of its table", () => {
  const tables: readonly Table[] = [SOCKET_TABLE, CABLE_TABLE, BUILD_TABLE, GATE_TABLE];
  for (const { entries, rules } of tables)
    for (const { zeroIsOff: _, is: __, only: ___, ...rule } of rules)
      for (const name of Object.values(rule))
        assert.ok(
          entries.some((entry) => entry.name === name),
          name,
        );
});

test("a schema refuses unknown names and wants on mainnet what the owner has to state", () => {
  const { settings } = (schemaOf("cable") as { properties: { settings: Readonly<Record<string, unknown>> } })
    .properties;
  assert.equal(settings.additionalProperties, false);
  assert.deepEqual(settings.then, { required: ["maxPrice", "maxDaily"] });
});
