/*
 * Reads a line "WHO HEX" each, and prints 1 or 0: whether that frame is taken by the socket's
 * access point (socket), by the cable (cable), by a cable that has no address yet (bare), or
 * disputes the cable's address (dispute). "fuzz SEED RUNS" throws frames that were changed at
 * random at all of them, in buffers of just their length.
 */

#include "direct-frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const direct_socket theSocket = { { 2, 0x50, 0x4c, 0x55, 0, 1 }, 0xa9fe5050u, 8080 };
static direct_cable theCable = { { 2, 0x50, 0x4c, 0x55, 0, 9 }, 0xa9fe1122u, { { 2, 0x50, 0x4c, 0x55, 0, 1 }, 0xa9fe5050u, 8080 } };

static int answer(const char *who, const uint8_t *frame, size_t length)
{
	direct_cable bare = theCable;
	bare.address = 0;
	if (!strcmp(who, "socket"))
		return direct_socket_admits(&theSocket, frame, length);
	if (!strcmp(who, "cable"))
		return direct_cable_admits(&theCable, frame, length);
	if (!strcmp(who, "bare"))
		return direct_cable_admits(&bare, frame, length);
	return direct_disputes(theCable.mac, theCable.address, frame, length);
}

static size_t decode(const char *hex, uint8_t *bytes, size_t most)
{
	size_t count = 0;
	unsigned value;
	for (; count < most && sscanf(hex + 2 * count, "%2x", &value) == 1; count++)
		bytes[count] = (uint8_t)value;
	return count;
}

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

/*
 * Whatever is taken leads to the one port, or asks for the one address: read anew here, in another
 * way.
 */
static void check(const char *who, const uint8_t *frame, size_t length)
{
	uint32_t own = !strcmp(who, "socket") ? theSocket.address : theCable.address;
	size_t at = frame[13] == 6 ? 14 + 24 : 14 + 16;
	uint32_t target = (uint32_t)frame[at] << 24 | (uint32_t)frame[at + 1] << 16 | (uint32_t)frame[at + 2] << 8 | frame[at + 3];
	if (length < 42 || frame[12] != 8 || (frame[13] != 0 && frame[13] != 6) || target != own || (frame[13] == 0 && frame[14 + 9] != 6)) {
		printf("%s took a wrong frame\n", who);
		exit(1);
	}
}

static void fuzz(uint32_t runs)
{
	static const char *const seeds[] = {
		"02504c55000102504c550009080045000028000000004006000 0a9fe1122a9fe5050c3501f900000000000000000500220000000000",
		"ffffffffffff02504c5500090806000108000604000102504c550009a9fe1122000000000000a9fe5050",
		"02504c55000902504c5500010806000108000604000202504c550001a9fe505002504c550009a9fe1122",
		"02504c55000902504c55000108004500002800000000400600 00a9fe5050a9fe11221f90c3500000000000000000500220000000000"
	};
	static const char *const all[] = { "socket", "cable", "bare", "dispute" };
	uint8_t bytes[128];
	unsigned taken = 0;
	for (uint32_t run = 0; run < runs; run++) {
		char text[256] = "";
		for (const char *from = seeds[dice(4)]; *from; from++)
			if (*from != ' ')
				strncat(text, from, 1);
		size_t length = decode(text, bytes, sizeof(bytes));
		for (uint32_t changes = dice(4); changes; changes--)
			bytes[dice((uint32_t)length)] = (uint8_t)dice(256);
		if (dice(4) == 0)
			length = dice((uint32_t)length + 1);
		uint8_t *exact = malloc(length ? length : 1);
		memcpy(exact, bytes, length);
		for (int i = 0; i < 4; i++) {
			if (!answer(all[i], exact, length))
				continue;
			taken++;
			if (i < 2)
				check(all[i], exact, length);
		}
		free(exact);
	}
	printf("%s\n", taken > runs / 10 ? "some taken" : "hardly any taken");
}

int main(void)
{
	char who[16], hex[512];
	uint32_t runs;
	while (scanf("%15s", who) == 1) {
		if (!strcmp(who, "fuzz")) {
			if (scanf("%u %u", &seed, &runs) == 2)
				fuzz(runs);
			continue;
		}
		if (scanf("%511s", hex) != 1)
			return 1;
		uint8_t bytes[256];
		size_t length = hex[0] == '-' ? 0 : decode(hex, bytes, sizeof(bytes));
		uint8_t *exact = malloc(length ? length : 1);
		memcpy(exact, bytes, length);
		printf("%d\n", answer(who, exact, length));
		free(exact);
	}
	return 0;
}
