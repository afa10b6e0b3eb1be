/*
 * The module "plugpay/sockets" on a chip: sockets.c in a task of its own, over lwIP.
 *
 * The task stands above JavaScript's (4), so that a flood is turned away while JavaScript computes,
 * and rests after each handful; lwIP's own (18) and the power gate's stand above it. It tells
 * JavaScript's by one message that never waits: the SDK's other way to post never returns where the
 * queue is full.
 *
 * Memory: the table, two datagrams and one segment to read into (5.7 KB), the task's stack (3 KB);
 * lwIP's buffers are ESP-IDF's heap.
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include <stdio.h>
#include <string.h>

#include "esp_netif.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

#include "sockets.h"

enum {
	STACK_BYTES = 3072,
	PRIORITY = 5,
	/* Were a wake lost, the task would look again after this. */
	LONGEST_MS = 250,
	/* Where waiting itself fails, it is not tried faster than this. */
	FAILED_MS = 10,
	READ_BYTES = 1480,
	PLACES = 16,
	ADDRESS_CHARACTERS = 16,
	/* Before a datagram stands where it comes from or goes to: four bytes of address, two of port. */
	WHOSE_BYTES = 6,
	/* The reserve of native heap (docs/performance.md): below it strangers have to go. */
	SCARCE_BYTES = 20 * 1024
};

/* JavaScript's object of each socket, by the handle's lowest bits. */
typedef struct {
	int32_t handle;
	xsSlot object;
} Owner;

static struct {
	sockets all;
	xsMachine *the;
	SemaphoreHandle_t lock;
	StaticSemaphore_t lockMemory;
	Owner owners[PLACES];
	uint8_t bytes[READ_BYTES];
	bool running;
	bool delivering;
} net;

/* ------------------------------------------------------------------ the task */

static uint64_t readClock(void *context)
{
	(void)context;
	return (uint64_t)esp_timer_get_time() / 1000;
}

static void takeLock(void *context)
{
	(void)context;
	xSemaphoreTake(net.lock, portMAX_DELAY);
}

static void giveLock(void *context)
{
	(void)context;
	xSemaphoreGive(net.lock);
}

static void tell(xsMachine *the, int32_t handle, uint8_t events)
{
	Owner *owner = &net.owners[(uint32_t)handle % PLACES];
	if (owner->handle != handle)
		return;
	xsBeginHost(the);
	xsmcVars(2);
	xsVar(0) = owner->object;
	xsmcSetInteger(xsVar(1), events);
	xsCall1(xsVar(0), xsID_happened, xsVar(1));
	xsEndHost(the);
}

static void deliver(void *machine, void *refcon, uint8_t *message, uint16_t length)
{
	int32_t handle;
	uint8_t events;
	(void)refcon;
	(void)message;
	(void)length;
	sockets_received(&net.all);
	net.delivering = true;
	/* What comes up meanwhile has its own message. */
	for (int i = 0; (i < SOCKETS_SLOTS) && sockets_next(&net.all, &handle, &events); i++)
		tell(machine, handle, events);
	net.delivering = false;
	sockets_flush(&net.all);
}

/* The one way to post that does not wait. It may be called by a task as well. */
static bool post(void *context)
{
	(void)context;
	return modMessagePostToMachineFromISR(net.the, deliver, NULL) == 0;
}

static bool is_memory_scarce(void *context)
{
	(void)context;
	return esp_get_free_heap_size() < SCARCE_BYTES;
}

static void work(void *unused)
{
	(void)unused;
	for (;;) {
		if (!sockets_turn(&net.all, LONGEST_MS))
			vTaskDelay(pdMS_TO_TICKS(FAILED_MS));
	}
}

/* Begins with the first socket that is asked for, whether or not there is a link yet. */
static void begin(xsMachine *the)
{
	static const sockets_host host = { .now = readClock, .lock = takeLock, .unlock = giveLock, .post = post, .scarce = is_memory_scarce };
	const char *refusal;
	if (net.running)
		return;
	/* Harmless where the link's driver has done it. */
	if (esp_netif_init() != ESP_OK)
		xsUnknownError("sockets: the stack does not start");
	net.the = the;
	net.lock = xSemaphoreCreateMutexStatic(&net.lockMemory);
	refusal = sockets_begin(&net.all, &host);
	if (refusal)
		xsUnknownError("sockets: %s", refusal);
	if (xTaskCreate(work, "sockets", STACK_BYTES, NULL, PRIORITY, NULL) != pdPASS) {
		sockets_end(&net.all);
		xsUnknownError("sockets: no memory for a task");
	}
	net.running = true;
}

/* ------------------------------------------------------------------ JavaScript's side */

/* The task learns of what changed; while events are told, once for all of them. */
static void finish(void)
{
	if (net.running && !net.delivering)
		sockets_flush(&net.all);
}

static void own(xsMachine *the, int32_t handle, xsSlot *object)
{
	Owner *owner = &net.owners[(uint32_t)handle % PLACES];
	if (owner->handle)
		xsForget(owner->object);
	owner->handle = handle;
	owner->object = *object;
	xsRemember(owner->object);
}

static uint16_t readPort(xsMachine *the, xsSlot *slot)
{
	xsIntegerValue port = xsmcToInteger(*slot);
	if ((port < 1) || (port > 65535))
		xsRangeError("sockets: expected a port from 1 to 65535");
	return (uint16_t)port;
}

/* plugpay_sockets_listen(owner, port) */
void plugpay_sockets_listen(xsMachine *the)
{
	uint16_t port = readPort(the, &xsArg(1));
	const char *refusal;
	int32_t handle;
	begin(the);
	handle = sockets_listen(&net.all, port, &refusal);
	if (!handle)
		xsUnknownError("sockets: port %d: %s", (int)port, refusal);
	own(the, handle, &xsArg(0));
	finish();
	xsmcSetInteger(xsResult, handle);
}

/* plugpay_sockets_connect(owner, address, port) */
void plugpay_sockets_connect(xsMachine *the)
{
	uint16_t port = readPort(the, &xsArg(2));
	const char *refusal;
	uint32_t address;
	int32_t handle;
	if (!sockets_parse(xsmcToString(xsArg(1)), &address))
		xsRangeError("sockets: expected an address such as 192.168.1.20");
	begin(the);
	handle = sockets_connect(&net.all, address, port, &refusal);
	if (!handle)
		xsUnknownError("sockets: %s", refusal);
	own(the, handle, &xsArg(0));
	finish();
	xsmcSetInteger(xsResult, handle);
}

/* plugpay_sockets_take(listener) gives a handle, or 0. */
void plugpay_sockets_take(xsMachine *the)
{
	xsmcSetInteger(xsResult, net.running ? sockets_take(&net.all, xsmcToInteger(xsArg(0))) : 0);
	finish();
}

/* plugpay_sockets_adopt(owner, handle) */
void plugpay_sockets_adopt(xsMachine *the)
{
	own(the, xsmcToInteger(xsArg(1)), &xsArg(0));
}

/* plugpay_sockets_favour(address) */
void plugpay_sockets_favour(xsMachine *the)
{
	uint32_t address;
	if (net.running)
		sockets_favour(&net.all, sockets_parse(xsmcToString(xsArg(0)), &address) ? address : 0);
}

/* plugpay_sockets_peer(handle) gives "address:port". */
void plugpay_sockets_peer(xsMachine *the)
{
	char text[ADDRESS_CHARACTERS + 6] = "";
	uint32_t address;
	uint16_t port;
	if (net.running && sockets_peer(&net.all, xsmcToInteger(xsArg(0)), &address, &port)) {
		snprintf(text, sizeof(text), "%u.%u.%u.%u:%u", (unsigned)(address >> 24), (unsigned)(address >> 16 & 255),
			(unsigned)(address >> 8 & 255), (unsigned)(address & 255), (unsigned)port);
	}
	xsmcSetString(xsResult, text);
}

/* plugpay_sockets_why(handle) gives a text. */
void plugpay_sockets_why(xsMachine *the)
{
	xsmcSetString(xsResult, (char *)(net.running ? sockets_why(&net.all, xsmcToInteger(xsArg(0))) : ""));
}

/* plugpay_sockets_read(handle) gives an ArrayBuffer, or undefined where there is nothing. */
void plugpay_sockets_read(xsMachine *the)
{
	size_t count = net.running ? sockets_read(&net.all, xsmcToInteger(xsArg(0)), net.bytes, sizeof(net.bytes)) : 0;
	if (count)
		xsmcSetArrayBuffer(xsResult, net.bytes, (xsIntegerValue)count);
	finish();
}

/* plugpay_sockets_write(handle, bytes) gives how many it took. */
void plugpay_sockets_write(xsMachine *the)
{
	int32_t handle = xsmcToInteger(xsArg(0));
	xsUnsignedValue count = 0;
	void *bytes = NULL;
	size_t took = 0;
	xsmcGetBufferReadable(xsArg(1), &bytes, &count);
	if (net.running)
		took = sockets_write(&net.all, handle, bytes, count);
	finish();
	xsmcSetInteger(xsResult, (xsIntegerValue)took);
}

/* ------------------------------------------------------------------ datagrams */

/* plugpay_sockets_talk(owner, group, port, here): group and here are addresses, or "". */
void plugpay_sockets_talk(xsMachine *the)
{
	xsIntegerValue port = xsmcToInteger(xsArg(2));
	uint32_t group, here;
	const char *refusal;
	int32_t handle;
	if ((port < 0) || (port > 65535))
		xsRangeError("sockets: expected a port from 0 to 65535");
	if (!sockets_parse(xsmcToString(xsArg(1)), &group))
		group = 0;
	if (!sockets_parse(xsmcToString(xsArg(3)), &here))
		here = 0;
	begin(the);
	handle = sockets_talk(&net.all, group, (uint16_t)port, here, &refusal);
	if (!handle)
		xsUnknownError("sockets: %s", refusal);
	own(the, handle, &xsArg(0));
	finish();
	xsmcSetInteger(xsResult, handle);
}

/*
 * plugpay_sockets_receive(handle) gives an ArrayBuffer, whose it is and the datagram, or undefined
 * where there is none.
 */
void plugpay_sockets_receive(xsMachine *the)
{
	uint32_t address;
	uint16_t port;
	size_t count = 0;
	if (net.running)
		count = sockets_receive(&net.all, xsmcToInteger(xsArg(0)), net.bytes + WHOSE_BYTES, sizeof(net.bytes) - WHOSE_BYTES, &address, &port);
	if (count) {
		const uint8_t whose[WHOSE_BYTES] = { address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255, port >> 8, port & 255 };
		memcpy(net.bytes, whose, WHOSE_BYTES);
		xsmcSetArrayBuffer(xsResult, net.bytes, (xsIntegerValue)(WHOSE_BYTES + count));
	}
	finish();
}

/*
 * plugpay_sockets_say(handle, bytes): where it goes, and the datagram. Gives whether it was sent.
 */
void plugpay_sockets_say(xsMachine *the)
{
	xsUnsignedValue count = 0;
	void *buffer = NULL;
	const uint8_t *bytes;
	bool sent = false;
	xsmcGetBufferReadable(xsArg(1), &buffer, &count);
	bytes = buffer;
	if (net.running && (count > WHOSE_BYTES)) {
		uint32_t address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
		sent = sockets_say(&net.all, xsmcToInteger(xsArg(0)), address, (uint16_t)(bytes[4] << 8 | bytes[5]), bytes + WHOSE_BYTES, count - WHOSE_BYTES);
	}
	xsmcSetBoolean(xsResult, sent);
}

/* plugpay_sockets_close(handle); may be called twice. */
void plugpay_sockets_close(xsMachine *the)
{
	int32_t handle = xsmcToInteger(xsArg(0));
	Owner *owner = &net.owners[(uint32_t)handle % PLACES];
	if (!net.running || (handle <= 0))
		return;
	if (owner->handle == handle) {
		owner->handle = 0;
		xsForget(owner->object);
	}
	sockets_close(&net.all, handle);
	finish();
}
