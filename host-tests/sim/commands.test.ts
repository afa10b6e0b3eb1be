// npm start, npm run socket and npm run cable as a person meets them: output, exit codes, errors, a
// stock client.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, test } from "node:test";
import { cableHelp, socketHelp } from "../../lab/sim/help";
import { readOptions } from "../../lab/sim/options";
import { settingOptions, settingsIn } from "../../lab/sim/setting-options";
import { startOptions } from "../../lab/sim/start-options";
import { CABLE_TABLE } from "../../shared/settings/cable";
import { SOCKET_TABLE } from "../../shared/settings/socket";
import { schemaFaults } from "./schema";

const ROOT = join(import.meta.dirname, "../..");

function tool(name: string, ...words: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", `tools/${name}.ts`, ...words], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 120_000,
  });
}

describe("npm start", () => {
  test("--json prints one object a line, the last being the summary with the issue's names", () => {
    const { stdout, status } = tool("start", "--json", "--engine", "node", "--seed", "7");
    assert.equal(status, 0);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(lines.flatMap(schemaFaults), [], "docs/start.schema.json says what a line is");
    const { paidSat: _, ...unpaid } = lines.at(-1) ?? {};
    assert.notDeepEqual(schemaFaults(unpaid), [], "a summary without a member is none");
    assert.notDeepEqual(schemaFaults({ ...lines[0], from: "nobody" }), []);
    const summary = lines.at(-1) ?? {};
    const { scenario, scheme, engine, seed, plugToPowerMs, increments, paidSat, energyWh, settlements } = summary;
    assert.deepEqual(
      { scenario, scheme, engine, seed, increments },
      { scenario: "toaster", scheme: "single-fee", engine: "node", seed: 7, increments: 2 },
    );
    assert.ok(Number(plugToPowerMs) > 0 && Number(energyWh) > 72 && paidSat === 20_000);
    const [settlement] = settlements as Record<string, unknown>[];
    assert.deepEqual(Object.keys(settlement ?? {}), ["txid", "hex", "vbytes", "feeSat", "height"]);
    assert.ok(lines.slice(0, -1).every((line) => typeof line.atMs === "number" && typeof line.name === "string"));
  });

  test("an unknown scenario ends with an error and a non-zero exit code", () => {
    const { stderr, stdout, status } = tool("start", "--scenario", "moon");
    assert.equal(status, 1);
    assert.match(stderr, /no scenario "moon".*toaster/);
    assert.equal(stdout, "");
  });

  const badCables: readonly [cable: object, message: RegExp][] = [
    [{ maxFee: "1 sat" }, /cable\.maxFee: expected a whole number \(sat\) from 0 to \d+, came "1 sat"/],
    [{ maxDayly: 100 }, /cable\.maxDayly.*maxDaily/],
  ];
  for (const [cable, message] of badCables) {
    test(`a scenario with the cable ${JSON.stringify(cable)} exits 1 and names the setting`, () => {
      const folder = mkdtempSync(join(tmpdir(), "plugpay-test-"));
      const file = join(folder, "bad.json");
      writeFileSync(file, JSON.stringify({ cable, steps: [{ atS: 1, plug: "in" }] }));
      const { stderr, stdout, status } = tool("start", "--scenario", file);
      rmSync(folder, { recursive: true });
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.equal(stdout, "");
    });
  }

  const mistakes: readonly [words: string[], message: RegExp][] = [
    [["--scheme", "free"], /--scheme: expected single-fee or basic, got "free"/],
    [["--engine", "v8"], /--engine: expected xs or node, got "v8"/],
    [["--seed", "-1"], /--seed: expected a whole number/],
    [["--speed", "0"], /--speed: expected a number greater than 0/],
    [["--fast"], /Unknown option "--fast"/],
    [["--scenario"], /--scenario expects a value/],
    [["--json=yes"], /--json takes no value/],
  ];
  for (const [words, message] of mistakes) {
    test(`${words.join(" ")} is an error that says what was expected`, () => {
      assert.throws(() => startOptions(words, false), message);
    });
  }

  test("every built-in scenario of the issues is there and well-formed", () => {
    const wanted = "toaster phone household car replug broke no-pay thief greedy-socket power-cut backend-down flood";
    const ofTheGate = "inrush short-circuit sensor-torn-off welded-relay javascript-stopped";
    for (const name of `${wanted} ${ofTheGate}`.split(" ")) {
      const { what } = startOptions(["--scenario", name], false);
      assert.ok("run" in what && what.run.scenario.name === name, name);
    }
  });

  test("the scenarios that need replacements play on the model chain, and take no engine", () => {
    for (const name of ["double-spend", "old-commitment", "reorg", "fee-spike"]) {
      assert.deepEqual(startOptions(["--scenario", name], false).what, { model: name });
      assert.throws(() => startOptions(["--scenario", name, "--engine", "xs"], false), /takes no --engine/);
    }
  });

  test("a scenario file with an unknown key, or that is no JSON, is refused by name", () => {
    const folder = mkdtempSync(join(tmpdir(), "plugpay-test-"));
    const file = (name: string, text: string): readonly string[] => {
      writeFileSync(join(folder, name), text);
      return ["--scenario", join(folder, name)];
    };
    assert.throws(() => startOptions(file("a.json", '{ "coins": [1], "prize": 3 }'), false), /a\.json: no key "prize"/);
    assert.throws(() => startOptions(file("b.json", "{"), false), /b\.json: expected JSON/);
    assert.throws(
      () => startOptions(file("c.json", '{ "steps": [{ "plug": "in" }] }'), false),
      /step 1: expected either/,
    );
    rmSync(folder, { recursive: true });
  });
});

describe("the owner's settings as options", () => {
  const given = (...words: string[]) => readOptions(words, { ...settingOptions("cable") });

  test("every setting of a device but what the simulated world decides is an option, and --help says what it is", () => {
    const help = { socket: socketHelp(), cable: cableHelp() };
    for (const [device, table] of [
      ["socket", SOCKET_TABLE],
      ["cable", CABLE_TABLE],
    ] as const) {
      const names: readonly string[] = table.entries.map(({ name }) => name);
      const known = Object.keys(settingOptions(device));
      assert.equal(known.length, names.filter((name) => !/^(network|payoutAddress|schemes)$/.test(name)).length);
      for (const { name, meaning } of table.entries)
        if (!/^(network|payoutAddress|schemes)$/.test(name)) assert.ok(help[device].includes(meaning), name);
    }
  });

  test("an option is taken as the file would have it", () => {
    assert.deepEqual(settingsIn("cable", given("--max-fee", "500", "--forgive=spring")), {
      maxFee: 500,
      forgive: "spring",
    });
  });

  test("a wrong value, a wrong pair and a misspelt name are told by the option's own name", () => {
    assert.throws(() => settingsIn("cable", given("--max-fee", "1 sat")), /--max-fee: expected a whole number \(sat\)/);
    const socket = readOptions(["--increment", "500", "--session-max", "400"], settingOptions("socket"));
    assert.throws(() => settingsIn("socket", socket), /--session-max: expected at least increment/);
    assert.throws(() => given("--max-dayly", "3"), /Unknown option "--max-dayly". Did you mean --max-daily\?/);
  });

  test("npm run cable ends with 2 at a wrong setting", () => {
    const { stderr, status } = tool("cable", "--socket", "127.0.0.1:1", "--engine", "node", "--max-fee", "-1");
    assert.equal(status, 2);
    assert.match(stderr, /--max-fee: expected a whole number \(sat\) from 0/);
  });
});

describe("npm run socket", () => {
  function start(...words: string[]): Promise<{ child: ChildProcess; port: number }> {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "tools/socket.ts", "--json", "--engine", "node", ...words],
      {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    after(() => child.kill());
    return new Promise((resolve, reject) => {
      child.once("exit", () => reject(new Error("the socket ended before it listened")));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const { name, port } = JSON.parse(line) as { name: string; port: number };
        if (name === "listening") resolve({ child, port });
      });
    });
  }

  const hasPython = spawnSync("python3", ["--version"]).status === 0;
  test("Python's own XML-RPC client gets a status and the list of methods", {
    skip: hasPython ? false : "there is no python3",
  }, async () => {
    const { child, port } = await start("--port", "0", "--price", "420");
    const python = `import json, xmlrpc.client as x
s = x.ServerProxy('http://127.0.0.1:${port}/RPC2')
print(json.dumps([s.get_status(), s.system.listMethods()]))
try: s.power_request({'address': 'bc1q', 'scheme': 'single-fee'})
except x.Fault as fault: print(json.dumps([fault.faultCode, fault.faultString]))`;
    const asked = spawn("python3", ["-c", python], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    asked.stdout.on("data", (text) => {
      printed += text;
    });
    await once(asked, "close");
    const lines = printed.trim().split("\n");
    const [[status, methods], [code]] = lines.map((line) => JSON.parse(line)) as [
      [Record<string, unknown>, string[]],
      [number],
    ];
    assert.equal(status.state, "standby");
    assert.equal(status.price_msat_per_wh, 420);
    assert.ok(methods.includes("pay_transaction"));
    assert.equal(code, 102);
    child.kill("SIGINT");
    const [exit] = await once(child, "exit");
    assert.equal(exit, 0);
  });

  test("a port in use is an error that names the port", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const { stderr, status } = tool("socket", "--engine", "node", "--port", String(port));
    taken.close();
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`Port ${port} is in use`));
  });
});

test("npm run cable wants HOST:PORT", () => {
  const { stderr, status } = tool("cable", "--socket", "nowhere");
  assert.equal(status, 2);
  assert.match(stderr, /--socket: expected HOST:PORT/);
});
