// What every image's sdkconfig must say, whatever the SDK's own defaults are for a chip: a panic
// ends soon, and is seen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { VARIANTS } from "../../tools/firmware/check";
import { buildConfig } from "../../tools/firmware/config";
import { ROOT } from "../../tools/firmware/image";
import { sdkconfig } from "../../tools/firmware/manifest";
import { checkFinal, settingsIn } from "../../tools/firmware/sdkconfig";

const each = VARIANTS.map(({ device, target, link, direct = false }) => ({
  name: `${device} for ${target.name}, ${direct ? "direct" : link}`,
  set: settingsIn(sdkconfig(ROOT, buildConfig({ link, direct }, device, target, false))),
}));

/** Each with the value that every image must have. */
function all(expected: Readonly<Record<string, string>>): void {
  for (const { name, set } of each)
    for (const [setting, value] of Object.entries(expected))
      assert.equal(set.get(setting), value, `${name}: ${setting}`);
}

test("a panic prints its registers and restarts at once: no debugger's stub, no core dump, no halt, no delay", () => {
  all({
    ESP_SYSTEM_PANIC_PRINT_REBOOT: "y",
    ESP_SYSTEM_PANIC_PRINT_HALT: "n",
    ESP_SYSTEM_PANIC_SILENT_REBOOT: "n",
    ESP_SYSTEM_PANIC_GDBSTUB: "n",
    ESP_SYSTEM_GDBSTUB_RUNTIME: "n",
    ESP_SYSTEM_PANIC_REBOOT_DELAY_SECONDS: "0",
    ESP_COREDUMP_ENABLE_TO_NONE: "y",
    ESP_COREDUMP_ENABLE_TO_UART: "n",
    ESP_COREDUMP_ENABLE_TO_FLASH: "n",
  });
});

test("a board has a console, and watchdogs that restart it", () => {
  all({
    ESP_CONSOLE_NONE: "n",
    ESP_CONSOLE_UART_DEFAULT: "y",
    ESP_TASK_WDT_EN: "y",
    ESP_TASK_WDT_PANIC: "y",
    ESP_INT_WDT: "y",
    ESP_BROWNOUT_DET: "y",
  });
});

test("with a direct link nothing is handed out, and nothing passed on from one network to another", () => {
  const direct = each.filter(({ name }) => name.endsWith(", direct"));
  assert.ok(direct.length > 0);
  for (const { name, set } of direct)
    for (const setting of ["LWIP_DHCPS", "LWIP_IP_FORWARD", "LWIP_IPV6_FORWARD"])
      assert.equal(set.get(setting), "n", `${name}: ${setting}`);
});

test("the interrupt watchdog waits longer in the emulator alone", () => {
  for (const { name, set } of each)
    assert.equal(set.get("ESP_INT_WDT_TIMEOUT_MS"), name.endsWith(", qemu") ? "3000" : undefined, name);
});

test("an image in one of two slots goes back unless it is confirmed; one that is alone does not; each is checked before it starts", () => {
  for (const { name, set } of each) {
    const isAlone = set.get("ESPTOOLPY_FLASHSIZE_4MB") === "y";
    assert.equal(set.get("BOOTLOADER_APP_ROLLBACK_ENABLE"), isAlone ? "n" : "y", name);
    // Said, as the SDK's own settings for the ESP32 say the contrary.
    assert.equal(set.get("BOOTLOADER_SKIP_VALIDATE_ALWAYS"), "n", name);
  }
});

test("a setting that ESP-IDF's build dropped or turned round is named, and the image refused", () => {
  const wanted = "CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=1000\nCONFIG_D=y\nCONFIG_E=n\nCONFIG_A=n\n";
  assert.deepEqual(checkFinal(wanted, "# CONFIG_A is not set\nCONFIG_C=1000\nCONFIG_D=y\n"), []);
  assert.deepEqual(checkFinal(wanted, "CONFIG_B=y\nCONFIG_C=60000\n"), [
    "CONFIG_B: expected n (manifests/sdkconfig), the build has y",
    "CONFIG_C: expected 1000 (manifests/sdkconfig), the build has 60000",
    "CONFIG_D: expected y (manifests/sdkconfig), the build has n",
  ]);
});
