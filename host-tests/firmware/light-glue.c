/*
 * The glue of the device's light (firmware/native/light-esp32.c) over a stand-in of ESP-IDF's
 * timer, whose clock is a number: prints the level of the pin at each eighth of a second.
 * JavaScript is not called while it plays.
 */

#include "light-esp32.c"

#include <stdio.h>
#include <string.h>

jmp_buf standInAway;
char standInError[128];
void (*standInPlay)(void *);
int standInLevel, standInFails;

static xsMachine machine, *the = &machine;

static void begin(int number, int low)
{
	machine.arguments[0] = (xsSlot){ .number = number };
	machine.arguments[1] = (xsSlot){ .number = low };
	if (setjmp(standInAway))
		printf("threw %s\n", standInError);
	else
		plugpay_light_begin(the);
}

static void shown(const char *rhythm)
{
	machine.arguments[0] = (xsSlot){ .text = rhythm };
	if (setjmp(standInAway))
		printf("threw %s\n", standInError);
	else
		plugpay_light_show(the);
}

static void play_for(int slots)
{
	while (slots--) {
		standInPlay(NULL);
		putchar(standInLevel ? '1' : '0');
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	const int low = argc > 1 && !strcmp(argv[1], "low");

	standInFails = argc > 1 && !strcmp(argv[1], "fails");
	begin(10, low);
	begin(-1, low);
	begin(GPIO_NUM_MAX, low);
	begin(7, low);
	if (!standInPlay)
		return 0;
	begin(7, low);
	play_for(4);
	shown("#.#.....");
	play_for(20);
	shown("##");
	play_for(4);
	shown("");
	shown("#x");
	shown("#################################");
	shown("##################################################");
	play_for(4);
	shown("...............................#");
	play_for(33);
	return 0;
}
