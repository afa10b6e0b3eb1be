// When a driver that fell silent is to be stopped and started. Portable C11.
//
// On the ESP32-S3, -C3 and -C6 the ADC's DMA halts for good when it meets a descriptor that nobody
// gave back, as after a long stop of the interrupts; nothing in the driver says so, reads only time
// out. Starting it anew gives all descriptors back.
#ifndef PLUGPAY_FEED_WATCH_H
#define PLUGPAY_FEED_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define FEED_WATCH_READ_MS 20 // how long a read waits; two of them are half of what the gate takes for a lost feed
#define FEED_WATCH_FIRST 2    // reads without data before the first restart
#define FEED_WATCH_LAST 64    // and at most, once restarts have not helped: 1.3 s

typedef struct {
  uint32_t silent;   // reads without data since the last data or restart
  uint32_t patience; // so many of them bring a restart
  uint32_t restarts; // since the start
} feed_watch;

void feed_watch_begin(feed_watch *watch);

// After each read: whether data came. True when the driver is to be stopped and started now.
bool feed_watch_note(feed_watch *watch, bool came);

#endif
