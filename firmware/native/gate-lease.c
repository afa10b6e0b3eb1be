// The relay, held closed only by a lease, and opened by what trips.
#include "gate-core.h"

static void switch_relay(power_gate *gate, bool closed) {
  if (gate->closed == closed) return;
  gate->closed = closed;
  gate->switched_at = gate->now;
  gate->settled = 0;
  gate->weld_windows = gate->stuck_windows = 0;
}

void gate_end_lease(power_gate *gate) {
  gate->lease = false;
  switch_relay(gate, false);
}

void gate_trip(power_gate *gate, power_gate_trip cause) {
  uint32_t bit = 1u << cause;
  if (!(gate->trips & bit)) gate->fresh |= bit;
  gate->trips |= bit;
  gate_end_lease(gate);
}

// Called at a half-wave's boundary, so the contacts meet near the voltage's zero. After boot the
// relay rests as long as after any opening: a device that starts over and over must not rattle it.
void gate_close_when_due(power_gate *gate) {
  if (!gate->lease || gate->closed || !is_ready(gate) || !sensors_are_sound(gate)) return;
  if (gate->over_halves || gate->under_halves) return;
  if (gate->now - gate->switched_at < (uint64_t)gate->options.minimumOff * 1000) return;
  switch_relay(gate, true);
}

void gate_check_time(power_gate *gate) {
  if (!gate->lease || gate->now < gate->until) return;
  gate->time_used = true;
  gate_end_lease(gate);
}

void gate_commit(power_gate *gate) {
  if (gate->pending < (int64_t)gate->unit) return;
  gate->total += (uint64_t)gate->pending / gate->unit;
  gate->pending = (int64_t)((uint64_t)gate->pending % gate->unit);
}

void gate_check_energy(power_gate *gate) {
  if (!gate->lease) return;
  uint64_t waiting = gate->pending > 0 ? (uint64_t)gate->pending / gate->unit : 0;
  if (gate->total + waiting < gate->up_to) return;
  gate_commit(gate);
  gate->energy_used = true;
  gate_end_lease(gate);
}

// Between the half-waves' ends, so that a lease overruns by less than one of them.
void gate_check_energy_early(power_gate *gate) {
  int64_t waiting = gate->pending + gate->half.power;
  if (!gate->lease || !is_ready(gate) || waiting < 0 || gate->total + (uint64_t)waiting / gate->unit < gate->up_to) return;
  gate->pending = waiting;
  gate->creeping.power += gate->half.power;
  gate->sums.power += gate->half.power;
  gate->half.power = 0;
  gate_check_energy(gate);
}
