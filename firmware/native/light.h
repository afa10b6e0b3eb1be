/*
 * The rhythm of one light: a text in which each sign is an eighth of a second, '#' lit and '.'
 * dark, again and again. No clock and no pin here; light-esp32.c has both.
 */

#ifndef PLUGPAY_LIGHT_H
#define PLUGPAY_LIGHT_H

#include <stdbool.h>
#include <stdint.h>

enum { LIGHT_MOST = 32, LIGHT_SLOT_MS = 125 };

typedef struct {
	uint32_t lit; /* bit n: sign n is '#' */
	uint8_t length, at;
} light_t;

/*
 * Begins with the rhythm's first sign. False, and nothing changes, where it is none: 1 to 32 of the
 * two signs.
 */
bool light_rhythm(light_t *light, const char *rhythm);

/* Whether the light is on for the next eighth of a second. Dark without a rhythm. */
bool light_next(light_t *light);

#endif
