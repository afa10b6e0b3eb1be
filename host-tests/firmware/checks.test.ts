// The checks that the SDK leaves out, on what its tools write.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMakefile, checkWarnings } from "../../tools/firmware/checks";

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

const warnings = (output: string, ...variables: string[]) => checkWarnings(output, "/sdk", new Set(variables));

test("an object of ours that is not frozen fails", () => {
  const line = "### warning: shared/rpc/faults: FAULTS.busy: not frozen";
  assert.deepEqual(warnings(line), { ours: [line], aliases: 1 });
});

test("a variable of one of our modules fails", () => {
  const line = "### warning: firmware/cable/main: default() next() counter: no const";
  assert.deepEqual(warnings(line, "counter").ours, [line]);
});

test("a parameter that a closure of ours keeps is counted and let pass", () => {
  const line = "### warning: shared/journal/shape: parse() checks.id() bytes: no const";
  assert.deepEqual(warnings(line, "counter"), { ours: [], aliases: 1 });
});

test("what the libraries keep changeable is counted and let pass", () => {
  const output =
    "### warning: @noble/hashes/utils: bytesToHex() hexes: not frozen\n### warning: time: default: not frozen";
  assert.deepEqual(warnings(output), { ours: [], aliases: 2 });
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
