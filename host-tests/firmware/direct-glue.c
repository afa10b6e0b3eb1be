/*
 * The glue of a socket's access point and of a visiting cable's radio
 * (firmware/native/access-point-esp32.c, radio-esp32.c), over stand-ins of ESP-IDF that print what
 * they are told, a line each.
 */

#include "access-point-esp32.c"
#undef PREFIX
#define take takeAtCable
#define theStack theCablesStack
#define make_interface makeCablesInterface
#define ROUTE_PRIORITY CABLES_ROUTE_PRIORITY
#define HIGHEST_CHANNEL CABLES_HIGHEST_CHANNEL
#include "radio-esp32.c"

#include <stdarg.h>

static jmp_buf away;
char standInError[128];
standInHandler standInHandlers[8];
int standInHandlerCount;
esp_netif_t standInNetifs[2];
int standInNetifCount;
wifi_ap_record_t standInAir[8];
int standInAirCount;
int standInFailAt;
int standInSteps;

esp_err_t standInStep(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
	return ++standInSteps == standInFailAt ? ESP_FAIL : ESP_OK;
}

void standInThrow(void)
{
	printf("threw %s\n", standInError);
	longjmp(away, 1);
}

static xsMachine machine, *the = &machine;

/* Calls a host function with these arguments; prints what it gives. */
static void call(void (*function)(xsMachine *), const char *a, const char *b, int c, int d)
{
	machine.arguments[0] = (xsSlot){ .text = a, .number = a ? 0 : c };
	machine.arguments[1] = (xsSlot){ .text = b, .number = b ? 0 : d };
	machine.arguments[2] = (xsSlot){ .number = c };
	machine.arguments[3] = (xsSlot){ .number = d };
	machine.result = (xsSlot){ .text = NULL, .number = -1 };
	if (setjmp(away))
		return;
	function(the);
	if (machine.result.text)
		printf("= %s\n", machine.result.text);
	else if (machine.result.number >= 0)
		printf("= %d\n", (int)machine.result.number);
}

static void frame(esp_netif_t *netif, const char *hex)
{
	uint8_t bytes[64];
	size_t length = 0;
	unsigned value;
	for (; sscanf(hex + 2 * length, "%2x", &value) == 1; length++)
		bytes[length] = (uint8_t)value;
	/* Where it was not made, nothing comes. */
	if (!netif->stack)
		return;
	uint8_t *exact = malloc(length);
	memcpy(exact, bytes, length);
	netif->stack->lwip.input_fn(netif, exact, length, exact);
}

static void event(int32_t id)
{
	for (int i = 0; i < standInHandlerCount; i++)
		if (standInHandlers[i].id == id)
			standInHandlers[i].handler(NULL, WIFI_EVENT, id, NULL);
}

#define CALL "02504c55000202504c550009080045000028000000004006" "0000" "a9fe1122a9fe5050" "c3501f90" "00000000000000005002200000000000"
#define DATAGRAM "02504c55000202504c550009080045000028000000004011" "0000" "a9fe1122a9fe5050" "c3501f90" "00000000000000005002200000000000"
#define ANSWER "02504c55000902504c550001080045000028000000004006" "0000" "a9fe5050a9fe1122" "1f90c350" "00000000000000005002200000000000"
#define DISPUTE "ffffffffffff02504c5500ee08060001080006040001" "02504c5500ee" "00000000" "000000000000" "a9fe1122"

static void access_point(void)
{
	call(plugpay_access_point, "169.254.80.80", "255.255.0.0", 8080, 14);
	call(plugpay_access_point, "169.254.80.80", "255.255.0.0", 8080, 6);
	frame(&standInNetifs[0], CALL);
	frame(&standInNetifs[0], DATAGRAM);
	call(plugpay_access_point, "169.254.80.80", "255.255.0.0", 8080, 6);
}

static void cable(void)
{
	call(plugpay_radio_leave, NULL, NULL, 0, 0);
	call(plugpay_radio_begin, "169.254.80.80", NULL, 0, 8080);
	call(plugpay_radio_begin, "169.254.80.80", NULL, 0, 8080);
	call(plugpay_radio_scan, NULL, NULL, 14, 0);
	call(plugpay_radio_scan, NULL, NULL, 6, 0);
	event(WIFI_EVENT_SCAN_DONE);
	call(plugpay_radio_events, NULL, NULL, 0, 0);
	call(plugpay_radio_events, NULL, NULL, 0, 0);
	for (int i = 0; i < 4; i++)
		call(plugpay_radio_next, NULL, NULL, 0, 0);
	call(plugpay_radio_join, "plugpay-550001", "02504c55000", 6, 0);
	call(plugpay_radio_join, "plugpay-550001", "02504c550001", 6, 0);
	event(WIFI_EVENT_STA_CONNECTED);
	call(plugpay_radio_events, NULL, NULL, 0, 0);
	call(plugpay_radio_probe, "169.254.17.34", NULL, 0, 0);
	call(plugpay_radio_disputed, NULL, NULL, 0, 0);
	frame(&standInNetifs[0], ANSWER);
	frame(&standInNetifs[0], DISPUTE);
	call(plugpay_radio_disputed, NULL, NULL, 0, 0);
	call(plugpay_radio_probe, "169.254.17.35", NULL, 0, 0);
	call(plugpay_radio_disputed, NULL, NULL, 0, 0);
	call(plugpay_radio_settle, "169.254.17.34", NULL, 0, 0);
	frame(&standInNetifs[0], ANSWER);
	frame(&standInNetifs[0], CALL);
	event(WIFI_EVENT_STA_DISCONNECTED);
	call(plugpay_radio_events, NULL, NULL, 0, 0);
	call(plugpay_radio_leave, NULL, NULL, 0, 0);
	frame(&standInNetifs[0], ANSWER);
}

int main(int argc, char **argv)
{
	if (argc > 2)
		standInFailAt = atoi(argv[2]);
	machine.mac[5] = argv[1][0] == 's' ? 2 : 9;
	memcpy(standInMac, (const uint8_t[]){ 2, 0x50, 0x4c, 0x55, 0, machine.mac[5] }, 6);
	standInAir[0] = (wifi_ap_record_t){ { 2, 0x50, 0x4c, 0x55, 0, 0xff }, "the house", 6, -20, WIFI_AUTH_WPA2_PSK };
	standInAir[1] = (wifi_ap_record_t){ { 2, 0x50, 0x4c, 0x55, 0, 1 }, "plugpay-550001", 6, -30, WIFI_AUTH_OPEN };
	standInAir[2] = (wifi_ap_record_t){ { 2, 0x50, 0x4c, 0x55, 0, 3 }, "plugpay-550003", 6, -31, WIFI_AUTH_WPA2_PSK };
	standInAir[3] = (wifi_ap_record_t){ { 2, 0x50, 0x4c, 0x55, 0, 4 }, "plugpay-5500 4", 6, -32, WIFI_AUTH_OPEN };
	standInAir[4] = (wifi_ap_record_t){ { 2, 0x50, 0x4c, 0x55, 0, 5 }, "plugpay-aaaaaaaaaaaaaaaaaaaaaaaa", 6, -33, WIFI_AUTH_OPEN };
	standInAir[5] = (wifi_ap_record_t){ { 2, 0x50, 0x4c, 0x55, 0, 2 }, "plugpay-550002", 11, -60, WIFI_AUTH_OPEN };
	standInAirCount = 6;
	if (argv[1][0] == 's')
		access_point();
	else
		cable();
	return 0;
}
