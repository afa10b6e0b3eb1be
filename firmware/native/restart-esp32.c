/*
 * Why the board started, and its last words. XS ends in a restart when its memory or stack is full
 * or when nobody catches an exception; in a release build it says nothing. Its abort hook
 * (manifests/chip.json) tells us first, but for a stack that ran over: then XS restarts the chip
 * without a word, which the shutdown handler sees.
 *
 * The record lies in RTC memory: a restart and a panic leave it, a power cut does not.
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "restart-record.h"

#include <stdio.h>
#include <string.h>

#include "esp_attr.h"
#include "esp_system.h"
#include "esp_timer.h"

#define SETTLED_US (10 * 60 * 1000000LL)

static RTC_NOINIT_ATTR restart_record kept;
static restart_record last;
static bool started, watched;

static const char *resetName(esp_reset_reason_t cause)
{
	switch (cause) {
		case ESP_RST_POWERON: return "power-on";
		case ESP_RST_EXT: return "reset-pin";
		case ESP_RST_USB: return "usb";
		case ESP_RST_SW: return "software";
		case ESP_RST_PANIC: return "panic";
		case ESP_RST_INT_WDT: return "interrupt-watchdog";
		case ESP_RST_TASK_WDT: return "task-watchdog";
		case ESP_RST_WDT: return "watchdog";
		case ESP_RST_BROWNOUT: return "brownout";
		default: return "other";
	}
}

static bool failed(esp_reset_reason_t cause)
{
	return (cause != ESP_RST_POWERON) && (cause != ESP_RST_EXT) && (cause != ESP_RST_USB);
}

/* Reads the record once a start, at the first question. */
static void readRecord(void)
{
	if (started)
		return;
	started = true;
	restart_record_started(&kept, failed(esp_reset_reason()), &last);
}

/* ------------------------------------------------------------------ while it dies */

static void say(const char *cause)
{
	printf("{\"name\":\"abort\",\"cause\":\"%s\"}\n", cause);
	fflush(stdout);
}

/* XS's word for its end, as one of ours: "memory full" becomes "memory-full". */
static void nameOf(const char *words, char *name, size_t size)
{
	size_t k;
	for (k = 0; (k + 1 < size) && words[k]; k++)
		name[k] = (words[k] == ' ') ? '-' : words[k];
	name[k] = 0;
}

/*
 * abort(words, exception): XS calls it and then restarts the chip. Where memory is full nothing may
 * be made anew.
 */
static void aborted(xsMachine *the)
{
	char name[RESTART_CAUSE];
	nameOf(xsmcToString(xsArg(0)), name, sizeof(name));
	restart_record_died(&kept, name, NULL);
	say(name);
	if (!strncmp(name, "unhandled", 9) && (xsmcArgc > 1))
		restart_record_died(&kept, name, xsmcToString(xsArg(1)));
}

/*
 * esp_restart calls this. XS calls esp_restart, and where it said no word before, its stack was
 * full; plugpay_restart said one.
 */
static void restarting(void)
{
	restart_record_died(&kept, "stack-overflow", NULL);
	if (!strcmp(kept.cause, "stack-overflow"))
		say(kept.cause);
}

static void settled(void *unused)
{
	(void)unused;
	restart_record_settled(&kept);
}

/* ------------------------------------------------------------------ JavaScript's side */

/* plugpay_watch_restarts(): from now on an end has a name. */
void plugpay_watch_restarts(xsMachine *the)
{
	static const esp_timer_create_args_t arguments = { .callback = settled, .name = "settled" };
	esp_timer_handle_t timer;
	readRecord();
	if (watched)
		return;
	watched = true;
	xsResult = xsNewHostFunction(aborted, 2);
	xsmcSet(xsGlobal, xsID_abort, xsResult);
	xsmcSetUndefined(xsResult);
	esp_register_shutdown_handler(restarting);
	if (esp_timer_create(&arguments, &timer) == ESP_OK)
		esp_timer_start_once(timer, SETTLED_US);
}

/* plugpay_reset_cause() gives a string: the last run's own word for its end, else the chip's. */
void plugpay_reset_cause(xsMachine *the)
{
	readRecord();
	xsmcSetString(xsResult, last.cause[0] ? last.cause : (char *)resetName(esp_reset_reason()));
}

/* plugpay_last_words() gives the message of the exception that ended the last run, or nothing. */
void plugpay_last_words(xsMachine *the)
{
	readRecord();
	if (last.why[0])
		xsmcSetString(xsResult, last.why);
}

/* plugpay_chip() gives a string, as ESP Web Tools writes it. */
void plugpay_chip(xsMachine *the)
{
#if CONFIG_IDF_TARGET_ESP32
	xsmcSetString(xsResult, "ESP32");
#elif CONFIG_IDF_TARGET_ESP32S3
	xsmcSetString(xsResult, "ESP32-S3");
#elif CONFIG_IDF_TARGET_ESP32C3
	xsmcSetString(xsResult, "ESP32-C3");
#elif CONFIG_IDF_TARGET_ESP32C6
	xsmcSetString(xsResult, "ESP32-C6");
#else
	xsmcSetString(xsResult, CONFIG_IDF_TARGET);
#endif
}

/* plugpay_restart() does not come back. */
void plugpay_restart(xsMachine *the)
{
	(void)the;
	restart_record_asked(&kept);
	esp_restart();
}

/* plugpay_restart_pause() gives ms. */
void plugpay_restart_pause(xsMachine *the)
{
	readRecord();
	xsmcSetInteger(xsResult, (xsIntegerValue)restart_record_pause(&last));
}
