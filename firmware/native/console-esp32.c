/*
 * The console on a board: what the device tells. In a release build XS's own `trace` prints nothing.
 *
 * Printing waits while the serial port's queue of 128 bytes is full, 9 ms for each 100 characters beyond it: JavaScript's
 * task waits, the power gate's does not.
 */

#include "xsmc.h"
#include "mc.xs.h"

#include <stdio.h>

/* plugpay_print(text) */
void plugpay_print(xsMachine *the)
{
	fputs(xsmcToString(xsArg(0)), stdout);
	fflush(stdout);
}
