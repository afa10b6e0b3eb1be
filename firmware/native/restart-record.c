#include "restart-record.h"

#include <stddef.h>
#include <string.h>

static const char ASKED[] = "owner-restart";

enum { MAGIC = 0x52455331, MOST_DEATHS = 10, FIRST_PAUSE = 1000 };

/* FNV-1a over all that is before it: enough for memory that lost its power. */
static uint32_t checkOf(const restart_record *record)
{
	const uint8_t *bytes = (const uint8_t *)record;
	uint32_t sum = 2166136261u;
	for (size_t k = 0; k < offsetof(restart_record, check); k++)
		sum = (sum ^ bytes[k]) * 16777619u;
	return sum;
}

static bool whole(const restart_record *record)
{
	return (record->magic == MAGIC) && (record->check == checkOf(record));
}

static void clear(restart_record *record)
{
	memset(record, 0, sizeof(*record));
	record->magic = MAGIC;
}

static void copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);
	if (length >= size)
		length = size - 1;
	memcpy(to, from, length);
	memset(to + length, 0, size - length);
}

void restart_record_died(restart_record *record, const char *cause, const char *why)
{
	if (!whole(record))
		clear(record);
	if (record->cause[0] == 0)
		copy(record->cause, sizeof(record->cause), cause);
	if (why && (record->why[0] == 0))
		copy(record->why, sizeof(record->why), why);
	record->check = checkOf(record);
}

void restart_record_asked(restart_record *record)
{
	restart_record_died(record, ASKED, NULL);
	record->deaths = 0;
	record->check = checkOf(record);
}

void restart_record_started(restart_record *record, bool failed, restart_record *last)
{
	if (!whole(record) || !failed)
		clear(record);
	if (failed && strcmp(record->cause, ASKED) && (record->deaths < MOST_DEATHS))
		record->deaths++;
	*last = *record;
	memset(record->cause, 0, sizeof(record->cause));
	memset(record->why, 0, sizeof(record->why));
	record->check = checkOf(record);
}

void restart_record_settled(restart_record *record)
{
	record->deaths = 0;
	record->check = checkOf(record);
}

uint32_t restart_record_pause(const restart_record *record)
{
	return (record->deaths < 2) ? 0 : (uint32_t)FIRST_PAUSE << (record->deaths - 2);
}
