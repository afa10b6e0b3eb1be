/*
 * What happens to the relay's pin (relay-esp32.c) when the chip ends its work. Prints each write to
 * the pin, and when ESP-IDF's own handlers run, which are in relay-ends-idf.c: the linker's options
 * decide who is called for them.
 */

#include "relay-esp32.h"
#include "stand-in.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char __start_iram_text, __stop_iram_text; /* where IRAM_ATTR puts functions here */
void __wrap_esp_panic_handler(void *info);
void __wrap_esp_restart_noos(void);

static jmp_buf ended;
static void (*shutdown_handler)(void);

int gpio_set_level(int pin, uint32_t level) { printf("pin %d level %u\n", pin, level); return ESP_OK; }
int gpio_config(const gpio_config_t *c) { printf("mask %llx output %d\n", (unsigned long long)c->pin_bit_mask, c->mode == GPIO_MODE_OUTPUT); return ESP_OK; }
int esp_register_shutdown_handler(void (*handler)(void)) { shutdown_handler = handler; return ESP_OK; }
void write_register(const char *name, uint32_t value) { printf("%s %x\n", name, value); }
void reset_here(void) { longjmp(ended, 1); }

static const char *where(void *function)
{
	return (char *)function >= &__start_iram_text && (char *)function < &__stop_iram_text ? "RAM" : "flash";
}

int main(int count, char **words)
{
	const char *how = count > 1 ? words[1] : "";
	int info = 7;
	relay_drive(true);
	if (!setjmp(ended)) {
		if (!strcmp(how, "panic"))
			esp_panic_handler(&info);
		else if (!strcmp(how, "reset"))
			esp_restart_noos();
		else
			shutdown_handler();
	}
	printf("ended\n");
	relay_drive(true);
	printf("panic handler in %s, restart in %s, shutdown in %s\n", where(__wrap_esp_panic_handler), where(__wrap_esp_restart_noos), where(shutdown_handler));
	return 0;
}
