/* ESP-IDF's part in relay-ends.c. */

#include "stand-in.h"

#include <stdio.h>

void esp_restart_noos(void)
{
	printf("ESP-IDF resets\n");
	reset_here();
}

void esp_panic_handler(void *info)
{
	printf("ESP-IDF prints %d\n", *(int *)info);
}
