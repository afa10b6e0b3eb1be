// A board on which all tasks stand still for a while, for standstill.test.ts: one request a line,
// one answer. A load of 230 V and of the current that is asked for; the converter's driver keeps
// what comes during a standstill, as far as its pool goes.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/native/power-gate.h"

enum { BLOCK = 4, MS = 1000, TICK_MS = 20, REPORT_MS = 55 };

static power_gate gate;
static uint64_t now_ms;
static double amperes;
static long pool_ms;
static bool by_chip; // a metering chip reports, one each 55 ms
static double truth; // uWh that flowed
static uint64_t sample;

static void take_block(bool closed) {
  uint16_t current[BLOCK], voltage[BLOCK];
  for (int k = 0; k < BLOCK; k++, sample++) {
    double sine = sin(6.283185307179586 * 50 * (double)sample / 4000) * sqrt(2);
    double flows = closed ? amperes : 0;
    current[k] = (uint16_t)lrint(2048 + sine * flows * 2048 / 35 + (double)(sample % 3) - 1);
    voltage[k] = (uint16_t)lrint(2048 + sine * 230 * 2048 / 450 + (double)(sample % 3) - 1);
  }
  power_gate_feed(&gate, current, voltage, BLOCK, now_ms * MS);
}

static void flow(void) {
  if (power_gate_closed(&gate)) truth += 230 * amperes / 3.6;
}

static void take_report(bool closed) {
  double flows = closed ? amperes : 0;
  power_gate_report report = {
      .energy = (uint32_t)(230 * flows * REPORT_MS / 3.6),
      .quantum = 3,
      .voltage = 230000,
      .current = (int32_t)(flows * 1000),
      .power = (int32_t)(230000 * flows),
  };
  power_gate_measured(&gate, &report, now_ms * MS);
}

static void run(long milliseconds, int feeds) {
  for (long k = 0; k < milliseconds; k++) {
    now_ms++;
    flow();
    if (now_ms % TICK_MS == 0) power_gate_tick(&gate, now_ms * MS);
    if (feeds && !by_chip) take_block(power_gate_closed(&gate));
    if (feeds && by_chip && now_ms % REPORT_MS == 0) take_report(power_gate_closed(&gate));
  }
}

// Nothing runs; then the timer does, and the driver hands over what its pool held.
static void stand_still(long milliseconds) {
  bool closed = power_gate_closed(&gate);
  for (long k = 0; k < milliseconds; k++) {
    now_ms++;
    flow();
  }
  power_gate_tick(&gate, now_ms * MS);
  // The serial port's FIFO has room for five frames.
  for (long k = 0; by_chip && k < milliseconds / REPORT_MS && k < 5; k++) take_report(closed);
  if (by_chip) return;
  for (long k = 0; k < milliseconds && k < pool_ms; k++) take_block(closed);
  if (milliseconds > pool_ms) sample += (uint64_t)(milliseconds - pool_ms) * BLOCK;
}

static void begin(long pool, bool chip) {
  power_gate_options options;
  power_gate_defaults(&options);
  pool_ms = pool;
  by_chip = chip;
  now_ms = 1;
  sample = 0;
  truth = amperes = 0;
  if (power_gate_begin(&gate, &options, now_ms * MS)) abort();
  run(800, 1);
  power_gate_grant(&gate, UINT64_MAX, UINT32_MAX, 16000, now_ms * MS);
  run(40, 1);
}

static void answer(void) {
  power_gate_reading reading;
  power_gate_event event;
  power_gate_read(&gate, &reading);
  printf("%d %llu %.0f", reading.closed, (unsigned long long)reading.total, truth);
  while (power_gate_next_event(&gate, &event)) {
    printf(" %s", event.kind == POWER_GATE_TRIP ? power_gate_trip_name(event.cause) : "lease-used");
  }
  putchar('\n');
}

static void print_cadence(void) {
  power_gate_cadence cadence;
  power_gate_take_cadence(&gate, &cadence);
  for (int k = 0; k < FEED_CADENCE_GAPS; k++) printf("%u ", cadence.all.counts[k]);
  printf("longest %u standstills %u rate %u watched", cadence.all.longest, cadence.standstills, cadence.rate);
  for (int k = 0; k < FEED_CADENCE_GAPS; k++) printf(" %u", cadence.watched.counts[k]);
  printf(" longest-watched %u asleep %u\n", cadence.watched.longest, cadence.asleep);
}

int main(void) {
  char line[128];
  while (fgets(line, sizeof line, stdin)) {
    long number = 0;
    char word[32] = "";
    sscanf(line, "%31s %ld", word, &number);
    if (!strcmp(word, "cadence")) {
      print_cadence();
    } else {
      if (!strcmp(word, "begin")) begin(number, false);
      else if (!strcmp(word, "begin-chip")) begin(0, true);
      else if (!strcmp(word, "load")) amperes = (double)number / 1000;
      else if (!strcmp(word, "run")) run(number, 1);
      else if (!strcmp(word, "silent")) run(number, 0);
      else if (!strcmp(word, "watch")) power_gate_watch(&gate, number);
      else if (!strcmp(word, "still")) stand_still(number);
      else if (!strcmp(word, "lease")) power_gate_grant(&gate, gate.total + (uint64_t)number, UINT32_MAX, 16000, now_ms * MS);
      else return 1;
      answer();
    }
    fflush(stdout);
  }
  return 0;
}
