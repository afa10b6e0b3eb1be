/*
 * A pin keeps its level over a restart of the processor, until the next start drives it: a second
 * or so. Before that a panic prints registers and stack for 0.3 s. So the relay is opened where the
 * two begin, by one write to a register: the linker gives everybody who calls ESP-IDF's
 * esp_panic_handler or esp_restart_noos ours (firmware/idf/relay_ends). An exception, an abort, a
 * stack that overflows and both watchdogs come by the first; esp_restart, and a panic within a
 * panic, by the second. What resets the chip without either (a brownout, a watchdog that nobody
 * heard) resets its pins too.
 *
 * Both run while anything may be broken: from RAM, without a lock, and nothing of ESP-IDF is called
 * before.
 */

#include "relay-esp32.h"

#include "gate-pins.h"

#include "driver/gpio.h"
#include "esp_attr.h"
#include "esp_system.h"
#include "soc/gpio_reg.h"
#include "soc/soc.h"

#if GATE_PIN(RELAY) < 32
	#define CLEAR_REGISTER GPIO_OUT_W1TC_REG
#else
	#define CLEAR_REGISTER GPIO_OUT1_W1TC_REG
#endif

enum {
	RELAY_OPEN = 0, /* active high, with a pull-down at the transistor (docs/hardware.md) */
	RELAY_CLOSED = 1
};

static volatile bool ending; /* nobody closes the relay any more */

static inline void __attribute__((always_inline)) open_now(void)
{
	REG_WRITE(CLEAR_REGISTER, 1u << (GATE_PIN(RELAY) % 32));
}

static void IRAM_ATTR open_for_good(void)
{
	ending = true;
	open_now();
}

void relay_drive(bool closed)
{
	gpio_set_level(GATE_PIN(RELAY), (closed && !ending) ? RELAY_CLOSED : RELAY_OPEN);
	if (ending) /* the other core may have begun while the level was on its way */
		open_now();
}

/* Level before direction: the pin never shows another. */
static void __attribute__((constructor, used)) open_first(void)
{
	gpio_config_t output = { .pin_bit_mask = 1ULL << GATE_PIN(RELAY), .mode = GPIO_MODE_OUTPUT };
	relay_drive(false);
	gpio_config(&output);
	esp_register_shutdown_handler(open_for_good);
}

void __real_esp_panic_handler(void *info);
void __wrap_esp_panic_handler(void *info);
void __real_esp_restart_noos(void) __attribute__((noreturn));
void __wrap_esp_restart_noos(void) __attribute__((noreturn));

void IRAM_ATTR __wrap_esp_panic_handler(void *info)
{
	open_for_good();
	__real_esp_panic_handler(info);
}

void IRAM_ATTR __wrap_esp_restart_noos(void)
{
	open_for_good();
	__real_esp_restart_noos();
}
