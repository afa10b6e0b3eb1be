// The glue of the emulator's network card: after its link was lost and is back, each frame reaches
// the stack as it comes; and the watchdog, which runs twice as fast there, gets twice the time.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeHeaders } from "./stand-in-headers";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-card-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** As much of XS and ESP-IDF as the glue asks for. */
const STAND_IN = `#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
typedef struct { int slot; } xsMachine;
#define xsArg(index) (the->slot)
#define xsmcToStringBuffer(slot, buffer, size) ((buffer)[0] = 0, (void)sizeof(slot))
#define xsUnknownError(...) abort()
typedef int esp_err_t;
enum { ESP_OK, ESP_ERR_INVALID_ARG, ESP_ERR_INVALID_STATE, ESP_ERR_NO_MEM };
typedef enum { ETH_LINK_UP, ETH_LINK_DOWN } eth_link_t;
typedef struct esp_eth_mac { esp_err_t (*set_link)(struct esp_eth_mac *, eth_link_t); } esp_eth_mac_t;
typedef struct { int unused; } eth_mac_config_t;
typedef struct { int reset_gpio_num, autonego_timeout_ms; } eth_phy_config_t;
typedef struct { esp_eth_mac_t *mac; void *phy; } esp_eth_config_t;
typedef void *esp_eth_handle_t;
typedef struct { uint32_t addr; } esp_ip4_addr_t;
typedef struct { esp_ip4_addr_t ip, netmask; } esp_netif_ip_info_t;
typedef struct { int unused; } esp_netif_config_t;
typedef void esp_netif_t;
enum { ETH_CMD_S_MAC_ADDR };
#define ETH_MAC_DEFAULT_CONFIG() { 0 }
#define ETH_PHY_DEFAULT_CONFIG() { 0, 0 }
#define ETH_DEFAULT_CONFIG(emac, ephy) { (emac), (ephy) }
#define ESP_NETIF_DEFAULT_ETH() { 0 }
esp_eth_mac_t *esp_eth_mac_new_openeth(const eth_mac_config_t *);
esp_err_t esp_eth_driver_install(const esp_eth_config_t *, esp_eth_handle_t *);
#define esp_eth_phy_new_generic(config) ((void *)(config))
#define esp_eth_ioctl(driver, command, data) ((void)(data), ESP_OK)
#define esp_netif_init() ESP_OK
#define esp_event_loop_create_default() ESP_OK
#define esp_netif_new(config) ((void *)(config))
#define esp_eth_new_netif_glue(driver) (driver)
#define esp_netif_attach(interface, glue) ((void)(glue), ESP_OK)
#define esp_netif_dhcpc_stop(interface) ((void)(interface))
#define esp_netif_set_ip_info(interface, info) ((void)(info), ESP_OK)
#define esp_netif_str_to_ip4(text, into) ((into)->addr = 1, ESP_OK)
#define esp_eth_start(driver) ESP_OK
#define CONFIG_ESP_TASK_WDT_TIMEOUT_S 8
typedef struct { unsigned timeout_ms, idle_core_mask; bool trigger_panic; } esp_task_wdt_config_t;
esp_err_t esp_task_wdt_reconfigure(const esp_task_wdt_config_t *);
`;

const HEADERS = [
  ...["xsmc", "xsHost", "mc.xs", "esp_eth", "esp_eth_driver", "esp_eth_mac_openeth"],
  ...["esp_eth_phy", "esp_event", "esp_netif", "esp_task_wdt", "sdkconfig"],
];

test("the watchdog has twice its time; after its link was lost each frame is handed on as it comes, and in order", () => {
  writeHeaders(folder, HEADERS, STAND_IN);
  const program = join(folder, "card");
  execFileSync(process.env.CC ?? "cc", [
    ...["-Wall", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", program],
    ...[`-I${folder}`, `-I${join(ROOT, "firmware/native")}`, join(import.meta.dirname, "emulated-card.c")],
  ]);
  assert.equal(execFileSync(program, { encoding: "utf8", timeout: 20_000 }).trim(), "16 s: a b c d e f");
});
