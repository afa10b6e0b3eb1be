// The TLS client's task on a board: what it was given to send is sent, whole and in order, also
// where the stack is full; and it gives up connecting by the clock.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { writeHeaders } from "./stand-in-headers";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-tls-"));
const program = join(folder, "tls");
after(() => rmSync(folder, { recursive: true, force: true }));

/** As much of XS, FreeRTOS and esp-tls as the task asks for. */
const STAND_IN = `#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
typedef struct { int value; } xsSlot;
typedef struct { xsSlot slot; } xsMachine;
typedef int xsIntegerValue;
typedef unsigned xsUnsignedValue;
typedef void (*modMessageDeliver)(void *, void *, uint8_t *, uint16_t);
int modMessagePostToMachine(xsMachine *, uint8_t *, uint16_t, modMessageDeliver, void *);
#define xsBeginHost(the) (void)the
#define xsEndHost(the) (void)the
#define xsmcVars(count)
#define xsVar(index) (the->slot)
#define xsArg(index) (the->slot)
#define xsThis (the->slot)
#define xsResult (the->slot)
#define xsmcArgc 1
#define xsmcSetInteger(slot, number) ((slot).value = (number))
#define xsmcToInteger(slot) ((slot).value)
#define xsmcTest(slot) ((slot).value)
#define xsmcGet(into, from, id) ((into) = (from))
#define xsmcToString(slot) ((char *)((slot).value ? "" : "x"))
#define xsmcToStringBuffer(slot, buffer, size) ((buffer)[0] = 0)
#define xsmcSetHostData(slot, data) ((void)(data))
#define xsmcGetHostData(slot) ((void *)0)
#define xsmcSetArrayBuffer(slot, bytes, count) ((void)(bytes), (void)(count))
#define xsmcGetBufferReadable(slot, bytes, count) ((void)(bytes), (void)(count))
#define xsCall2(object, id, one, two) ((void)(object))
#define xsRemember(slot) ((void)(slot))
#define xsForget(slot) ((void)(slot))
#define xsRangeError(...) abort()
#define xsUnknownError(...) abort()
#define c_free free
#define c_calloc calloc
#define c_malloc malloc
#define c_memcpy memcpy
#define c_memmove memmove
#define c_strlen strlen
#define c_strcpy strcpy
typedef int SemaphoreHandle_t;
#define portMAX_DELAY 0
#define pdPASS 1
#define pdMS_TO_TICKS(ms) (ms)
#define vSemaphoreDelete(lock) ((void)(lock))
#define xSemaphoreTake(lock, ticks) ((void)(lock))
#define xSemaphoreGive(lock) ((void)(lock))
#define xSemaphoreCreateMutex() 1
#define xTaskCreate(code, name, stack, data, priority, handle) ((void)(code), pdPASS)
#define vTaskDelay(ticks) ((void)(ticks))
#define vTaskDelete(task) ((void)(task))
typedef struct esp_tls esp_tls_t;
typedef struct { const unsigned char *cacert_buf; unsigned cacert_bytes; bool non_block; int timeout_ms; } esp_tls_cfg_t;
enum { ESP_TLS_ERR_SSL_WANT_READ = -0x6900, ESP_TLS_ERR_SSL_WANT_WRITE = -0x6880 };
esp_tls_t *esp_tls_init(void);
int esp_tls_conn_new_async(const char *, int, int, const esp_tls_cfg_t *, esp_tls_t *);
int esp_tls_conn_destroy(esp_tls_t *);
ssize_t esp_tls_conn_write(esp_tls_t *, const void *, size_t);
ssize_t esp_tls_conn_read(esp_tls_t *, void *, size_t);
void *esp_tls_get_ssl_context(esp_tls_t *);
uint32_t mbedtls_ssl_get_verify_result(const void *);
enum { MBEDTLS_X509_BADCERT_CN_MISMATCH = 4, MBEDTLS_X509_BADCERT_NOT_TRUSTED = 8 };
int64_t esp_timer_get_time(void);
`;

const HEADERS = [
  ...["xsmc", "xsHost", "mc.xs", "esp_tls", "esp_timer"],
  ...["freertos/FreeRTOS", "freertos/semphr", "freertos/task"],
];

before(() => {
  writeHeaders(folder, HEADERS, STAND_IN);
  execFileSync(process.env.CC ?? "cc", [
    ...["-Wall", "-Werror", "-Wno-unused-value", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    ...["-o", program, `-I${folder}`, `-I${join(ROOT, "firmware/native")}`],
    join(import.meta.dirname, "tls-task.c"),
  ]);
});

function play(scene: string): string {
  return execFileSync(program, [scene], { encoding: "utf8", timeout: 20_000 }).trim();
}

test("what was written while the stack was full is sent after what it had begun to send", () => {
  assert.equal(play("full-stack"), "aaabbc 0 left");
});

test("a server that never answers is given up after fifteen seconds by the clock", () => {
  assert.equal(play("no-answer"), "given up after 15 s, 1 tries");
});

test("why a server was refused is told: no connection, another root, another name, or else", () => {
  assert.equal(play("refused"), "1 2 3 2 4");
});
