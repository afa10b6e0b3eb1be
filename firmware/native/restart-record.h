/*
 * Why a device started again, kept in memory that outlives a restart and not a power cut. It pauses
 * before it works: the longer, the more often it died in a row. Portable; restart-esp32.c has the
 * chip's side.
 */
#ifndef PLUGPAY_RESTART_RECORD_H
#define PLUGPAY_RESTART_RECORD_H

#include <stdbool.h>
#include <stdint.h>

enum { RESTART_CAUSE = 24, RESTART_WHY = 104 };

/* Lies in memory that nobody cleared: `magic` and `check` tell whether it is one. */
typedef struct {
	uint32_t magic;
	uint32_t deaths; /* in a row */
	char cause[RESTART_CAUSE]; /* what the dying firmware called it; empty: it could not say */
	char why[RESTART_WHY];
	uint32_t check;
} restart_record;

/*
 * The dying firmware's words. The first of a run stay: what follows is what they caused. `why` may
 * be NULL.
 */
void restart_record_died(restart_record *record, const char *cause, const char *why);

/*
 * The owner asked for a restart: no death, whatever the chip calls it. Comes first, so that its
 * word stays.
 */
void restart_record_asked(restart_record *record);

/*
 * At the start. `failed`: the chip says that the last run ended by a fault. Gives what the last run
 * left in `last`.
 */
void restart_record_started(restart_record *record, bool failed, restart_record *last);

/* It ran long enough: whatever comes is not a loop. */
void restart_record_settled(restart_record *record);

/*
 * How long to wait with the relay open before working, ms: none after the first death, then 1 s, 2
 * s, 4 s to 256 s.
 */
uint32_t restart_record_pause(const restart_record *record);

#endif
