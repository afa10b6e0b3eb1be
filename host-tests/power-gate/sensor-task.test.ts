// Which task starts and stops the sensors' drivers on a board: the gate's own, always. ESP-IDF's ADC keeps a mutex in the
// task that started it; in JavaScript's it stopped the gate's feed while a signature was verified.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-sensor-"));
const program = join(folder, "sensor");
after(() => rmSync(folder, { recursive: true, force: true }));

/** As much of FreeRTOS and ESP-IDF as the glue asks for. */
const IDF = `#pragma once
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
enum { ESP_OK = 0, pdPASS = 1, ADC_UNIT_1 = 0, ADC_ATTEN_DB_12 = 3, ADC_CONV_SINGLE_UNIT_1 = 1, UART_NUM_1 = 1, UART_DATA_8_BITS, UART_PARITY_EVEN, UART_STOP_BITS_1, UART_HW_FLOWCTRL_DISABLE, UART_PIN_NO_CHANGE = -1, GPIO_MODE_INPUT, GPIO_MODE_OUTPUT, GPIO_INTR_POSEDGE };
#define SOC_ADC_DIGI_RESULT_BYTES 4
#define SOC_ADC_DIGI_MAX_BITWIDTH 12
#define portMAX_DELAY 0xffffffffu
#define pdMS_TO_TICKS(ms) (ms)
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
`;

const HEADERS = [
  ...["driver/gpio", "driver/uart", "esp_adc/adc_continuous", "esp_timer"],
  ...["freertos/FreeRTOS", "freertos/task", "freertos/semphr"],
];
const PINS = ["CURRENT", "VOLTAGE", "METERCF", "METERCF1", "METERSEL", "METERRX"];

before(() => {
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write("idf.h", IDF);
  for (const header of HEADERS) write(`${header}.h`, '#include "idf.h"\n');
  write("sdkconfig.h", "#define CONFIG_IDF_TARGET_ESP32C3 1\n");
  write("mc.defines.h", PINS.map((pin, k) => `#define MODDEF_GATE_ESP32C3_${pin} ${k}\n`).join(""));
  const sources = ["gate-sensor-esp32", "adc-frames", "metering-chips", "power-gate"];
  execFileSync("cc", [
    ...["-Wall", "-Werror", "-pthread", "-o", program, `-I${folder}`, `-I${join(ROOT, "firmware/native")}`],
    join(ROOT, "host-tests/power-gate/sensor-task.c"),
    ...sources.map((name) => join(ROOT, `firmware/native/${name}.c`)),
    "-lm",
  ]);
});

function run(kind: number, failing = ""): string[] {
  return execFileSync(program, [`${kind}`, failing], { encoding: "utf8", timeout: 20_000 })
    .trim()
    .split("\n");
}

test("the gate's task starts and stops the ADC, JavaScript's never holds it", () => {
  const calls = ["adc-new", "adc-config", "adc-start", "adc-stop", "adc-deinit"];
  assert.deepEqual(run(0), [...calls.map((call) => `${call} gate`), "stopped"]);
});

test("the drivers of metering chips belong to the gate's task too", () => {
  for (const kind of [1, 2, 3]) {
    const lines = run(kind);
    assert.equal(lines.at(-1), "stopped");
    assert.ok(lines.length > 2);
    for (const line of lines.slice(0, -1)) assert.match(line, / gate$/);
  }
});

test("a driver's refusal reaches the caller that started it, and leaves no driver and no task behind", () => {
  assert.deepEqual(run(0, "adc-start"), [
    ...["adc-new gate", "adc-config gate", "adc-start gate", "adc-deinit gate"],
    "refused power gate: the ADC does not start",
  ]);
  assert.equal(run(3, "uart-install").at(-1), "refused power gate: serial port 1 is in use");
});

test("the metering chip's serial port hands bytes over when a frame is whole, not after five of them", () => {
  const lines = run(3);
  assert.ok(lines.includes("uart-threshold-24 gate"), lines.join("\n"));
  assert.ok(lines.includes("uart-timeout-2 gate"), lines.join("\n"));
});
