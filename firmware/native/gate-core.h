// What the rooms of the power gate's core share; power-gate.h is for everybody else. Nothing
// outside the core includes this.
#ifndef PLUGPAY_GATE_CORE_H
#define PLUGPAY_GATE_CORE_H

#include "power-gate.h"

#define MIDDLE 32768  // of the 16-bit scale
#define LARGEST 46340 // a scaled sample's limit: its square fits 31 bits
#define SETTLE 400    // samples before anything is judged: offsets are unknown at first
#define SECOND_US 1000000u
#define CHIP_LOST_US 300000 // a chip's frame takes 55 ms and may be damaged, even two in a row

static inline int64_t magnitude(int64_t value) { return value < 0 ? -value : value; }

static inline int32_t within(int64_t value, int32_t most) {
  return value > most ? most : value < -most ? -most : (int32_t)value;
}

static inline uint32_t saturated(uint32_t value, uint32_t more) { return value > UINT32_MAX - more ? UINT32_MAX : value + more; }

static inline uint64_t square(int64_t value) { return (uint64_t)(value * value); }

uint32_t gate_square_root(uint64_t value);

static inline bool sensors_are_sound(const power_gate *gate) {
  return !gate->current.faulty && !gate->voltage.faulty && !gate->report_faulty;
}

// Offsets are found and the rate is known.
static inline bool is_ready(const power_gate *gate) { return gate->paced && gate->age >= SETTLE; }

// `samples` wraps every twelve days, which differences bear; what is compared with a threshold
// stays at its end.
static inline void grow_older(power_gate *gate, uint32_t samples) {
  gate->samples += samples;
  gate->age = saturated(gate->age, samples);
  gate->settled = saturated(gate->settled, samples);
}

// gate-lease.c: the relay, and what opens it
void gate_trip(power_gate *gate, power_gate_trip cause);
void gate_end_lease(power_gate *gate);
void gate_close_when_due(power_gate *gate);
void gate_check_time(power_gate *gate);
void gate_check_energy(power_gate *gate);
void gate_check_energy_early(power_gate *gate);
void gate_commit(power_gate *gate);

// gate-half-waves.c
void gate_count_energy(power_gate *gate, int64_t energy, uint32_t count);
void gate_check_current(power_gate *gate, uint64_t mean_square, uint32_t count);
void gate_judge(power_gate *gate, const power_gate_sums *half);
void gate_finish_half_wave(power_gate *gate);

// gate-windows.c
void gate_finish_window(power_gate *gate);
bool gate_relay_had_time(const power_gate *gate);

// gate-samples.c
void gate_take_sample(power_gate *gate, int32_t current_code, int32_t voltage_code);

// gate-feed.c
void gate_note_time(power_gate *gate, uint64_t now_us);
uint64_t gate_note_feed(power_gate *gate, uint64_t now_us, uint64_t *stood);
void gate_lose_feed(power_gate *gate);

// gate-options.c
void gate_set_period(power_gate *gate, uint32_t period);
void gate_set_pace(power_gate *gate, uint32_t rate);

#endif
