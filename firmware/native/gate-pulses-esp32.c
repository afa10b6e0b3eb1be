/*
 * The power gate's sensor that is a chip with pulses (BL0937, HLW8012): counted by
 * pulse-counter-esp32.c, handed on each 50 ms.
 */

#include "gate-sensor-kinds.h"

#include "gate-pins.h"
#include "metering-chips.h"
#include "pulse-counter-esp32.h"

#include "driver/gpio.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

enum {
	REPORT_MS = 50,
	SHUNT_MICROOHM = 1000,
	DIVIDER_THOUSANDTHS = 2351000 /* five times 470 kOhm over 1 kOhm, as in the makers' circuits */
};

static pulse_meter pulses;

static void work(const gate_sensor_sink *out, const volatile bool *stopping)
{
	uint64_t last = (uint64_t)esp_timer_get_time();
	pulse_counter_take(PULSES_CF);
	pulse_counter_take(PULSES_CF1);
	while (!*stopping) {
		power_gate_report report;
		bool sel;
		vTaskDelay(pdMS_TO_TICKS(REPORT_MS));
		uint32_t cf = pulse_counter_take(PULSES_CF), cf1 = pulse_counter_take(PULSES_CF1);
		uint64_t now = (uint64_t)esp_timer_get_time();
		pulse_meter_take(&pulses, cf, cf1, (uint32_t)(now - last), &report, &sel);
		gpio_set_level(GATE_PIN(METERSEL), sel);
		last = now;
		out->report(&report, now);
	}
}

static const char *start_pulses(pulse_chip chip, const power_gate_options *options)
{
	gpio_config_t output = { .pin_bit_mask = 1ULL << GATE_PIN(METERSEL), .mode = GPIO_MODE_OUTPUT };
	if (!pulse_meter_begin(&pulses, chip, SHUNT_MICROOHM, DIVIDER_THOUSANDTHS, options->currentGain, options->voltageGain,
			options->selInverted))
		return "power gate: expected gains from 500000 to 2000000 for a chip with pulses";
	gpio_config(&output);
	return pulse_counter_start(GATE_PIN(METERCF), GATE_PIN(METERCF1));
}

static const char *start_bl0937(const power_gate_options *options)
{
	return start_pulses(PULSE_BL0937, options);
}

static const char *start_hlw8012(const power_gate_options *options)
{
	return start_pulses(PULSE_HLW8012, options);
}

const gate_sensor gate_bl0937 = { start_bl0937, work, pulse_counter_stop };
const gate_sensor gate_hlw8012 = { start_hlw8012, work, pulse_counter_stop };
