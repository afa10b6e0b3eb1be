// What comes in and when: the true sample rate, a feed that stops, and standstills of all tasks.
#include "gate-core.h"

#define RATE_US 200000 // for the first measurement of the rate; nothing is judged before
#define LOST_US 80000 // a feed silent for longer is lost; noticed within 100 ms by a tick each 20 ms
#define KEPT_US 60000 // within this time after a standstill all samples have come that the driver kept

void gate_lose_feed(power_gate *gate) {
  if (gate->lease) gate_trip(gate, POWER_GATE_SAMPLES_LOST);
}

static void restart_rate(power_gate *gate) {
  gate->rate_since = gate->now;
  gate->rate_count = 0;
}

// The ESP32's converter gives four fifths of what it is asked for. Far beyond that is no sampling
// of the mains any more.
static bool is_usable(uint64_t measured, uint64_t asked) { return measured >= asked * 3 / 5 && measured <= asked * 7 / 5; }

// Until the rate is known half-waves, windows and thresholds mean nothing.
static void learn_rate(power_gate *gate, uint64_t span) {
  uint64_t rate = (gate->rate_count * UINT64_C(1000000) + span / 2) / span;
  if (!is_usable(rate, (uint32_t)gate->options.sampleRate)) {
    gate_lose_feed(gate);
    return;
  }
  gate_set_pace(gate, (uint32_t)rate);
  gate_set_period(gate, (uint32_t)(span * 1000 / gate->rate_count));
  gate->half = gate->sums = gate->creeping = (power_gate_sums){0};
  gate->crossings = 0;
  gate->paced = true;
}

static void follow_rate(power_gate *gate, uint64_t span) {
  uint64_t measured = span * 1000 / gate->rate_count;
  uint64_t first = 1000000000u / gate->second;
  if (measured < first - first / 10 || measured > first + first / 10) {
    gate_lose_feed(gate);
    gate->paced = false; // blocks were lost, or the first measurement was disturbed: it is made anew
  } else {
    gate_set_period(gate, (uint32_t)((gate->period * UINT64_C(3) + measured + 2) / 4));
  }
}

static void measure_rate(power_gate *gate, size_t count) {
  gate->rate_count += (uint32_t)count;
  uint64_t span = gate->now - gate->rate_since;
  if (span < (gate->paced ? SECOND_US : RATE_US)) return;
  if (gate->paced) {
    follow_rate(gate, span);
  } else {
    learn_rate(gate, span);
  }
  restart_rate(gate);
}

void gate_note_time(power_gate *gate, uint64_t now_us) {
  if (now_us > gate->now) gate->now = now_us;
  gate_check_time(gate);
}

// No code is above the scale, whatever the driver hands in.
static int32_t code(const power_gate *gate, uint16_t raw) {
  uint16_t top = (uint16_t)((1u << gate->options.adcBits) - 1);
  return raw > top ? top : raw;
}

// Notes that samples have come; gives the time since the last ones, and how much of it nothing ran.
uint64_t gate_note_feed(power_gate *gate, uint64_t now_us, uint64_t *stood) {
  gate_note_time(gate, now_us);
  feed_cadence_wake(&gate->cadence, gate->now);
  uint64_t silence = gate->now - gate->cadence.fed;
  *stood = gate->cadence.stood;
  feed_cadence_note(&gate->cadence, gate->now, gate->fed);
  return silence;
}

static void open_gap(power_gate *gate, uint64_t silence, size_t count) {
  power_gate_gap *gap = &gate->gap;
  if (!gap->open) *gap = (power_gate_gap){.open = true, .since = gate->now - silence};
  gap->samples += (uint32_t)count;
  gap->until = gate->now + KEPT_US;
  gate->crossings = 0;
}

// What flowed while nobody looked is taken for what flowed before, its heat too: a load that was
// switched meanwhile is wrong for that long, and an over-current that began meanwhile begins when
// it is seen.
static void fill_gap(power_gate *gate, uint32_t missing) {
  const power_gate_sums *before = &gate->before;
  if (!is_ready(gate) || before->count == 0) return;
  gate_count_energy(gate, before->power / (int64_t)before->count * (int64_t)missing, missing);
  gate_check_energy(gate);
  uint64_t squares = before->current / before->count;
  gate_check_current(gate, squares > gate->noise ? squares - gate->noise : 0, missing);
}

static void follow_gap(power_gate *gate, size_t count) {
  power_gate_gap *gap = &gate->gap;
  gap->samples += (uint32_t)count;
  if (gate->now < gap->until) return;
  uint64_t expected = (gate->now - gap->since) * 1000 / gate->period;
  gap->open = false;
  if (expected > gap->samples) fill_gap(gate, (uint32_t)(expected - gap->samples));
  restart_rate(gate);
}

void power_gate_feed(power_gate *gate, const uint16_t *current, const uint16_t *voltage, size_t count, uint64_t now_us) {
  if (count == 0) return;
  uint64_t stood;
  uint64_t silence = gate_note_feed(gate, now_us, &stood);
  if (!gate->fed) {
    gate->fed = true;
    restart_rate(gate);
  } else if (silence - stood > LOST_US + (uint64_t)count * gate->period / 1000) {
    gate_lose_feed(gate);
    gate->gap.open = false;
    restart_rate(gate);
  } else if (stood) {
    open_gap(gate, silence, count);
  } else if (gate->gap.open) {
    follow_gap(gate, count);
  } else {
    measure_rate(gate, count);
  }
  for (size_t k = 0; k < count; k++) gate_take_sample(gate, code(gate, current[k]), voltage ? code(gate, voltage[k]) : 0);
}

void power_gate_tick(power_gate *gate, uint64_t now_us) {
  gate_note_time(gate, now_us);
  feed_cadence_wake(&gate->cadence, gate->now);
  if (feed_cadence_silence(&gate->cadence, gate->now) > (gate->by_chip ? CHIP_LOST_US : LOST_US)) gate_lose_feed(gate);
}
