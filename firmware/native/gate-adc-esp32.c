/*
 * The power gate's sensor that is the chip's own ADC: continuous conversions by DMA on ADC1 (ADC2
 * belongs to the radio), 64 000 a second on two channels; eight of a channel make a sample
 * (adc-frames.h). A frame is a millisecond, a fifth more on the ESP32, whose converter gives four
 * fifths of what it is asked for: the gate measures the rate.
 *
 * While a page of flash is erased no task runs, for 45 ms as a rule. The driver's interrupt does
 * (sdkconfig has ADC_CONTINUOUS_ISR_IRAM_SAFE), and its pool keeps what comes meanwhile. Where it
 * stands still all the same, it is started anew before the gate takes the feed for lost
 * (feed-watch.h).
 */

#include "gate-sensor-kinds.h"

#include "adc-frames.h"
#include "feed-watch.h"
#include "gate-pins.h"

#include "esp_adc/adc_continuous.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

enum {
	BLOCK = 4, /* samples in a millisecond */
	CONVERSIONS = BLOCK * ADC_FRAMES_SUM,
	WORD_BYTES = SOC_ADC_DIGI_RESULT_BYTES,
	POOL_MS = 48
};

static adc_continuous_handle_t converter;
static adc_frames frames;
static bool running;
static uint8_t raw[CONVERSIONS * 2 * WORD_BYTES];

static void take_raw(const gate_sensor_sink *out, uint32_t length)
{
	uint16_t current[BLOCK], voltage[BLOCK];
	uint64_t now = (uint64_t)esp_timer_get_time();
	size_t at = 0;
	while (at < length) {
		size_t taken;
		size_t count = adc_frames_take(&frames, raw + at, length - at, &taken, current, voltage, BLOCK);
		if (count)
			out->samples(current, voltage, count, now);
		if (!taken)
			break;
		at += taken;
	}
}

static void restart(void)
{
	if (running)
		adc_continuous_stop(converter);
	adc_frames_begin(&frames, frames.wide, frames.current, frames.voltage);
	running = adc_continuous_start(converter) == ESP_OK;
}

static void work(const gate_sensor_sink *out, const volatile bool *stopping)
{
	feed_watch watch;
	feed_watch_begin(&watch);
	while (!*stopping) {
		uint32_t length = 0;
		esp_err_t result = adc_continuous_read(converter, raw, sizeof(raw), &length, FEED_WATCH_READ_MS);
		if (result == ESP_OK)
			take_raw(out, length);
		else if (result != ESP_ERR_TIMEOUT) /* it did not wait */
			vTaskDelay(pdMS_TO_TICKS(FEED_WATCH_READ_MS));
		if (feed_watch_note(&watch, result == ESP_OK))
			restart();
	}
}

static void release(void)
{
	if (running)
		adc_continuous_stop(converter);
	running = false;
	adc_continuous_deinit(converter);
	converter = NULL;
}

static const char *configure(const power_gate_options *options)
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

static const char *start(const power_gate_options *options)
{
	adc_continuous_handle_cfg_t storage = {
		.max_store_buf_size = sizeof(raw) * POOL_MS,
		.conv_frame_size = CONVERSIONS * (options->voltageSensor ? 2u : 1u) * WORD_BYTES,
	};
	const char *refusal;
	if (adc_continuous_new_handle(&storage, &converter) != ESP_OK)
		return "power gate: no memory for the ADC, or it is in use";
	refusal = configure(options);
	if (!refusal && (adc_continuous_start(converter) != ESP_OK))
		refusal = "power gate: the ADC does not start";
	running = !refusal;
	if (refusal) {
		adc_continuous_deinit(converter);
		converter = NULL;
	}
	return refusal;
}

const gate_sensor gate_adc = { start, work, release };
