// Per 200 ms, the ten cycles of IEC 61000-4-30: readings, and what the contacts really do.
#include "gate-core.h"

#define WELD_WINDOWS 4 // 200 ms each

uint32_t gate_square_root(uint64_t value) {
  uint64_t root = 0;
  uint64_t bit = (uint64_t)1 << 62;
  while (bit > value) bit >>= 2;
  for (; bit != 0; bit >>= 2) {
    if (value >= root + bit) {
      value -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return (uint32_t)root;
}

static int32_t milliwatt(const power_gate *gate, int64_t mean) {
  int64_t femto = mean / 1000 * gate->power_lsb + mean % 1000 * gate->power_lsb / 1000;
  return within(femto / 1000000000, INT32_MAX);
}

static int32_t milli_rms(uint64_t mean_square, int64_t lsb_nano) {
  return within((int64_t)gate_square_root(mean_square << 16) * lsb_nano / 256000000, INT32_MAX);
}

static int32_t frequency(const power_gate *gate, int32_t voltage) {
  if (gate->crossings < 2 || voltage < gate->options.nominalVoltage / 5) return 0;
  uint64_t span = (uint64_t)(gate->crossing_last - gate->crossing_first) * gate->period;
  uint64_t millihertz = (gate->crossings - 1) * UINT64_C(256000000000000) / (span ? span : 1);
  return millihertz < 40000 || millihertz > 70000 ? 0 : (int32_t)millihertz;
}

// sin x of the angle that one sample covers, in millionths, from the frequency; for the reactive
// power.
static int64_t sample_sine(const power_gate *gate) {
  int64_t x = (int64_t)gate->reading.frequency * 6283185 / 1000 * (int64_t)gate->period / 1000000000; // 1e-6 rad
  return x - x * x / 1000000 * x / 6000000;
}

static void read_window(power_gate *gate) {
  const power_gate_sums *sums = &gate->sums;
  power_gate_reading *reading = &gate->reading;
  int64_t count = (int64_t)sums->count;
  uint64_t squares = sums->current / sums->count;
  reading->noise = milli_rms(gate->noise, gate->current_lsb);
  reading->current = milli_rms(squares > gate->noise ? squares - gate->noise : 0, gate->current_lsb);
  reading->power = milliwatt(gate, sums->power / count);
  if (!gate->options.voltageSensor) {
    reading->voltage = gate->options.nominalVoltage;
    reading->apparent = reading->power;
  } else {
    reading->voltage = milli_rms(sums->voltage / sums->count, gate->voltage_lsb);
    reading->frequency = frequency(gate, reading->voltage);
    reading->apparent = within((int64_t)reading->voltage * reading->current / 1000, INT32_MAX);
    int64_t sine = sample_sine(gate);
    reading->reactive = sine > 0 ? milliwatt(gate, -sums->reactive / count * 1000000 / sine) : 0;
  }
  if (magnitude(reading->power) < gate->options.creep) {
    reading->current = reading->power = reading->apparent = reading->reactive = reading->power_factor = 0;
  } else {
    int64_t factor = reading->apparent > 0 ? (int64_t)reading->power * 1000 / reading->apparent : 0;
    reading->power_factor = within(factor, 1000);
  }
}

// While the relay is open, all that the current channel shows is noise: it is taken off each mean
// square. More than one part in 128 of the range is none. Without a voltage sensor noise cannot be
// told from a small current at all.
static void learn_noise(power_gate *gate, uint64_t mean_square, bool flows) {
  bool noise = (!flows || !gate->options.voltageSensor) && mean_square <= square(gate->peak / 128);
  if (noise) gate->noise = gate->noise ? (gate->noise * 3 + mean_square) / 4 : mean_square;
}

// An alternating current's mean is small beside its RMS value. A sensor that comes off leaves a
// step, which decays as the offset follows it; times the voltage that looks like power.
static bool current_alternates(const power_gate_sums *sums) {
  return square(sums->direct) * 2 <= sums->current * sums->count;
}

bool gate_relay_had_time(const power_gate *gate) {
  uint64_t relay_time = (uint64_t)gate->options.relayTime * gate->second / 1000;
  return gate->settled >= gate->window + relay_time + gate->half_most;
}

// What the contacts do against what they were told, judged over whole windows after the relay had
// its time. A current sensor that is faulty says nothing about them, and a metering chip's power is
// of the second before: leaks() has its energy.
static void check_relay(power_gate *gate) {
  bool settled = gate_relay_had_time(gate);
  bool sensed = gate->options.loadSense && gate->sensed;
  bool credible = sensors_are_sound(gate) && current_alternates(&gate->sums);
  bool flows = !gate->by_chip && gate->sums.power >= gate->weld * (int64_t)gate->sums.count;
  gate->sensed = gate->sense;
  if (!settled) return;
  if (!gate->closed) {
    gate->weld_windows = (flows && credible) || sensed ? gate->weld_windows + 1 : 0;
    if (gate->weld_windows >= WELD_WINDOWS) gate_trip(gate, POWER_GATE_RELAY_WELDED);
    if (credible && !gate->by_chip) learn_noise(gate, gate->sums.current / gate->sums.count, flows);
  } else if (gate->options.loadSense) {
    gate->stuck_windows = sensed ? 0 : gate->stuck_windows + 1;
    if (gate->stuck_windows >= 2 && !gate->under_halves) gate_trip(gate, POWER_GATE_RELAY_STUCK_OPEN);
  }
}

static bool offset_is_wild(const power_gate_channel *channel) {
  return channel->seen && magnitude((channel->offset >> 12) - MIDDLE) > MIDDLE / 4;
}

void gate_finish_window(power_gate *gate) {
  read_window(gate);
  check_relay(gate);
  if (!gate->gap.open) gate->before = gate->sums;
  bool wild = offset_is_wild(&gate->current) || (gate->options.voltageSensor && offset_is_wild(&gate->voltage));
  if (wild && gate->age > gate->second) gate_trip(gate, POWER_GATE_SENSOR_FAULT);
  gate->sums = (power_gate_sums){0};
  gate->crossing_first = gate->crossing_last;
  gate->crossings = gate->crossings ? 1 : 0;
}
