// What JavaScript's task can do to the gate on a board while it is busy: nothing. Its queue is full
// and nobody reads it, as while signatures are verified; the sensor's task goes on feeding the gate
// each millisecond, the relay opens, and the events come later.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { GATE_CORE } from "../../lab/world/build";
import { writeHeaders } from "../firmware/stand-in-headers";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-glue-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const IDF = `#pragma once
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
enum { ESP_OK = 0, GPIO_MODE_INPUT, GPIO_PULLUP_ENABLE };
#define portMAX_DELAY 0xffffffffu
typedef sem_t StaticSemaphore_t;
typedef sem_t *SemaphoreHandle_t;
typedef void *esp_timer_handle_t;
typedef struct { void (*callback)(void *); const char *name; bool skip_unhandled_events; } esp_timer_create_args_t;
typedef struct { uint64_t pin_bit_mask; int mode, pull_up_en; } gpio_config_t;
SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *);
int xSemaphoreTake(SemaphoreHandle_t, uint32_t);
int xSemaphoreGive(SemaphoreHandle_t);
int64_t esp_timer_get_time(void);
int esp_timer_create(const esp_timer_create_args_t *, esp_timer_handle_t *);
int esp_timer_start_periodic(esp_timer_handle_t, uint64_t);
int esp_timer_stop(esp_timer_handle_t);
int esp_timer_delete(esp_timer_handle_t);
int gpio_config(const gpio_config_t *);
int gpio_get_level(int);
`;

/**
 * As much of XS as the glue asks for: an argument's properties are numbers, results are printed.
 */
const XS = `#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
typedef struct { int unused; } xsMachine;
typedef struct { const char *text; double number; } xsSlot;
typedef double xsNumberValue;
typedef void (*modMessageDeliver)(void *, void *, uint8_t *, uint16_t);
static xsSlot xs_vars[4], xs_this, xs_argument;
extern bool xs_given;
void xs_call(int kind, const char *cause);
int modMessagePostToMachineFromISR(xsMachine *, modMessageDeliver, void *);
void plugpay_gate(xsMachine *), plugpay_gate_grant(xsMachine *), plugpay_gate_cadence(xsMachine *), plugpay_gate_watch(xsMachine *), plugpay_gate_destructor(void *);
void plugpay_gate_revoke(xsMachine *), plugpay_gate_clear(xsMachine *), plugpay_gate_restore(xsMachine *), plugpay_gate_read(xsMachine *);
enum { xsUndefinedType, xsID_deliver };
#define xsmcVars(n) (void)(n)
#define xsVar(n) xs_vars[n]
#define xsThis xs_this
#define xsResult xs_this
#define xsArg(n) xs_argument
#define xsmcArgc 0
#define xsID(name) name
#define xsBeginHost(the) (void)(the)
#define xsEndHost(the)
#define xsRemember(slot)
#define xsmcSetHostData(slot, data)
#define xsmcTest(slot) false
#define xsmcTypeOf(slot) xsUndefinedType
#define xsmcIsCallable(slot) false
#define xsmcToString(slot) ""
#define xsmcToBoolean(slot) ((void)(slot), xs_given)
#define xsmcToNumber(slot) ((slot).number)
#define xsmcSetInteger(slot, value) ((slot).number = (value))
#define xsmcSetNumber(slot, value) ((void)the, (slot).number = (value), (slot).text = NULL)
#define xsmcSetBoolean(slot, value) ((void)the, (slot).number = (value), (slot).text = NULL)
#define xsmcSetString(slot, value) ((slot).text = (value))
#define xsmcSetNewObject(slot) (void)(slot)
#define xsmcSet(slot, id, value) ((value).text ? printf("%s %s\\n", id, (value).text) : printf("%s %.0f\\n", id, (value).number))
#define xsmcGet(slot, from, id) ((void)the, (slot).number = xs_property(id))
#define xsCall2(slot, id, a, b) xs_call((int)(a).number, (b).text)
#define xsRangeError(text) ((void)the, printf("%s\\n", text))
#define xsUnknownError(text) ((void)the, printf("%s\\n", text))
#define c_strcmp strcmp
static inline double xs_property(const char *id)
{
	return !strcmp(id, "upTo") ? 1e15 : !strcmp(id, "time") ? 4e9 : 16000;
}
`;

const HEADERS = ["driver/gpio", "esp_timer", "freertos/FreeRTOS", "freertos/semphr"];
const PINS = { CURRENT: 2, VOLTAGE: 3, LOADSENSE: -1, THERMOSTAT: -1 };

const GLUE = ["power-gate-esp32", "gate-settings-esp32", "gate-readings-esp32"].map(
  (name) => `firmware/native/${name}.c`,
);

function build(): string {
  writeHeaders(folder, HEADERS, IDF, {
    "mc.xs.h": XS,
    "xsmc.h": '#include "mc.xs.h"\n',
    "xsHost.h": '#include "mc.xs.h"\n',
    "sdkconfig.h": "#define CONFIG_IDF_TARGET_ESP32C3 1\n",
    "mc.defines.h": Object.entries(PINS)
      .map(([pin, number]) => `#define MODDEF_GATE_ESP32C3_${pin} (${number})\n`)
      .join(""),
  });
  const program = join(folder, "glue");
  execFileSync("cc", [
    ...["-std=gnu11", "-Wall", "-Wextra", "-Wno-unused", "-Werror", "-pthread"],
    ...["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    ...["-o", program, `-I${folder}`, `-I${join(ROOT, "firmware/native")}`],
    join(ROOT, "host-tests/power-gate/gate-glue.c"),
    ...[...GLUE, ...GATE_CORE.filter((file) => file.endsWith(".c"))].map((file) => join(ROOT, file)),
  ]);
  return program;
}

test("while JavaScript reads no messages the feed keeps its cadence, the relay opens, and one message tells of all that happened", () => {
  const { stdout, stderr, status } = spawnSync(build(), [], { encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 0, stderr);
  assert.deepEqual(stdout.trim().split("\n"), [
    "ticks that were missed are left out",
    "a tick each 20 ms",
    "relay 1",
    "relay 0",
    "0 message",
    // 1700 blocks, each a millisecond after the one before.
    "gaps 1699 0 0 0 0 0 0 0 0 0",
    "longest 1",
    "signatureGaps 1000 0 0 0 0 0 0 0 0 0",
    "signatureLongest 1",
    "signatureAsleep 1",
    "standstills 0",
    "rate 4000",
    "1 message",
    "told 3 sensor-fault",
    "told 3 short-circuit",
  ]);
});
