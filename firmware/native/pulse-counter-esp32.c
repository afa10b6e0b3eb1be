/*
 * The chip's pulse counter where it has one (ESP32, -S3, -C6): it needs no interrupt and loses no
 * edge. Edge interrupts of two pins in one group would on the ESP32: silicon fault GPIO-3.14. The
 * ESP32-C3 has no such counter: an interrupt, its handler in IRAM and registered so, that flash may
 * be erased under it.
 */

#include "pulse-counter-esp32.h"

#include "metering-chips.h"

#include "driver/gpio.h"
#include "soc/soc_caps.h"

static uint32_t before[PULSE_INPUTS];

#if SOC_PCNT_SUPPORTED

#include "driver/pulse_cnt.h"

enum { GLITCH_NS = 1000 }; /* the chips' pulses last 38 us and more */

static pcnt_unit_handle_t units[PULSE_INPUTS];
static pcnt_channel_handle_t channels[PULSE_INPUTS];

static void release(pulse_input input)
{
	if (channels[input])
		pcnt_del_channel(channels[input]);
	if (units[input])
		pcnt_del_unit(units[input]);
	channels[input] = NULL;
	units[input] = NULL;
}

/* The unit's own functions want it enabled or not, so what was reached is undone step by step. */
static bool start_counting(pcnt_unit_handle_t unit)
{
	if (pcnt_unit_enable(unit) != ESP_OK)
		return false;
	if ((pcnt_unit_clear_count(unit) == ESP_OK) && (pcnt_unit_start(unit) == ESP_OK))
		return true;
	pcnt_unit_disable(unit);
	return false;
}

static bool acquire(pulse_input input, int pin)
{
	pcnt_unit_config_t unit = { .low_limit = -1, .high_limit = PULSE_COUNTER_WRAP };
	pcnt_chan_config_t channel = { .edge_gpio_num = pin, .level_gpio_num = -1 };
	pcnt_glitch_filter_config_t filter = { .max_glitch_ns = GLITCH_NS };
	before[input] = 0;
	return (pcnt_new_unit(&unit, &units[input]) == ESP_OK) &&
		(pcnt_unit_set_glitch_filter(units[input], &filter) == ESP_OK) &&
		(pcnt_new_channel(units[input], &channel, &channels[input]) == ESP_OK) &&
		(pcnt_channel_set_edge_action(channels[input], PCNT_CHANNEL_EDGE_ACTION_INCREASE, PCNT_CHANNEL_EDGE_ACTION_HOLD) == ESP_OK) &&
		start_counting(units[input]);
}

static void give_up(pulse_input input)
{
	pcnt_unit_stop(units[input]);
	pcnt_unit_disable(units[input]);
	release(input);
}

const char *pulse_counter_start(int cf, int cf1)
{
	if (!acquire(PULSES_CF, cf)) {
		release(PULSES_CF);
		return "power gate: no pulse counter for CF";
	}
	if (!acquire(PULSES_CF1, cf1)) {
		release(PULSES_CF1);
		give_up(PULSES_CF);
		return "power gate: no pulse counter for CF1";
	}
	return NULL;
}

uint32_t pulse_counter_take(pulse_input input)
{
	int count = 0;
	if (pcnt_unit_get_count(units[input], &count) != ESP_OK)
		return 0;
	return pulses_since(&before[input], (uint32_t)count);
}

void pulse_counter_stop(void)
{
	give_up(PULSES_CF);
	give_up(PULSES_CF1);
}

#else

#include "esp_attr.h"
#include "esp_intr_alloc.h"

static volatile uint32_t counts[PULSE_INPUTS];
static int pins[PULSE_INPUTS];

static void IRAM_ATTR count_edge(void *count)
{
	(*(volatile uint32_t *)count)++;
}

const char *pulse_counter_start(int cf, int cf1)
{
	gpio_config_t inputs = {
		.pin_bit_mask = (1ULL << cf) | (1ULL << cf1),
		.mode = GPIO_MODE_INPUT,
		.intr_type = GPIO_INTR_POSEDGE,
	};
	pins[PULSES_CF] = cf;
	pins[PULSES_CF1] = cf1;
	if (gpio_config(&inputs) != ESP_OK)
		return "power gate: the metering chip's pins are no inputs";
	/* Installed by another it might not be for IRAM, and pulses would be lost in silence. */
	if (gpio_install_isr_service(ESP_INTR_FLAG_IRAM) != ESP_OK)
		return "power gate: the pins' interrupts belong to something else already";
	if (gpio_isr_handler_add(cf, count_edge, (void *)(uintptr_t)&counts[PULSES_CF]) != ESP_OK) {
		gpio_uninstall_isr_service();
		return "power gate: no interrupt for CF";
	}
	if (gpio_isr_handler_add(cf1, count_edge, (void *)(uintptr_t)&counts[PULSES_CF1]) != ESP_OK) {
		gpio_isr_handler_remove(cf);
		gpio_uninstall_isr_service();
		return "power gate: no interrupt for CF1";
	}
	return NULL;
}

uint32_t pulse_counter_take(pulse_input input)
{
	uint32_t now = counts[input], count = now - before[input];
	before[input] = now;
	return count;
}

void pulse_counter_stop(void)
{
	gpio_isr_handler_remove(pins[PULSES_CF]);
	gpio_isr_handler_remove(pins[PULSES_CF1]);
	gpio_uninstall_isr_service();
}

#endif
