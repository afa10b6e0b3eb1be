// The budget of native heap: its page is made from it, the configuration is held to it, and the
// chip's own limit is the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { brokerProblem } from "../../shared/settings/memory";
import { MEMORY_PAGE, withTable } from "../../tools/docs/memory";
import { buildConfig } from "../../tools/firmware/config";
import { ROOT } from "../../tools/firmware/image";
import { leftKb, memoryProblem, PARTS, RESERVE_KB, SERVING_KB } from "../../tools/firmware/memory";
import { TARGETS } from "../../tools/firmware/targets";

test("docs/performance.md has the table that the budget makes", () => {
  const page = readFileSync(MEMORY_PAGE, "utf8");
  assert.equal(page, withTable(page), "run: npx tsx tools/docs/memory.ts");
});

test("on a chip strangers have to go below the same reserve", () => {
  const source = readFileSync(join(ROOT, "firmware/native/sockets-esp32.c"), "utf8");
  assert.equal(Number(/SCARCE_BYTES = (\d+) \* 1024/.exec(source)?.[1]), RESERVE_KB);
});

test("lwIP has the sockets of the module's table, two of its task, and three for TLS", () => {
  const header = readFileSync(join(ROOT, "firmware/native/sockets.h"), "utf8");
  const size = (name: string): number => Number(new RegExp(`SOCKETS_${name} = (\\d+),`).exec(header)?.[1]);
  const table = size("SERVED") + size("DIALED") + size("LISTENING") + size("TALKING");
  const settings = readFileSync(join(ROOT, "manifests/sdkconfig/network.defaults"), "utf8");
  assert.equal(Number(/LWIP_MAX_SOCKETS=(\d+)/.exec(settings)?.[1]), table + 2 + 3);
});

test("what takes memory is summed up, and a larger chip has more of it", () => {
  const plain = { target: "esp32c3", wifi: false, accessPoint: false, secureServers: 0 } as const;
  assert.equal(leftKb(plain), SERVING_KB - PARTS.payment.takesKb);
  assert.equal(
    leftKb({ ...plain, wifi: true, secureServers: 1 }),
    leftKb(plain) - PARTS.station.takesKb - PARTS.tls.takesKb,
  );
  assert.ok(leftKb({ ...plain, target: "esp32c6" }) > leftKb(plain));
});

const URLS = ["https://one.example/api", "https://two.example/api", "https://three.example/api"];

function config(target: keyof typeof TARGETS, servers: number): Record<string, unknown> {
  const backends = URLS.slice(0, servers).map((url) => ({ kind: "esplora", url }));
  const settings = { network: "regtest", payoutAddress: "bcrt1q0sz52gf96nzdxsvru5jxahnwj2pmrmnyhwycx0" };
  return buildConfig(
    {
      link: "wifi",
      ssid: "home",
      password: "password",
      direct: true,
      certificate: "-----BEGIN",
      chain: { backends },
      settings,
    },
    "socket",
    TARGETS[target],
    false,
  ).image as Record<string, unknown>;
}

test("a socket that would leave less than the reserve is refused, with what takes it and what to do; a larger chip takes it", () => {
  assert.equal(config("esp32c3", 1).link, "wifi");
  assert.throws(
    () => config("esp32c3", 2),
    /expected 20 KB of native heap in reserve on an esp32c3, \d+ KB would be left by Wi-Fi and an access point \(direct\) and 2 servers/,
  );
  assert.equal(config("esp32c6", 3).link, "wifi");
  assert.equal(memoryProblem({ target: "esp32c3", wifi: true, accessPoint: true, secureServers: 1 }), undefined);
});

test("a running device refuses a broker exactly where the budget would not hold it beside what the image has", () => {
  const chips = { esp32: "ESP32", esp32s3: "ESP32-S3", esp32c3: "ESP32-C3", esp32c6: "ESP32-C6" } as const;
  for (const [target, chip] of Object.entries(chips) as [keyof typeof chips, string][])
    for (const direct of [false, true])
      for (const secure of [false, true]) {
        const needs = { target, wifi: true, accessPoint: direct, secureServers: secure ? 1 : 0, mqtt: true };
        assert.equal(
          brokerProblem({ chip, direct, secure }) !== undefined,
          leftKb(needs) < RESERVE_KB,
          JSON.stringify(needs),
        );
      }
});
