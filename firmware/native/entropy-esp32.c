/*
 * The device's one draw of true randomness, for the seed of its random generator
 * (shared/board/drbg.ts).
 *
 * esp_random() is true random only while the radio is on or the internal noise source is (ESP-IDF
 * Programming Guide, "Random Number Generation"). The noise source is the SAR ADC's, and may not be
 * on while the ADC samples or the radio works. So the seed is drawn once a boot: with Wi-Fi by its
 * set-up module, which runs before `main`, just before the radio starts; else when `main` asks,
 * before the power gate starts. It is handed out once; a second time is refused.
 */

#include "xsmc.h"
#include "mc.xs.h"

#include "bootloader_random.h"
#include "esp_random.h"

enum { SEED_MIN_BYTES = 48, SEED_MAX_BYTES = 128 };

static enum { NOT_DRAWN, DRAWN, STUCK, TAKEN } state;
static uint32_t seed[SEED_MAX_BYTES / sizeof(uint32_t)];

/*
 * A generator that is stuck repeats itself (NIST SP 800-90B, repetition count test; false alarm
 * once in 2^27 boots).
 */
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

static void draw(void)
{
	if (state != NOT_DRAWN)
		return;
	bootloader_random_enable();
	esp_fill_random(seed, sizeof(seed));
	bootloader_random_disable();
	state = isStuck(seed, sizeof(seed) / sizeof(seed[0])) ? STUCK : DRAWN;
}

/* plugpay_entropy_draw(): what starts the radio calls it first. */
void plugpay_entropy_draw(xsMachine *the)
{
	(void)the;
	draw();
}

/* plugpay_entropy(length) gives an ArrayBuffer. */
void plugpay_entropy(xsMachine *the)
{
	xsIntegerValue length = xsmcToInteger(xsArg(0));

	if ((length < SEED_MIN_BYTES) || (length > SEED_MAX_BYTES))
		xsRangeError("entropy: expected 48 to 128 bytes to be asked for");
	if (state == TAKEN)
		xsUnknownError("entropy: the seed was drawn at boot; take more bytes from the generator that it seeds");
	draw();
	if (state == STUCK)
		xsUnknownError("entropy: the hardware generator repeats itself; restart, and replace the board if it goes on");
	state = TAKEN;
	xsmcSetArrayBuffer(xsResult, seed, length);
	wipe((volatile uint8_t *)seed, sizeof(seed));
}
