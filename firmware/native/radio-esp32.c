/*
 * The radio of a cable that visits sockets' own access points (docs/protocol.md, "Direct link"):
 * looks for them, joins one without a password, asks whether an address is free, and uses it. It
 * takes orders and never calls JavaScript, which looks at what has happened
 * (shared/link/direct-radio.ts).
 *
 * The station's interface has no DHCP client; what it takes of the air is the joined socket's
 * (direct-frames.h).
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "esp_event.h"
#include "esp_netif.h"
#include "esp_netif_net_stack.h"
#include "esp_wifi.h"
#include "esp_wifi_netif.h"
#include "esp_wifi_default.h"
#include "lwip/esp_netif_net_stack.h"
#include "lwip/etharp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "direct-frames.h"

/* As shared/link/direct-radio.ts has them. */
enum { SCANNED = 1, JOINED = 2, LOST = 4 };

enum { ROUTE_PRIORITY = 100, HIGHEST_CHANNEL = 13, HEX_CHARACTERS = 2 * DIRECT_MAC_BYTES };

static const char PREFIX[] = "plugpay-";

/*
 * Written by JavaScript's task, read by the radio's and the event loop's: one word each, or before
 * there is a link.
 */
static struct {
	esp_netif_t *interface;
	direct_cable cable;
	uint32_t asked;
	uint32_t events;
	bool disputed;
} radio;

/* ------------------------------------------------------------------ the radio's side */

/* Called by the radio's task for each frame; what is not taken goes back to the radio. */
static esp_err_t take(void *netif, void *frame, size_t length, void *buffer)
{
	if (direct_disputes(radio.cable.mac, radio.asked, frame, length))
		radio.disputed = true;
	if (direct_cable_admits(&radio.cable, frame, length))
		return wlanif_input(netif, frame, length, buffer);
	if (buffer)
		esp_netif_free_rx_buffer(radio.interface, buffer);
	return ESP_OK;
}

static const struct esp_netif_netstack_config theStack = { .lwip = { .init_fn = wlanif_init_sta, .input_fn = take } };

static void happened(void *unused, esp_event_base_t base, int32_t event, void *data)
{
	(void)unused;
	(void)base;
	(void)data;
	uint32_t what = event == WIFI_EVENT_SCAN_DONE ? SCANNED : event == WIFI_EVENT_STA_CONNECTED ? JOINED : event == WIFI_EVENT_STA_DISCONNECTED ? LOST : 0;
	__atomic_fetch_or(&radio.events, what, __ATOMIC_SEQ_CST);
}

static esp_err_t make_interface(void)
{
	const esp_netif_inherent_config_t base = {
		.flags = 0,
		.if_key = "WIFI_STA_DIRECT",
		.if_desc = "direct",
		.route_prio = ROUTE_PRIORITY
	};
	const esp_netif_config_t config = { .base = &base, .stack = &theStack };
	radio.interface = esp_netif_new(&config);
	if (!radio.interface)
		return ESP_ERR_NO_MEM;
	esp_err_t error = esp_netif_attach_wifi_station(radio.interface);
	return error == ESP_OK ? esp_wifi_set_default_wifi_sta_handlers() : error;
}

/* After ESP-IDF's own handlers of these, which bring the interface up and down. */
static esp_err_t listen_to_radio(void)
{
	static const int32_t all[] = { WIFI_EVENT_SCAN_DONE, WIFI_EVENT_STA_CONNECTED, WIFI_EVENT_STA_DISCONNECTED };
	esp_err_t error = ESP_OK;
	for (size_t i = 0; error == ESP_OK && i < sizeof(all) / sizeof(all[0]); i++)
		error = esp_event_handler_register(WIFI_EVENT, all[i], happened, NULL);
	return error;
}

static esp_err_t start(void)
{
	wifi_init_config_t config = WIFI_INIT_CONFIG_DEFAULT();
	config.nvs_enable = 0;
	esp_err_t error = esp_netif_init();
	if (error == ESP_OK)
		error = esp_event_loop_create_default();
	if (error == ESP_OK || error == ESP_ERR_INVALID_STATE)
		error = esp_wifi_init(&config);
	if (error == ESP_OK)
		error = make_interface();
	if (error == ESP_OK)
		error = listen_to_radio();
	if (error == ESP_OK)
		error = esp_wifi_set_storage(WIFI_STORAGE_RAM);
	if (error == ESP_OK)
		error = esp_wifi_set_mode(WIFI_MODE_STA);
	if (error == ESP_OK)
		error = esp_wifi_get_mac(WIFI_IF_STA, radio.cable.mac);
	return error == ESP_OK ? esp_wifi_start() : error;
}

/* ------------------------------------------------------------------ JavaScript's side */

static void refuse(xsMachine *the, const char *what, esp_err_t error)
{
	if (error != ESP_OK)
		xsUnknownError("radio: %s: %s", what, esp_err_to_name(error));
}

static void write_mac(const uint8_t *mac, char *text)
{
	for (int i = 0; i < DIRECT_MAC_BYTES; i++)
		sprintf(text + 2 * i, "%02x", mac[i]);
}

static bool read_mac(const char *text, uint8_t *mac)
{
	if (strlen(text) != HEX_CHARACTERS || strspn(text, "0123456789abcdef") != HEX_CHARACTERS)
		return false;
	for (int i = 0; i < DIRECT_MAC_BYTES; i++) {
		char digits[3] = { text[2 * i], text[2 * i + 1], 0 };
		mac[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

static uint32_t read_address(xsMachine *the, xsSlot *slot)
{
	char text[16];
	esp_ip4_addr_t address;

	xsmcToStringBuffer(*slot, text, sizeof(text));
	if (esp_netif_str_to_ip4(text, &address) != ESP_OK)
		xsRangeError("radio: expected an address such as 169.254.80.80");
	return address.addr;
}

/*
 * plugpay_radio_begin(address, port): of the sockets at their access points. Gives the cable's MAC
 * address.
 */
void plugpay_radio_begin(xsMachine *the)
{
	char text[HEX_CHARACTERS + 1];

	if (!radio.interface) {
		radio.cable.socket.address = esp_netif_htonl(read_address(the, &xsArg(0)));
		radio.cable.socket.port = (uint16_t)xsmcToInteger(xsArg(1));
		refuse(the, "it does not start", start());
	}
	write_mac(radio.cable.mac, text);
	xsmcSetString(xsResult, text);
}

/* plugpay_radio_events() gives what has happened since it was asked last. */
void plugpay_radio_events(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)__atomic_exchange_n(&radio.events, 0, __ATOMIC_SEQ_CST));
}

/* plugpay_radio_scan(channel): 0 for all. */
void plugpay_radio_scan(xsMachine *the)
{
	wifi_scan_config_t config = {0};
	int channel = xsmcToInteger(xsArg(0));

	if (channel < 0 || channel > HIGHEST_CHANNEL)
		xsRangeError("radio: expected a channel from 1 to 13, or 0 for all");
	config.channel = (uint8_t)channel;
	config.scan_type = WIFI_SCAN_TYPE_ACTIVE;
	refuse(the, "it does not look", esp_wifi_scan_start(&config, false));
}

static bool is_ours(const wifi_ap_record_t *found)
{
	const char *name = (const char *)found->ssid;
	size_t length = strnlen(name, sizeof(found->ssid));
	return found->authmode == WIFI_AUTH_OPEN && length > sizeof(PREFIX) - 1 && length < sizeof(found->ssid)
		&& strncmp(name, PREFIX, sizeof(PREFIX) - 1) == 0 && strspn(name + sizeof(PREFIX) - 1, "0123456789abcdef") == length - (sizeof(PREFIX) - 1);
}

/*
 * plugpay_radio_next() gives "dBm channel bssid ssid" of the next socket that was found, or
 * undefined.
 */
void plugpay_radio_next(xsMachine *the)
{
	wifi_ap_record_t found;
	char text[80], bssid[HEX_CHARACTERS + 1];

	while (esp_wifi_scan_get_ap_record(&found) == ESP_OK) {
		if (!is_ours(&found))
			continue;
		write_mac(found.bssid, bssid);
		snprintf(text, sizeof(text), "%d %d %s %s", found.rssi, found.primary, bssid, (const char *)found.ssid);
		xsmcSetString(xsResult, text);
		return;
	}
	esp_wifi_clear_ap_list();
}

/* plugpay_radio_join(ssid, bssid, channel) */
void plugpay_radio_join(xsMachine *the)
{
	wifi_config_t config = {0};
	char ssid[sizeof(config.sta.ssid) + 1], bssid[HEX_CHARACTERS + 1];
	int channel = xsmcToInteger(xsArg(2));

	xsmcToStringBuffer(xsArg(0), ssid, sizeof(ssid));
	xsmcToStringBuffer(xsArg(1), bssid, sizeof(bssid));
	if (channel < 1 || channel > HIGHEST_CHANNEL || !read_mac(bssid, config.sta.bssid))
		xsRangeError("radio: expected a channel from 1 to 13 and an access point's address");
	memcpy(config.sta.ssid, ssid, strlen(ssid));
	config.sta.bssid_set = true;
	config.sta.channel = (uint8_t)channel;
	config.sta.scan_method = WIFI_FAST_SCAN;
	config.sta.threshold.authmode = WIFI_AUTH_OPEN;
	memcpy(radio.cable.socket.mac, config.sta.bssid, DIRECT_MAC_BYTES);
	refuse(the, "it does not join", esp_wifi_set_config(WIFI_IF_STA, &config));
	refuse(the, "it does not join", esp_wifi_connect());
}

/* plugpay_radio_leave(): harmless where nothing is joined. */
void plugpay_radio_leave(xsMachine *the)
{
	const esp_netif_ip_info_t none = {0};
	(void)the;
	radio.cable.address = radio.asked = 0;
	if (!radio.interface)
		return;
	esp_wifi_disconnect();
	esp_netif_set_ip_info(radio.interface, &none);
}

static esp_err_t ask(void *address)
{
	struct netif *netif = esp_netif_get_netif_impl(radio.interface);
	const ip4_addr_t wanted = { .addr = *(uint32_t *)address };
	/*
	 * From 0.0.0.0, as the interface has no address yet: a probe, from which nobody learns a wrong
	 * one.
	 */
	return netif && etharp_request(netif, &wanted) == ERR_OK ? ESP_OK : ESP_FAIL;
}

/* plugpay_radio_probe(address) */
void plugpay_radio_probe(xsMachine *the)
{
	uint32_t address = read_address(the, &xsArg(0));
	uint32_t asked = esp_netif_htonl(address);

	if (radio.asked != asked)
		radio.disputed = false;
	radio.asked = asked;
	refuse(the, "it does not ask", esp_netif_tcpip_exec(ask, &address));
}

/* plugpay_radio_disputed() */
void plugpay_radio_disputed(xsMachine *the)
{
	xsmcSetBoolean(xsResult, radio.disputed);
}

/* plugpay_radio_settle(address) */
void plugpay_radio_settle(xsMachine *the)
{
	esp_netif_ip_info_t ip = {0};

	ip.ip.addr = read_address(the, &xsArg(0));
	ip.netmask.addr = esp_netif_htonl(0xffff0000u);
	radio.cable.address = esp_netif_htonl(ip.ip.addr);
	radio.asked = 0;
	refuse(the, "it takes no address", esp_netif_set_ip_info(radio.interface, &ip));
}
