// The sensors' glue on a board. Which task starts and stops the drivers: the gate's own, always,
// for ESP-IDF's ADC keeps a mutex in the task that started it; in JavaScript's it stopped the
// gate's feed while a signature was verified. What happens when the converter stands still, and
// that no pulse is lost.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { GATE_CORE } from "../../lab/world/build";
import { writeHeaders } from "../firmware/stand-in-headers";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-sensor-"));
/** For a chip with a pulse counter, and for one without. */
const PROGRAMS = { counter: join(folder, "sensor-counter"), interrupts: join(folder, "sensor-interrupts") } as const;
type Variant = keyof typeof PROGRAMS;
after(() => rmSync(folder, { recursive: true, force: true }));

/** As much of FreeRTOS and ESP-IDF as the glue asks for. */
const IDF = `#pragma once
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
enum { ESP_OK = 0, ESP_ERR_TIMEOUT = 0x107, ESP_INTR_FLAG_IRAM = 1 << 10, PCNT_CHANNEL_EDGE_ACTION_HOLD = 0, PCNT_CHANNEL_EDGE_ACTION_INCREASE = 1, pdPASS = 1, ADC_UNIT_1 = 0, ADC_ATTEN_DB_12 = 3, ADC_CONV_SINGLE_UNIT_1 = 1, UART_NUM_1 = 1, UART_DATA_8_BITS, UART_PARITY_EVEN, UART_STOP_BITS_1, UART_HW_FLOWCTRL_DISABLE, UART_PIN_NO_CHANGE = -1, GPIO_MODE_INPUT, GPIO_MODE_OUTPUT, GPIO_INTR_POSEDGE };
#define SOC_ADC_DIGI_RESULT_BYTES 4
#define SOC_ADC_DIGI_MAX_BITWIDTH 12
#define portMAX_DELAY 0xffffffffu
#define pdMS_TO_TICKS(ms) (ms)
#define IRAM_ATTR __attribute__((section("iram_text")))
typedef int esp_err_t;
typedef void (*TaskFunction_t)(void *);
typedef void *TaskHandle_t;
typedef sem_t StaticSemaphore_t;
typedef sem_t *SemaphoreHandle_t;
typedef void *adc_continuous_handle_t;
typedef int adc_unit_t;
typedef int adc_channel_t;
typedef struct { uint8_t atten, channel, unit, bit_width; } adc_digi_pattern_config_t;
typedef struct { uint32_t pattern_num; adc_digi_pattern_config_t *adc_pattern; uint32_t sample_freq_hz; int conv_mode; } adc_continuous_config_t;
typedef struct { uint32_t max_store_buf_size, conv_frame_size; } adc_continuous_handle_cfg_t;
typedef struct { int baud_rate, data_bits, parity, stop_bits, flow_ctrl; } uart_config_t;
typedef struct { uint64_t pin_bit_mask; int mode, intr_type; } gpio_config_t;
int xTaskCreate(TaskFunction_t, const char *, uint32_t, void *, unsigned, TaskHandle_t *);
void vTaskDelete(TaskHandle_t);
void vTaskDelay(uint32_t);
SemaphoreHandle_t xSemaphoreCreateBinaryStatic(StaticSemaphore_t *);
int xSemaphoreTake(SemaphoreHandle_t, uint32_t);
int xSemaphoreGive(SemaphoreHandle_t);
int64_t esp_timer_get_time(void);
int adc_continuous_new_handle(const adc_continuous_handle_cfg_t *, adc_continuous_handle_t *);
int adc_continuous_io_to_channel(int, int *, int *);
int adc_continuous_config(adc_continuous_handle_t, const adc_continuous_config_t *);
int adc_continuous_start(adc_continuous_handle_t);
int adc_continuous_stop(adc_continuous_handle_t);
int adc_continuous_deinit(adc_continuous_handle_t);
int adc_continuous_read(adc_continuous_handle_t, uint8_t *, uint32_t, uint32_t *, uint32_t);
int uart_driver_install(int, int, int, int, void *, int);
int uart_driver_delete(int);
int uart_param_config(int, const uart_config_t *);
int uart_set_pin(int, int, int, int, int);
int uart_set_rx_full_threshold(int, int);
int uart_set_rx_timeout(int, uint8_t);
int uart_read_bytes(int, void *, uint32_t, uint32_t);
int gpio_config(const gpio_config_t *);
int gpio_set_level(int, uint32_t);
int gpio_install_isr_service(int);
int gpio_isr_handler_add(int, void (*)(void *), void *);
int gpio_isr_handler_remove(int);
void gpio_uninstall_isr_service(void);
typedef int *pcnt_unit_handle_t;
typedef int *pcnt_channel_handle_t;
typedef struct { int low_limit, high_limit; } pcnt_unit_config_t;
typedef struct { int edge_gpio_num, level_gpio_num; } pcnt_chan_config_t;
typedef struct { uint32_t max_glitch_ns; } pcnt_glitch_filter_config_t;
int pcnt_new_unit(const pcnt_unit_config_t *, pcnt_unit_handle_t *);
int pcnt_del_unit(pcnt_unit_handle_t);
int pcnt_unit_set_glitch_filter(pcnt_unit_handle_t, const pcnt_glitch_filter_config_t *);
int pcnt_new_channel(pcnt_unit_handle_t, const pcnt_chan_config_t *, pcnt_channel_handle_t *);
int pcnt_del_channel(pcnt_channel_handle_t);
int pcnt_channel_set_edge_action(pcnt_channel_handle_t, int, int);
int pcnt_unit_enable(pcnt_unit_handle_t);
int pcnt_unit_disable(pcnt_unit_handle_t);
int pcnt_unit_clear_count(pcnt_unit_handle_t);
int pcnt_unit_start(pcnt_unit_handle_t);
int pcnt_unit_stop(pcnt_unit_handle_t);
int pcnt_unit_get_count(pcnt_unit_handle_t, int *);
`;

const HEADERS = [
  ...[
    "driver/gpio",
    "driver/pulse_cnt",
    "driver/uart",
    "esp_adc/adc_continuous",
    "esp_attr",
    "esp_intr_alloc",
    "esp_timer",
  ],
  "soc/soc_caps",
  ...["freertos/FreeRTOS", "freertos/task", "freertos/semphr"],
];
const PINS = ["CURRENT", "VOLTAGE", "METERCF", "METERCF1", "METERSEL", "METERRX"];

before(() => {
  writeHeaders(folder, HEADERS, IDF, {
    "sdkconfig.h": "#define CONFIG_IDF_TARGET_ESP32C3 1\n",
    "mc.defines.h": PINS.map((pin, k) => `#define MODDEF_GATE_ESP32C3_${pin} ${k}\n`).join(""),
  });
  const glue = ["gate-sensor", "gate-adc", "gate-pulses", "gate-serial", "pulse-counter"].map(
    (name) => `${name}-esp32`,
  );
  const sources = [...glue, "adc-frames", "feed-watch", "metering-chips"];
  for (const [variant, program] of Object.entries(PROGRAMS)) {
    execFileSync("cc", [
      ...[
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pthread",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
      ],
      ...[`-DSOC_PCNT_SUPPORTED=${variant === "counter" ? 1 : 0}`, "-o", program],
      ...[`-I${folder}`, `-I${join(ROOT, "firmware/native")}`],
      join(ROOT, "host-tests/power-gate/sensor-task.c"),
      ...sources.map((name) => join(ROOT, `firmware/native/${name}.c`)),
      ...GATE_CORE.filter((file) => file.endsWith(".c")).map((file) => join(ROOT, file)),
    ]);
  }
});

interface Run {
  /** Driver calls, each with the task that made it. */
  readonly calls: string[];
  readonly last: string | undefined;
  /** The longest time between two blocks of samples. */
  readonly gapMs: number;
  readonly readsWithoutData: number;
  readonly pulses: number;
  readonly energy: number;
}

interface Play {
  /** A driver call that fails, or "restart": the converter does not start a second time. */
  readonly failing?: string;
  /** The converter stands still after five reads, until it was started so many times more. */
  readonly heals?: number;
  readonly on?: Variant;
}

function run(kind: number, { failing = "", heals = 0, on = "counter" }: Play = {}): Run {
  const text = execFileSync(PROGRAMS[on], [`${kind}`, failing, `${heals}`], { encoding: "utf8", timeout: 20_000 });
  const lines = text.trim().split("\n");
  const numbers = (line: RegExp): number[] => (text.match(line) ?? []).slice(1).map(Number);
  const [gapMs = -1, readsWithoutData = -1] = numbers(/longest (\d+) ms, without data (\d+)/);
  const [pulses = -1, energy = -1] = numbers(/pulses (\d+), energy (\d+)/);
  const calls = lines.filter((line) => / (gate|javascript)$/.test(line));
  return { calls, last: lines.at(-1), gapMs, readsWithoutData, pulses, energy };
}

const byGate = (calls: readonly string[]): string[] => calls.map((call) => `${call} gate`);

test("the gate's task starts and stops the ADC, JavaScript's never holds it; its pool lasts while a page is erased", () => {
  const { calls, last } = run(0);
  assert.deepEqual(calls, byGate(["adc-new-45-frames", "adc-config", "adc-start", "adc-stop", "adc-deinit"]));
  assert.equal(last, "stopped");
});

test("a converter that stands still is stopped and started before the gate takes its feed for lost", () => {
  const { calls, gapMs } = run(0, { heals: 1 });
  const restart = ["adc-stop", "adc-start"];
  assert.deepEqual(
    calls,
    byGate(["adc-new-45-frames", "adc-config", "adc-start", ...restart, "adc-stop", "adc-deinit"]),
  );
  assert.ok(gapMs >= 40 && gapMs < 80, `${gapMs} ms`);
});

test("where a restart does not help the next ones come at longer and longer distances, and it goes on when one does", () => {
  const { calls, gapMs, readsWithoutData } = run(0, { heals: 3 });
  assert.equal(calls.filter((call) => call === "adc-start gate").length, 4);
  // 2, 4 and 8 reads of 20 ms.
  assert.equal(readsWithoutData, 14);
  assert.equal(gapMs, 14 * 20 + 1);
});

test("a converter that does not start again is asked each second or so, and never in a loop that holds the processor", () => {
  const { calls, readsWithoutData, last } = run(0, { failing: "restart", heals: 1 });
  const starts = calls.filter((call) => call === "adc-start gate").length;
  assert.ok(starts > 10 && starts < 30, `${starts} in 20 s`);
  assert.ok(readsWithoutData < 1200, `${readsWithoutData} reads in 20 s`);
  // What does not run is not stopped.
  assert.equal(calls.filter((call) => call === "adc-stop gate").length, 1);
  assert.equal(last, "stopped");
});

test("the drivers of metering chips belong to the gate's task too", () => {
  for (const on of ["counter", "interrupts"] as const) {
    for (const kind of [1, 2, 3]) {
      const { calls, last } = run(kind, { on });
      assert.equal(last, "stopped");
      assert.ok(calls.length > 2);
      for (const line of calls) assert.match(line, / gate$/);
    }
  }
});

test("pulses are counted by the chip's counter where it has one, across its end, and without an interrupt", () => {
  const { calls, pulses, energy } = run(2, { on: "counter" });
  const begin = ["unit-new", "channel-new-cf", "unit-new", "channel-new-cf1"];
  const end = ["channel-delete", "unit-delete"];
  assert.deepEqual(calls, byGate([...begin, ...end, ...end]));
  assertAllCounted(pulses, energy);
});

test("without a counter an interrupt counts them, from IRAM and registered so", () => {
  const { calls, pulses, energy } = run(2, { on: "interrupts" });
  const begin = ["isr-install-iram", "isr-add-iram", "isr-add-iram"];
  assert.deepEqual(calls, byGate([...begin, "isr-remove", "isr-remove", "isr-uninstall"]));
  assertAllCounted(pulses, energy);
});

/**
 * More than the counter holds, each worth 2.43^2 / (48 x 3.579e6 / 128) x 2351 / 0.001 J = 10.344
 * J.
 */
function assertAllCounted(pulses: number, energy: number): void {
  assert.ok(pulses > 32_767, `${pulses}`);
  assert.ok(Math.abs(energy / ((pulses * 10.344e6) / 3600) - 1) < 0.001, `${energy} uWh of ${pulses} pulses`);
}

test("a driver's refusal reaches the caller that started it, and leaves no driver and no task behind", () => {
  const refused = (play: Play & { kind: number }): { calls: string[]; last: string | undefined } => {
    const { calls, last } = run(play.kind, play);
    return { calls, last };
  };
  assert.deepEqual(refused({ kind: 0, failing: "adc-start" }), {
    calls: byGate(["adc-new-45-frames", "adc-config", "adc-start", "adc-deinit"]),
    last: "refused power gate: the ADC does not start",
  });
  assert.equal(run(3, { failing: "uart-install" }).last, "refused power gate: serial port 1 is in use");
  assert.deepEqual(refused({ kind: 1, failing: "channel-new-cf1" }), {
    calls: byGate([
      ...["unit-new", "channel-new-cf", "unit-new", "channel-new-cf1"],
      ...["unit-delete", "channel-delete", "unit-delete"],
    ]),
    last: "refused power gate: no pulse counter for CF1",
  });
  assert.deepEqual(refused({ kind: 1, failing: "isr-install-iram", on: "interrupts" }), {
    calls: byGate(["isr-install-iram"]),
    last: "refused power gate: the pins' interrupts belong to something else already",
  });
});

test("the metering chip's serial port hands bytes over when a frame is whole, not after five of them", () => {
  const { calls } = run(3);
  assert.ok(calls.includes("uart-threshold-24 gate"), calls.join("\n"));
  assert.ok(calls.includes("uart-timeout-2 gate"), calls.join("\n"));
});
