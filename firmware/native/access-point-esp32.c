/*
 * A socket's own access point beside its connection to the house, for cables that visit
 * (docs/protocol.md, "Direct link").
 *
 * It is open, and gives nothing away: no address, no name server, no way on. Its interface has a
 * fixed link-local address and takes the frames of one TCP port (direct-frames.h). The radio
 * follows the house's channel by itself, as it has one only.
 *
 * The SDK's Wi-Fi module has started the radio as a station.
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "esp_mac.h"
#include "esp_netif.h"
#include "esp_netif_net_stack.h"
#include "esp_wifi.h"
#include "esp_wifi_netif.h"
#include "esp_wifi_default.h"
#include "lwip/esp_netif_net_stack.h"

#include <stdio.h>
#include <string.h>

#include "direct-frames.h"

enum {
	/* As many as ESP-IDF lets in unless asked for more; each takes memory while it is there. */
	MOST_CLIENTS = 4,
	/* A client that is silent for so long has gone, and makes room. */
	SILENT_SECONDS = 60,
	HIGHEST_CHANNEL = 13,
	/* Below the station's: what is for nobody here leaves by the house. */
	ROUTE_PRIORITY = 10
};

static direct_socket own;
static esp_netif_t *interface;

/* Called by the radio's task for each frame; what is not taken goes back to the radio. */
static esp_err_t take(void *netif, void *frame, size_t length, void *buffer)
{
	if (direct_socket_admits(&own, frame, length))
		return wlanif_input(netif, frame, length, buffer);
	if (buffer)
		esp_netif_free_rx_buffer(interface, buffer);
	return ESP_OK;
}

static const struct esp_netif_netstack_config theStack = { .lwip = { .init_fn = wlanif_init_ap, .input_fn = take } };

static esp_err_t make_interface(uint32_t address, uint32_t mask)
{
	const esp_netif_ip_info_t ip = { .ip = { .addr = address }, .netmask = { .addr = mask } };
	/* No DHCP server among the flags. */
	const esp_netif_inherent_config_t base = {
		.flags = ESP_NETIF_FLAG_AUTOUP,
		.ip_info = &ip,
		.if_key = "WIFI_AP_DIRECT",
		.if_desc = "direct",
		.route_prio = ROUTE_PRIORITY
	};
	const esp_netif_config_t config = { .base = &base, .stack = &theStack };
	interface = esp_netif_new(&config);
	if (!interface)
		return ESP_ERR_NO_MEM;
	esp_err_t error = esp_netif_attach_wifi_ap(interface);
	return error == ESP_OK ? esp_wifi_set_default_wifi_ap_handlers() : error;
}

static esp_err_t switch_on(const char *name, int channel)
{
	wifi_config_t config = {0};
	config.ap.ssid_len = (uint8_t)strlen(name);
	memcpy(config.ap.ssid, name, config.ap.ssid_len);
	config.ap.channel = (uint8_t)channel;
	config.ap.authmode = WIFI_AUTH_OPEN;
	config.ap.max_connection = MOST_CLIENTS;
	config.ap.beacon_interval = 100;
	esp_err_t error = esp_wifi_set_mode(WIFI_MODE_APSTA);
	if (error == ESP_OK)
		error = esp_wifi_set_config(WIFI_IF_AP, &config);
	return error == ESP_OK ? esp_wifi_set_inactive_time(WIFI_IF_AP, SILENT_SECONDS) : error;
}

/* plugpay_access_point(address, mask, port, channel) gives its name; to be called once. */
void plugpay_access_point(xsMachine *the)
{
	char text[16], name[20];
	esp_ip4_addr_t address, mask;
	int port = xsmcToInteger(xsArg(2)), channel = xsmcToInteger(xsArg(3));

	xsmcToStringBuffer(xsArg(0), text, sizeof(text));
	esp_err_t error = esp_netif_str_to_ip4(text, &address);
	xsmcToStringBuffer(xsArg(1), text, sizeof(text));
	if (error != ESP_OK || esp_netif_str_to_ip4(text, &mask) != ESP_OK || port < 1 || port > 65535 || channel < 1 || channel > HIGHEST_CHANNEL)
		xsRangeError("access point: expected an address, a mask, a port and a channel from 1 to 13");
	if (interface)
		xsUnknownError("access point: it is there already");
	error = esp_read_mac(own.mac, ESP_MAC_WIFI_SOFTAP);
	own.address = esp_netif_htonl(address.addr);
	own.port = (uint16_t)port;
	snprintf(name, sizeof(name), "plugpay-%02x%02x%02x", own.mac[3], own.mac[4], own.mac[5]);
	if (error == ESP_OK)
		error = make_interface(address.addr, mask.addr);
	if (error == ESP_OK)
		error = switch_on(name, channel);
	if (error != ESP_OK)
		xsUnknownError("access point: %s", esp_err_to_name(error));
	xsmcSetString(xsResult, name);
}
