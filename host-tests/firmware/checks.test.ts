// The checks that the SDK leaves out, on what its tools write.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkMakefile, checkRegexps, checkWarnings, modulesFrom } from "../../tools/firmware/checks";
import { forgetCompiled } from "../../tools/firmware/image";
import { checkFlags, settingsDefines } from "../../tools/firmware/native";

/** As mcconfig writes it; the first MODULES is a path that a manifest set. */
const MAKEFILE = `MODULES = /sdk/modules
TMP_DIR = /out/tmp

MODULES =\\
	$(MODULES_DIR)/timer.xsb\\
	$(MODULES_DIR)/~.embedded/io/socket/tcp.xsb\\
	$(MODULES_DIR)/@noble/hashes/sha2.xsb\\
	$(MODULES_DIR)/shared/units.xsb\\
	$(MODULES_DIR)/shared/ports.xsb\\
	$(TMP_DIR)/gate.c.xsi
PRELOADS =\\
	-p ~.embedded/io/socket/tcp.xsb\\
	-p @noble/hashes/sha2.xsb\\
	-p shared/units.xsb

DIRECTORIES =\\
`;

const preload = ["embedded:io/socket/tcp", "@noble/hashes/sha2", "shared/units"];

test("an image whose modules are all preloaded is let pass", () => {
  assert.deepEqual(checkMakefile(MAKEFILE, { preload, own: ["@noble/hashes/sha2", "shared/units"] }), []);
});

test("a name in preload that is no module is named", () => {
  const complaints = checkMakefile(MAKEFILE, { preload: [...preload, "shared/unit"], own: [] });
  assert.deepEqual(complaints, ["preload names shared/unit, which is no module of the image"]);
});

test("a wildcard in preload, which matches no TypeScript, is named", () => {
  const complaints = checkMakefile(MAKEFILE, { preload: ["shared/*"], own: [] });
  assert.deepEqual(complaints, ["preload names shared/*, which is no module of the image"]);
});

test("a module of ours that is in the image and not preloaded is named", () => {
  const complaints = checkMakefile(MAKEFILE, { preload, own: ["shared/units", "shared/ports"] });
  assert.deepEqual(complaints, ["shared/ports is in the image and not preloaded: its code would take RAM"]);
});

test("a module of ours that is missing in the image is named", () => {
  assert.deepEqual(checkMakefile(MAKEFILE, { preload, own: ["shared/fees"] }), ["shared/fees is not in the image"]);
});

test("a name that mcconfig left out of the list for the linker is named", () => {
  const complaints = checkMakefile(MAKEFILE, { preload: [...preload, "shared/ports"], own: [] });
  assert.deepEqual(complaints, ["mcconfig left shared/ports out of the modules to preload"]);
});

test("a makefile of another form stops the build instead of passing", () => {
  assert.throws(() => checkMakefile("all:\n", { preload, own: [] }), /the makefile has no MODULES/);
});

test("a module is known by the folder of its source", () => {
  const rules = [
    "$(MODULES_DIR)/~.embedded/io/socket/tcp.xsb: /sdk/modules/tcp.js",
    "$(MODULES_DIR)/time.xsb: /out/standins/time.js",
    "$(MODULES_DIR)/shared/units.xsb: $(TMP_DIR)/tsc/shared/units/repository/shared/units.js",
  ].join("\n\t@echo\n");
  assert.deepEqual([...modulesFrom(rules, ["/sdk", "/out/standins"])], ["embedded:io/socket/tcp", "time"]);
});

const warnings = (output: string) =>
  checkWarnings(output, ["/sdk", "/idf"], new Set(["time", "embedded:io/socket/tcp"]));

test("whatever of ours or the wallet's could be changed in flash fails", () => {
  for (const line of [
    "### warning: shared/rpc/faults: FAULTS.busy: not frozen",
    "### warning: firmware/cable/main: default() next() counter: no const",
    "### warning: shared/journal/shape: parse() checks.id() bytes: no const",
    "### warning: @noble/hashes/utils: bytesToHex() hexes: not frozen",
    "### warning: plugpay/power-gate: PowerGate() state: no const",
  ])
    assert.deepEqual(warnings(line), { ours: [line], aliases: 0 });
});

test("what the SDK's modules and stand-ins keep changeable is counted and let pass", () => {
  const output = "### warning: embedded:io/socket/tcp: TCP() open: no const\n### warning: time: default: not frozen";
  assert.deepEqual(warnings(output), { ours: [], aliases: 2 });
});

test("a warning about a file of the SDK or of ESP-IDF fails no build", () => {
  const output =
    "/sdk/modules/io/socket/lwip/tcp.c:12:3: warning: unused\n/idf/components/esp_wifi/src/wifi_init.c:9:1: warning: #warning";
  assert.deepEqual(warnings(output), { ours: [], aliases: 0 });
});

test("what a compiler of C or JavaScript warned of is compiled again by the next build", () => {
  const folder = mkdtempSync(join(tmpdir(), "plugpay-objects-"));
  mkdirSync(join(folder, "modules/plugpay"), { recursive: true });
  for (const name of ["power-gate.c.o", "mc.xs.c", "modules/main.xsb", "modules/plugpay/console.xsb"])
    writeFileSync(join(folder, name), "");
  forgetCompiled(folder);
  assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), ["mc.xs.c", "modules", "modules/plugpay"]);
  rmSync(folder, { recursive: true });
});

test("our C is checked with the folders and macros of the build; headers of others may warn", () => {
  const flags = ["-DESP32=4", "-I/idf/components/log/include", "-I/build/image", "-D", "BOOTLOADER_BUILD=1"];
  assert.deepEqual(
    checkFlags([...flags, "-c", "-march=rv32imc", "-Wl,-EL", "-Wno-unused-variable"], ["/sdk", "/idf"]),
    ["-DESP32=4", ...["-isystem", "/idf/components/log/include"], "-I/build/image", ...["-D", "BOOTLOADER_BUILD=1"]],
  );
});

test("a compiler's warning about the linked image fails: there the linker overran its buffer", () => {
  const line = "/out/mc.xs.c:30214:93: warning: excess elements in array initializer";
  assert.deepEqual(warnings(line).ours, [line]);
});

test("a warning of xsc about a file of ours fails, about one of the SDK's not", () => {
  const [ours, theirs] = ["/home/me/gate.js", "/sdk/modules/io/socket/lwip/listener.js"].map(
    (file) => `${file}:26: warning: cannot optimize native!`,
  );
  assert.deepEqual(warnings(`${ours}\n${theirs}`).ours, [ours]);
});

test("what the tools say of their progress is no warning", () => {
  assert.deepEqual(warnings("# xsl modules\n### 753 instances, 541 keys, 66 colors, 0 holes\n"), {
    ours: [],
    aliases: 0,
  });
});

/** As xsl writes them: the expression's text in one slot, what it was compiled to in the next. */
const GENERATED = String.raw`/* 41 */	{ (txSlot*)&gxHeap[7], {.ID = 0, .flag = 0x8b, .kind = XS_KEY_X_KIND}, .value = { .key = { "^\"\\d+$", 0x0 } }},
/* 42 */	{ (txSlot*)&gxHeap[41], {.ID = 0, .flag = 0x8b, .kind = XS_REGEXP_KIND}, .value = { .regexp = { (txInteger*)&gxRegExpData[0], (txInteger*)NULL } } },
`;

test("a regular expression in flash fails, with the module that makes it", () => {
  const sources = new Map([
    ["shared/units", "const A = /^a/;"],
    ["shared/rpc/wire", String.raw`const B = /^"\d+$/;`],
  ]);
  assert.match(
    checkRegexps(GENERATED, sources).join("\n"),
    /^shared\/rpc\/wire makes .* \/\^"\\d\+\$\/ while it is linked/,
  );
  assert.match(checkRegexps(GENERATED, new Map()).join("\n"), /^a module that is not ours makes/);
  assert.deepEqual(checkRegexps(GENERATED.replace("XS_REGEXP_KIND", "XS_MAP_KIND"), sources), []);
});

test("our C is checked with what our sdkconfig sets: a number as it stands, y as 1, n not at all", () => {
  const text = "# why\nCONFIG_A=y\nCONFIG_WAIT_S=8\nCONFIG_B=n\nCONFIG_A=n\n";
  assert.equal(settingsDefines(text), "#undef CONFIG_WAIT_S\n#define CONFIG_WAIT_S 8\n");
});
