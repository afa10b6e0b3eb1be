#include "feed-cadence.h"

#include <string.h>

void feed_cadence_begin(feed_cadence *cadence, uint64_t now_us) {
  *cadence = (feed_cadence){.fed = now_us, .awake = now_us, .patience = FEED_CADENCE_MOST_US};
}

void feed_cadence_wake(feed_cadence *cadence, uint64_t now_us) {
  uint64_t pause = now_us - cadence->awake;
  uint64_t patience = cadence->patience + pause / FEED_CADENCE_SHARE;
  cadence->awake = now_us;
  cadence->patience = patience < FEED_CADENCE_MOST_US ? (uint32_t)patience : FEED_CADENCE_MOST_US;
  if (pause <= FEED_CADENCE_PAUSE_US || pause > cadence->patience) return;
  cadence->patience -= (uint32_t)pause;
  cadence->stood += pause;
  cadence->standstills++;
}

uint64_t feed_cadence_silence(const feed_cadence *cadence, uint64_t now_us) {
  return now_us - cadence->fed - cadence->stood;
}

void feed_cadence_note(feed_cadence *cadence, uint64_t now_us, int counts) {
  uint64_t gap = now_us - cadence->fed;
  cadence->fed = now_us;
  cadence->stood = 0;
  if (!counts) return;
  int bin = 0;
  for (uint64_t rest = gap / 2000; rest && bin < FEED_CADENCE_GAPS - 1; rest /= 2) bin++;
  if (cadence->gaps[bin] < UINT32_MAX) cadence->gaps[bin]++;
  if (gap > cadence->longest) cadence->longest = gap < UINT32_MAX ? (uint32_t)gap : UINT32_MAX;
}

void feed_cadence_forget(feed_cadence *cadence) {
  memset(cadence->gaps, 0, sizeof cadence->gaps);
  cadence->longest = cadence->standstills = 0;
}
