// The device's light: native code plays a rhythm on by itself, over a stand-in of ESP-IDF's timer.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RHYTHMS } from "../../shared/owner/light";
import { buildConfig } from "../../tools/firmware/config";
import { TARGETS } from "../../tools/firmware/targets";
import { writeHeaders } from "./stand-in-headers";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-light-"));
const program = join(folder, "light");
after(() => rmSync(folder, { recursive: true, force: true }));

/** As much of XS and ESP-IDF as the glue asks for. */
const STAND_IN = `#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct { const char *text; int number; } xsSlot;
typedef struct { xsSlot arguments[2]; } xsMachine;
extern jmp_buf standInAway;
extern char standInError[128];
#define xsArg(index) (the->arguments[index])
#define xsmcToInteger(slot) ((slot).number)
#define xsmcToBoolean(slot) ((slot).number != 0)
#define standInThrow(...) ((void)the, snprintf(standInError, sizeof(standInError), __VA_ARGS__), longjmp(standInAway, 1))
#define xsRangeError(...) standInThrow(__VA_ARGS__)
#define xsUnknownError(...) standInThrow(__VA_ARGS__)
#define xsmcToStringBuffer(slot, buffer, size) (strlen((slot).text) < (size) ? (void)strcpy(buffer, (slot).text) : standInThrow("too long"))

typedef int esp_err_t;
typedef int gpio_num_t;
typedef void *esp_timer_handle_t;
typedef int portMUX_TYPE;
enum { ESP_OK, ESP_FAIL, GPIO_MODE_OUTPUT, GPIO_NUM_MAX = 22 };
#define portMUX_INITIALIZER_UNLOCKED 0
#define portENTER_CRITICAL(lock) ((void)(lock))
#define portEXIT_CRITICAL(lock) ((void)(lock))
typedef struct { void (*callback)(void *); const char *name; bool skip_unhandled_events; } esp_timer_create_args_t;
typedef struct { uint64_t pin_bit_mask; int mode; } gpio_config_t;
extern void (*standInPlay)(void *);
extern int standInLevel, standInFails;
static inline void gpio_set_level(gpio_num_t pin, int level) { (void)pin; standInLevel = level; }
static inline esp_err_t gpio_config(const gpio_config_t *config)
{
	printf("output %llx at level %d\\n", (unsigned long long)config->pin_bit_mask, standInLevel);
	return standInFails ? ESP_FAIL : ESP_OK;
}
static inline esp_err_t esp_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *into)
{
	standInPlay = args->callback;
	*into = &standInLevel;
	return ESP_OK;
}
static inline esp_err_t esp_timer_start_periodic(esp_timer_handle_t timer, uint64_t us)
{
	(void)timer;
	printf("each %d us\\n", (int)us);
	return ESP_OK;
}
`;

before(() => {
  writeHeaders(folder, ["xsmc", "xsHost", "mc.xs", "esp_timer", "driver/gpio", "freertos/FreeRTOS"], STAND_IN, {
    "driver/gpio.h": '#include "../stand-in.h"\n',
    "freertos/FreeRTOS.h": '#include "../stand-in.h"\n',
    "sdkconfig.h": "#define CONFIG_IDF_TARGET_ESP32C3 1\n",
    "mc.defines.h": "#define MODDEF_GATE_ESP32C3_RELAY (10)\n",
  });
  execFileSync(process.env.CC ?? "cc", [
    ...["-std=gnu11", "-Wall", "-Wextra", "-Werror"],
    ...["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", program],
    ...[`-I${folder}`, `-I${join(ROOT, "firmware/native")}`],
    ...[join(import.meta.dirname, "light-glue.c"), join(ROOT, "firmware/native/light.c")],
  ]);
});

const played = (how: string): string[] =>
  execFileSync(program, [how], { encoding: "utf8", timeout: 20_000 }).trim().split("\n");

const REFUSED = [
  "threw light: expected a pin that is not the relay's",
  "threw light: expected a pin that is not the relay's",
  "threw light: expected a pin that is not the relay's",
];
const WRONG = ["threw light: expected 1 to 32 signs, # or .", "threw light: expected 1 to 32 signs, # or ."];

test("a rhythm that was handed over once goes on until the next; what is none changes nothing, and the relay's pin is no light's", () => {
  assert.deepEqual(played("high"), [
    ...REFUSED,
    "output 80 at level 0",
    "each 125000 us",
    "threw light: it is there already",
    "0000",
    "10100000101000001010",
    "1111",
    ...WRONG,
    "threw light: expected 1 to 32 signs, # or .",
    "threw too long",
    "1111",
    "000000000000000000000000000000010",
  ]);
});

test("a light that a low level lights is dark by a high one, before its pin is an output too", () => {
  const lines = played("low");
  assert.deepEqual(lines.slice(3, 8), [
    "output 80 at level 1",
    "each 125000 us",
    "threw light: it is there already",
    "1111",
    "01011111010111110101",
  ]);
});

test("a pin that ESP-IDF refuses is told", () => {
  assert.deepEqual(played("fails"), [...REFUSED, "output 80 at level 0", "threw light: error 1"]);
});

test("every rhythm is one that native code takes, and none looks like another, wherever a person begins to watch", () => {
  const turns = (rhythm: string) => Array.from(rhythm, (_, at) => rhythm.slice(at) + rhythm.slice(0, at));
  const seen = Object.values(RHYTHMS).map((rhythm) => {
    assert.match(rhythm, /^[#.]{1,32}$/);
    return turns(rhythm.repeat(16 / rhythm.length)).sort()[0];
  });
  assert.equal(new Set(seen).size, seen.length);
});

test("an image has a light where its configuration says so, at the map's pin; where that is the sensor's, the build refuses", () => {
  const image = (given: object, target: keyof typeof TARGETS = "esp32c3") =>
    buildConfig(given as Record<string, unknown>, "cable", TARGETS[target], false).image;
  assert.equal("light" in image({}), false);
  assert.deepEqual(image({ light: "active-low" }).light, { pin: 7, litByLow: true });
  assert.deepEqual(image({ light: "active-high" }, "esp32").light, { pin: 13, litByLow: false });
  assert.throws(() => image({ light: "red" }), /active-high/);
  const metered = { light: "active-low", gate: { sensor: "bl0937" } };
  assert.throws(() => image(metered), /configuration\.light: .* its pin 7 is meterSel of the sensor bl0937/);
  assert.deepEqual(image(metered, "esp32c6").light, { pin: 7, litByLow: true });
});
