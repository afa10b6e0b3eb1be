/*
 * The task of the power gate's sensor on a board, above JavaScript's (gate-adc-esp32.c,
 * gate-pulses-esp32.c, gate-serial-esp32.c).
 *
 * That task starts the driver, and stops it. ESP-IDF's ADC driver keeps a mutex from start to stop
 * in the task that started it: in JavaScript's that lifted JavaScript above everything, for
 * FreeRTOS gives back an inherited priority only when a task holds no mutex at all, and the feed
 * fell silent while a signature was verified.
 */

#include "gate-sensor-kinds.h"

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

enum {
	PRIORITY = 20, /* above JavaScript (4) and the network; the driver's interrupt only fills buffers */
	STACK_BYTES = 4096
};

static gate_sensor_sink out;
static TaskHandle_t task;
static volatile bool stopping;

/* What JavaScript's task hands to the sensor's while it waits for the answer. */
static struct {
	const gate_sensor *kind;
	const power_gate_options *options;
	const char *refusal;
	SemaphoreHandle_t answered;
	StaticSemaphore_t storage;
} order;

static void sensor_task(void *unused)
{
	const gate_sensor *kind = order.kind;
	const char *refusal = kind->start(order.options);
	(void)unused;
	order.refusal = refusal;
	xSemaphoreGive(order.answered);
	if (!refusal) {
		kind->work(&out, &stopping);
		kind->release();
	}
	task = NULL;
	vTaskDelete(NULL);
}

const char *gate_sensor_start(gate_sensor_kind kind, const power_gate_options *options, const gate_sensor_sink *sink)
{
	static const gate_sensor *const sensors[] = { &gate_adc, &gate_bl0937, &gate_hlw8012, &gate_cse7766 };
	if (task)
		return "power gate: its sensor runs already";
	out = *sink;
	stopping = false;
	order.kind = sensors[kind];
	order.options = options;
	order.answered = xSemaphoreCreateBinaryStatic(&order.storage);
	if (xTaskCreate(sensor_task, "gate", STACK_BYTES, NULL, PRIORITY, &task) != pdPASS)
		return "power gate: no memory for its task";
	xSemaphoreTake(order.answered, portMAX_DELAY);
	if (order.refusal)
		gate_sensor_stop(); /* its task ends by itself */
	return order.refusal;
}

void gate_sensor_stop(void)
{
	stopping = true;
	while (task)
		vTaskDelay(1);
}
