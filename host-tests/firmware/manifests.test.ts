// The manifest fragments: that they hang together, and that what is generated from them is whole.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { transform } from "esbuild";
import { VARIANTS } from "../../tools/firmware/check";
import { buildConfig } from "../../tools/firmware/config";
import { ROOT } from "../../tools/firmware/image";
import { deviceManifest, sdkconfig } from "../../tools/firmware/manifest";
import { imageGraph, moduleGraph, xsName } from "../../tools/firmware/modules";
import { findSdk, idfMissing, sdkMissing } from "../../tools/firmware/sdk";
import { IMAGES, TARGETS } from "../../tools/firmware/targets";
import { parseModule, walk } from "../../tools/wallet/syntax";

const FOLDER = join(ROOT, "manifests");
const fragments = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
const text = (file: string): string => readFileSync(join(FOLDER, file), "utf8");

test("every file of ours that a fragment names exists", () => {
  for (const file of fragments) {
    for (const [, path = ""] of text(file).matchAll(/"\$\(PLUGPAY\)\/([^"*]+)"/g)) {
      const found =
        existsSync(join(ROOT, path)) || existsSync(join(ROOT, `${path}.ts`)) || existsSync(join(ROOT, `${path}.c`));
      assert.ok(found, `${file} names ${path}`);
    }
    for (const [, path = ""] of text(file).matchAll(/"\.\/([\w-]+\.json)"/g))
      assert.ok(fragments.includes(path), `${file}: ${path}`);
  }
});

test("an unsupported platform gets an error that names what is supported", () => {
  const { platforms } = JSON.parse(text("targets.json")) as { platforms: Record<string, { error?: string }> };
  for (const target of Object.keys(TARGETS)) assert.match(platforms["..."]?.error ?? "", new RegExp(target));
});

test("every image includes its network and preloads every module of its own and of the wallet's", () => {
  const own = new Map([["shared/units", join(ROOT, "shared/kernel/units.ts")]]);
  const wallet = {
    modules: new Map([["@noble/hashes/sha2", join(ROOT, "build/sha2.js")]]),
    preload: ["@noble/hashes/sha2"],
  };
  for (const { device, target, link, direct = false } of VARIANTS) {
    const config = buildConfig({ link, direct }, device, target, false);
    const manifest = deviceManifest(ROOT, device, target, config, { own, outside: [] }, wallet);
    assert.deepEqual(manifest.preload, ["@noble/hashes/sha2", "shared/units"]);
    // A cable that visits has no network of its own to join.
    const isVisitor = device === "cable" && direct;
    assert.equal(manifest.include.includes(`$(PLUGPAY)/manifests/network-${link}.json`), !isVisitor);
    assert.ok(!manifest.include.some((name) => /dnssd|udp/.test(name)));
    // The ESP32-C3 has no pulse counter: its component would be an empty one.
    const counter = manifest.include.includes("$(PLUGPAY)/manifests/pulse-counter.json");
    assert.equal(counter, target.name !== "esp32c3");
    assert.equal(manifest.build?.ESP32_SUBCLASS, target.name);
    // The owner's page lies in flash with what has an owner over the link.
    assert.deepEqual(manifest.data, { "*": "./page/*" });
  }
});

/** Partitions as ESP-IDF reads them: name, type, offset and size in bytes. */
function partitions(file: string): { name: string; type: string; offset: number; size: number }[] {
  return text(`partitions/${file}`)
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name = "", type = "", , offset, size] = line.split(",").map((field) => field.trim());
      return { name, type, offset: Number(offset), size: Number(size) };
    });
}

test("partitions lie one after the other, aligned, within the flash, and keep room for the journal and its keys", () => {
  for (const [file, flash] of [
    ["4mb.csv", 4 << 20],
    ["8mb.csv", 8 << 20],
  ] as const) {
    let end = 0x9000;
    for (const { name, type, offset, size } of partitions(file)) {
      assert.ok(offset >= end, `${file}: ${name} begins before the last one ends`);
      assert.equal(offset % (type === "app" ? 0x10000 : 0x1000), 0, `${file}: ${name} is not aligned`);
      end = offset + size;
    }
    assert.ok(end <= flash, `${file} does not fit`);
    assert.deepEqual(
      partitions(file)
        .filter(({ name }) => name.startsWith("nvs"))
        .map(({ name }) => name),
      ["nvs", "nvs_keys"],
    );
    // So many pages of 4 KB does ten years' wear take (docs/metering.md).
    assert.equal(partitions(file)[0]?.size, 160 * 4096);
  }
});

test("two slots of one size with 8 MB of flash, one with 4 MB", () => {
  const slots = (file: string) => partitions(file).filter(({ type }) => type === "app");
  assert.deepEqual([slots("4mb.csv").length, slots("8mb.csv").length], [1, 2]);
  const [one, other] = slots("8mb.csv");
  assert.equal(one?.size, other?.size);
  // otadata: two sectors, each erased by itself.
  const has = (file: string) => partitions(file).some(({ name, size }) => name === "otadata" && size === 0x2000);
  assert.deepEqual([has("4mb.csv"), has("8mb.csv")], [false, true]);
});

/** What a board that takes no more images over its serial port has to have. */
const ENCRYPTED = { encrypted: true, flash: "8MB", updateKey: `02${"5e".repeat(32)}` };

test("every image has the watchdog on and boots without a log; encryption only where it was asked for", () => {
  for (const { device, target, link } of VARIANTS) {
    const plain = sdkconfig(ROOT, buildConfig({ link }, device, target, false));
    for (const line of [
      "CONFIG_ESP_TASK_WDT_EN=y",
      "CONFIG_BOOTLOADER_LOG_LEVEL_NONE=y",
      "CONFIG_ESPTOOLPY_FLASHMODE_QIO=y",
    ]) {
      assert.ok(plain.includes(`${line}\n`), line);
    }
    assert.ok(!plain.includes("NVS_ENCRYPTION"));
    // Without it the ADC's DMA halts for good when a page of flash is erased.
    assert.ok(plain.includes("CONFIG_ADC_CONTINUOUS_ISR_IRAM_SAFE=y\n"));
    // The SDK switches it off on the C3 and C6, whose multiplier ends below the 4096 bits of many
    // roots.
    assert.ok(plain.includes("CONFIG_MBEDTLS_LARGE_KEY_SOFTWARE_MPI=y\n"));
    assert.match(
      sdkconfig(ROOT, buildConfig({ link, ...ENCRYPTED }, device, target, false)),
      /CONFIG_NVS_ENCRYPTION=y/,
    );
  }
});

test("every image has a console and a short panic: no core dump, no debugger's stub", () => {
  for (const { device, target, link } of VARIANTS) {
    const settings = sdkconfig(ROOT, buildConfig({ link }, device, target, false));
    // The SDK's release settings set the contrary of each `=n`; of a choice the last that is set
    // holds.
    for (const line of [
      "CONFIG_ESP_CONSOLE_NONE=n",
      "CONFIG_ESP_CONSOLE_UART_DEFAULT=y",
      "CONFIG_ESP_SYSTEM_PANIC_PRINT_REBOOT=y",
      "CONFIG_ESP_COREDUMP_ENABLE_TO_NONE=y",
    ]) {
      assert.ok(settings.includes(`${line}\n`), line);
    }
    assert.doesNotMatch(settings, /SKIP_VALIDATE\w*=y|SILENT_REBOOT=y|COREDUMP_ENABLE_TO_UART=y|GDBSTUB\w*=y/);
  }
});

test("TLS's C finds its headers in the SDK's build, and only the image that uses TLS carries it", () => {
  const { build } = JSON.parse(text("mbedtls.json")) as { build: { C_FLAGS_SUBPLATFORM: string } };
  const flags = build.C_FLAGS_SUBPLATFORM;
  for (const folder of ["esp-tls", "mbedtls/port/include", "mbedtls/mbedtls/tf-psa-crypto/include"]) {
    assert.match(flags, new RegExp(`-I\\$\\(IDF_PATH\\)/components/${folder}(\\s|$)`));
  }
  assert.match(flags, /-DMBEDTLS_CONFIG_FILE=/);
  // mcconfig turns a blank of this variable into "\\ ", one word for make: tabs part the flags.
  assert.doesNotMatch(flags, / /);
  assert.ok(text("socket.json").includes("./tls.json"));
  assert.ok(!text("cable.json").includes("./tls.json"));
});

test("the import graph holds what is needed at run time, under the names that XS looks for", async () => {
  const { own, outside } = await moduleGraph(ROOT, "firmware/cable/main.ts");
  assert.ok(own.has("firmware/cable/main") && own.has("shared/kernel/units"));
  assert.ok(!own.has("shared/kernel/ports"), "types alone are no module");
  assert.ok(outside.includes("mc/config"));
  assert.equal(xsName("@noble/hashes/sha2.js"), "@noble/hashes/sha2");
});

test("what a set-up module imports is in the image, under the name that XS makes of it", async () => {
  for (const name of ["wifi", "ethernet", "qemu"]) {
    const { modules } = JSON.parse(text(`network-${name}.json`)) as { modules: Record<string, string> };
    const { own } = await imageGraph(ROOT, "firmware/calibrator/main.ts", [`network-${name}`]);
    for (const [module, file] of Object.entries(modules).filter(([module]) => module.startsWith("setup/"))) {
      const path = file.replace("$(PLUGPAY)/", "");
      assert.ok(!own.has(path.replace(".ts", "")), "a file has one name");
      // XS takes a relative specifier from the importing module's name.
      for (const specifier of await relativeImports(join(ROOT, path)))
        assert.ok(own.has(posix.join(dirname(module), specifier)), `${module} imports ${specifier}`);
    }
  }
});

/** Relative specifiers that a module imports at run time. */
async function relativeImports(file: string): Promise<string[]> {
  const { code } = await transform(readFileSync(file, "utf8"), { loader: "ts", target: "es2022" });
  const found: string[] = [];
  walk(parseModule(code), (node) => {
    const { value } = (node.source ?? {}) as { value?: string };
    if (node.type === "ImportDeclaration" && value?.startsWith(".")) found.push(value);
    return true;
  });
  return found;
}

/**
 * What a module has that flash has no place for: outside of functions variables and regular
 * expressions, in classes private methods.
 */
async function unfitForFlash(file: string): Promise<string[]> {
  const { code } = await transform(readFileSync(file, "utf8"), { loader: "ts", target: "es2022" });
  const found: string[] = [];
  walk(parseModule(code), (node) => {
    const isLater = /Function/.test(node.type) || (node.type === "PropertyDefinition" && !node.static);
    if (isLater) return false;
    if (node.type === "VariableDeclaration" && node.kind !== "const") found.push(`${node.kind}`);
    if (
      node.type === "VariableDeclarator" &&
      /^(Object|Array)Expression$/.test(String((node.init as { type?: string } | null)?.type))
    )
      found.push(`${(node.id as unknown as { name: string }).name} is not frozen`);
    const isPrivate = node.type === "MethodDefinition" && (node.key as { type: string }).type === "PrivateIdentifier";
    if (isPrivate && !node.static) found.push(`#${(node.key as unknown as { name: string }).name}()`);
    if (node.type === "Literal" && node.regex !== undefined) found.push(`${node.raw}`);
    return true;
  });
  return found;
}

test("no module of an image has a variable, a regular expression before it runs, or a private method: none can lie in flash", async () => {
  for (const image of IMAGES) {
    const { own } = await moduleGraph(ROOT, `firmware/${image}/main.ts`);
    const unfit = await Promise.all([...own].map(async ([name, file]) => [name, ...(await unfitForFlash(file))]));
    assert.deepEqual(
      unfit.filter(({ length }) => length > 1),
      [],
    );
  }
});

test("a missing SDK or ESP-IDF is said in one line, with the command that installs it", () => {
  for (const line of [
    sdkMissing({}),
    sdkMissing({ MODDABLE: "/nowhere" }),
    idfMissing({}),
    idfMissing({ IDF_PATH: "/nowhere" }),
  ]) {
    assert.match(line ?? "", /^[^\n]*npx xs-dev setup[^\n]*$/);
  }
  assert.throws(() => findSdk({}), /\$MODDABLE is not set/);
});

test("on Ethernet the oscillator of a WT32-ETH01 is switched on, and the PHY is found at whichever address it sits", () => {
  const { ethernet } = (JSON.parse(text("network-ethernet.json")) as { defines: Record<string, unknown> }).defines as {
    ethernet: { power: { pin: number }; internal: { phy: { address: number } } };
  };
  const { reserved } = (JSON.parse(text("pins.json")) as { targets: { esp32: { reserved: Record<string, string> } } })
    .targets.esp32;
  assert.equal(reserved[ethernet.power.pin], "PHY power");
  assert.equal(ethernet.internal.phy.address, -1, "ESP-IDF's word for looking through all of them");
});
