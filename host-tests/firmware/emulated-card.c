/*
 * The emulator's network card as the firmware's glue sets it up
 * (firmware/native/ethernet-qemu-esp32.c), over stand-ins of ESP-IDF. The card does as QEMU's
 * hw/net/opencores_eth.c: enabled anew it begins at its first descriptor. The driver does as
 * ESP-IDF's esp_eth_mac_openeth.c: it keeps its own place in the ring, enables the card when the
 * link comes and disables it when the link goes. Prints the frames that the stack gets, a letter
 * each, as they get there.
 */

#include "ethernet-qemu-esp32.c"

#include <stdio.h>

enum { RING = 4 };

static char ring[RING];
static int cardAt, driverAt, enabled;

static esp_err_t driverSetLink(esp_eth_mac_t *mac, eth_link_t link)
{
	(void)mac;
	if (link == ETH_LINK_UP && !enabled)
		cardAt = 0;
	enabled = link == ETH_LINK_UP;
	return ESP_OK;
}

static esp_eth_mac_t card = { driverSetLink };

esp_eth_mac_t *esp_eth_mac_new_openeth(const eth_mac_config_t *config)
{
	(void)config;
	return &card;
}

static const esp_eth_config_t *installed;

esp_err_t esp_eth_driver_install(const esp_eth_config_t *config, esp_eth_handle_t *driver)
{
	static esp_eth_config_t kept;
	kept = *config;
	installed = &kept;
	*driver = (esp_eth_handle_t)&kept;
	return ESP_OK;
}

esp_err_t esp_task_wdt_reconfigure(const esp_task_wdt_config_t *config)
{
	printf("%u s: ", config->timeout_ms / 1000);
	return config->trigger_panic ? ESP_OK : ESP_ERR_INVALID_ARG;
}

static void link_is(eth_link_t link)
{
	if (installed->mac->set_link(installed->mac, link) != ESP_OK)
		printf("!");
}

/* A frame comes over the wire; the driver's task looks as long as it finds one. */
static void frame(char letter)
{
	if (!enabled || ring[cardAt])
		return;
	ring[cardAt] = letter;
	cardAt = (cardAt + 1) % RING;
	for (; ring[driverAt]; driverAt = (driverAt + 1) % RING) {
		printf("%c", ring[driverAt]);
		ring[driverAt] = 0;
	}
	printf(" ");
}

int main(void)
{
	xsMachine machine;
	plugpay_qemu_ethernet(&machine);
	link_is(ETH_LINK_UP);
	frame('a');
	link_is(ETH_LINK_DOWN);
	link_is(ETH_LINK_UP);
	for (const char *letter = "bcdef"; *letter; letter++)
		frame(*letter);
	printf("\n");
	return 0;
}
