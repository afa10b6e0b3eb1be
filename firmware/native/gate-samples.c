// Per sample: offset tracking (EmonLib's low-pass), a cubic correction of the current, linear
// interpolation of the voltage for phase, sums of products, and the instantaneous trip.
#include "gate-core.h"

#define OFFSET_SHIFT 12 // time constant of the offset: 4096 samples
#define SHORT_SCORE 8 // four clipped samples; a sample within limits takes one off

// Once a channel is sound again all is measured anew, as at the start: nobody knows what its offset
// was.
static void heal(power_gate *gate, power_gate_channel *channel) {
  *channel = (power_gate_channel){.code = channel->code};
  gate->age = 0;
}

// Finds a channel that is dead (at one end of its scale for 31 ms, which no alternating signal is)
// or stuck (one code for 250 ms). It is faulty until half a second has passed without.
static void watch(power_gate *gate, power_gate_channel *channel, int32_t code) {
  bool low = code <= gate->clip_low;
  bool railed = low || code >= gate->clip_high;
  bool same_end = low == (channel->code <= gate->clip_low);
  channel->railed = !railed ? 0 : same_end ? saturated(channel->railed, 1) : 1;
  channel->same = code == channel->code ? saturated(channel->same, 1) : 0;
  channel->code = (uint16_t)code;
  if (channel->railed >= gate->second / 32 || channel->same >= gate->second / 4) {
    channel->faulty = true;
    channel->sound = 0;
    gate_trip(gate, POWER_GATE_SENSOR_FAULT);
  } else if (channel->faulty && ++channel->sound >= gate->second / 2) {
    heal(gate, channel);
  }
}

// Gives the sample without its channel's offset, which is a running mean that turns into a low-pass
// once it has seen 2^OFFSET_SHIFT samples. A sample at an end of the scale says nothing about the
// middle.
static int32_t track(power_gate *gate, power_gate_channel *channel, int32_t code) {
  watch(gate, channel, code);
  if (channel->faulty) return 0;
  int32_t scaled = code * (1 << gate->shift);
  if (channel->railed) return within(scaled - (channel->seen ? channel->offset >> 12 : MIDDLE), LARGEST);
  if (channel->seen >> OFFSET_SHIFT) {
    channel->offset += (scaled * 4096 - channel->offset + (1 << (OFFSET_SHIFT - 1))) >> OFFSET_SHIFT;
  } else {
    channel->seen++;
    channel->offset += (scaled * 4096 - channel->offset) / (int32_t)channel->seen;
  }
  return within(scaled - (channel->offset >> 12), LARGEST);
}

static int32_t straighten(const power_gate *gate, int32_t current) {
  int32_t cube = ((current * current) >> 15) * (current / 2) / (MIDDLE / 2);
  return within(current + (int32_t)(((int64_t)cube * gate->curve) >> 20), LARGEST);
}

// The current is a sample late, so that the voltage can be taken earlier or later than it.
static int32_t in_phase(const power_gate *gate, int32_t v) {
  int32_t delay = gate->phase; // of the voltage, 1/4096 sample, 0..8192
  if (delay <= 4096) return v + (gate->v1 - v) * delay / 4096;
  return gate->v1 + (gate->v2 - gate->v1) * (delay - 4096) / 4096;
}

static void check_short(power_gate *gate, int32_t code, int32_t current) {
  bool over = code <= gate->clip_low || code >= gate->clip_high || current > gate->peak || current < -gate->peak;
  if (over) {
    gate->short_score += 2;
  } else if (gate->short_score) {
    gate->short_score--;
  }
  if (gate->short_score < SHORT_SCORE) return;
  gate->short_score = 0;
  if (gate->closed) gate_trip(gate, POWER_GATE_SHORT_CIRCUIT);
}

static void note_crossing(power_gate *gate, int32_t v) {
  if (v < 0 || gate->v1 >= 0 || gate->samples - gate->rising <= gate->half_most) return;
  gate->rising = gate->samples;
  gate->crossing_last = gate->samples * 256 - (uint32_t)(v * 256 / (v - gate->v1));
  if (gate->crossings++ == 0) gate->crossing_first = gate->crossing_last;
}

void gate_take_sample(power_gate *gate, int32_t current_code, int32_t voltage_code) {
  power_gate_sums *half = &gate->half;
  int32_t i = straighten(gate, track(gate, &gate->current, current_code));
  if (gate->options.currentGain < 0) i = -i;
  check_short(gate, current_code, i);
  grow_older(gate, 1);
  half->count++;
  half->direct += i;
  half->current += (uint32_t)(i * i);
  bool boundary = half->count >= gate->half_most;
  if (gate->options.voltageSensor) {
    int32_t v = track(gate, &gate->voltage, voltage_code);
    int32_t p = in_phase(gate, v);
    half->power += gate->i1 * p;
    half->voltage += (uint32_t)(v * v);
    half->reactive += (int64_t)gate->i2 * ((p - gate->p2) / 2);
    note_crossing(gate, v);
    boundary = boundary || ((v >= 0) != gate->positive && half->count >= gate->half_least);
    if (boundary) gate->positive = v >= 0;
    gate->v2 = gate->v1;
    gate->v1 = v;
    gate->p2 = gate->p1;
    gate->p1 = p;
  }
  gate->i2 = gate->i1;
  gate->i1 = i;
  if (boundary) {
    gate_finish_half_wave(gate);
  } else if (half->count % gate->quarter == 0) {
    gate_check_energy_early(gate);
  }
}
