// The power gate's core; power-gate.h says what it does, docs/metering.md how and how well.
//
// Per sample: offset tracking (EmonLib's low-pass), a cubic correction of the current, linear
// interpolation of the voltage for phase, and sums of products. Per half-wave: energy, the lease,
// the trips. Per 200 ms (the ten cycles of IEC 61000-4-30): readings, the relay. Per second: the
// creep threshold and the true sample rate. All in integers. What is counted in samples follows
// from the rate that was measured at the start, not from the one that was asked for. Each of these
// has a file of its own (gate-core.h); here is what the rest of the device asks and says.
#include "gate-core.h"

#include <string.h>

static const char *const TRIP_NAMES[POWER_GATE_CAUSES] = {
    "",
    "samples-lost",
    "under-voltage",
    "over-voltage",
    "over-current",
    "short-circuit",
    "over-temperature",
    "relay-stuck-open",
    "sensor-fault",
    "relay-welded",
};

const char *power_gate_trip_name(power_gate_trip trip) {
  return trip > POWER_GATE_NO_TRIP && trip < POWER_GATE_CAUSES ? TRIP_NAMES[trip] : "";
}

void power_gate_sense(power_gate *gate, bool voltage) {
  gate->sense = voltage;
  gate->sensed = gate->sensed || voltage;
}

void power_gate_temperature(power_gate *gate, int32_t temperature) {
  if (!gate->options.overTemperature) return;
  if (temperature < -40000 || temperature > 150000) {
    gate_trip(gate, POWER_GATE_SENSOR_FAULT);
  } else if (temperature >= gate->options.overTemperature) {
    gate_trip(gate, POWER_GATE_OVER_TEMPERATURE);
  }
}

bool power_gate_grant(power_gate *gate, uint64_t up_to_uwh, uint32_t time_ms, uint32_t current_ma, uint64_t now_us) {
  gate_note_time(gate, now_us);
  if (gate->trips) return false;
  uint64_t scaled = (uint64_t)current_ma * 1000000 / (uint64_t)gate->current_lsb;
  uint64_t limit = scaled > LARGEST ? gate->rated : scaled * scaled;
  gate->limit = limit < gate->rated ? limit : gate->rated;
  gate->up_to = up_to_uwh;
  gate->until = gate->now + (uint64_t)time_ms * 1000;
  if (!gate->lease) gate->over_halves = gate->under_halves = 0;
  gate->lease = gate->granted = true;
  gate_check_time(gate);
  gate_check_energy(gate);
  return true;
}

void power_gate_revoke(power_gate *gate) { gate_end_lease(gate); }

void power_gate_clear(power_gate *gate) {
  gate->trips = 0;
  gate->heat = gate->lease_heat = 0;
  gate->weld_windows = gate->stuck_windows = 0;
}

bool power_gate_restore(power_gate *gate, uint64_t total_uwh) {
  if (gate->granted || gate->restored) return false;
  gate->total += total_uwh;
  gate->restored = true;
  return true;
}

void power_gate_read(const power_gate *gate, power_gate_reading *reading) {
  *reading = gate->reading;
  reading->total = gate->total;
  reading->closed = gate->closed;
  reading->lease = gate->lease;
  reading->samples = gate->samples;
  reading->voltage_measured = gate->options.voltageSensor;
  reading->trip = POWER_GATE_NO_TRIP;
  for (int cause = POWER_GATE_NO_TRIP + 1; cause < POWER_GATE_CAUSES; cause++) {
    if (gate->trips & (1u << cause)) reading->trip = (power_gate_trip)cause;
  }
}

void power_gate_watch(power_gate *gate, bool on) { feed_cadence_watch(&gate->cadence, on); }

void power_gate_take_cadence(power_gate *gate, power_gate_cadence *cadence) {
  cadence->all = gate->cadence.all;
  cadence->watched = gate->cadence.watched;
  cadence->asleep = gate->cadence.asleep;
  cadence->standstills = gate->cadence.standstills;
  cadence->rate = gate->paced && !gate->by_chip ? gate->second : 0;
  feed_cadence_forget(&gate->cadence);
}

bool power_gate_next_event(power_gate *gate, power_gate_event *event) {
  for (int cause = POWER_GATE_CAUSES - 1; cause > POWER_GATE_NO_TRIP; cause--) {
    if (!(gate->fresh & (1u << cause))) continue;
    gate->fresh &= ~(1u << cause);
    *event = (power_gate_event){.kind = POWER_GATE_TRIP, .cause = (power_gate_trip)cause};
    return true;
  }
  if (!gate->energy_used && !gate->time_used) return false;
  *event = (power_gate_event){.kind = gate->energy_used ? POWER_GATE_ENERGY_USED : POWER_GATE_TIME_USED};
  *(gate->energy_used ? &gate->energy_used : &gate->time_used) = false;
  return true;
}

void power_gate_return_event(power_gate *gate, const power_gate_event *event) {
  if (event->kind == POWER_GATE_TRIP) gate->fresh |= 1u << event->cause;
  if (event->kind == POWER_GATE_ENERGY_USED) gate->energy_used = true;
  if (event->kind == POWER_GATE_TIME_USED) gate->time_used = true;
}
