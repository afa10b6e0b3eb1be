// How regularly the gate's feed comes, and whose silence it is: its own, or that of all tasks.
// Portable C11.
//
// While a page of flash is erased no task runs: 45 ms as a rule, 400 ms at most by usual datasheets
// (docs/metering.md). Neither the feed nor the timer that watches it is at fault then. A silence
// during which the timer ran is the feed's own.
#ifndef PLUGPAY_FEED_CADENCE_H
#define PLUGPAY_FEED_CADENCE_H

#include <stdint.h>

#define FEED_CADENCE_GAPS 10         // under 2, 4, 8, ... 512 ms, and longer
#define FEED_CADENCE_PAUSE_US 40000u // two ticks of the timer: what is shorter is no standstill
#define FEED_CADENCE_MOST_US 500000u // standing still in one go that is borne
#define FEED_CADENCE_SHARE 10u      // and a tenth of the time in the long run

typedef struct {
  uint32_t counts[FEED_CADENCE_GAPS]; // how often the time between two feeds was so long
  uint32_t longest;                   // us
} feed_gaps;

typedef struct {
  feed_gaps all, watched;           // `watched`: those of which any part was watched
  uint32_t asleep;                  // us for which nothing ran at most, feed or timer, while it was watched
  enum { FEED_UNWATCHED, FEED_WATCHED, FEED_WATCH_ENDS } watch; // it ends with the next feed: that gap is watched too
  uint32_t standstills;             // of those that were borne
  uint64_t fed, awake;              // when the last feed came; when anything ran last
  uint64_t stood;                   // us without any task since the last feed
  uint32_t patience;                // us of standing still that may still come
} feed_cadence;

void feed_cadence_begin(feed_cadence *cadence, uint64_t now_us);

// At each tick, and at each feed before it is noted.
void feed_cadence_wake(feed_cadence *cadence, uint64_t now_us);

// From when to when it is looked at more closely: while JavaScript computes a signature, say.
void feed_cadence_watch(feed_cadence *cadence, int on);

// How long the feed has been silent while others ran.
uint64_t feed_cadence_silence(const feed_cadence *cadence, uint64_t now_us);

// A feed came. `counts`: it is not the first, so the gap before it is one.
void feed_cadence_note(feed_cadence *cadence, uint64_t now_us, int counts);

// A new histogram.
void feed_cadence_forget(feed_cadence *cadence);

#endif
