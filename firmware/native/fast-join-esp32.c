/*
 * Joins an access point that is known already: the radio listens on its one channel, a tenth of a
 * second or three, where the SDK's module looks through all thirteen, two seconds or three, and
 * takes no access point's address.
 *
 * The SDK's module has started the radio and hears of what comes of it, but not of a failure: it
 * did not ask.
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "esp_wifi.h"

#include <stdlib.h>
#include <string.h>

/* "02:50:4c:55:00:01", or without colons, as six bytes. */
static int read_address(const char *text, uint8_t *address)
{
	for (int i = 0; i < 6; i++) {
		char digits[3] = { text[0], text[0] ? text[1] : 0, 0 };
		char *end;
		address[i] = (uint8_t)strtoul(digits, &end, 16);
		if (end != digits + 2)
			return 0;
		text += 2;
		if (*text == ':')
			text++;
	}
	return *text == 0;
}

static void read_text(xsMachine *the, xsSlot *slot, uint8_t *to, size_t size)
{
	char text[sizeof(((wifi_sta_config_t *)0)->password) + 1];

	xsmcToStringBuffer(*slot, text, sizeof(text));
	size_t length = strlen(text);
	if (length > size)
		xsRangeError("fast-join: name or password too long");
	memcpy(to, text, length);
}

void plugpay_join_known(xsMachine *the)
{
	wifi_config_t config = {0};
	char bssid[18];
	int channel = xsmcToInteger(xsArg(3));

	read_text(the, &xsArg(0), config.sta.ssid, sizeof(config.sta.ssid));
	read_text(the, &xsArg(1), config.sta.password, sizeof(config.sta.password));
	xsmcToStringBuffer(xsArg(2), bssid, sizeof(bssid));
	if (channel < 1 || channel > 13 || !read_address(bssid, config.sta.bssid))
		xsRangeError("fast-join: expected a channel from 1 to 13 and an address of six bytes");
	config.sta.bssid_set = true;
	config.sta.channel = (uint8_t)channel;
	config.sta.scan_method = WIFI_FAST_SCAN;
	esp_err_t error = esp_wifi_set_config(WIFI_IF_STA, &config);
	if (error == ESP_OK)
		error = esp_wifi_connect();
	if (error != ESP_OK)
		xsUnknownError("fast-join: %s", esp_err_to_name(error));
}
