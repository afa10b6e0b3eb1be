/*
 * The device's one draw of true randomness, for the seed of its random generator (shared/drbg.ts).
 *
 * esp_random() is true random only while the radio is on or the internal noise source is (ESP-IDF Programming Guide,
 * "Random Number Generation"). The noise source is the SAR ADC's, and may not be on while the ADC samples or the radio
 * works. So the seed is drawn once, at boot, before the power gate and the network start; a second draw is refused.
 */

#include "xsmc.h"
#include "mc.xs.h"

#include "bootloader_random.h"
#include "esp_random.h"

enum { SEED_MIN_BYTES = 48, SEED_MAX_BYTES = 128 };

static uint8_t drawn;

/* A generator that is stuck repeats itself (NIST SP 800-90B, repetition count test; false alarm once in 2^27 boots). */
static int isStuck(const uint32_t *words, int count)
{
	for (int i = 1; i < count; i++) {
		if (words[i] == words[i - 1])
			return 1;
	}
	return 0;
}

/* A plain memset of what is not read again may be left out by the compiler. */
static void wipe(volatile uint8_t *bytes, int count)
{
	while (count--)
		*bytes++ = 0;
}

/* plugpay_entropy(length) gives an ArrayBuffer. */
void plugpay_entropy(xsMachine *the)
{
	uint32_t words[SEED_MAX_BYTES / sizeof(uint32_t)];
	xsIntegerValue length = xsmcToInteger(xsArg(0));

	if ((length < SEED_MIN_BYTES) || (length > SEED_MAX_BYTES))
		xsRangeError("entropy: expected 48 to 128 bytes to be asked for");
	if (drawn)
		xsUnknownError("entropy: the seed was drawn at boot; take more bytes from the generator that it seeds");

	bootloader_random_enable();
	esp_fill_random(words, sizeof(words));
	bootloader_random_disable();

	if (isStuck(words, sizeof(words) / sizeof(words[0])))
		xsUnknownError("entropy: the hardware generator repeats itself; restart, and replace the board if it goes on");
	drawn = 1;
	xsmcSetArrayBuffer(xsResult, words, length);
	wipe((volatile uint8_t *)words, sizeof(words));
}
