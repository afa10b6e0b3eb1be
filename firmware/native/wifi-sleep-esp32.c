/*
 * Wi-Fi sleeps between beacons (ESP-IDF's default, WIFI_PS_MIN_MODEM): what is sent to the device
 * waits for the next one, 100 to 300 ms, and a payment has several such ways. While a plug is
 * occupied it does not sleep, at 0.1 W or so more.
 */

#include "xsmc.h"
#include "mc.xs.h"

#include "esp_wifi.h"

/* plugpay_wifi_sleep(whether) gives whether the radio took it: it does not before it is up. */
void plugpay_wifi_sleep(xsMachine *the)
{
	wifi_ps_type_t mode = xsmcToBoolean(xsArg(0)) ? WIFI_PS_MIN_MODEM : WIFI_PS_NONE;
	xsmcSetBoolean(xsResult, esp_wifi_set_ps(mode) == ESP_OK);
}
