/*
 * The power gate's sensors on a board, each in a task of its own above JavaScript's.
 *
 * That task starts the driver, and stops it. ESP-IDF's ADC driver keeps a mutex from start to stop in the task that
 * started it: in JavaScript's that lifted JavaScript above everything, for FreeRTOS gives back an inherited priority only
 * when a task holds no mutex at all, and the feed fell silent while a signature was verified.
 *
 * adc: continuous conversions by DMA on ADC1 (ADC2 belongs to the radio), 64 000 a second on two channels; eight of a
 *      channel make a sample (adc-frames.h). A frame is a millisecond, a fifth more on the ESP32, whose converter gives four
 *      fifths of what it is asked for: the gate measures the rate.
 * bl0937, hlw8012: pulses counted by interrupts, handed on each 50 ms.
 * cse7766: frames over a serial port, about each 50 ms.
 */

#include "gate-sensor-esp32.h"

#include "adc-frames.h"
#include "gate-pins.h"
#include "metering-chips.h"

#include "driver/gpio.h"
#include "driver/uart.h"
#include "esp_adc/adc_continuous.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

enum {
	PRIORITY = 20, /* above JavaScript (4) and the network; the driver's interrupt only fills buffers */
	STACK_BYTES = 4096,
	BLOCK = 4, /* samples in a millisecond */
	CONVERSIONS = BLOCK * ADC_FRAMES_SUM,
	WORD_BYTES = SOC_ADC_DIGI_RESULT_BYTES,
	POOL_FRAMES = 16,
	REPORT_MS = 50,
	SHUNT_MICROOHM = 1000,
	DIVIDER_THOUSANDTHS = 2351000 /* five times 470 kOhm over 1 kOhm, as in the makers' circuits */
};

#define SERIAL_PORT UART_NUM_1
/* The port's usual 120 bytes would keep back four frames and a half; the gate's feed is lost after 80 ms. */
#define FRAME_BYTES 24
#define FRAME_GAP_SYMBOLS 2

static gate_sensor_sink out;
static TaskHandle_t task;
static volatile bool stopping;

/* ------------------------------------------------------------------ the chip's ADC */

static adc_continuous_handle_t converter;
static adc_frames frames;
static uint8_t raw[CONVERSIONS * 2 * WORD_BYTES];

static void take_raw(uint32_t length)
{
	uint16_t current[BLOCK], voltage[BLOCK];
	uint64_t now = (uint64_t)esp_timer_get_time();
	size_t at = 0;
	while (at < length) {
		size_t taken;
		size_t count = adc_frames_take(&frames, raw + at, length - at, &taken, current, voltage, BLOCK);
		if (count)
			out.samples(current, voltage, count, now);
		if (!taken)
			break;
		at += taken;
	}
}

static void release_adc(void)
{
	adc_continuous_stop(converter);
	adc_continuous_deinit(converter);
	converter = NULL;
}

static void work_adc(void)
{
	while (!stopping) {
		uint32_t length = 0;
		/* A feed that stops is found by the gate's own tick; here is nothing to do but to ask again. */
		if (adc_continuous_read(converter, raw, sizeof(raw), &length, 20) == ESP_OK)
			take_raw(length);
	}
}

static const char *configure_adc(const power_gate_options *options)
{
	uint32_t channels = options->voltageSensor ? 2 : 1;
	adc_unit_t unit;
	adc_channel_t current, voltage;
	adc_digi_pattern_config_t pattern[2];
	if ((adc_continuous_io_to_channel(GATE_PIN(CURRENT), &unit, &current) != ESP_OK) || (unit != ADC_UNIT_1))
		return "power gate: the current pin is not on ADC1 (manifests/power-gate.json)";
	if ((adc_continuous_io_to_channel(GATE_PIN(VOLTAGE), &unit, &voltage) != ESP_OK) || (unit != ADC_UNIT_1))
		return "power gate: the voltage pin is not on ADC1 (manifests/power-gate.json)";
	adc_frames_begin(&frames, WORD_BYTES == 4, (uint8_t)current, (uint8_t)((channels == 2) ? voltage : current));
	for (uint32_t k = 0; k < channels; k++) {
		pattern[k] = (adc_digi_pattern_config_t){
			.atten = ADC_ATTEN_DB_12,
			.channel = (uint8_t)(k ? voltage : current),
			.unit = ADC_UNIT_1,
			.bit_width = SOC_ADC_DIGI_MAX_BITWIDTH,
		};
	}
	adc_continuous_config_t config = {
		.pattern_num = channels,
		.adc_pattern = pattern,
		.sample_freq_hz = (uint32_t)options->sampleRate * ADC_FRAMES_SUM * channels,
		.conv_mode = ADC_CONV_SINGLE_UNIT_1,
	};
	if (adc_continuous_config(converter, &config) != ESP_OK)
		return "power gate: the ADC refuses this sample rate (8 conversions a sample and channel, 20 000 to 83 333 in all)";
	return NULL;
}

static const char *start_adc(const power_gate_options *options)
{
	adc_continuous_handle_cfg_t storage = {
		.max_store_buf_size = sizeof(raw) * POOL_FRAMES,
		.conv_frame_size = CONVERSIONS * (options->voltageSensor ? 2u : 1u) * WORD_BYTES,
	};
	const char *refusal;
	if (adc_continuous_new_handle(&storage, &converter) != ESP_OK)
		return "power gate: no memory for the ADC, or it is in use";
	refusal = configure_adc(options);
	if (!refusal && (adc_continuous_start(converter) != ESP_OK))
		refusal = "power gate: the ADC does not start";
	if (refusal) {
		adc_continuous_deinit(converter);
		converter = NULL;
	}
	return refusal;
}

/* ------------------------------------------------------------------ a chip that gives pulses */

static pulse_meter pulses;
static volatile uint32_t cf_count, cf1_count;

static void count_edge(void *count)
{
	(*(volatile uint32_t *)count)++;
}

static void release_pulses(void)
{
	gpio_isr_handler_remove(GATE_PIN(METERCF));
	gpio_isr_handler_remove(GATE_PIN(METERCF1));
}

static void work_pulses(void)
{
	uint32_t cf = cf_count, cf1 = cf1_count;
	uint64_t last = (uint64_t)esp_timer_get_time();
	while (!stopping) {
		power_gate_report report;
		bool sel;
		vTaskDelay(pdMS_TO_TICKS(REPORT_MS));
		uint32_t cf_now = cf_count, cf1_now = cf1_count;
		uint64_t now = (uint64_t)esp_timer_get_time();
		pulse_meter_take(&pulses, cf_now - cf, cf1_now - cf1, (uint32_t)(now - last), &report, &sel);
		gpio_set_level(GATE_PIN(METERSEL), sel);
		cf = cf_now;
		cf1 = cf1_now;
		last = now;
		out.report(&report, now);
	}
}

static const char *start_pulses(pulse_chip chip, const power_gate_options *options)
{
	gpio_config_t inputs = {
		.pin_bit_mask = (1ULL << GATE_PIN(METERCF)) | (1ULL << GATE_PIN(METERCF1)),
		.mode = GPIO_MODE_INPUT,
		.intr_type = GPIO_INTR_POSEDGE,
	};
	gpio_config_t output = { .pin_bit_mask = 1ULL << GATE_PIN(METERSEL), .mode = GPIO_MODE_OUTPUT };
	if (!pulse_meter_begin(&pulses, chip, SHUNT_MICROOHM, DIVIDER_THOUSANDTHS, options->currentGain, options->voltageGain,
			options->selInverted))
		return "power gate: expected gains from 500000 to 2000000 for a chip with pulses";
	if (gpio_config(&inputs) != ESP_OK)
		return "power gate: the metering chip's pins are no inputs";
	gpio_config(&output);
	gpio_install_isr_service(0); /* may be there already */
	if (gpio_isr_handler_add(GATE_PIN(METERCF), count_edge, (void *)(uintptr_t)&cf_count) != ESP_OK)
		return "power gate: no interrupt for CF";
	if (gpio_isr_handler_add(GATE_PIN(METERCF1), count_edge, (void *)(uintptr_t)&cf1_count) != ESP_OK) {
		gpio_isr_handler_remove(GATE_PIN(METERCF));
		return "power gate: no interrupt for CF1";
	}
	return NULL;
}

/* ------------------------------------------------------------------ a chip that speaks */

static cse7766 serial_chip;

static void release_serial(void)
{
	uart_driver_delete(SERIAL_PORT);
}

static void work_serial(void)
{
	while (!stopping) {
		uint8_t byte;
		power_gate_report report;
		if (uart_read_bytes(SERIAL_PORT, &byte, 1, pdMS_TO_TICKS(20)) != 1)
			continue;
		if (cse7766_take(&serial_chip, byte, &report))
			out.report(&report, (uint64_t)esp_timer_get_time());
	}
}

static const char *start_serial(const power_gate_options *unused)
{
	(void)unused;
	uart_config_t config = {
		.baud_rate = 4800,
		.data_bits = UART_DATA_8_BITS,
		.parity = UART_PARITY_EVEN,
		.stop_bits = UART_STOP_BITS_1,
		.flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
	};
	if (uart_driver_install(SERIAL_PORT, 256, 0, 0, NULL, 0) != ESP_OK)
		return "power gate: serial port 1 is in use";
	if ((uart_param_config(SERIAL_PORT, &config) != ESP_OK) ||
		(uart_set_rx_full_threshold(SERIAL_PORT, FRAME_BYTES) != ESP_OK) ||
		(uart_set_rx_timeout(SERIAL_PORT, FRAME_GAP_SYMBOLS) != ESP_OK) ||
		(uart_set_pin(SERIAL_PORT, UART_PIN_NO_CHANGE, GATE_PIN(METERRX), UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE) != ESP_OK)) {
		uart_driver_delete(SERIAL_PORT);
		return "power gate: the metering chip's serial pin cannot be used";
	}
	return NULL;
}

/* ------------------------------------------------------------------ */

static const char *start_bl0937(const power_gate_options *options)
{
	return start_pulses(PULSE_BL0937, options);
}

static const char *start_hlw8012(const power_gate_options *options)
{
	return start_pulses(PULSE_HLW8012, options);
}

typedef struct {
	const char *(*start)(const power_gate_options *options);
	void (*work)(void);
	void (*release)(void);
} sensor;

/* What JavaScript's task hands to the sensor's while it waits for the answer. */
static struct {
	const sensor *kind;
	const power_gate_options *options;
	const char *refusal;
	SemaphoreHandle_t answered;
	StaticSemaphore_t storage;
} order;

static void sensor_task(void *unused)
{
	const sensor *kind = order.kind;
	const char *refusal = kind->start(order.options);
	(void)unused;
	order.refusal = refusal;
	xSemaphoreGive(order.answered);
	if (!refusal) {
		kind->work();
		kind->release();
	}
	task = NULL;
	vTaskDelete(NULL);
}

const char *gate_sensor_start(gate_sensor_kind kind, const power_gate_options *options, const gate_sensor_sink *sink)
{
	static const sensor sensors[] = {
		{ start_adc, work_adc, release_adc },
		{ start_bl0937, work_pulses, release_pulses },
		{ start_hlw8012, work_pulses, release_pulses },
		{ start_serial, work_serial, release_serial },
	};
	if (task)
		return "power gate: its sensor runs already";
	out = *sink;
	stopping = false;
	order.kind = &sensors[kind];
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
