/*
 * The console on a board: what the device tells, and why it started. In a release build XS's own `trace` prints nothing.
 *
 * Printing waits while the serial port's queue of 128 bytes is full, 9 ms for each 100 characters beyond it: JavaScript's
 * task waits, the power gate's does not.
 */

#include "xsmc.h"
#include "mc.xs.h"

#include <stdio.h>

#include "esp_system.h"

/* plugpay_print(text) */
void plugpay_print(xsMachine *the)
{
	fputs(xsmcToString(xsArg(0)), stdout);
	fflush(stdout);
}

static const char *cause_name(esp_reset_reason_t cause)
{
	switch (cause) {
		case ESP_RST_POWERON: return "power-on";
		case ESP_RST_EXT: return "reset-pin";
		case ESP_RST_SW: return "software";
		case ESP_RST_PANIC: return "panic";
		case ESP_RST_INT_WDT: return "interrupt-watchdog";
		case ESP_RST_TASK_WDT: return "task-watchdog";
		case ESP_RST_WDT: return "watchdog";
		case ESP_RST_BROWNOUT: return "brownout";
		default: return "other";
	}
}

/* plugpay_reset_cause() gives a string. */
void plugpay_reset_cause(xsMachine *the)
{
	xsmcSetString(xsResult, (char *)cause_name(esp_reset_reason()));
}
