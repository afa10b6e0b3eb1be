// However the program ends, the relay is opened first: a panic prints for 0.3 s, and a restart of
// the processor leaves a pin's level as it is. The linker's options are those of the ESP-IDF
// component that puts them into every image.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { addComponents, checkRelayEnds } from "../../tools/firmware/components";
import { writeHeaders } from "./stand-in-headers";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-relay-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const IDF = `#pragma once
#include <stdint.h>
enum { ESP_OK = 0, GPIO_MODE_OUTPUT = 2 };
#define IRAM_ATTR __attribute__((section("iram_text"), noinline))
#define GPIO_OUT_W1TC_REG "clear_0_to_31"
#define GPIO_OUT1_W1TC_REG "clear_32_and_more"
#define REG_WRITE(name, value) write_register(name, value)
typedef struct { uint64_t pin_bit_mask; int mode; } gpio_config_t;
int gpio_config(const gpio_config_t *);
int gpio_set_level(int, uint32_t);
int esp_register_shutdown_handler(void (*)(void));
void write_register(const char *, uint32_t);
void esp_panic_handler(void *);
void esp_restart_noos(void);
void reset_here(void) __attribute__((noreturn));
`;
const HEADERS = ["driver/gpio", "esp_attr", "esp_system", "soc/gpio_reg", "soc/soc"];
/** The ESP32's relay is on the second register of pins. */
const PINS = { esp32c3: 10, esp32: 32 } as const;
type Chip = keyof typeof PINS;

/** As ESP-IDF's build takes them from the component. */
function linkOptions(): string[] {
  const text = readFileSync(join(ROOT, "firmware/idf/relay_ends/project_include.cmake"), "utf8");
  return [...text.matchAll(/^idf_build_set_property\(LINK_OPTIONS "(\S+)" APPEND\)$/gm)].map(
    ([, option = ""]) => option,
  );
}

before(() => {
  for (const [chip, pin] of Object.entries(PINS)) {
    const name = chip.toUpperCase();
    const own = join(folder, chip);
    writeHeaders(own, HEADERS, IDF, {
      "sdkconfig.h": `#define CONFIG_IDF_TARGET_${name} 1\n`,
      "mc.defines.h": `#define MODDEF_GATE_${name}_RELAY (${pin})\n`,
    });
    execFileSync("cc", [
      ...["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
      ...["-o", join(own, "relay"), `-I${own}`, `-I${join(ROOT, "firmware/native")}`, ...linkOptions()],
      ...["relay-ends.c", "relay-ends-idf.c"].map((file) => join(ROOT, "host-tests/firmware", file)),
      join(ROOT, "firmware/native/relay-esp32.c"),
    ]);
  }
});

function end(how: "panic" | "reset" | "restart", chip: Chip = "esp32c3"): string[] {
  return execFileSync(join(folder, chip, "relay"), [how], { encoding: "utf8" })
    .trim()
    .split("\n");
}

const STARTED = ["pin 10 level 0", "mask 400 output 1", "pin 10 level 1"];
const OPENED = "clear_0_to_31 400";
/** Asked to close it afterwards, as by the other core. */
const STAYS_OPEN = ["ended", "pin 10 level 0", OPENED];
const IN_RAM = "panic handler in RAM, restart in RAM, shutdown in RAM";

test("a panic opens the relay before ESP-IDF prints anything, and for good", () => {
  assert.deepEqual(end("panic"), [...STARTED, OPENED, "ESP-IDF prints 7", ...STAYS_OPEN, IN_RAM]);
});

test("a reset that ESP-IDF makes by itself, as at a panic within a panic, opens it first", () => {
  assert.deepEqual(end("reset"), [...STARTED, OPENED, "ESP-IDF resets", ...STAYS_OPEN, IN_RAM]);
});

test("a restart that the firmware asks for opens it", () => {
  assert.deepEqual(end("restart"), [...STARTED, OPENED, ...STAYS_OPEN, IN_RAM]);
});

test("the ESP32's pin 32 is in the second register", () => {
  assert.deepEqual(end("panic", "esp32").slice(0, 5), [
    ...["pin 32 level 0", "mask 100000000 output 1", "pin 32 level 1"],
    ...["clear_32_and_more 1", "ESP-IDF prints 7"],
  ]);
});

test("an image into which the linker did not take it is refused", () => {
  const linked =
    "42000000 l     F .flash.text\t00000010 other\n40380000 g     F .iram0.text\t00000020 __wrap_esp_panic_handler\n";
  assert.deepEqual(checkRelayEnds(linked), [
    "esp_restart_noos does not open the relay first: __wrap_esp_restart_noos is not in the image (firmware/idf/relay_ends)",
  ]);
  assert.deepEqual(checkRelayEnds(`${linked}40380020 g     F .iram0.text\t00000020 __wrap_esp_restart_noos\n`), []);
});

test("the component is put into the SDK's project, which is configured anew only when it has changed", () => {
  const generated = join(folder, "generated");
  const project = join(generated, "xsProj-esp32c3");
  const header = join(project, "build/config/sdkconfig.h");
  const configured = (): void => {
    mkdirSync(join(project, "build/config"), { recursive: true });
    writeFileSync(header, "");
  };
  configured();
  addComponents(ROOT, generated, "esp32c3");
  assert.throws(() => readFileSync(header), /ENOENT/);
  assert.match(readFileSync(join(project, "components/relay_ends/project_include.cmake"), "utf8"), /--wrap=esp_panic/);
  configured();
  addComponents(ROOT, generated, "esp32c3");
  assert.equal(readFileSync(header, "utf8"), "");
});
