/*
 * The gate's glue (power-gate-esp32.c) over stand-ins of XS, FreeRTOS and ESP-IDF's drivers, on a
 * clock of its own. While JavaScript's queue is full, as while signatures are verified, a message
 * that would wait for room hangs this program.
 */

#include "gate-sensor-esp32.h"
#include "mc.xs.h"
#include "relay-esp32.h"
#include "stand-in.h"

#include <stdio.h>

static int64_t clock_us = 1000000;
static void (*tick)(void *);
static bool relay;

SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *s) { sem_init(s, 0, 1); return s; }
int xSemaphoreTake(SemaphoreHandle_t s, uint32_t ticks) { (void)ticks; while (sem_wait(s)); return 1; }
int xSemaphoreGive(SemaphoreHandle_t s) { sem_post(s); return 1; }
int64_t esp_timer_get_time(void) { return clock_us; }
int esp_timer_create(const esp_timer_create_args_t *a, esp_timer_handle_t *h)
{
	tick = a->callback;
	printf("ticks that were missed are %s\n", a->skip_unhandled_events ? "left out" : "made up for");
	*h = (void *)1;
	return ESP_OK;
}
int esp_timer_start_periodic(esp_timer_handle_t h, uint64_t us) { (void)h; printf("a tick each %d ms\n", (int)us / 1000); return ESP_OK; }
int esp_timer_stop(esp_timer_handle_t h) { (void)h; return ESP_OK; }
int esp_timer_delete(esp_timer_handle_t h) { (void)h; return ESP_OK; }
int gpio_config(const gpio_config_t *c) { (void)c; return ESP_OK; }
int gpio_get_level(int p) { (void)p; return 1; }
void relay_drive(bool closed) { relay = closed; }

/* ------------------------------------------------------------------ XS */

static xsMachine machine;
static xsMachine *const the = &machine;
static bool full;
static int messages;
static modMessageDeliver waiting;

int modMessagePostToMachineFromISR(xsMachine *m, modMessageDeliver callback, void *refcon)
{
	(void)m; (void)refcon;
	if (full)
		return -1;
	waiting = callback;
	messages++;
	return 0;
}

void xs_call(int kind, const char *cause) { printf("told %d %s\n", kind, cause); }

static void read_queue(void)
{
	printf("%d message\n", messages);
	for (; messages; messages--)
		waiting(the, NULL, NULL, 0);
}

/* ------------------------------------------------------------------ the sensor */

static gate_sensor_sink out;
const char *gate_sensor_start(gate_sensor_kind kind, const power_gate_options *o, const gate_sensor_sink *sink) { (void)kind; (void)o; out = *sink; return NULL; }
void gate_sensor_stop(void) {}

/*
 * Milliseconds of four samples each: a square wave around the middle, its height in steps of the
 * 15-bit scale.
 */
static void feed(int milliseconds, int height)
{
	static int sample;
	for (int k = 0; k < milliseconds; k++) {
		uint16_t current[4], voltage[4];
		for (int n = 0; n < 4; n++, sample++) {
			int up = sample / 40 % 2 ? 1 : -1;
			current[n] = (uint16_t)(16384 + up * height + sample % 3);
			voltage[n] = (uint16_t)(16384 + up * 8374 + sample % 3); /* 230 V of 450 */
		}
		clock_us += 1000;
		out.samples(current, voltage, 4, (uint64_t)clock_us);
		if (k % 20 == 19)
			tick(NULL);
	}
}

bool xs_given;

int main(void)
{
	plugpay_gate(the);
	feed(600, 100);
	plugpay_gate_grant(the);
	feed(100, 100);
	printf("relay %d\n", relay);

	xs_given = true;
	plugpay_gate_watch(the);
	full = true;
	feed(1000, 30000); /* at the end of the scale: a short circuit, and then a sensor that is torn off */
	printf("relay %d\n", relay);
	read_queue();
	xs_given = false;
	plugpay_gate_watch(the);
	plugpay_gate_cadence(the);

	full = false;
	feed(20, 100);
	read_queue();
	plugpay_gate_destructor(&machine);
	return 0;
}
