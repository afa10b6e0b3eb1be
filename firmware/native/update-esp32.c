/*
 * The two slots for images, by ESP-IDF's esp_ota_ops. An image is streamed into the slot that does
 * not run; its sectors are erased one by one as it comes, each some 45 ms in which no task runs
 * (the relay is open meanwhile). What lies in flash is hashed there, so that what was written
 * counts and not what came.
 *
 * A board with one slot (4 MB) has no partition for it: room 0, and nothing begins.
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "app_update/include/esp_ota_ops.h"
#include "esp_partition.h"
#include "psa/crypto.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define PIECE_BYTES 1024
#define SHA256_BYTES 32

static esp_ota_handle_t handle;
static const esp_partition_t *target;

static void must(xsMachine *the, esp_err_t error, const char *what)
{
	if (error != ESP_OK)
		xsUnknownError("%s: %s", what, esp_err_to_name(error));
}

static const esp_partition_t *freeSlot(void)
{
	return esp_ota_get_next_update_partition(NULL);
}

static const char *stateName(void)
{
	esp_ota_img_states_t state;
	if (!freeSlot())
		return "single";
	if ((esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) == ESP_OK) && (state == ESP_OTA_IMG_PENDING_VERIFY))
		return "trial";
	return esp_ota_get_last_invalid_partition() ? "undone" : "confirmed";
}

static void abandon(void)
{
	if (target)
		(void)esp_ota_abort(handle);
	target = NULL;
}

static void mustHaveBegun(xsMachine *the)
{
	if (!target)
		xsUnknownError("no update has begun");
}

/* plugpay_slot_state() gives a string. */
void plugpay_slot_state(xsMachine *the)
{
	xsmcSetString(xsResult, (char *)stateName());
}

/* plugpay_slot_room() gives bytes. */
void plugpay_slot_room(xsMachine *the)
{
	const esp_partition_t *slot = freeSlot();
	xsmcSetInteger(xsResult, slot ? (xsIntegerValue)slot->size : 0);
}

/* plugpay_slot_begin() */
void plugpay_slot_begin(xsMachine *the)
{
	const esp_partition_t *slot = freeSlot();
	if (!slot)
		xsUnknownError("this board has one slot");
	abandon();
	must(the, esp_ota_begin(slot, OTA_WITH_SEQUENTIAL_WRITES, &handle), "esp_ota_begin");
	target = slot;
}

/* plugpay_slot_write(bytes) */
void plugpay_slot_write(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue size;
	mustHaveBegun(the);
	xsmcGetBufferReadable(xsArg(0), &bytes, &size);
	must(the, esp_ota_write(handle, bytes, size), "esp_ota_write");
}

/* On encrypted flash esp_partition_read gives what was meant, not what lies there. */
static esp_err_t hashSlot(psa_hash_operation_t *hash, uint8_t *piece, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += PIECE_BYTES) {
		uint32_t length = (size - at < PIECE_BYTES) ? size - at : PIECE_BYTES;
		esp_err_t error = esp_partition_read(target, at, piece, length);
		if (error != ESP_OK)
			return error;
		if (psa_hash_update(hash, piece, length) != PSA_SUCCESS)
			return ESP_FAIL;
	}
	return ESP_OK;
}

static esp_err_t digestOf(uint32_t size, uint8_t digest[SHA256_BYTES])
{
	psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
	size_t length;
	uint8_t *piece;
	esp_err_t error;
	if ((psa_crypto_init() != PSA_SUCCESS) || (psa_hash_setup(&hash, PSA_ALG_SHA_256) != PSA_SUCCESS))
		return ESP_FAIL;
	piece = malloc(PIECE_BYTES);
	error = piece ? hashSlot(&hash, piece, size) : ESP_ERR_NO_MEM;
	free(piece);
	if ((error == ESP_OK) && (psa_hash_finish(&hash, digest, SHA256_BYTES, &length) != PSA_SUCCESS))
		error = ESP_FAIL;
	if (error != ESP_OK)
		(void)psa_hash_abort(&hash);
	return error;
}

/*
 * plugpay_slot_digest(size) gives an ArrayBuffer. On encrypted flash esp_ota_write keeps back what
 * is no whole block of 16 bytes; an image of ESP-IDF's consists of such blocks, and any other has
 * another hash.
 */
void plugpay_slot_digest(xsMachine *the)
{
	uint8_t digest[SHA256_BYTES];
	xsIntegerValue size = xsmcToInteger(xsArg(0));
	mustHaveBegun(the);
	if ((size < 0) || ((uint32_t)size > target->size))
		xsUnknownError("the slot is smaller");
	must(the, digestOf((uint32_t)size, digest), "hash");
	xsmcSetArrayBuffer(xsResult, digest, sizeof(digest));
}

/* plugpay_slot_use(): looks whether the image is whole, and has the next start take it. */
void plugpay_slot_use(xsMachine *the)
{
	const esp_partition_t *slot = target;
	mustHaveBegun(the);
	/* It lets go of the handle, whatever it finds. */
	target = NULL;
	must(the, esp_ota_end(handle), "esp_ota_end");
	must(the, esp_ota_set_boot_partition(slot), "esp_ota_set_boot_partition");
}

/* plugpay_slot_abandon() */
void plugpay_slot_abandon(xsMachine *the)
{
	(void)the;
	abandon();
}

/* plugpay_slot_confirm() */
void plugpay_slot_confirm(xsMachine *the)
{
	must(the, esp_ota_mark_app_valid_cancel_rollback(), "esp_ota_mark_app_valid_cancel_rollback");
}
