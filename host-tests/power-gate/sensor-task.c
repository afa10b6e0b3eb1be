/*
 * The sensors' glue (gate-sensor-esp32.c) over stand-ins of FreeRTOS and ESP-IDF's drivers: tasks are threads, and each
 * driver call is noted with the thread that made it. Prints one line a call: its name, and "gate" or "javascript".
 */

#include "gate-sensor-esp32.h"
#include "idf.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_t javascript;
static const char *failing = "";
static volatile int fed;

static int note(const char *call)
{
	printf("%s %s\n", call, pthread_equal(pthread_self(), javascript) ? "javascript" : "gate");
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
void vTaskDelay(uint32_t ticks) { usleep(ticks * 1000); }
SemaphoreHandle_t xSemaphoreCreateBinaryStatic(StaticSemaphore_t *storage) { sem_init(storage, 0, 0); return storage; }
int xSemaphoreTake(SemaphoreHandle_t semaphore, uint32_t ticks) { (void)ticks; while (sem_wait(semaphore)); return 1; }
int xSemaphoreGive(SemaphoreHandle_t semaphore) { sem_post(semaphore); return 1; }

/* ------------------------------------------------------------------ drivers */

int64_t esp_timer_get_time(void) { return 1; }
int adc_continuous_new_handle(const adc_continuous_handle_cfg_t *c, adc_continuous_handle_t *h) { (void)c; *h = (void *)1; return note("adc-new"); }
int adc_continuous_io_to_channel(int pin, int *unit, int *channel) { *unit = ADC_UNIT_1; *channel = pin; return ESP_OK; }
int adc_continuous_config(adc_continuous_handle_t h, const adc_continuous_config_t *c) { (void)h; (void)c; return note("adc-config"); }
int adc_continuous_start(adc_continuous_handle_t h) { (void)h; return note("adc-start"); }
int adc_continuous_stop(adc_continuous_handle_t h) { (void)h; return note("adc-stop"); }
int adc_continuous_deinit(adc_continuous_handle_t h) { (void)h; return note("adc-deinit"); }
int adc_continuous_read(adc_continuous_handle_t h, uint8_t *d, uint32_t n, uint32_t *l, uint32_t t) { (void)h; (void)d; (void)n; (void)t; *l = 0; fed = 1; usleep(1000); return -1; }
int uart_driver_install(int p, int a, int b, int c, void *d, int e) { (void)p; (void)a; (void)b; (void)c; (void)d; (void)e; return note("uart-install"); }
int uart_driver_delete(int p) { (void)p; return note("uart-delete"); }
int uart_param_config(int p, const uart_config_t *c) { (void)p; (void)c; return note("uart-config"); }
int uart_set_rx_full_threshold(int p, int n) { (void)p; return note(n == 24 ? "uart-threshold-24" : "uart-threshold"); }
int uart_set_rx_timeout(int p, uint8_t n) { (void)p; return note(n == 2 ? "uart-timeout-2" : "uart-timeout"); }
int uart_set_pin(int p, int a, int b, int c, int d) { (void)p; (void)a; (void)b; (void)c; (void)d; return ESP_OK; }
int uart_read_bytes(int p, void *b, uint32_t n, uint32_t t) { (void)p; (void)b; (void)n; (void)t; fed = 1; usleep(1000); return 0; }
int gpio_config(const gpio_config_t *c) { (void)c; return ESP_OK; }
int gpio_set_level(int p, uint32_t l) { (void)p; (void)l; return ESP_OK; }
int gpio_install_isr_service(int f) { (void)f; return ESP_OK; }
int gpio_isr_handler_add(int p, void (*h)(void *), void *d) { (void)p; (void)h; (void)d; fed = 1; return note("isr-add"); }
int gpio_isr_handler_remove(int p) { (void)p; return note("isr-remove"); }

static void samples(const uint16_t *c, const uint16_t *v, size_t n, uint64_t t) { (void)c; (void)v; (void)n; (void)t; }
static void report(const power_gate_report *r, uint64_t t) { (void)r; (void)t; }

int main(int count, char **words)
{
	const gate_sensor_sink sink = { samples, report };
	power_gate_options options;
	const char *refusal;
	javascript = pthread_self();
	power_gate_defaults(&options);
	if (count > 2)
		failing = words[2];
	refusal = gate_sensor_start((gate_sensor_kind)atoi(words[1]), &options, &sink);
	if (refusal) {
		printf("refused %s\n", refusal);
		return 0;
	}
	for (int wait = 0; !fed && wait < 5000; wait++)
		usleep(1000);
	gate_sensor_stop();
	printf("stopped\n");
	return 0;
}
