// What a configuration may say, and what goes into an image.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildConfig, checkComplete, imageConfig, readConfig } from "../../tools/firmware/config";
import { rangesOf } from "../../tools/firmware/ranges";
import { imageNamed, TARGETS, type Target, targetNamed } from "../../tools/firmware/targets";

const { esp32, esp32c3, esp32c6, esp32s3 } = TARGETS;
const MAINNET = { settings: { network: "mainnet" } };

test("without a configuration a device is for regtest, at its fixed address on Ethernet", () => {
  const cable = buildConfig({}, "cable", esp32, false);
  assert.equal(cable.network, "regtest");
  assert.equal(cable.link, "ethernet");
  assert.equal(cable.image.address, "169.254.80.81");
  assert.deepEqual(cable.image.socket, { host: "169.254.80.80", port: 8080 });
  assert.equal(buildConfig({}, "socket", esp32, false).image.address, "169.254.80.80");
});

test("a socket answers where the protocol's page says that it does", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "protocol.md"), "utf8").replace(/\s+/g, " ");
  const { image } = buildConfig({}, "socket", esp32, false);
  assert.ok(page.includes(`link-local address **${image.address}**, port **${image.port}**`));
});

test("on Wi-Fi a cable calls the socket by its announced name and compares the meters", () => {
  const { image } = buildConfig({}, "cable", esp32c6, false);
  assert.deepEqual(image.socket, { host: "plugpay.local", port: 8080 });
  assert.deepEqual(image.settings, { sharedLink: true, network: "regtest" });
});

const DIRECT = { direct: true };

test("a cable that visits knows no Wi-Fi: its sockets are where they are on a dedicated link, and it finds out whose power it is", () => {
  const config = buildConfig(DIRECT, "cable", esp32c6, false);
  assert.deepEqual(config.image.socket, { host: "169.254.80.80", port: 8080 });
  assert.deepEqual(config.image.settings, { sharedLink: false, network: "regtest" });
  assert.equal(config.image.direct, true);
  checkComplete(config, "cable");
  for (const name of ["ssid", "password", "socket"]) {
    const given = { ssid: "home", password: "12345678", socket: { host: "10.0.0.1", port: 1 } };
    assert.throws(
      () => buildConfig({ ...DIRECT, [name]: given[name as keyof typeof given] }, "cable", esp32c6, false),
      new RegExp(`configuration.direct: expected it instead of ${name}, came both`),
    );
  }
});

test("a socket with an access point of its own keeps its Wi-Fi, and the one port that visitors know", () => {
  const wifi = { ...DIRECT, ssid: "home", password: "12345678", esplora: "http://10.0.0.1/" };
  const payoutAddress = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
  const { image } = buildConfig(wifi, "socket", esp32c6, false);
  assert.deepEqual([image.direct, image.port, image.ssid], [true, 8080, "home"]);
  checkComplete(buildConfig({ ...wifi, settings: { payoutAddress } }, "socket", esp32c6, false), "socket");
  assert.throws(
    () => checkComplete(buildConfig({ ...DIRECT, esplora: wifi.esplora }, "socket", esp32c6, false), "socket"),
    /wants ssid, password/,
  );
  assert.throws(
    () => buildConfig({ ...wifi, port: 80 }, "socket", esp32c6, false),
    /direct: expected port to be 8080 with it, came 80/,
  );
});

test("a direct link is Wi-Fi: an Ethernet board, with Wi-Fi beside it or not, and the emulator are refused by name", () => {
  const where = /configuration.direct: expected link to be "wifi" with it, came "(ethernet|qemu)"/;
  for (const device of ["socket", "cable"] as const) {
    assert.throws(() => buildConfig(DIRECT, device, esp32, false), where);
    assert.throws(() => buildConfig({ ...DIRECT, link: "qemu" }, device, esp32c3, false), where);
    assert.equal(buildConfig({ ...DIRECT, link: "wifi" }, device, esp32, false).direct, true);
  }
  const uplink = { ...DIRECT, link: "ethernet", ssid: "home", password: "12345678" };
  assert.throws(() => buildConfig(uplink, "socket", esp32, false), where);
  assert.equal(
    buildConfig({ direct: false, ssid: "home", password: "12345678" }, "cable", esp32c6, false).direct,
    false,
  );
});

test("a chip without an Ethernet MAC is not built for Ethernet, and the message says what it has", () => {
  assert.throws(
    () => buildConfig({ link: "ethernet" }, "cable", esp32s3, false),
    /link: esp32s3 has wifi, came ethernet/,
  );
});

test("in the emulator a device has the addresses of the dedicated link, and no real money", () => {
  assert.equal(buildConfig({}, "socket", esp32c3, false).link, "wifi");
  const { image } = buildConfig({ link: "qemu" }, "cable", esp32c3, false);
  assert.deepEqual(image.socket, { host: "169.254.80.80", port: 8080 });
  assert.equal(image.address, "169.254.80.81");
  const mainnet = { ...MAINNET, link: "qemu" };
  assert.throws(() => buildConfig(mainnet, "socket", esp32c3, true), /nobody pays real money to an emulator/);
  assert.throws(() => buildConfig({ link: "qemu" }, "cable", esp32c6, false), /link: esp32c6 has wifi, came qemu/);
});

test("the key never goes into the image", () => {
  const config = buildConfig({ key: "11".repeat(32) }, "cable", esp32, false);
  assert.equal(config.key, "11".repeat(32));
  assert.ok(!JSON.stringify(config.image).includes("1111"));
});

test("mainnet has to be asked for twice", () => {
  assert.throws(() => buildConfig({ ...MAINNET, key: "k" }, "cable", esp32, false), /say --mainnet too/);
  assert.throws(
    () => buildConfig({}, "cable", esp32, true),
    /--mainnet was given, but the configuration's network is regtest/,
  );
  assert.equal(buildConfig({ ...MAINNET, key: "k" }, "cable", esp32, true).network, "mainnet");
});

test("a cable on mainnet wants a key of its owner's, a socket needs none", () => {
  assert.throws(() => buildConfig(MAINNET, "cable", esp32, true), /wants a key that you hold elsewhere too/);
  assert.equal(buildConfig(MAINNET, "socket", esp32, true).key, undefined);
});

test("a payout address of another network is refused", () => {
  const settings = { network: "mainnet", payoutAddress: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080" };
  assert.throws(() => buildConfig({ settings }, "socket", esp32, true), /settings.payoutAddress: /);
});

test("HTTPS wants the server's root, which is read from the file beside the configuration", () => {
  assert.throws(
    () => buildConfig({ esplora: "https://example.org/api" }, "socket", esp32, false),
    /configuration\.certificate: expected the root of https:\/\/example\.org\/api in PEM/,
  );
  const folder = mkdtempSync(join(tmpdir(), "plugpay-"));
  try {
    writeFileSync(join(folder, "root.pem"), "-----BEGIN CERTIFICATE-----\n");
    writeFileSync(join(folder, "socket.json"), '{"esplora": "https://example.org/api", "certificate": "root.pem"}');
    const given = readConfig(join(folder, "socket.json"));
    assert.equal(given.certificate, "-----BEGIN CERTIFICATE-----\n");
    assert.ok(buildConfig(given, "socket", esp32, false));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what a device cannot do without is asked for by name", () => {
  assert.throws(
    () => checkComplete(buildConfig({}, "socket", esp32c6, false), "socket"),
    /a socket wants esplora, ssid, password, settings.payoutAddress/,
  );
  checkComplete(buildConfig({}, "cable", esp32, false), "cable");
});

test("on mainnet the owner states the price, the payout, and what a cable may spend", () => {
  const missing = (device: "socket" | "cable", given: object) => () =>
    checkComplete(buildConfig({ ...MAINNET, ...given }, device, esp32, true), device);
  assert.throws(missing("socket", { esplora: "http://chain" }), /wants settings\.payoutAddress, settings\.price /);
  assert.throws(missing("cable", { key: "k" }), /wants settings\.maxPrice, settings\.maxDaily /);
});

test("another chain's backend takes the place of an Esplora server", () => {
  const chain = { backends: [{ kind: "electrum", host: "electrum.local", port: 50001 }] };
  const settings = { payoutAddress: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080" };
  checkComplete(buildConfig({ chain, settings }, "socket", esp32, false), "socket");
});

test("a backend that a device would stop at is refused at the build", () => {
  const build = (chain: object) => () => buildConfig({ chain }, "socket", esp32, false);
  assert.throws(
    build({ backends: [] }),
    /configuration\.chain\.backends: expected a list of 1 to 8 objects, came \[\]/,
  );
  assert.throws(
    build({ backends: [{ kind: "esplora", url: "mempool.space/api" }] }),
    /configuration\.chain\.backends\[0\]\.url: expected a URL with its scheme, .* came "mempool/,
  );
  assert.throws(
    build({ backends: [{ kind: "electrum", host: "a", port: 0 }] }),
    /backends\[0\]\.port: .* from 1 to 65535, came 0/,
  );
});

test("a quorum of two wants two backends, and TLS to any of them its root", () => {
  const electrum = { kind: "electrum", host: "electrum.local", port: 50002, secure: true };
  const build = (given: object) => () => buildConfig({ ...given }, "socket", esp32, false);
  assert.throws(build({ chain: { backends: [electrum] } }), /configuration\.certificate: .* root of electrum\.local/);
  const plain = { backends: [{ ...electrum, secure: false }], quorum: 2 };
  assert.throws(build({ chain: plain }), /configuration\.chain: expected at least 2 backends, got 1/);
  assert.throws(
    build({ chain: { ...plain, quorum: 1 }, esplora: "http://a" }),
    /configuration\.chain: expected it instead of esplora, came both/,
  );
});

test("options of the gate are checked at the build as the device checks them at its start", () => {
  const build = (gate: object) => () => buildConfig({ gate }, "cable", esp32, false);
  assert.throws(build({ currentrange: 40_000 }), /configuration\.gate\.currentrange: .* did you mean currentRange\?/);
  assert.throws(build({ sensor: "hlw8032" }), /gate\.sensor: expected "adc" or .*, came "hlw8032"/);
  assert.throws(build({ voltageSensor: false }), /gate\.voltageSensor: expected 0 or 1, came false/);
  assert.throws(build({ currentGain: 1 }), /gate\.currentGain: .* not between -500000 and 500000, came 1/);
  assert.throws(build({ rated: 60_000 }), /gate\.rated: expected at most currentRange \(\d+\), came 60000/);
  assert.throws(build({ overVoltage: 170_000 }), /gate\.overVoltage: expected more than underVoltage/);
  assert.throws(build({ sampleRate: 8000, phase: 200_000 }), /gate\.phase: expected at most one sample \(125000 ns\)/);
  build({ overVoltage: 0, sensor: "bl0937", currentGain: -600_000 })();
  const calibrator = () => imageConfig({ gate: { rated: -1 } }, "calibrator", esp32, false);
  assert.throws(calibrator, /configuration\.gate\.rated: expected a whole number \(mA\) from 50/);
});

test("an image has the ranges of its target's ADC and the documented parts, unless its owner states others", () => {
  const gateOf = (target: Target, gate: object) => buildConfig({ gate }, "cable", target, false).image.gate;
  assert.deepEqual(gateOf(esp32, {}), { currentRange: 53_226, voltageRange: 600_000 });
  assert.deepEqual(gateOf(esp32c6, { rated: 10_000, currentRange: 40_000 }), {
    currentRange: 40_000,
    voltageRange: 730_909,
    rated: 10_000,
  });
  assert.deepEqual(gateOf(esp32, { sensor: "bl0937" }), { sensor: "bl0937" });
});

test("options of the link have their forms", () => {
  const build = (given: object) => () => buildConfig({ ...given }, "cable", esp32c6, false);
  assert.throws(build({ password: "short" }), /configuration\.password: expected a text of 8 to 63 bytes, .* "short"/);
  for (const password of ["", "8 bytes!", "aB".repeat(32)]) build({ password })();
  assert.throws(build({ password: "g".repeat(64) }), /configuration\.password/);
  assert.throws(build({ address: "169.254.80" }), /configuration\.address: expected an IPv4 address/);
  assert.throws(build({ address: "169.254.80.256" }), /configuration\.address/);
  const at = (host: string) => build({ socket: { host, port: 8080 } });
  assert.throws(at("http://10.0.0.1"), /configuration\.socket\.host: expected the name or the address of a host/);
  assert.throws(at("10.0.0.1:8080"), /configuration\.socket\.host/);
  for (const host of ["10.0.0.1", "plugpay.local", "fe80::1"]) at(host)();
  assert.throws(
    build({ socket: { host: "a" } }),
    /configuration\.socket\.port: expected a whole number .* came nothing/,
  );
  assert.throws(build({ esplora: "http://a" }), /configuration\.esplora: .* only a socket has it and this is a cable/);
});

test("the schema that an editor reads does not go into the image", () => {
  assert.equal(buildConfig({ $schema: "docs/settings.json" }, "cable", esp32, false).image.$schema, undefined);
});

test("a configuration that is missing or malformed is named with its file", () => {
  assert.throws(() => readConfig("/nowhere/cable.json"), /cannot read \/nowhere\/cable.json/);
  const folder = mkdtempSync(join(tmpdir(), "plugpay-"));
  try {
    writeFileSync(join(folder, "cable.json"), "{");
    assert.throws(() => readConfig(join(folder, "cable.json")), /cable.json: /);
    writeFileSync(join(folder, "cable.json"), "[]");
    assert.throws(() => readConfig(join(folder, "cable.json")), /expected a JSON object/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an unknown device or target is answered with those that exist", () => {
  assert.throws(() => imageNamed("plug"), /expected cable, socket or calibrator, came plug/);
  assert.throws(() => targetNamed("esp8266"), /expected esp32, esp32s3, esp32c3, esp32c6, came esp8266/);
});

test("a calibrator takes the board's options and console of a device's configuration, and nothing of its owner", () => {
  const given = { ssid: "home", password: "secret", key: "aa", esplora: "https://x", gate: { currentRange: 40_000 } };
  const config = imageConfig({ ...given, flash: "4MB", ...MAINNET }, "calibrator", esp32c6, false);
  assert.deepEqual(config.image, {
    receive: 17,
    transmit: 16,
    gate: { ...rangesOf("esp32c6"), currentRange: 40_000 },
  });
  assert.equal(config.flash, "4MB");
  assert.equal(config.key, undefined);
  checkComplete(config, "calibrator");
  assert.deepEqual(imageConfig({}, "calibrator", esp32, false).image, {
    receive: 3,
    transmit: 1,
    gate: rangesOf("esp32"),
  });
});

test("a calibrator is not built encrypted: its first start would burn the eFuses", () => {
  assert.throws(() => imageConfig({ encrypted: true }, "calibrator", esp32s3, false), /put the record .* into `gate`/);
});

test("an encrypted board, which takes no image over its serial port, has two slots and a key that signs updates", () => {
  const updateKey = `03${"ab".repeat(32)}`;
  assert.throws(
    () => buildConfig({ encrypted: true, updateKey, flash: "4MB" }, "cable", esp32s3, false),
    /expected 8MB/,
  );
  assert.throws(() => buildConfig({ encrypted: true }, "cable", esp32s3, false), /expected an updateKey beside it/);
  assert.ok(buildConfig({ encrypted: true, updateKey }, "cable", esp32s3, false).encrypted);
});
