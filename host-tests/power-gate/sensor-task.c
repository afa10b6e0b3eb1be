/*
 * The sensors' glue (gate-sensor-esp32.c) over stand-ins of FreeRTOS and ESP-IDF's drivers: tasks
 * are threads, and each driver call is noted with the thread that made it. Prints one line a call:
 * its name, and "gate" or "javascript".
 */

#include "gate-sensor-esp32.h"
#include "stand-in.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_t javascript;
static const char *failing = "";
static volatile int fed;
static int64_t clock_us = 1000000; /* of the gate's task: only what waits lets it pass */

static int in_gate(void) { return !pthread_equal(pthread_self(), javascript); }

static int note(const char *call)
{
	printf("%s %s\n", call, in_gate() ? "gate" : "javascript");
	return strcmp(call, failing) ? ESP_OK : -1;
}

/* ------------------------------------------------------------------ FreeRTOS */

static void (*body)(void *);

static void *thread(void *unused)
{
	body(unused);
	return NULL;
}

int xTaskCreate(TaskFunction_t code, const char *name, uint32_t stack, void *data, unsigned priority, TaskHandle_t *handle)
{
	pthread_t id;
	(void)name; (void)stack; (void)priority;
	body = code;
	*handle = (TaskHandle_t)1;
	return pthread_create(&id, NULL, thread, data) ? 0 : pdPASS;
}

void vTaskDelete(TaskHandle_t task) { (void)task; pthread_exit(NULL); }
static void pulse(void);
void vTaskDelay(uint32_t ticks)
{
	if (!in_gate()) {
		usleep(1000);
		return;
	}
	clock_us += ticks * 1000;
	pulse();
}
SemaphoreHandle_t xSemaphoreCreateBinaryStatic(StaticSemaphore_t *storage) { sem_init(storage, 0, 0); return storage; }
int xSemaphoreTake(SemaphoreHandle_t semaphore, uint32_t ticks) { (void)ticks; while (sem_wait(semaphore)); return 1; }
int xSemaphoreGive(SemaphoreHandle_t semaphore) { sem_post(semaphore); return 1; }

/* ------------------------------------------------------------------ drivers */

int64_t esp_timer_get_time(void) { return clock_us; }

/*
 * The converter: stands still after `still_after` reads until it was started `heals` times; refuses
 * to start again, if asked to.
 */
enum { STILL_AFTER = 5, GOOD_READS = 20 };
static int reads, good, starts, heals, running, refuses_restart, bad_reads;

int adc_continuous_new_handle(const adc_continuous_handle_cfg_t *c, adc_continuous_handle_t *h)
{
	*h = (void *)1;
	/* 45 ms are what erasing a page takes as a rule; a frame is a millisecond. */
	return note(c->max_store_buf_size >= 45 * c->conv_frame_size ? "adc-new-45-frames" : "adc-new");
}
int adc_continuous_io_to_channel(int pin, int *unit, int *channel) { *unit = ADC_UNIT_1; *channel = pin; return ESP_OK; }
int adc_continuous_config(adc_continuous_handle_t h, const adc_continuous_config_t *c) { (void)h; (void)c; return note("adc-config"); }
int adc_continuous_stop(adc_continuous_handle_t h) { (void)h; running = 0; return note("adc-stop"); }
int adc_continuous_deinit(adc_continuous_handle_t h) { (void)h; return note("adc-deinit"); }

int adc_continuous_start(adc_continuous_handle_t h)
{
	int result;
	(void)h;
	result = note("adc-start");
	if (starts++ && refuses_restart)
		result = -1;
	running = result == ESP_OK;
	return result;
}

int adc_continuous_read(adc_continuous_handle_t h, uint8_t *d, uint32_t n, uint32_t *l, uint32_t t)
{
	(void)h;
	reads++;
	*l = 0;
	if (clock_us > 20000000 || reads > 100000 || good >= GOOD_READS) {
		fed = 1;
		usleep(1000);
	}
	if (!running)
		return bad_reads++, -2; /* at once, as the driver does */
	if (reads > STILL_AFTER && starts <= heals) {
		clock_us += t * 1000;
		return bad_reads++, ESP_ERR_TIMEOUT;
	}
	clock_us += 1000;
	for (uint32_t k = 0; k < n; k += 4) { /* channels 0 and 1 in turn, in bits 13 to 16 */
		memset(d + k, 0, 4);
		d[k + 1] = (uint8_t)(k / 4 % 2 << 5);
	}
	*l = n;
	good++;
	return ESP_OK;
}

int uart_driver_install(int p, int a, int b, int c, void *d, int e) { (void)p; (void)a; (void)b; (void)c; (void)d; (void)e; return note("uart-install"); }
int uart_driver_delete(int p) { (void)p; return note("uart-delete"); }
int uart_param_config(int p, const uart_config_t *c) { (void)p; (void)c; return note("uart-config"); }
int uart_set_rx_full_threshold(int p, int n) { (void)p; return note(n == 24 ? "uart-threshold-24" : "uart-threshold"); }
int uart_set_rx_timeout(int p, uint8_t n) { (void)p; return note(n == 2 ? "uart-timeout-2" : "uart-timeout"); }
int uart_set_pin(int p, int a, int b, int c, int d) { (void)p; (void)a; (void)b; (void)c; (void)d; return ESP_OK; }
int uart_read_bytes(int p, void *b, uint32_t n, uint32_t t) { (void)p; (void)b; (void)n; (void)t; fed = 1; usleep(1000); return 0; }
int gpio_config(const gpio_config_t *c) { (void)c; return ESP_OK; }
int gpio_set_level(int p, uint32_t l) { (void)p; (void)l; return ESP_OK; }

/* A chip with pulses: so many of CF in each report's time, more in all than the counter holds. */
enum { PULSES = 57, REPORTS = 600 };
static int reports, pulses_of_cf;
static uint64_t energy;

#if SOC_PCNT_SUPPORTED

static int units, counters[2], counting[2], limits[2];

int pcnt_new_unit(const pcnt_unit_config_t *c, pcnt_unit_handle_t *u)
{
	int result = note("unit-new");
	if (result == ESP_OK) {
		limits[units] = c->high_limit;
		*u = &counters[units++];
	}
	return result;
}
int pcnt_unit_set_glitch_filter(pcnt_unit_handle_t u, const pcnt_glitch_filter_config_t *c) { (void)u; return c->max_glitch_ns > 12000 ? -1 : ESP_OK; }
int pcnt_new_channel(pcnt_unit_handle_t u, const pcnt_chan_config_t *c, pcnt_channel_handle_t *h)
{
	int result = note(c->edge_gpio_num == 2 ? "channel-new-cf" : "channel-new-cf1");
	if (result == ESP_OK)
		*h = u;
	return result;
}
int pcnt_channel_set_edge_action(pcnt_channel_handle_t h, int up, int down) { (void)h; return up == PCNT_CHANNEL_EDGE_ACTION_INCREASE && down == PCNT_CHANNEL_EDGE_ACTION_HOLD ? ESP_OK : -1; }
int pcnt_unit_enable(pcnt_unit_handle_t u) { (void)u; return ESP_OK; }
int pcnt_unit_disable(pcnt_unit_handle_t u) { (void)u; return ESP_OK; }
int pcnt_unit_clear_count(pcnt_unit_handle_t u) { *u = 0; return ESP_OK; }
int pcnt_unit_start(pcnt_unit_handle_t u) { counting[u - counters] = 1; return ESP_OK; }
int pcnt_unit_stop(pcnt_unit_handle_t u) { counting[u - counters] = 0; return ESP_OK; }
int pcnt_unit_get_count(pcnt_unit_handle_t u, int *n) { *n = *u; return ESP_OK; }
int pcnt_del_channel(pcnt_channel_handle_t h) { (void)h; return note("channel-delete"); }
int pcnt_del_unit(pcnt_unit_handle_t u) { (void)u; return note("unit-delete"); }

static void pulse(void)
{
	if (!counting[0])
		return;
	counters[0] = (counters[0] + PULSES) % limits[0]; /* it begins anew when it reaches its limit */
	pulses_of_cf += PULSES;
}

#else

extern char __start_iram_text __attribute__((weak)), __stop_iram_text __attribute__((weak)); /* where IRAM_ATTR puts functions here */
static void (*edge)(void *);
static void *edge_data;

int gpio_install_isr_service(int f) { return note(f & ESP_INTR_FLAG_IRAM ? "isr-install-iram" : "isr-install"); }
int gpio_isr_handler_add(int p, void (*h)(void *), void *d)
{
	int inside = (char *)h >= &__start_iram_text && (char *)h < &__stop_iram_text;
	if (p == 2) {
		edge = h;
		edge_data = d;
	}
	return note(inside ? "isr-add-iram" : "isr-add");
}
int gpio_isr_handler_remove(int p) { (void)p; return note("isr-remove"); }
void gpio_uninstall_isr_service(void) { note("isr-uninstall"); }

static void pulse(void)
{
	for (int k = 0; k < PULSES && edge; k++)
		edge(edge_data);
	pulses_of_cf += edge ? PULSES : 0;
}

#endif

/* ------------------------------------------------------------------ the gate's side */

static uint64_t last_us, longest_us;

static void samples(const uint16_t *c, const uint16_t *v, size_t n, uint64_t t)
{
	(void)c; (void)v; (void)n;
	if (last_us && t - last_us > longest_us)
		longest_us = t - last_us;
	last_us = t;
}

static void report(const power_gate_report *r, uint64_t t)
{
	(void)t;
	energy += r->energy;
	if (++reports < REPORTS)
		return;
	fed = 1;
	while (fed != 2) /* until the sensor is being stopped, which this report is still a part of */
		usleep(1000);
}

int main(int count, char **words)
{
	const gate_sensor_sink sink = { samples, report };
	power_gate_options options;
	const char *refusal;
	javascript = pthread_self();
	power_gate_defaults(&options);
	if (count > 2)
		failing = words[2];
	if (count > 3)
		heals = atoi(words[3]);
	refuses_restart = !strcmp(failing, "restart");
	refusal = gate_sensor_start((gate_sensor_kind)atoi(words[1]), &options, &sink);
	if (refusal) {
		printf("refused %s\n", refusal);
		return 0;
	}
	for (int wait = 0; !fed && wait < 10000; wait++)
		usleep(1000);
	fed = 2;
	gate_sensor_stop();
	printf("longest %d ms, without data %d\n", (int)(longest_us / 1000), bad_reads);
	printf("pulses %d, energy %lu\n", pulses_of_cf, (unsigned long)energy);
	printf("stopped\n");
	return 0;
}
