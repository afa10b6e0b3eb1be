#include "feed-watch.h"

void feed_watch_begin(feed_watch *watch) { *watch = (feed_watch){.patience = FEED_WATCH_FIRST}; }

bool feed_watch_note(feed_watch *watch, bool came) {
  if (came) {
    watch->silent = 0;
    watch->patience = FEED_WATCH_FIRST;
    return false;
  }
  if (++watch->silent < watch->patience) return false;
  watch->silent = 0;
  watch->patience = watch->patience < FEED_WATCH_LAST ? watch->patience * 2 : FEED_WATCH_LAST;
  watch->restarts++;
  return true;
}
