// Per half-wave: energy, over-current, voltage.
#include "gate-core.h"

#define OVER_HALVES 5 // half-waves of over-voltage, 50 ms
#define UNDER_HALVES 50 // half-waves of under-voltage, 500 ms
#define HEAT_ONE 1024 // ratio of squares, Q10

// Noise alone never counts: what a second brought in is kept only when its mean power reaches the
// creep threshold. A half-wave far above it starts the counting at once, so that a lease does not
// overrun.
void gate_count_energy(power_gate *gate, int64_t energy, uint32_t count) {
  gate->pending += energy;
  gate->creeping.power += energy;
  gate->creeping.count += count;
  if (energy >= gate->fast * (int64_t)count) gate->counting = true;
  if (gate->creeping.count >= gate->second) {
    int64_t mean = gate->creeping.power / (int64_t)gate->creeping.count;
    gate->counting = mean >= gate->creep;
    if (!gate->counting) gate->pending = 0;
    if (mean <= -gate->reverse && gate->age > 4 * gate->second) gate_trip(gate, POWER_GATE_SENSOR_FAULT);
    gate->creeping = (power_gate_sums){0};
  }
  if (gate->counting) gate_commit(gate);
}

// Heat rises with the cube of how far the squared current is over the squared limit: slow for an
// inrush, one half-wave at twice the limit. It cools with a time constant of about ten seconds.
static uint64_t heat_after(uint64_t heat, uint64_t mean_square, uint64_t limit, uint32_t count) {
  uint64_t ratio = mean_square * HEAT_ONE / (limit ? limit : 1);
  if (ratio <= HEAT_ONE) return heat - (heat >> 10);
  uint64_t excess = (ratio > 4 * HEAT_ONE ? 4 * HEAT_ONE : ratio) - HEAT_ONE;
  return heat + excess * excess * excess * count;
}

void gate_check_current(power_gate *gate, uint64_t mean_square, uint32_t count) {
  const uint64_t unit = (uint64_t)HEAT_ONE * HEAT_ONE * HEAT_ONE * gate->second;
  gate->heat = heat_after(gate->heat, mean_square, gate->rated, count);
  gate->lease_heat = gate->lease ? heat_after(gate->lease_heat, mean_square, gate->limit, count) : 0;
  if (gate->closed && (gate->heat >= unit / 5 || gate->lease_heat >= unit * 27 / 5)) {
    gate->heat = 0;
    gate_trip(gate, POWER_GATE_OVER_CURRENT);
  }
}

static void check_voltage(power_gate *gate, uint64_t mean_square) {
  bool over = gate->over && mean_square > gate->over;
  bool under = mean_square < gate->under;
  gate->over_halves = over ? gate->over_halves + 1 : 0;
  gate->under_halves = under ? gate->under_halves + 1 : 0;
  if (!gate->lease) return;
  if (gate->over_halves >= OVER_HALVES) gate_trip(gate, POWER_GATE_OVER_VOLTAGE);
  if (gate->under_halves >= UNDER_HALVES) gate_trip(gate, POWER_GATE_UNDER_VOLTAGE);
}

static void add(power_gate_sums *sums, const power_gate_sums *half) {
  sums->power += half->power;
  sums->reactive += half->reactive;
  sums->direct += half->direct;
  sums->current += half->current;
  sums->voltage += half->voltage;
  sums->count += half->count;
}

// What follows from a half-wave, or from a metering chip's report, once its energy is counted.
void gate_judge(power_gate *gate, const power_gate_sums *half) {
  uint64_t squares = half->current / half->count;
  gate_check_energy(gate);
  gate_check_current(gate, squares > gate->noise ? squares - gate->noise : 0, half->count);
  if (gate->options.voltageSensor) check_voltage(gate, half->voltage / half->count);
  gate_close_when_due(gate);
  add(&gate->sums, half);
  if (gate->sums.count >= gate->window) gate_finish_window(gate);
}

void gate_finish_half_wave(power_gate *gate) {
  power_gate_sums half = gate->half;
  gate->half = (power_gate_sums){0};
  if (!gate->options.voltageSensor) {
    uint64_t squares = half.current / half.count;
    squares = squares > gate->noise ? squares - gate->noise : 0;
    half.power = ((int64_t)gate_square_root(squares << 16) * gate->nominal * (int64_t)half.count) / 256;
  }
  if (!is_ready(gate)) return;
  gate_count_energy(gate, half.power, half.count);
  gate_judge(gate, &half);
}
