// A fuzz target for the power gate: bytes become options, samples, time jumps and requests; after
// each step the invariants are checked against a model that knows only what was granted and what
// was said.
//
//   - the relay is closed only under a lease that was granted, in time, in energy, with no trip latched, on
//     sound sensors
//   - the total never decreases
//   - no trip is lost: what is latched was told by an event, and stays until it is cleared
//   - each lease that ends by itself, ends with an event
//
// With libFuzzer: clang -fsanitize=fuzzer. With -DREPLAY=1: files named on the command line, or
// `--random RUNS SEED`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../firmware/native/power-gate.h"

#define REQUIRE(condition, sentence) \
  do {                               \
    if (!(condition)) fail(sentence); \
  } while (0)

#define MOST_SAMPLES 8000 // two seconds at the default rate

static void fail(const char *sentence) {
  fprintf(stderr, "invariant broken: %s\n", sentence);
  abort();
}

typedef struct {
  const uint8_t *at, *end;
} bytes;

static uint32_t take(bytes *from, int count) {
  uint32_t value = 0;
  for (int k = 0; k < count && from->at < from->end; k++) value = value << 8 | *from->at++;
  return value;
}

// A number of any magnitude.
static uint32_t some(bytes *from) {
  uint32_t magnitude = take(from, 1) % 32;
  return take(from, 4) >> magnitude;
}

typedef struct {
  power_gate gate;
  uint64_t now, until, up_to, total;
  uint32_t told; // causes that events brought since the last clear
  bool granted, ended;  // `granted`: by the model, a lease may be running; `ended`: an event said so
  uint32_t phase;       // of the waves, in samples
  size_t samples;       // fed so far; bounds the time an input takes
} model;

static void drain(model *m) {
  power_gate_event event;
  while (power_gate_next_event(&m->gate, &event)) {
    if (event.kind == POWER_GATE_TRIP) {
      REQUIRE(event.cause > POWER_GATE_NO_TRIP && event.cause < POWER_GATE_CAUSES, "a trip has a cause");
      REQUIRE(power_gate_trip_name(event.cause)[0] != 0, "a cause has a name");
      REQUIRE(!(m->told & (1u << event.cause)), "a trip is told once");
      m->told |= 1u << event.cause;
    }
    m->granted = false;
    m->ended = true;
  }
}

static void check(model *m) {
  power_gate_reading reading;
  drain(m);
  power_gate_read(&m->gate, &reading);
  REQUIRE(reading.total >= m->total, "the total never decreases");
  m->total = reading.total;
  REQUIRE(reading.closed == power_gate_closed(&m->gate), "the reading shows the relay");
  if (reading.closed) {
    REQUIRE(m->granted && reading.lease, "closed only under a lease");
    REQUIRE(m->now < m->until, "closed only in time");
    REQUIRE(reading.total < m->up_to, "closed only while energy is left");
    REQUIRE(reading.trip == POWER_GATE_NO_TRIP, "closed only without a trip");
    REQUIRE(!m->gate.current.faulty && !m->gate.voltage.faulty && !m->gate.report_faulty, "closed only on sound sensors");
  }
  REQUIRE(reading.lease || !m->granted || m->ended, "a lease that ends by itself is told");
  if (reading.trip != POWER_GATE_NO_TRIP) REQUIRE(m->told & (1u << reading.trip), "a latched trip was told");
  if (m->told) REQUIRE(reading.trip != POWER_GATE_NO_TRIP, "a trip stays until it is cleared");
}

// A triangle stands for a sine: `usual` or an amplitude, noise and faults of the fuzzer's choice.
static void fill(uint16_t *to, size_t count, bytes *from, uint32_t middle, uint32_t usual, const uint32_t *phase,
                 uint32_t cycle) {
  uint32_t kind = take(from, 1);
  uint32_t amplitude = take(from, 2) % (2 * middle);
  uint32_t noise = take(from, 1) % 64;
  if (kind >= 64) { // three times of four: a plain wave, or the gate would hardly ever close
    kind = 3;
    amplitude = usual + amplitude % (middle / 16);
  }
  uint32_t seed = kind * 977 + amplitude;
  for (size_t k = 0; k < count; k++) {
    seed = seed * 1664525 + 1013904223;
    int64_t at = *phase + k;
    int64_t turn = cycle ? at % cycle * 4 : 0;
    int64_t triangle = turn < (int64_t)cycle * 2 ? turn - cycle : (int64_t)cycle * 3 - turn;
    int64_t value = middle + (kind & 1 ? triangle * (int64_t)amplitude / (cycle ? cycle : 1) : 0);
    if (kind & 2) value += noise ? (int64_t)(seed >> 16) % noise : 0;
    if (kind & 4) value = amplitude;
    if (kind & 8) value = (int64_t)(seed >> 16);
    to[k] = (uint16_t)(value < 0 ? 0 : value > 65535 ? 65535 : value);
  }
}

static void feed(model *m, bytes *from) {
  static uint16_t current[4096], voltage[4096];
  uint32_t rate = (uint32_t)m->gate.options.sampleRate;
  size_t blocks = take(from, 1) % 64 + 1;
  size_t count = take(from, 1) % 64;
  uint32_t middle = 1u << (m->gate.options.adcBits - 1);
  uint32_t cycle = rate / (take(from, 1) % 40 + 35);
  bytes copy = *from; // the same shape for each block: a waveform that goes on
  for (size_t k = 0; k < blocks && m->samples < MOST_SAMPLES; k++) {
    m->samples += count + 1;
    bytes shape = copy;
    fill(current, count, &shape, middle, middle / 64, &m->phase, cycle);
    fill(voltage, count, &shape, middle, middle / 100 * 88, &m->phase, cycle);
    *from = shape;
    m->phase += (uint32_t)count;
    m->now += (uint64_t)count * 1000000 / rate;
    power_gate_feed(&m->gate, current, m->gate.options.voltageSensor ? voltage : NULL, count, m->now);
    check(m);
  }
}

static void grant(model *m, bytes *from) {
  uint64_t up_to = m->total + some(from);
  if (take(from, 1) == 0) up_to = UINT64_MAX;
  uint32_t time = some(from);
  uint32_t current = take(from, 3);
  drain(m);
  if (!power_gate_grant(&m->gate, up_to, time, current, m->now)) {
    REQUIRE(m->told, "a grant is refused only for a trip");
    return;
  }
  REQUIRE(!m->told, "no grant while a trip is latched");
  m->granted = true;
  m->ended = false;
  m->up_to = up_to;
  m->until = m->now + (uint64_t)time * 1000;
}

static void step(model *m, bytes *from) {
  switch (take(from, 1) % 13) {
    case 0:
      grant(m, from);
      break;
    case 1:
      power_gate_revoke(&m->gate);
      m->granted = false;
      REQUIRE(!power_gate_closed(&m->gate), "a revoked lease opens");
      break;
    case 2:
      drain(m);
      power_gate_clear(&m->gate);
      m->told = 0;
      break;
    case 3:
      m->now += take(from, 3);
      power_gate_tick(&m->gate, m->now);
      break;
    case 4: // a clock that jumps back must not bring a lease more time
      power_gate_tick(&m->gate, m->now - take(from, 3) % (m->now + 1));
      break;
    case 5:
      power_gate_temperature(&m->gate, (int32_t)take(from, 4));
      break;
    case 6:
      power_gate_sense(&m->gate, take(from, 1) & 1);
      break;
    case 7: {
      bool first = power_gate_restore(&m->gate, take(from, 4));
      if (first) REQUIRE(!m->granted, "no restore under a lease");
      break;
    }
    case 8: {
      power_gate_report report = {.energy = some(from) >> 4, .fault = take(from, 1) == 1};
      report.voltage = (int32_t)(take(from, 1) ? 230000 : take(from, 4));
      report.current = (int32_t)some(from);
      report.power = (int32_t)some(from);
      for (uint32_t k = take(from, 1) % 32; k > 0; k--) {
        m->now += 50000;
        power_gate_measured(&m->gate, &report, m->now);
        check(m);
      }
      break;
    }
    default:
      feed(m, from);
  }
  check(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static model m;
  bytes from = {data, data + size};
  memset(&m, 0, sizeof m);
  power_gate_options options;
  power_gate_defaults(&options);
  int32_t *fields = (int32_t *)&options;
  size_t count = sizeof options / sizeof *fields;
  uint32_t board = take(&from, 1);
  if (board & 1) options.voltageSensor = 0;
  if (board & 2) options.loadSense = 1;
  if (board & 4) options.overTemperature = 80000;
  if (board & 8) options.adcBits = 15;
  for (uint32_t changes = take(&from, 1) % 6; changes > 0; changes--) {
    size_t which = take(&from, 1) % count;
    uint32_t value = take(&from, 4);
    fields[which] = value & 1 ? (int32_t)value : (int32_t)((uint32_t)fields[which] + (value >> 20) - 2048);
  }
  m.now = take(&from, 4);
  const char *refusal = power_gate_begin(&m.gate, &options, m.now);
  if (refusal) {
    REQUIRE(strncmp(refusal, "option", 6) == 0, "a refusal names its option");
    return 0;
  }
  check(&m);
  for (int steps = 0; steps < 400 && from.at < from.end; steps++) step(&m, &from);
  return 0;
}

#if REPLAY
static int replay_random(unsigned long runs, uint64_t seed) {
  static uint8_t input[512];
  for (unsigned long run = 0; run < runs; run++) {
    size_t size = 0;
    for (; size < sizeof input; size++) {
      seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      input[size] = (uint8_t)(seed >> 56);
    }
    input[1] %= run % 3 ? 1 : 6; // mostly the default options: a random one is mostly refused
    LLVMFuzzerTestOneInput(input, size);
  }
  printf("%lu inputs passed\n", runs);
  return 0;
}

int main(int count, char **words) {
  if (count == 4 && strcmp(words[1], "--random") == 0) return replay_random(strtoul(words[2], 0, 10), strtoull(words[3], 0, 10));
  for (int k = 1; k < count; k++) {
    static uint8_t input[1 << 16];
    FILE *file = fopen(words[k], "rb");
    if (!file) return fprintf(stderr, "%s does not open\n", words[k]), 1;
    LLVMFuzzerTestOneInput(input, fread(input, 1, sizeof input, file));
    fclose(file);
  }
  printf("%d inputs passed\n", count - 1);
  return 0;
}
#endif
