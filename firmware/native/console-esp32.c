/*
 * The console on a board: what the device tells. In a release build XS's own `trace` prints nothing.
 *
 * Printing waits while the serial port's queue of 128 bytes is full, 9 ms for each 100 characters beyond it: JavaScript's
 * task waits, the power gate's does not.
 */

#include "xsmc.h"
#include "mc.xs.h"

#include <stdio.h>

#include "esp_heap_caps.h"
#include "esp_system.h"

#define NEWS_BYTES 1024

/* Memory outside of XS's own heap is a line of the story too, whenever it has been scarcer than it was when last told. */
static void tell_memory(void)
{
	static uint32_t told = UINT32_MAX;
	uint32_t least = esp_get_minimum_free_heap_size();

	if (least > told - NEWS_BYTES)
		return;
	told = least;
	printf("{\"name\":\"memory\",\"free\":%u,\"largest\":%u,\"least\":%u}\n", (unsigned)esp_get_free_heap_size(),
		(unsigned)heap_caps_get_largest_free_block(MALLOC_CAP_8BIT), (unsigned)least);
}

/* plugpay_memory(which) gives bytes: 0 free, 1 the largest piece, 2 free at the scarcest since the start. */
void plugpay_memory(xsMachine *the)
{
	size_t bytes;

	switch (xsmcToInteger(xsArg(0))) {
		case 0: bytes = esp_get_free_heap_size(); break;
		case 1: bytes = heap_caps_get_largest_free_block(MALLOC_CAP_8BIT); break;
		default: bytes = esp_get_minimum_free_heap_size(); break;
	}
	xsmcSetInteger(xsResult, (xsIntegerValue)bytes);
}

/* plugpay_print(text) */
void plugpay_print(xsMachine *the)
{
	fputs(xsmcToString(xsArg(0)), stdout);
	tell_memory();
	fflush(stdout);
}
