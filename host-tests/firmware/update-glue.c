/*
 * The slots' glue (firmware/native/update-esp32.c) over stand-ins of XS, esp_ota_ops and PSA: which
 * calls ESP-IDF gets, in which order, and what becomes of each that fails. Commands on standard
 * input, one a line; what happens is printed.
 */

#include "update-esp32.c"

#include <stdio.h>
#include <string.h>

jmp_buf standInJump;
char standInError[128];
static int failing;
static uint8_t flash[8192];
static uint32_t written;
static esp_partition_t slots[2] = { { 8192, 0 }, { 8192, 1 } };
static int oneSlot, runningState = ESP_OTA_IMG_VALID, invalid, open;

void standInThrow(void) { longjmp(standInJump, 1); }

/* The call number `failing` from now fails; 0: none. */
static esp_err_t step(const char *name)
{
	printf(" %s", name);
	return (failing && (--failing == 0)) ? ESP_FAIL : ESP_OK;
}

const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *from) { (void)from; return oneSlot ? NULL : &slots[1]; }
const esp_partition_t *esp_ota_get_running_partition(void) { return &slots[0]; }
const esp_partition_t *esp_ota_get_last_invalid_partition(void) { return invalid ? &slots[1] : NULL; }

esp_err_t esp_ota_get_state_partition(const esp_partition_t *partition, esp_ota_img_states_t *state)
{
	if (partition != &slots[0])
		abort();
	*state = runningState;
	return (runningState < 0) ? ESP_FAIL : ESP_OK;
}

esp_err_t esp_ota_begin(const esp_partition_t *partition, size_t size, esp_ota_handle_t *handle)
{
	if ((partition != &slots[1]) || (size != OTA_WITH_SEQUENTIAL_WRITES) || open)
		abort();
	written = 0;
	*handle = 7;
	esp_err_t error = step("begin");
	open = error == ESP_OK;
	return error;
}

esp_err_t esp_ota_write(esp_ota_handle_t handle, const void *bytes, size_t size)
{
	if ((handle != 7) || !open)
		abort();
	memcpy(flash + written, bytes, size);
	written += size;
	return step("write");
}

/* It lets go of the handle, whatever it finds. */
esp_err_t esp_ota_end(esp_ota_handle_t handle)
{
	if ((handle != 7) || !open)
		abort();
	open = 0;
	return step("end");
}

esp_err_t esp_ota_abort(esp_ota_handle_t handle)
{
	if ((handle != 7) || !open)
		abort();
	open = 0;
	return step("abort");
}

esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition)
{
	if (partition != &slots[1])
		abort();
	return step("boot");
}

esp_err_t esp_ota_mark_app_valid_cancel_rollback(void) { return step("valid"); }

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t at, void *bytes, size_t size)
{
	if ((partition != &slots[1]) || (at + size > sizeof(flash)))
		abort();
	memcpy(bytes, flash + at, size);
	return step("read");
}

psa_status_t psa_crypto_init(void) { return step("init"); }
psa_status_t psa_hash_setup(psa_hash_operation_t *hash, int algorithm) { if (algorithm != PSA_ALG_SHA_256) abort(); hash->sum = 0; return step("setup"); }
psa_status_t psa_hash_abort(psa_hash_operation_t *hash) { (void)hash; return step("unhash"); }

/* No SHA-256, but it tells all bytes in their order. */
psa_status_t psa_hash_update(psa_hash_operation_t *hash, const uint8_t *bytes, size_t size)
{
	for (size_t k = 0; k < size; k++)
		hash->sum = hash->sum * 31 + bytes[k];
	return step("hash");
}

psa_status_t psa_hash_finish(psa_hash_operation_t *hash, uint8_t *digest, size_t size, size_t *length)
{
	memset(digest, 0, size);
	memcpy(digest, &hash->sum, sizeof(hash->sum));
	*length = size;
	return step("sum");
}

static void call(xsMachine *the, const char *name, int number)
{
	static uint8_t bytes[8192];
	for (unsigned k = 0; k < sizeof(bytes); k++)
		bytes[k] = (uint8_t)(k * 7 + 3);
	the->argument.bytes = bytes;
	the->argument.number = number;
	if (!strcmp(name, "state")) plugpay_slot_state(the);
	else if (!strcmp(name, "room")) plugpay_slot_room(the);
	else if (!strcmp(name, "begin")) plugpay_slot_begin(the);
	else if (!strcmp(name, "write")) plugpay_slot_write(the);
	else if (!strcmp(name, "digest")) plugpay_slot_digest(the);
	else if (!strcmp(name, "use")) plugpay_slot_use(the);
	else if (!strcmp(name, "abandon")) plugpay_slot_abandon(the);
	else if (!strcmp(name, "confirm")) plugpay_slot_confirm(the);
	else if (!strcmp(name, "fail")) failing = number;
	else if (!strcmp(name, "one-slot")) oneSlot = number;
	else if (!strcmp(name, "running")) runningState = number;
	else if (!strcmp(name, "invalid")) invalid = number;
	else abort();
}

int main(void)
{
	char name[32];
	int number;
	while (scanf("%31s %d", name, &number) == 2) {
		xsMachine machine = { { 0, NULL, NULL }, { -1, NULL, NULL } };
		printf("%s:", name);
		if (setjmp(standInJump))
			printf(" throws %s", standInError);
		else {
			call(&machine, name, number);
			if (machine.result.text)
				printf(" = %s", machine.result.text);
			else if (machine.result.bytes)
				printf(" = %u", *(unsigned *)machine.result.bytes);
			else if (machine.result.number >= 0)
				printf(" = %d", machine.result.number);
		}
		printf("\n");
	}
	return 0;
}
