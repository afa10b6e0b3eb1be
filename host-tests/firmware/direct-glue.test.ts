// The glue of the direct link over ESP-IDF: which orders the radio gets, in which order, and what
// becomes of each frame.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { writeHeaders } from "./stand-in-headers";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-direct-"));
const program = join(folder, "glue");
after(() => rmSync(folder, { recursive: true, force: true }));

/** As much of XS and ESP-IDF as the glue asks for; what it is told is printed. */
const STAND_IN = `#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct { const char *text; int number; char kept[96]; } xsSlot;
typedef struct { xsSlot arguments[4], result; uint8_t mac[6]; } xsMachine;
typedef int xsIntegerValue;
#define xsArg(index) (the->arguments[index])
#define xsResult (the->result)
#define xsmcToInteger(slot) ((slot).number)
#define xsmcToStringBuffer(slot, buffer, size) snprintf(buffer, size, "%s", (slot).text)
#define xsmcSetString(slot, value) (snprintf((slot).kept, sizeof((slot).kept), "%s", value), (slot).text = (slot).kept)
#define xsmcSetInteger(slot, value) ((slot).number = (value))
#define xsmcSetBoolean(slot, value) ((slot).number = (value))
extern char standInError[128];
void standInThrow(void) __attribute__((noreturn));
#define xsRangeError(...) ((void)the, snprintf(standInError, sizeof(standInError), __VA_ARGS__), standInThrow())
#define xsUnknownError(...) ((void)the, snprintf(standInError, sizeof(standInError), __VA_ARGS__), standInThrow())

typedef int esp_err_t;
enum { ESP_OK = 0, ESP_FAIL = -1, ESP_ERR_NO_MEM = 257, ESP_ERR_INVALID_STATE = 259 };
esp_err_t standInStep(const char *, ...) __attribute__((format(printf, 1, 2)));
#define esp_err_to_name(error) ((error) == ESP_FAIL ? "ESP_FAIL" : "ESP_ERR")

typedef const char *esp_event_base_t;
static const char *const WIFI_EVENT = "wifi";
enum { WIFI_EVENT_SCAN_DONE = 1, WIFI_EVENT_STA_CONNECTED = 4, WIFI_EVENT_STA_DISCONNECTED = 5 };
typedef void (*esp_event_handler_t)(void *, esp_event_base_t, int32_t, void *);
typedef struct { int32_t id; esp_event_handler_t handler; } standInHandler;
extern standInHandler standInHandlers[8];
extern int standInHandlerCount;
static inline esp_err_t esp_event_handler_register(esp_event_base_t base, int32_t id, esp_event_handler_t handler, void *context)
{
	(void)base, (void)context;
	standInHandlers[standInHandlerCount++] = (standInHandler){ id, handler };
	return standInStep("handler of %d", (int)id);
}
#define esp_event_loop_create_default() (standInStep("event loop") == ESP_OK ? ESP_ERR_INVALID_STATE : ESP_FAIL)

typedef struct { uint32_t addr; } esp_ip4_addr_t;
typedef struct { esp_ip4_addr_t ip, netmask, gw; } esp_netif_ip_info_t;
enum { ESP_NETIF_DHCP_CLIENT = 1, ESP_NETIF_DHCP_SERVER = 2, ESP_NETIF_FLAG_AUTOUP = 4 };
typedef struct { int flags; const esp_netif_ip_info_t *ip_info; const char *if_key, *if_desc; int route_prio; } esp_netif_inherent_config_t;
struct netif;
typedef int err_t;
enum { ERR_OK };
struct esp_netif_netstack_config { struct { err_t (*init_fn)(struct netif *); esp_err_t (*input_fn)(void *, void *, size_t, void *); } lwip; };
typedef struct { const esp_netif_inherent_config_t *base; const struct esp_netif_netstack_config *stack; } esp_netif_config_t;
typedef struct { const struct esp_netif_netstack_config *stack; } esp_netif_t;
extern esp_netif_t standInNetifs[2];
extern int standInNetifCount;
static inline void standInAddress(const char *name, const esp_ip4_addr_t *ip)
{
	const uint8_t *b = (const uint8_t *)&ip->addr;
	printf(" %s %d.%d.%d.%d", name, b[0], b[1], b[2], b[3]);
}
static inline esp_netif_t *esp_netif_new(const esp_netif_config_t *config)
{
	printf("interface %s, flags %d, priority %d,", config->base->if_key, config->base->flags, config->base->route_prio);
	if (config->base->ip_info) {
		standInAddress("at", &config->base->ip_info->ip);
		standInAddress("of", &config->base->ip_info->netmask);
		standInAddress("by", &config->base->ip_info->gw);
	}
	esp_netif_t *made = &standInNetifs[standInNetifCount++];
	made->stack = config->stack;
	return standInStep(" ") == ESP_OK ? made : NULL;
}
#define esp_netif_init() standInStep("stack")
#define esp_netif_attach_wifi_ap(netif) ((void)(netif), standInStep("attached as access point"))
#define esp_netif_attach_wifi_station(netif) ((void)(netif), standInStep("attached as station"))
#define esp_wifi_set_default_wifi_ap_handlers() standInStep("default handlers")
#define esp_wifi_set_default_wifi_sta_handlers() standInStep("default handlers")
static inline esp_err_t esp_netif_set_ip_info(esp_netif_t *netif, const esp_netif_ip_info_t *info)
{
	(void)netif;
	standInAddress("address", &info->ip);
	return standInStep(" ");
}
static inline esp_err_t esp_netif_str_to_ip4(const char *text, esp_ip4_addr_t *into)
{
	unsigned a, b, c, d;
	if (sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) != 4)
		return ESP_FAIL;
	into->addr = a | b << 8 | c << 16 | d << 24;
	return ESP_OK;
}
#define esp_netif_htonl(x) __builtin_bswap32(x)
static inline void esp_netif_free_rx_buffer(void *netif, void *buffer) { (void)netif; printf("dropped\\n"); free(buffer); }
static inline esp_err_t wlanif_input(void *netif, void *frame, size_t length, void *buffer)
{
	(void)netif, (void)frame;
	printf("taken, %d bytes\\n", (int)length);
	free(buffer);
	return ESP_OK;
}
#define wlanif_init_ap NULL
#define wlanif_init_sta NULL
#define esp_netif_get_netif_impl(of) ((struct netif *)(of))
#define esp_netif_tcpip_exec(function, context) function(context)
typedef struct { uint32_t addr; } ip4_addr_t;
static inline err_t etharp_request(struct netif *netif, const ip4_addr_t *address)
{
	(void)netif;
	const esp_ip4_addr_t asked = { address->addr };
	standInAddress("who has", &asked);
	return standInStep(" ");
}

typedef enum { WIFI_AUTH_OPEN, WIFI_AUTH_WPA2_PSK } wifi_auth_mode_t;
enum { WIFI_MODE_STA = 1, WIFI_MODE_AP, WIFI_MODE_APSTA, WIFI_IF_STA = 0, WIFI_IF_AP, WIFI_SCAN_TYPE_ACTIVE = 0, WIFI_FAST_SCAN = 0, WIFI_STORAGE_RAM };
typedef struct { int nvs_enable; } wifi_init_config_t;
#define WIFI_INIT_CONFIG_DEFAULT() { 1 }
typedef struct { uint8_t ssid[32], password[64]; int scan_method; bool bssid_set; uint8_t bssid[6], channel; struct { wifi_auth_mode_t authmode; } threshold; } wifi_sta_config_t;
typedef struct { uint8_t ssid[32], password[64], ssid_len, channel; wifi_auth_mode_t authmode; uint8_t ssid_hidden, max_connection; uint16_t beacon_interval; } wifi_ap_config_t;
typedef union { wifi_ap_config_t ap; wifi_sta_config_t sta; } wifi_config_t;
typedef struct { uint8_t channel; int scan_type; } wifi_scan_config_t;
typedef struct { uint8_t bssid[6]; uint8_t ssid[33]; uint8_t primary; int8_t rssi; wifi_auth_mode_t authmode; } wifi_ap_record_t;
static uint8_t standInMac[6];
#define ESP_MAC_WIFI_SOFTAP 1
#define esp_read_mac(mac, type) (memcpy(mac, standInMac, 6), standInStep("mac"))
#define esp_wifi_get_mac(which, mac) (memcpy(mac, standInMac, 6), standInStep("mac"))
#define esp_wifi_init(config) standInStep("radio, %s flash", (config)->nvs_enable ? "with" : "without")
#define esp_wifi_set_storage(what) standInStep("settings in memory")
#define esp_wifi_set_mode(mode) standInStep("mode %d", mode)
#define esp_wifi_start() standInStep("radio on")
#define esp_wifi_set_inactive_time(which, seconds) standInStep("silent for %d s", seconds)
#define esp_wifi_scan_start(config, waits) standInStep("look at %d", (config)->channel)
#define esp_wifi_connect() standInStep("connect")
#define esp_wifi_disconnect() standInStep("disconnect")
static inline esp_err_t esp_wifi_set_config(int which, const wifi_config_t *config)
{
	const wifi_ap_config_t *ap = &config->ap;
	const wifi_sta_config_t *sta = &config->sta;
	if (which == WIFI_IF_AP)
		return standInStep("open %.*s on %d for %d, %s, password '%s'", ap->ssid_len, ap->ssid, ap->channel, ap->max_connection, ap->authmode == WIFI_AUTH_OPEN ? "open" : "closed", ap->password);
	return standInStep("join %s at %02x%02x%02x%02x%02x%02x on %d, password '%s'", sta->ssid, sta->bssid[0], sta->bssid[1], sta->bssid[2], sta->bssid[3], sta->bssid[4], sta->bssid[5], sta->channel, sta->password);
}
extern wifi_ap_record_t standInAir[8];
extern int standInAirCount;
static inline esp_err_t esp_wifi_scan_get_ap_record(wifi_ap_record_t *into)
{
	static int at;
	if (at >= standInAirCount)
		return ESP_FAIL;
	*into = standInAir[at++];
	return ESP_OK;
}
#define esp_wifi_clear_ap_list() printf("list cleared\\n")
`;

const HEADERS = [
  ...["xsmc", "xsHost", "mc.xs", "esp_event", "esp_mac", "esp_netif", "esp_netif_net_stack", "esp_wifi"],
  ...["esp_wifi_netif", "esp_wifi_default", "lwip/esp_netif_net_stack", "lwip/etharp"],
];

before(() => {
  writeHeaders(
    folder,
    HEADERS.filter((name) => !name.includes("/")),
    STAND_IN,
    Object.fromEntries(
      HEADERS.filter((name) => name.includes("/")).map((name) => [`${name}.h`, '#include "../stand-in.h"\n']),
    ),
  );
  execFileSync(process.env.CC ?? "cc", [
    ...["-std=gnu11", "-Wall", "-Wextra", "-Wno-unused", "-Werror"],
    ...["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", program],
    ...[`-I${folder}`, `-I${join(ROOT, "firmware/native")}`],
    ...[join(import.meta.dirname, "direct-glue.c"), join(ROOT, "firmware/native/direct-frames.c")],
  ]);
});

function played(who: "socket" | "cable", failAt = 0): string[] {
  const out = execFileSync(program, [who, String(failAt)], { encoding: "utf8", timeout: 20_000 });
  return out
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

test("a socket opens an access point with a fixed address and no DHCP server, beside its station, once; frames of other ports are dropped", () => {
  assert.deepEqual(played("socket"), [
    "threw access point: expected an address, a mask, a port and a channel from 1 to 13",
    "mac",
    "interface WIFI_AP_DIRECT, flags 4, priority 10, at 169.254.80.80 of 255.255.0.0 by 0.0.0.0",
    "attached as access point",
    "default handlers",
    "mode 3",
    "open plugpay-550002 on 6 for 4, open, password ''",
    "silent for 60 s",
    "= plugpay-550002",
    "taken, 54 bytes",
    "dropped",
    "threw access point: it is there already",
  ]);
});

test("a cable looks for open sockets, joins one without a password, and hears its socket once it has an address", () => {
  assert.deepEqual(played("cable"), [
    "stack",
    "event loop",
    "radio, without flash",
    "interface WIFI_STA_DIRECT, flags 0, priority 100,",
    "attached as station",
    "default handlers",
    "handler of 1",
    "handler of 4",
    "handler of 5",
    "settings in memory",
    "mode 1",
    "mac",
    "radio on",
    "= 02504c550009",
    "= 02504c550009",
    "threw radio: expected a channel from 1 to 13, or 0 for all",
    "look at 6",
    "= 1",
    "= 0",
    // The house's, one with a password, and what is no name of a socket are not among them.
    "= -30 6 02504c550001 plugpay-550001",
    "= -33 6 02504c550005 plugpay-aaaaaaaaaaaaaaaaaaaaaaaa",
    "= -60 11 02504c550002 plugpay-550002",
    "list cleared",
    "threw radio: expected a channel from 1 to 13 and an access point's address",
    "join plugpay-550001 at 02504c550001 on 6, password ''",
    "connect",
    "= 2",
    "who has 169.254.17.34",
    "= 0",
    "dropped",
    "dropped",
    "= 1",
    "who has 169.254.17.35",
    "= 0",
    "address 169.254.17.34",
    "taken, 54 bytes",
    "dropped",
    "= 4",
    "disconnect",
    "address 0.0.0.0",
    "dropped",
  ]);
});

test("whatever ESP-IDF refuses is told, and nothing goes on after it", () => {
  // The first line of the socket's is about a channel.
  for (let step = 1; step <= 7; step++)
    assert.match(played("socket", step)[step + 1] ?? "", /^threw access point: ESP_/);
  for (let step = 1; step <= 13; step++)
    assert.match(played("cable", step)[step] ?? "", /^threw radio: it does not start: ESP_/);
});
