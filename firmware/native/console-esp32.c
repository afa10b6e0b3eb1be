/*
 * The console on a board: what the device tells. In a release build XS's own `trace` prints
 * nothing.
 *
 * Printing waits while the serial port's queue of 128 bytes is full, 9 ms for each 100 characters
 * beyond it: JavaScript's task waits, the power gate's does not.
 */

#include "xsmc.h"
#include "mc.xs.h"

#include <stdio.h>

#include <stdbool.h>
#include <stdint.h>

#include "driver/uart.h"
#include "esp_heap_caps.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG
	#include "hal/usb_serial_jtag_ll.h"
#endif

#define NEWS_BYTES 1024

/*
 * What comes in: from the UART by its driver, which keeps what comes while JavaScript computes;
 * from USB-Serial-JTAG out of the chip's own buffer, as USB makes its host wait. Whichever the
 * console is; output goes on by the console's own way.
 */
#define RECEIVED_BYTES 2048

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG

static size_t take_received(uint8_t *bytes, size_t size)
{
	return usb_serial_jtag_ll_read_rxfifo(bytes, size);
}

static void put_out(const uint8_t *bytes, size_t count)
{
	for (int tries = 0; count && (tries < 100); tries++) {
		size_t took = usb_serial_jtag_ll_write_txfifo(bytes, count);
		usb_serial_jtag_ll_txfifo_flush();
		bytes += took;
		count -= took;
		if (count)
			vTaskDelay(1); /* nobody may listen: then it is dropped */
	}
}

#elif CONFIG_ESP_CONSOLE_UART

static bool is_open(void)
{
	return uart_is_driver_installed(CONFIG_ESP_CONSOLE_UART_NUM)
		|| (uart_driver_install(CONFIG_ESP_CONSOLE_UART_NUM, RECEIVED_BYTES, 0, 0, NULL, 0) == ESP_OK);
}

static size_t take_received(uint8_t *bytes, size_t size)
{
	int count = is_open() ? uart_read_bytes(CONFIG_ESP_CONSOLE_UART_NUM, bytes, size, 0) : 0;
	return (count > 0) ? (size_t)count : 0;
}

static void put_out(const uint8_t *bytes, size_t count)
{
	if (is_open())
		uart_write_bytes(CONFIG_ESP_CONSOLE_UART_NUM, bytes, count);
}

#else

static size_t take_received(uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
	return 0;
}

static void put_out(const uint8_t *bytes, size_t count)
{
	(void)bytes;
	(void)count;
}

#endif

/* plugpay_console_read() gives what has come, as an ArrayBuffer, or nothing. */
void plugpay_console_read(xsMachine *the)
{
	static uint8_t bytes[256];
	size_t count = take_received(bytes, sizeof(bytes));

	if (count)
		xsmcSetArrayBuffer(xsResult, bytes, count);
}

/* plugpay_console_write(buffer) */
void plugpay_console_write(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue count;

	xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	fflush(stdout);
	put_out(bytes, count);
}

/*
 * Memory outside of XS's own heap is a line of the story too, whenever it has been scarcer than it
 * was when last told.
 */
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

/*
 * plugpay_memory(which) gives bytes: 0 free, 1 the largest piece, 2 free at the scarcest since the
 * start.
 */
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
