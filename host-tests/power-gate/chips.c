// Drives the portable decoders, and the gate fed by a metering chip, for chips.test.ts: one request
// a line, one answer.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/native/adc-frames.h"
#include "../../firmware/native/metering-chips.h"
#include "../../firmware/native/power-gate.h"

static pulse_meter pulses;
static cse7766 serial;
static adc_frames frames;
static power_gate gate;
static uint64_t now;

static size_t unhex(const char *text, uint8_t *to, size_t most) {
  size_t count = 0;
  for (; count < most && text[2 * count] && text[2 * count + 1]; count++) {
    char byte[3] = {text[2 * count], text[2 * count + 1], 0};
    to[count] = (uint8_t)strtoul(byte, NULL, 16);
  }
  return count;
}

static void print_report(const power_gate_report *report) {
  printf("%u %d %d %d %d", report->energy, report->voltage, report->current, report->power, report->fault);
}

static void take_serial(const char *hex) {
  uint8_t bytes[256];
  size_t count = unhex(hex, bytes, sizeof bytes);
  power_gate_report report;
  int good = 0;
  for (size_t k = 0; k < count; k++) {
    if (!cse7766_take(&serial, bytes[k], &report)) continue;
    if (good++) putchar(' ');
    print_report(&report);
  }
  printf("%s\n", good ? "" : "none");
}

static void take_frames(const char *hex, size_t most) {
  uint8_t bytes[1024];
  uint16_t current[8], voltage[8];
  size_t length = unhex(hex, bytes, sizeof bytes);
  size_t taken;
  size_t count = adc_frames_take(&frames, bytes, length, &taken, current, voltage, most);
  printf("%zu %u", taken, frames.dropped);
  for (size_t k = 0; k < count; k++) printf(" %u:%u", current[k], voltage[k]);
  putchar('\n');
}

// So many reports, one each `period_us`.
static void report_to_gate(char **words, uint64_t period_us) {
  power_gate_report report = {
      .energy = (uint32_t)atol(words[2]),
      .voltage = atoi(words[3]),
      .current = atoi(words[4]),
      .power = atoi(words[5]),
      .fault = atoi(words[6]),
  };
  power_gate_event event;
  power_gate_reading reading;
  for (int k = 0; k < atoi(words[1]); k++) {
    now += period_us;
    power_gate_measured(&gate, &report, now);
    power_gate_tick(&gate, now);
  }
  power_gate_read(&gate, &reading);
  printf("%llu %d", (unsigned long long)reading.total, reading.closed);
  while (power_gate_next_event(&gate, &event)) {
    printf(" %s", event.kind == POWER_GATE_TRIP ? power_gate_trip_name(event.cause) : "lease-used");
  }
  putchar('\n');
}

static void print_events(void) {
  power_gate_event event;
  const char *gap = "";
  for (; power_gate_next_event(&gate, &event); gap = " ") {
    printf("%s%s", gap, event.kind == POWER_GATE_TRIP ? power_gate_trip_name(event.cause) : "lease-used");
  }
  putchar('\n');
}

// So many milliseconds without a report, with the timer's ticks.
static void be_quiet(long milliseconds) {
  uint64_t until = now + (uint64_t)milliseconds * 1000;
  for (uint64_t at = now + 20000; at <= until; at += 20000) power_gate_tick(&gate, at);
  now = until;
  print_events();
}

// So many frames, one each `period` ms; of each `among` the first `damaged` arrive with a wrong
// byte.
static void run_frames(const char *hex, long count, long period, long damaged, long among) {
  uint8_t bytes[24];
  power_gate_report report;
  size_t length = unhex(hex, bytes, sizeof bytes);
  for (long frame = 0; frame < count; frame++) {
    uint64_t whole = now + (uint64_t)period * 1000;
    for (now += 20000; now < whole; now += 20000) power_gate_tick(&gate, now);
    now = whole;
    for (size_t k = 0; k < length; k++) {
      uint8_t byte = (uint8_t)(bytes[k] ^ (frame % among < damaged && k == 7));
      if (cse7766_take(&serial, byte, &report)) power_gate_measured(&gate, &report, now);
    }
  }
  print_events();
}

// A board with a pulse chip for so many seconds: words are seconds, V, A, W, noise pulses of CF,
// each so many seconds, and whether a transistor inverts SEL on its way to the chip.
static void run_board(char **words) {
  static double at[3];
  static bool sel = true;
  bool inverts = atoi(words[7]);
  double hertz[3] = {
      atof(words[4]) / 3600 * 1e9 / pulses.energy_quantum,
      atof(words[2]) * 1e6 / pulses.voltage_quantum,
      atof(words[3]) * 1e6 / pulses.current_quantum,
  };
  power_gate_report report = {0};
  power_gate_event event;
  for (int k = 0; k < atoi(words[1]) * 20; k++) {
    uint32_t counts[3];
    for (int n = 0; n < 3; n++) {
      at[n] += hertz[n] / 20;
      counts[n] = (uint32_t)at[n];
      at[n] -= counts[n];
    }
    // All within a second, but not at once.
    int noise = atoi(words[5]), each = atoi(words[6]) * 20;
    if (noise > 0 && k % each % 4 == 1 && k % each / 4 < noise) counts[0]++;
    now += 50000;
    pulse_meter_take(&pulses, counts[0], sel != inverts ? counts[1] : counts[2], 50000, &report, &sel);
    power_gate_measured(&gate, &report, now);
    power_gate_tick(&gate, now);
  }
  printf("%llu %d %d %d %d", (unsigned long long)gate.total, gate.closed, report.voltage, report.current, report.power);
  while (power_gate_next_event(&gate, &event)) {
    printf(" %s", event.kind == POWER_GATE_TRIP ? power_gate_trip_name(event.cause) : "lease-used");
  }
  putchar('\n');
}

// Feeds `blocks` of four samples of 230 V, `times` 10 A, the true period being `period_ns`; each
// `skip`-th block is lost. The voltage comes `late_us` late, as its filter has it.
static void feed_to_gate(long blocks, long period_ns, long skip, double late_us, double times) {
  static double at;
  if (at < (double)now * 1000) at = (double)now * 1000;
  for (long block = 1; block <= blocks; block++) {
    uint16_t current[4], voltage[4];
    for (int k = 0; k < 4; k++) {
      at += (double)period_ns;
      double angle = at * 1e-9 * 50 * 6.283185307179586;
      double late = late_us * 1e-6 * 50 * 6.283185307179586;
      current[k] = (uint16_t)lround(2048 + 2048 * 14.142135 * times / 35 * sin(angle) + (k % 2 ? 0.3 : -0.3));
      voltage[k] = (uint16_t)lround(2048 + 2048 * 325.2691 / 450 * sin(angle - late));
    }
    now = (uint64_t)(at / 1000);
    if (skip == 0 || block % skip != 0) power_gate_feed(&gate, current, voltage, 4, now);
    power_gate_tick(&gate, now);
  }
  power_gate_event event;
  power_gate_reading reading;
  power_gate_read(&gate, &reading);
  printf("%llu %llu", (unsigned long long)reading.total, (unsigned long long)now);
  while (power_gate_next_event(&gate, &event)) printf(" %s", power_gate_trip_name(event.cause));
  putchar('\n');
}

// Words are `name=value`.
static void begin_gate(char **words) {
  power_gate_options options;
  power_gate_defaults(&options);
  for (; *words; words++) {
#define SET_OPTION(name, least, most, byDefault) \
  if (strncmp(*words, #name "=", sizeof #name) == 0) options.name = atoi(*words + sizeof #name);
    POWER_GATE_OPTIONS(SET_OPTION)
#undef SET_OPTION
  }
  const char *refusal = power_gate_begin(&gate, &options, now);
  puts(refusal ? refusal : "ok");
}

static void print_reading(void) {
  power_gate_reading r;
  power_gate_read(&gate, &r);
  printf("%d %d %d %d %d\n", r.closed, r.frequency, r.power, r.reactive, r.voltage);
}

int main(void) {
  static char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    char *words[16] = {0};
    int count = 0;
    for (char *word = strtok(line, " \n"); word && count < 16; word = strtok(NULL, " \n")) words[count++] = word;
    if (count == 0) continue;
    if (strcmp(words[0], "pulse-begin") == 0) {
      pulse_chip chip = strcmp(words[1], "bl0937") == 0 ? PULSE_BL0937 : PULSE_HLW8012;
      bool good = pulse_meter_begin(&pulses, chip, (uint32_t)atol(words[2]), (uint32_t)atol(words[3]), atoi(words[4]), atoi(words[5]), words[6] && atoi(words[6]));
      printf("%d %u %u %u\n", good, pulses.energy_quantum, pulses.voltage_quantum, pulses.current_quantum);
    } else if (strcmp(words[0], "pulse") == 0) {
      power_gate_report report;
      bool voltage;
      pulse_meter_take(&pulses, (uint32_t)atol(words[1]), (uint32_t)atol(words[2]), (uint32_t)atol(words[3]), &report, &voltage);
      print_report(&report);
      printf(" %d\n", voltage);
    } else if (strcmp(words[0], "board") == 0) {
      run_board(words);
    } else if (strcmp(words[0], "quiet") == 0) {
      be_quiet(atol(words[1]));
    } else if (strcmp(words[0], "frames-run") == 0) {
      run_frames(words[1], atol(words[2]), atol(words[3]), atol(words[4]), atol(words[5]));
    } else if (strcmp(words[0], "revoke") == 0) {
      power_gate_revoke(&gate);
      puts("ok");
    } else if (strcmp(words[0], "serial") == 0) {
      take_serial(words[1]);
    } else if (strcmp(words[0], "frames-begin") == 0) {
      adc_frames_begin(&frames, atoi(words[1]), (uint8_t)atoi(words[2]), (uint8_t)atoi(words[3]));
      puts("ok");
    } else if (strcmp(words[0], "frames") == 0) {
      take_frames(words[2], (size_t)atoi(words[1]));
    } else if (strcmp(words[0], "gate-begin") == 0) {
      begin_gate(words + 1);
    } else if (strcmp(words[0], "clear") == 0) {
      power_gate_clear(&gate);
      puts("ok");
    } else if (strcmp(words[0], "reading") == 0) {
      print_reading();
    } else if (strcmp(words[0], "grant") == 0) {
      puts(power_gate_grant(&gate, strtoull(words[1], NULL, 10), 3600000, (uint32_t)atol(words[2]), now) ? "ok" : "refused");
    } else if (strcmp(words[0], "feed") == 0) {
      feed_to_gate(atol(words[1]), atol(words[2]), atol(words[3]), words[4] ? atof(words[4]) : 0, words[5] ? atof(words[5]) : 1);
    } else if (strcmp(words[0], "report") == 0) {
      report_to_gate(words, 50000);
    } else if (strcmp(words[0], "burst") == 0) {
      report_to_gate(words, 1000);
    } else {
      printf("! an unknown request\n");
    }
    fflush(stdout);
  }
  return 0;
}
