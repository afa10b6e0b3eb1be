// The page of what images set otherwise than the SDK: it is what manifests/ says, and what the SDK
// has.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FILES, groupsIn, pageValues, SETTINGS_PAGE, sdkValues, settingsPage } from "../../tools/docs/sdkconfig";
import { ROOT } from "../../tools/firmware/image";

const page = readFileSync(SETTINGS_PAGE, "utf8");

test("docs/sdk-settings.md is what manifests/ says", () => {
  assert.equal(page, settingsPage(pageValues(page)), "run: npx tsx tools/docs/sdkconfig.ts");
  const files = readdirSync(join(ROOT, "manifests/sdkconfig")).map((file) => file.replace(".defaults", ""));
  assert.deepEqual(files.sort(), Object.keys(FILES).sort());
});

const sdk = process.env.MODDABLE;
const missing = !sdk || !existsSync(join(sdk, "build/devices/esp32")) ? "no Moddable SDK ($MODDABLE)" : false;

test("what the page says of the SDK is what the SDK has", { skip: missing }, () => {
  assert.equal(page, settingsPage(sdkValues(String(sdk))), "run: npx tsx tools/docs/sdkconfig.ts");
});

test("each setting has its reason above its group", () => {
  assert.deepEqual(groupsIn("# One.\n# Two.\nCONFIG_A=y\nCONFIG_B=n\n# Three.\nCONFIG_C=1\n"), [
    {
      why: "One. Two.",
      settings: [
        { name: "A", value: "y" },
        { name: "B", value: "n" },
      ],
    },
    { why: "Three.", settings: [{ name: "C", value: "1" }] },
  ]);
  assert.throws(() => groupsIn("CONFIG_A=y\n"), /a comment that gives the reason/);
});

test("of the SDK's values the release build's hold, and chips that differ are named", () => {
  const path = mkdtempSync(join(tmpdir(), "plugpay-sdk-values-"));
  for (const chip of ["esp32", "esp32s3", "esp32c3", "esp32c6"]) {
    const folder = join(path, `build/devices/esp32/xsProj-${chip}`);
    mkdirSync(folder, { recursive: true });
    const only = chip === "esp32s3" ? "CONFIG_STUB=y\n" : "";
    writeFileSync(join(folder, "sdkconfig.defaults"), `# CONFIG_WATCH is not set\nCONFIG_SIZE=4\n${only}`);
    writeFileSync(join(folder, "sdkconfig.defaults.release"), chip === "esp32" ? "CONFIG_SIZE=8\n" : "");
  }
  const value = sdkValues(path);
  assert.equal(value("WATCH"), "n");
  assert.equal(value("SIZE"), "8 (esp32), 4 (esp32s3), 4 (esp32c3), 4 (esp32c6)");
  assert.equal(value("STUB"), "y (esp32s3)");
  assert.equal(value("OTHER"), "-");
  rmSync(path, { recursive: true });
});
