/* Plays the lives of a device on its restart record; words on standard input, one line a step. */

#include "restart-record.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
	static restart_record kept, last;
	char line[400];
	memset(&kept, 0xa5, sizeof(kept)); /* what lies in memory after power came */
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		char *why = strchr(line, ' ');
		if (why)
			*why++ = 0;
		if (!strcmp(line, "fault") || !strcmp(line, "power")) {
			restart_record_started(&kept, line[0] == 'f', &last);
			printf("%s|%s|%u\n", last.cause, last.why, (unsigned)restart_record_pause(&last));
		} else if (!strcmp(line, "settled"))
			restart_record_settled(&kept);
		else if (!strcmp(line, "asked"))
			restart_record_asked(&kept);
		else if (!strcmp(line, "torn"))
			((char *)&kept)[9] ^= 1;
		else
			restart_record_died(&kept, line, why);
	}
	return 0;
}
