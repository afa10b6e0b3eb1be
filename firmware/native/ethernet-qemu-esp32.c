/*
 * QEMU's own network card (OpenCores Ethernet), for images that run in the emulator: no chip has
 * it. ESP-IDF brings the driver; the SDK's Ethernet module knows MACs of real boards only.
 *
 * It comes up with a fixed address, as the dedicated link of real boards does
 * (firmware/link/ethernet.ts).
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "esp_eth.h"
#include "esp_eth_driver.h"
#include "esp_eth_mac_openeth.h"
#include "esp_eth_phy.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "esp_task_wdt.h"
#include "sdkconfig.h"

#include <string.h>

#define LOCALLY_ADMINISTERED 0x02

static esp_err_t (*setLink)(esp_eth_mac_t *mac, eth_link_t link);

/*
 * A card that is enabled anew begins at its first receive descriptor; ESP-IDF's driver disables it
 * when the link is lost and, enabling it again, goes on at the descriptor where it was. It then
 * waits for one that the card fills up to three frames later, and hands those on late and in the
 * wrong order. So the card stays enabled: without a link nothing comes.
 */
static esp_err_t keepEnabled(esp_eth_mac_t *mac, eth_link_t link)
{
	return link == ETH_LINK_UP ? setLink(mac, link) : ESP_OK;
}

static esp_eth_mac_t *newCard(const eth_mac_config_t *config)
{
	esp_eth_mac_t *mac = esp_eth_mac_new_openeth(config);

	if (mac) {
		setLink = mac->set_link;
		mac->set_link = keepEnabled;
	}
	return mac;
}

/*
 * Emulated chips have one MAC address burnt in, all of them: two on one link are told apart by what
 * they are called there.
 */
static esp_err_t install(esp_eth_handle_t *driver, const esp_ip4_addr_t *ip)
{
	uint8_t address[6] = { LOCALLY_ADMINISTERED, 0 };
	eth_mac_config_t macConfig = ETH_MAC_DEFAULT_CONFIG();
	eth_phy_config_t phyConfig = ETH_PHY_DEFAULT_CONFIG();

	memcpy(address + 2, &ip->addr, 4);
	phyConfig.reset_gpio_num = -1;
	phyConfig.autonego_timeout_ms = 100;
	esp_eth_config_t config = ETH_DEFAULT_CONFIG(newCard(&macConfig), esp_eth_phy_new_generic(&phyConfig));
	esp_err_t error = esp_eth_driver_install(&config, driver);
	if (error == ESP_OK)
		error = esp_eth_ioctl(*driver, ETH_CMD_S_MAC_ADDR, address);
	return error;
}

/*
 * QEMU's watchdogs run at twice their speed: it reckons with the 80 MHz that were chosen when the
 * divider was written, and ESP-IDF chooses the crystal's 40 afterwards. XS feeds once a second less
 * than the time that is configured, which is beyond half of it: a device that waits, as after
 * having given up, would be taken for one that hangs.
 */
static void slowWatchdog(void)
{
	const esp_task_wdt_config_t config = { .timeout_ms = 2000 * CONFIG_ESP_TASK_WDT_TIMEOUT_S, .idle_core_mask = 1, .trigger_panic = true };

	esp_task_wdt_reconfigure(&config);
}

static esp_err_t start(const char *address, const char *mask)
{
	esp_netif_config_t config = ESP_NETIF_DEFAULT_ETH();
	esp_netif_ip_info_t info = {0};
	esp_eth_handle_t driver;

	if (esp_netif_str_to_ip4(address, &info.ip) != ESP_OK || esp_netif_str_to_ip4(mask, &info.netmask) != ESP_OK)
		return ESP_ERR_INVALID_ARG;
	esp_err_t error = esp_netif_init();
	if (error == ESP_OK)
		error = esp_event_loop_create_default();
	if (error != ESP_OK && error != ESP_ERR_INVALID_STATE)
		return error;
	esp_netif_t *interface = esp_netif_new(&config);
	if (!interface)
		return ESP_ERR_NO_MEM;
	error = install(&driver, &info.ip);
	if (error == ESP_OK)
		error = esp_netif_attach(interface, esp_eth_new_netif_glue(driver));
	if (error == ESP_OK) {
		esp_netif_dhcpc_stop(interface);
		error = esp_netif_set_ip_info(interface, &info);
	}
	return error == ESP_OK ? esp_eth_start(driver) : error;
}

/*
 * plugpay_qemu_ethernet(address, mask): throws where there is no such card; a second try is the
 * caller's restart.
 */
void plugpay_qemu_ethernet(xsMachine *the)
{
	char address[16], mask[16];

	slowWatchdog();
	xsmcToStringBuffer(xsArg(0), address, sizeof(address));
	xsmcToStringBuffer(xsArg(1), mask, sizeof(mask));
	esp_err_t error = start(address, mask);
	if (error != ESP_OK)
		xsUnknownError("QEMU's network card does not start: error %d (start QEMU with -nic user,model=open_eth)", (int)error);
}
