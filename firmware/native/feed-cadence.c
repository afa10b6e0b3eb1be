#include "feed-cadence.h"

// In 32 bits, as the chips divide no more at once, and this runs each millisecond.
static uint32_t since(uint64_t then_us, uint64_t now_us) {
  uint64_t time = now_us - then_us;
  return time < UINT32_MAX ? (uint32_t)time : UINT32_MAX;
}

void feed_cadence_begin(feed_cadence *cadence, uint64_t now_us) {
  *cadence = (feed_cadence){.fed = now_us, .awake = now_us, .patience = FEED_CADENCE_MOST_US};
}

void feed_cadence_wake(feed_cadence *cadence, uint64_t now_us) {
  uint32_t pause = since(cadence->awake, now_us);
  uint32_t patience = cadence->patience + pause / FEED_CADENCE_SHARE;
  cadence->awake = now_us;
  if (cadence->watch != FEED_UNWATCHED && pause > cadence->asleep) cadence->asleep = pause;
  cadence->patience = patience < FEED_CADENCE_MOST_US ? patience : FEED_CADENCE_MOST_US;
  if (pause <= FEED_CADENCE_PAUSE_US || pause > cadence->patience) return;
  cadence->patience -= pause;
  cadence->stood += pause;
  cadence->standstills++;
}

void feed_cadence_watch(feed_cadence *cadence, int on) {
  if (on) cadence->watch = FEED_WATCHED;
  else if (cadence->watch == FEED_WATCHED) cadence->watch = FEED_WATCH_ENDS;
}

uint64_t feed_cadence_silence(const feed_cadence *cadence, uint64_t now_us) {
  return now_us - cadence->fed - cadence->stood;
}

static void count(feed_gaps *gaps, uint32_t gap) {
  int bin = 0;
  for (uint32_t rest = gap / 2000; rest && bin < FEED_CADENCE_GAPS - 1; rest /= 2) bin++;
  if (gaps->counts[bin] < UINT32_MAX) gaps->counts[bin]++;
  if (gap > gaps->longest) gaps->longest = gap;
}

void feed_cadence_note(feed_cadence *cadence, uint64_t now_us, int counts) {
  uint32_t gap = since(cadence->fed, now_us);
  cadence->fed = now_us;
  cadence->stood = 0;
  if (!counts) return;
  count(&cadence->all, gap);
  if (cadence->watch != FEED_UNWATCHED) count(&cadence->watched, gap);
  if (cadence->watch == FEED_WATCH_ENDS) cadence->watch = FEED_UNWATCHED;
}

void feed_cadence_forget(feed_cadence *cadence) {
  cadence->all = cadence->watched = (feed_gaps){0};
  cadence->asleep = cadence->standstills = 0;
}
