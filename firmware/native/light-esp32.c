/*
 * The device's light: JavaScript hands over a rhythm once, and the timer's task plays it on,
 * however long JavaScript computes. The timer exists only where a board has a light.
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "gate-pins.h"
#include "light.h"

#include "driver/gpio.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED; /* of light: JavaScript's task and the timer's both have it */
static light_t light;
static gpio_num_t pin;
static bool lit_by_low;
static esp_timer_handle_t timer;

static void play(void *context)
{
	(void)context;
	portENTER_CRITICAL(&lock);
	bool lit = light_next(&light);
	portEXIT_CRITICAL(&lock);
	gpio_set_level(pin, lit != lit_by_low);
}

/* (pin, lit by low) */
void plugpay_light_begin(xsMachine *the)
{
	const esp_timer_create_args_t args = { .callback = play, .name = "light", .skip_unhandled_events = true };
	int number = xsmcToInteger(xsArg(0));

	if (timer)
		xsUnknownError("light: it is there already");
	if (number < 0 || number >= GPIO_NUM_MAX || number == GATE_PIN(RELAY))
		xsRangeError("light: expected a pin that is not the relay's");
	pin = (gpio_num_t)number;
	lit_by_low = xsmcToBoolean(xsArg(1));
	gpio_config_t output = { .pin_bit_mask = UINT64_C(1) << pin, .mode = GPIO_MODE_OUTPUT };
	gpio_set_level(pin, lit_by_low);
	esp_err_t error = gpio_config(&output);
	if (error == ESP_OK)
		error = esp_timer_create(&args, &timer);
	if (error == ESP_OK)
		error = esp_timer_start_periodic(timer, LIGHT_SLOT_MS * 1000);
	if (error != ESP_OK)
		xsUnknownError("light: error %d", (int)error);
}

/* (rhythm) */
void plugpay_light_show(xsMachine *the)
{
	char rhythm[LIGHT_MOST + 2];

	xsmcToStringBuffer(xsArg(0), rhythm, sizeof(rhythm));
	portENTER_CRITICAL(&lock);
	bool is_one = light_rhythm(&light, rhythm);
	portEXIT_CRITICAL(&lock);
	if (!is_one)
		xsRangeError("light: expected 1 to %d signs, # or .", (int)LIGHT_MOST);
}
