// The glue of the slots for images: what ESP-IDF is asked for, and that nothing is started that was
// not written, hashed and found whole.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { writeHeaders } from "./stand-in-headers";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-update-"));
const program = join(folder, "glue");
after(() => rmSync(folder, { recursive: true, force: true }));

/** As much of XS, ESP-IDF and PSA as the glue asks for. */
const STAND_IN = `#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct { int number; void *bytes; const char *text; } xsSlot;
typedef struct { xsSlot argument, result; } xsMachine;
typedef int xsIntegerValue;
typedef unsigned xsUnsignedValue;
#define xsArg(index) (the->argument)
#define xsResult (the->result)
#define xsmcToInteger(slot) ((slot).number)
#define xsmcSetInteger(slot, value) ((slot).number = (value))
#define xsmcSetString(slot, value) ((slot).text = (value))
#define xsmcGetBufferReadable(slot, data, size) (*(data) = (slot).bytes, *(size) = (unsigned)(slot).number)
#define xsmcSetArrayBuffer(slot, data, size) ((slot).bytes = memcpy(standInKept, data, size))
static unsigned char standInKept[64];
extern char standInError[128];
void standInThrow(void) __attribute__((noreturn));
#define xsUnknownError(...) ((void)the, snprintf(standInError, sizeof(standInError), __VA_ARGS__), standInThrow())

typedef int esp_err_t;
enum { ESP_OK = 0, ESP_FAIL = -1, ESP_ERR_NO_MEM = 257 };
#define esp_err_to_name(error) ((error) == ESP_FAIL ? "ESP_FAIL" : "ESP_ERR")
typedef struct { uint32_t size, number; } esp_partition_t;
typedef int esp_ota_handle_t;
typedef int esp_ota_img_states_t;
enum { ESP_OTA_IMG_PENDING_VERIFY = 1, ESP_OTA_IMG_VALID = 2 };
#define OTA_WITH_SEQUENTIAL_WRITES 0xfffffffe
const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *);
const esp_partition_t *esp_ota_get_running_partition(void);
const esp_partition_t *esp_ota_get_last_invalid_partition(void);
esp_err_t esp_ota_get_state_partition(const esp_partition_t *, esp_ota_img_states_t *);
esp_err_t esp_ota_begin(const esp_partition_t *, size_t, esp_ota_handle_t *);
esp_err_t esp_ota_write(esp_ota_handle_t, const void *, size_t);
esp_err_t esp_ota_end(esp_ota_handle_t);
esp_err_t esp_ota_abort(esp_ota_handle_t);
esp_err_t esp_ota_set_boot_partition(const esp_partition_t *);
esp_err_t esp_ota_mark_app_valid_cancel_rollback(void);
esp_err_t esp_partition_read(const esp_partition_t *, size_t, void *, size_t);

typedef struct { unsigned sum; } psa_hash_operation_t;
typedef int psa_status_t;
#define PSA_HASH_OPERATION_INIT { 0 }
enum { PSA_SUCCESS = 0, PSA_ALG_SHA_256 = 9 };
psa_status_t psa_crypto_init(void);
psa_status_t psa_hash_setup(psa_hash_operation_t *, int);
psa_status_t psa_hash_update(psa_hash_operation_t *, const uint8_t *, size_t);
psa_status_t psa_hash_finish(psa_hash_operation_t *, uint8_t *, size_t, size_t *);
psa_status_t psa_hash_abort(psa_hash_operation_t *);
`;
const HEADERS = ["xsmc", "xsHost", "mc.xs", "app_update/include/esp_ota_ops", "esp_partition", "psa/crypto"];

before(() => {
  writeHeaders(folder, HEADERS, STAND_IN);
  execFileSync("cc", [
    ...["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    ...["-o", program, `-I${folder}`, `-I${join(ROOT, "firmware/native")}`],
    join(ROOT, "host-tests/firmware/update-glue.c"),
  ]);
});

/** A line for each of `commands`, "name number". */
function play(...commands: readonly string[]): readonly string[] {
  const input = `${commands.map((each) => (each.includes(" ") ? each : `${each} 0`)).join("\n")}\n`;
  return execFileSync(program, { input, encoding: "utf8" }).trimEnd().split("\n");
}

test("an image is written, hashed where it lies, found whole, and only then started next", () => {
  const lines = play("begin", "write 4096", "write 500", "digest 4596", "use");
  assert.match(lines[3] ?? "", /^digest: init setup( read hash){5} sum = \d+$/);
  assert.deepEqual(
    lines.filter((_, at) => at !== 3),
    ["begin: begin", "write: write", "write: write", "use: end boot"],
  );
});

test("each byte counts in the hash", () => {
  const [whole, less] = [4596, 4595].map((size) => play("begin", "write 4096", "write 500", `digest ${size}`).at(-1));
  assert.notEqual(whole?.split("= ")[1], less?.split("= ")[1]);
});

test("one that is not whole is not started next, and its handle is let go of", () => {
  assert.deepEqual(play("begin", "write 100", "fail 1", "use", "use", "begin").slice(3), [
    "use: end throws esp_ota_end: ESP_FAIL",
    "use: throws no update has begun",
    "begin: begin",
  ]);
});

test("a write that fails is told; what was begun is given up before anything begins anew", () => {
  assert.deepEqual(play("begin", "fail 1", "write 100", "abandon", "abandon", "begin", "begin"), [
    "begin: begin",
    "fail:",
    "write: write throws esp_ota_write: ESP_FAIL",
    "abandon: abort",
    "abandon:",
    "begin: begin",
    "begin: abort begin",
  ]);
});

test("wherever hashing fails it is told, and nothing of it is left", () => {
  for (const failing of [1, 2, 3, 4, 5]) {
    const [, , , line = ""] = play("begin", "write 1000", `fail ${failing}`, "digest 1000");
    assert.match(line, /throws hash: ESP_FAIL$/);
    assert.equal(line.includes("unhash"), failing > 2, line);
  }
  assert.match(play("begin", "digest 9000").at(-1) ?? "", /the slot is smaller/);
  assert.match(play("begin", "digest -1").at(-1) ?? "", /the slot is smaller/);
});

test("without having begun nothing is written, hashed or started", () => {
  assert.deepEqual(play("write 10", "digest 10", "use"), [
    "write: throws no update has begun",
    "digest: throws no update has begun",
    "use: throws no update has begun",
  ]);
});

test("a board with one slot has no room, and begins nothing", () => {
  assert.deepEqual(play("one-slot 1", "state", "room", "begin"), [
    "one-slot:",
    "state: = single",
    "room: = 0",
    "begin: throws this board has one slot",
  ]);
});

test("says whether this image is on trial, confirmed, or what an update that failed left; and confirms it", () => {
  assert.deepEqual(
    play(
      "state",
      "room",
      "running 1",
      "state",
      "confirm",
      "running -1",
      "state",
      "invalid 1",
      "state",
      "fail 1",
      "confirm",
    ),
    [
      "state: = confirmed",
      "room: = 8192",
      "running:",
      "state: = trial",
      "confirm: valid",
      "running:",
      "state: = confirmed",
      "invalid:",
      "state: = undone",
      "fail:",
      "confirm: valid throws esp_ota_mark_app_valid_cancel_rollback: ESP_FAIL",
    ],
  );
});
