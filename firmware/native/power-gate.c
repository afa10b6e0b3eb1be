// The power gate's core; power-gate.h says what it does, docs/metering.md how and how well.
//
// Per sample: offset tracking (EmonLib's low-pass), a cubic correction of the current, linear interpolation of the
// voltage for phase, and sums of products. Per half-wave: energy, the lease, the trips. Per 200 ms (the ten cycles of
// IEC 61000-4-30): readings, the relay. Per second: the creep threshold and the true sample rate. All in integers. What is
// counted in samples follows from the rate that was measured at the start, not from the one that was asked for.
#include "power-gate.h"

#include <string.h>

#define MIDDLE 32768      // of the 16-bit scale
#define LARGEST 46340     // a scaled sample's limit: its square fits 31 bits
#define OFFSET_SHIFT 12   // time constant of the offset: 4096 samples
#define SHORT_SCORE 8     // four clipped samples; a sample within limits takes one off
#define SETTLE 400        // samples before anything is judged: offsets are unknown at first
#define RATE_US 200000    // for the first measurement of the rate; nothing is judged before
#define LOST_US 80000     // a feed silent for longer is lost; noticed within 100 ms by a tick each 20 ms
#define CHIP_LOST_US 300000 // a chip's frame takes 55 ms and may be damaged, even two in a row
#define KEPT_US 60000     // within this time after a standstill all samples have come that the driver kept
#define OVER_HALVES 5     // half-waves of over-voltage, 50 ms
#define UNDER_HALVES 50   // half-waves of under-voltage, 500 ms
#define WELD_WINDOWS 4    // 200 ms each
#define CHIP_WINDOW_US 10000000u // a metering chip's pulses come seconds apart at a small load
#define CHIP_WINDOWS 2    // of which so many in a row are no chance
#define CHIP_FAST 8       // so many times the threshold's energy in the running window are no noise either
#define NOISE_PULSES 2    // in a window, whatever the threshold
#define HEAT_ONE 1024     // ratio of squares, Q10
#define SECOND_US 1000000u
#define HOUR_US 3600000000u

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

// ---------------------------------------------------------------- small arithmetic

static uint32_t square_root(uint64_t value) {
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

static int64_t magnitude(int64_t value) { return value < 0 ? -value : value; }

static int32_t within(int64_t value, int32_t most) {
  return value > most ? most : value < -most ? -most : (int32_t)value;
}

static uint32_t saturated(uint32_t value, uint32_t more) { return value > UINT32_MAX - more ? UINT32_MAX : value + more; }

static uint64_t square(int64_t value) { return (uint64_t)(value * value); }

// ---------------------------------------------------------------- relay and lease

static void switch_relay(power_gate *gate, bool closed) {
  if (gate->closed == closed) return;
  gate->closed = closed;
  gate->switched_at = gate->now;
  gate->settled = 0;
  gate->weld_windows = gate->stuck_windows = 0;
}

static void end_lease(power_gate *gate) {
  gate->lease = false;
  switch_relay(gate, false);
}

static void trip(power_gate *gate, power_gate_trip cause) {
  uint32_t bit = 1u << cause;
  if (!(gate->trips & bit)) gate->fresh |= bit;
  gate->trips |= bit;
  end_lease(gate);
}

static bool sensors_are_sound(const power_gate *gate) {
  return !gate->current.faulty && !gate->voltage.faulty && !gate->report_faulty;
}

// Offsets are found and the rate is known.
static bool is_ready(const power_gate *gate) { return gate->paced && gate->age >= SETTLE; }

// Called at a half-wave's boundary, so the contacts meet near the voltage's zero. After boot the relay rests as long as
// after any opening: a device that starts over and over must not rattle it.
static void close_when_due(power_gate *gate) {
  if (!gate->lease || gate->closed || !is_ready(gate) || !sensors_are_sound(gate)) return;
  if (gate->over_halves || gate->under_halves) return;
  if (gate->now - gate->switched_at < (uint64_t)gate->options.minimumOff * 1000) return;
  switch_relay(gate, true);
}

static void check_time(power_gate *gate) {
  if (!gate->lease || gate->now < gate->until) return;
  gate->time_used = true;
  end_lease(gate);
}

static void commit(power_gate *gate) {
  if (gate->pending < (int64_t)gate->unit) return;
  gate->total += (uint64_t)gate->pending / gate->unit;
  gate->pending = (int64_t)((uint64_t)gate->pending % gate->unit);
}

static void check_energy(power_gate *gate) {
  if (!gate->lease) return;
  uint64_t waiting = gate->pending > 0 ? (uint64_t)gate->pending / gate->unit : 0;
  if (gate->total + waiting < gate->up_to) return;
  commit(gate);
  gate->energy_used = true;
  end_lease(gate);
}

// Between the half-waves' ends, so that a lease overruns by less than one of them.
static void check_energy_early(power_gate *gate) {
  int64_t waiting = gate->pending + gate->half.power;
  if (!gate->lease || !is_ready(gate) || waiting < 0 || gate->total + (uint64_t)waiting / gate->unit < gate->up_to) return;
  gate->pending = waiting;
  gate->creeping.power += gate->half.power;
  gate->sums.power += gate->half.power;
  gate->half.power = 0;
  check_energy(gate);
}

// ---------------------------------------------------------------- half-waves

// Noise alone never counts: what a second brought in is kept only when its mean power reaches the creep threshold. A
// half-wave far above it starts the counting at once, so that a lease does not overrun.
static void count_energy(power_gate *gate, int64_t energy, uint32_t count) {
  gate->pending += energy;
  gate->creeping.power += energy;
  gate->creeping.count += count;
  if (energy >= gate->fast * (int64_t)count) gate->counting = true;
  if (gate->creeping.count >= gate->second) {
    int64_t mean = gate->creeping.power / (int64_t)gate->creeping.count;
    gate->counting = mean >= gate->creep;
    if (!gate->counting) gate->pending = 0;
    if (mean <= -gate->reverse && gate->age > 4 * gate->second) trip(gate, POWER_GATE_SENSOR_FAULT);
    gate->creeping = (power_gate_sums){0};
  }
  if (gate->counting) commit(gate);
}

// Heat rises with the cube of how far the squared current is over the squared limit: slow for an inrush, one half-wave
// at twice the limit. It cools with a time constant of about ten seconds.
static uint64_t heat_after(uint64_t heat, uint64_t mean_square, uint64_t limit, uint32_t count) {
  uint64_t ratio = mean_square * HEAT_ONE / (limit ? limit : 1);
  if (ratio <= HEAT_ONE) return heat - (heat >> 10);
  uint64_t excess = (ratio > 4 * HEAT_ONE ? 4 * HEAT_ONE : ratio) - HEAT_ONE;
  return heat + excess * excess * excess * count;
}

static void check_current(power_gate *gate, uint64_t mean_square, uint32_t count) {
  const uint64_t unit = (uint64_t)HEAT_ONE * HEAT_ONE * HEAT_ONE * gate->second;
  gate->heat = heat_after(gate->heat, mean_square, gate->rated, count);
  gate->lease_heat = gate->lease ? heat_after(gate->lease_heat, mean_square, gate->limit, count) : 0;
  if (gate->closed && (gate->heat >= unit / 5 || gate->lease_heat >= unit * 27 / 5)) {
    gate->heat = 0;
    trip(gate, POWER_GATE_OVER_CURRENT);
  }
}

static void check_voltage(power_gate *gate, uint64_t mean_square) {
  bool over = gate->over && mean_square > gate->over;
  bool under = mean_square < gate->under;
  gate->over_halves = over ? gate->over_halves + 1 : 0;
  gate->under_halves = under ? gate->under_halves + 1 : 0;
  if (!gate->lease) return;
  if (gate->over_halves >= OVER_HALVES) trip(gate, POWER_GATE_OVER_VOLTAGE);
  if (gate->under_halves >= UNDER_HALVES) trip(gate, POWER_GATE_UNDER_VOLTAGE);
}

static void add(power_gate_sums *sums, const power_gate_sums *half) {
  sums->power += half->power;
  sums->reactive += half->reactive;
  sums->direct += half->direct;
  sums->current += half->current;
  sums->voltage += half->voltage;
  sums->count += half->count;
}

static void finish_window(power_gate *gate);

// What follows from a half-wave, or from a metering chip's report, once its energy is counted.
static void judge(power_gate *gate, const power_gate_sums *half) {
  uint64_t squares = half->current / half->count;
  check_energy(gate);
  check_current(gate, squares > gate->noise ? squares - gate->noise : 0, half->count);
  if (gate->options.voltageSensor) check_voltage(gate, half->voltage / half->count);
  close_when_due(gate);
  add(&gate->sums, half);
  if (gate->sums.count >= gate->window) finish_window(gate);
}

static void finish_half_wave(power_gate *gate) {
  power_gate_sums half = gate->half;
  gate->half = (power_gate_sums){0};
  if (!gate->options.voltageSensor) {
    uint64_t squares = half.current / half.count;
    squares = squares > gate->noise ? squares - gate->noise : 0;
    half.power = ((int64_t)square_root(squares << 16) * gate->nominal * (int64_t)half.count) / 256;
  }
  if (!is_ready(gate)) return;
  count_energy(gate, half.power, half.count);
  judge(gate, &half);
}

// ---------------------------------------------------------------- windows

static int32_t milliwatt(const power_gate *gate, int64_t mean) {
  int64_t femto = mean / 1000 * gate->power_lsb + mean % 1000 * gate->power_lsb / 1000;
  return within(femto / 1000000000, INT32_MAX);
}

static int32_t milli_rms(uint64_t mean_square, int64_t lsb_nano) {
  return within((int64_t)square_root(mean_square << 16) * lsb_nano / 256000000, INT32_MAX);
}

static int32_t frequency(const power_gate *gate, int32_t voltage) {
  if (gate->crossings < 2 || voltage < gate->options.nominalVoltage / 5) return 0;
  uint64_t span = (uint64_t)(gate->crossing_last - gate->crossing_first) * gate->period;
  uint64_t millihertz = (gate->crossings - 1) * UINT64_C(256000000000000) / (span ? span : 1);
  return millihertz < 40000 || millihertz > 70000 ? 0 : (int32_t)millihertz;
}

// sin x of the angle that one sample covers, in millionths, from the frequency; for the reactive power.
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

// While the relay is open, all that the current channel shows is noise: it is taken off each mean square. More than one
// part in 128 of the range is none. Without a voltage sensor noise cannot be told from a small current at all.
static void learn_noise(power_gate *gate, uint64_t mean_square, bool flows) {
  bool noise = (!flows || !gate->options.voltageSensor) && mean_square <= square(gate->peak / 128);
  if (noise) gate->noise = gate->noise ? (gate->noise * 3 + mean_square) / 4 : mean_square;
}

// An alternating current's mean is small beside its RMS value. A sensor that comes off leaves a step, which decays as the
// offset follows it; times the voltage that looks like power.
static bool current_alternates(const power_gate_sums *sums) {
  return square(sums->direct) * 2 <= sums->current * sums->count;
}

static bool relay_had_time(const power_gate *gate) {
  uint64_t relay_time = (uint64_t)gate->options.relayTime * gate->second / 1000;
  return gate->settled >= gate->window + relay_time + gate->half_most;
}

// What the contacts do against what they were told, judged over whole windows after the relay had its time. A current
// sensor that is faulty says nothing about them, and a metering chip's power is of the second before: leaks() has its energy.
static void check_relay(power_gate *gate) {
  bool settled = relay_had_time(gate);
  bool sensed = gate->options.loadSense && gate->sensed;
  bool credible = sensors_are_sound(gate) && current_alternates(&gate->sums);
  bool flows = !gate->by_chip && gate->sums.power >= gate->weld * (int64_t)gate->sums.count;
  gate->sensed = gate->sense;
  if (!settled) return;
  if (!gate->closed) {
    gate->weld_windows = (flows && credible) || sensed ? gate->weld_windows + 1 : 0;
    if (gate->weld_windows >= WELD_WINDOWS) trip(gate, POWER_GATE_RELAY_WELDED);
    if (credible && !gate->by_chip) learn_noise(gate, gate->sums.current / gate->sums.count, flows);
  } else if (gate->options.loadSense) {
    gate->stuck_windows = sensed ? 0 : gate->stuck_windows + 1;
    if (gate->stuck_windows >= 2 && !gate->under_halves) trip(gate, POWER_GATE_RELAY_STUCK_OPEN);
  }
}

static bool offset_is_wild(const power_gate_channel *channel) {
  return channel->seen && magnitude((channel->offset >> 12) - MIDDLE) > MIDDLE / 4;
}

static void finish_window(power_gate *gate) {
  read_window(gate);
  check_relay(gate);
  if (!gate->gap.open) gate->before = gate->sums;
  bool wild = offset_is_wild(&gate->current) || (gate->options.voltageSensor && offset_is_wild(&gate->voltage));
  if (wild && gate->age > gate->second) trip(gate, POWER_GATE_SENSOR_FAULT);
  gate->sums = (power_gate_sums){0};
  gate->crossing_first = gate->crossing_last;
  gate->crossings = gate->crossings ? 1 : 0;
}

// ---------------------------------------------------------------- samples

// Once a channel is sound again all is measured anew, as at the start: nobody knows what its offset was.
static void heal(power_gate *gate, power_gate_channel *channel) {
  *channel = (power_gate_channel){.code = channel->code};
  gate->age = 0;
}

// Finds a channel that is dead (at one end of its scale for 31 ms, which no alternating signal is) or stuck (one code for
// 250 ms). It is faulty until half a second has passed without.
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
    trip(gate, POWER_GATE_SENSOR_FAULT);
  } else if (channel->faulty && ++channel->sound >= gate->second / 2) {
    heal(gate, channel);
  }
}

// Gives the sample without its channel's offset, which is a running mean that turns into a low-pass once it has seen
// 2^OFFSET_SHIFT samples. A sample at an end of the scale says nothing about the middle.
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
  if (gate->closed) trip(gate, POWER_GATE_SHORT_CIRCUIT);
}

static void note_crossing(power_gate *gate, int32_t v) {
  if (v < 0 || gate->v1 >= 0 || gate->samples - gate->rising <= gate->half_most) return;
  gate->rising = gate->samples;
  gate->crossing_last = gate->samples * 256 - (uint32_t)(v * 256 / (v - gate->v1));
  if (gate->crossings++ == 0) gate->crossing_first = gate->crossing_last;
}

// `samples` wraps every twelve days, which differences bear; what is compared with a threshold stays at its end.
static void grow_older(power_gate *gate, uint32_t samples) {
  gate->samples += samples;
  gate->age = saturated(gate->age, samples);
  gate->settled = saturated(gate->settled, samples);
}

static void take_sample(power_gate *gate, int32_t current_code, int32_t voltage_code) {
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
    finish_half_wave(gate);
  } else if (half->count % gate->quarter == 0) {
    check_energy_early(gate);
  }
}

// ---------------------------------------------------------------- time

// Energy is power times true time: the converter's nominal rate is not to be trusted, the clock is.
static void set_period(power_gate *gate, uint32_t period) {
  gate->period = period;
  gate->unit = (UINT64_C(3600000000000000000) / (uint64_t)gate->power_lsb) * 1000 / period;
}

static void lose_feed(power_gate *gate) {
  if (gate->lease) trip(gate, POWER_GATE_SAMPLES_LOST);
}

static void restart_rate(power_gate *gate) {
  gate->rate_since = gate->now;
  gate->rate_count = 0;
}

static void derive_pace(power_gate *gate, uint32_t rate);

// The ESP32's converter gives four fifths of what it is asked for. Far beyond that is no sampling of the mains any more.
static bool is_usable(uint64_t measured, uint64_t asked) { return measured >= asked * 3 / 5 && measured <= asked * 7 / 5; }

// Until the rate is known half-waves, windows and thresholds mean nothing.
static void learn_rate(power_gate *gate, uint64_t span) {
  uint64_t rate = (gate->rate_count * UINT64_C(1000000) + span / 2) / span;
  if (!is_usable(rate, (uint32_t)gate->options.sampleRate)) {
    lose_feed(gate);
    return;
  }
  derive_pace(gate, (uint32_t)rate);
  set_period(gate, (uint32_t)(span * 1000 / gate->rate_count));
  gate->half = gate->sums = gate->creeping = (power_gate_sums){0};
  gate->crossings = 0;
  gate->paced = true;
}

static void follow_rate(power_gate *gate, uint64_t span) {
  uint64_t measured = span * 1000 / gate->rate_count;
  uint64_t first = 1000000000u / gate->second;
  if (measured < first - first / 10 || measured > first + first / 10) {
    lose_feed(gate);
    gate->paced = false; // blocks were lost, or the first measurement was disturbed: it is made anew
  } else {
    set_period(gate, (uint32_t)((gate->period * UINT64_C(3) + measured + 2) / 4));
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

static void note_time(power_gate *gate, uint64_t now_us) {
  if (now_us > gate->now) gate->now = now_us;
  check_time(gate);
}

// No code is above the scale, whatever the driver hands in.
static int32_t code(const power_gate *gate, uint16_t raw) {
  uint16_t top = (uint16_t)((1u << gate->options.adcBits) - 1);
  return raw > top ? top : raw;
}

// Notes that samples have come; gives the time since the last ones, and how much of it nothing ran.
static uint64_t note_feed(power_gate *gate, uint64_t now_us, uint64_t *stood) {
  note_time(gate, now_us);
  feed_cadence_wake(&gate->cadence, gate->now);
  uint64_t silence = gate->now - gate->cadence.fed;
  *stood = gate->cadence.stood;
  feed_cadence_note(&gate->cadence, gate->now, gate->fed);
  return silence;
}

// ---------------------------------------------------------------- standstills

static void open_gap(power_gate *gate, uint64_t silence, size_t count) {
  power_gate_gap *gap = &gate->gap;
  if (!gap->open) *gap = (power_gate_gap){.open = true, .since = gate->now - silence};
  gap->samples += (uint32_t)count;
  gap->until = gate->now + KEPT_US;
  gate->crossings = 0;
}

// What flowed while nobody looked is taken for what flowed before, its heat too: a load that was switched meanwhile is wrong for
// that long, and an over-current that began meanwhile begins when it is seen.
static void fill_gap(power_gate *gate, uint32_t missing) {
  const power_gate_sums *before = &gate->before;
  if (!is_ready(gate) || before->count == 0) return;
  count_energy(gate, before->power / (int64_t)before->count * (int64_t)missing, missing);
  check_energy(gate);
  uint64_t squares = before->current / before->count;
  check_current(gate, squares > gate->noise ? squares - gate->noise : 0, missing);
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
  uint64_t silence = note_feed(gate, now_us, &stood);
  if (!gate->fed) {
    gate->fed = true;
    restart_rate(gate);
  } else if (silence - stood > LOST_US + (uint64_t)count * gate->period / 1000) {
    lose_feed(gate);
    gate->gap.open = false;
    restart_rate(gate);
  } else if (stood) {
    open_gap(gate, silence, count);
  } else if (gate->gap.open) {
    follow_gap(gate, count);
  } else {
    measure_rate(gate, count);
  }
  for (size_t k = 0; k < count; k++) take_sample(gate, code(gate, current[k]), voltage ? code(gate, voltage[k]) : 0);
}

// A mean value in the scale of samples, so that the same judgements serve.
static uint64_t scaled_square(int32_t milli, int64_t lsb_nano) {
  int64_t scaled = milli * INT64_C(1000000) / lsb_nano;
  return square(scaled > LARGEST ? LARGEST : scaled);
}

// More energy than both scales' ends would have brought since the last report, and some pulses, never flowed: the frame was
// damaged and its checksum was not, or the chip's counter fell back.
static bool is_possible(const power_gate *gate, const power_gate_report *report, uint64_t silence_us) {
  uint64_t span = silence_us < HOUR_US ? silence_us : HOUR_US;
  uint64_t watts = (uint64_t)gate->options.currentRange * (uint64_t)gate->options.voltageRange / 1000000;
  return report->energy <= watts * span / 3600 + 50000;
}

// What a power brings in a window, in uWh; never so little that the chip's own noise would do.
static uint64_t window_energy(int32_t milliwatts, uint32_t quantum) {
  uint64_t energy = (uint64_t)milliwatts * (CHIP_WINDOW_US / SECOND_US) * 1000 / 3600;
  uint64_t noise = (uint64_t)quantum * NOISE_PULSES;
  return energy > noise ? energy : noise + 1;
}

// True when that ended a window.
static bool pace_on(power_gate_pace *pace, uint32_t energy, uint32_t span_us, uint64_t least) {
  pace->energy += energy;
  pace->span += span_us;
  if (pace->span < CHIP_WINDOW_US) return false;
  pace->windows = pace->energy >= least ? pace->windows + 1 : 0;
  pace->energy = pace->span = 0;
  return true;
}

// As count_energy(): what waits counts against the lease at once, and is dropped when its window brought too little. A
// current that the chip tells of, or far more than the threshold, is a load without waiting.
static void count_report(power_gate *gate, const power_gate_report *report, uint32_t span_us) {
  uint64_t least = window_energy(gate->options.creep, report->quantum);
  gate->pending += (int64_t)(report->energy * gate->unit);
  bool ended = pace_on(&gate->taken, report->energy, span_us, least);
  bool load = report->current > 0 || gate->taken.energy >= CHIP_FAST * least;
  if (load) gate->counting = true;
  else if (ended) gate->counting = gate->taken.windows >= CHIP_WINDOWS;
  if (gate->counting) commit(gate);
  else if (ended && gate->taken.windows == 0) gate->pending = 0;
}

// A welded relay's energy goes on; noise comes in bursts, with no current. Power and current themselves say nothing here:
// the chip tells them seconds late, and after each opening they are still those of the load.
static bool leaks(power_gate *gate, const power_gate_report *report, uint32_t span_us) {
  if (gate->closed || gate->report_faulty || !relay_had_time(gate)) {
    gate->leaked = (power_gate_pace){0};
    return false;
  }
  uint64_t least = window_energy(gate->options.weldPower, report->quantum);
  pace_on(&gate->leaked, report->energy, span_us, least);
  return gate->leaked.windows >= CHIP_WINDOWS || (report->current > 0 && gate->leaked.energy >= least);
}

void power_gate_measured(power_gate *gate, const power_gate_report *report, uint64_t now_us) {
  uint64_t stood;
  uint64_t silence = note_feed(gate, now_us, &stood);
  if (gate->fed && silence - stood > CHIP_LOST_US) lose_feed(gate);
  gate->fed = gate->paced = true; // a chip has no samples: the asked rate is only a scale of time
  uint64_t span = silence - stood < CHIP_LOST_US ? silence : CHIP_LOST_US;
  uint32_t count = (uint32_t)(span * gate->second / 1000000) + 1;
  uint64_t current = scaled_square(report->current, gate->current_lsb);
  uint64_t voltage = scaled_square(report->voltage, gate->voltage_lsb);
  grow_older(gate, count);
  bool possible = is_possible(gate, report, silence);
  uint32_t since = silence < CHIP_WINDOW_US ? (uint32_t)silence : CHIP_WINDOW_US;
  gate->by_chip = true;
  if (possible) count_report(gate, report, since);
  gate->report_faulty = report->fault || !possible;
  if (gate->report_faulty) trip(gate, POWER_GATE_SENSOR_FAULT);
  if (leaks(gate, report, since)) trip(gate, POWER_GATE_RELAY_WELDED);
  power_gate_sums half = {
      .power = within(report->power, 9000000) * INT64_C(1000000000000) / gate->power_lsb * count,
      .current = current * count,
      .voltage = voltage * count,
      .count = count,
  };
  judge(gate, &half);
}

void power_gate_tick(power_gate *gate, uint64_t now_us) {
  note_time(gate, now_us);
  feed_cadence_wake(&gate->cadence, gate->now);
  if (feed_cadence_silence(&gate->cadence, gate->now) > (gate->by_chip ? CHIP_LOST_US : LOST_US)) lose_feed(gate);
}

// ---------------------------------------------------------------- what the rest of the device says

void power_gate_sense(power_gate *gate, bool voltage) {
  gate->sense = voltage;
  gate->sensed = gate->sensed || voltage;
}

void power_gate_temperature(power_gate *gate, int32_t temperature) {
  if (!gate->options.overTemperature) return;
  if (temperature < -40000 || temperature > 150000) {
    trip(gate, POWER_GATE_SENSOR_FAULT);
  } else if (temperature >= gate->options.overTemperature) {
    trip(gate, POWER_GATE_OVER_TEMPERATURE);
  }
}

bool power_gate_grant(power_gate *gate, uint64_t up_to_uwh, uint32_t time_ms, uint32_t current_ma, uint64_t now_us) {
  note_time(gate, now_us);
  if (gate->trips) return false;
  uint64_t scaled = (uint64_t)current_ma * 1000000 / (uint64_t)gate->current_lsb;
  uint64_t limit = scaled > LARGEST ? gate->rated : scaled * scaled;
  gate->limit = limit < gate->rated ? limit : gate->rated;
  gate->up_to = up_to_uwh;
  gate->until = gate->now + (uint64_t)time_ms * 1000;
  if (!gate->lease) gate->over_halves = gate->under_halves = 0;
  gate->lease = gate->granted = true;
  check_time(gate);
  check_energy(gate);
  return true;
}

void power_gate_revoke(power_gate *gate) { end_lease(gate); }

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

void power_gate_take_cadence(power_gate *gate, power_gate_cadence *cadence) {
  memcpy(cadence->gaps, gate->cadence.gaps, sizeof cadence->gaps);
  cadence->longest = gate->cadence.longest;
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

// ---------------------------------------------------------------- options

void power_gate_defaults(power_gate_options *options) {
#define POWER_GATE_DEFAULT(name, least, most, byDefault) options->name = byDefault;
  POWER_GATE_OPTIONS(POWER_GATE_DEFAULT)
#undef POWER_GATE_DEFAULT
}

static const char *refuse(const power_gate_options *options) {
#define POWER_GATE_CHECK(name, least, most, byDefault) \
  if (options->name < (least) || options->name > (most)) return "option " #name ": expected " #least " to " #most;
  POWER_GATE_OPTIONS(POWER_GATE_CHECK)
#undef POWER_GATE_CHECK
  if (magnitude(options->currentGain) < 500000) return "option currentGain: expected at least 500000, or at most -500000";
  if (options->instantaneous > options->currentRange) return "option instantaneous: expected at most currentRange";
  if (options->rated > options->currentRange) return "option rated: expected at most currentRange, which is a peak";
  if (magnitude(options->phase) > 1000000000 / options->sampleRate) return "option phase: expected at most one sample";
  if (options->overVoltage && options->overVoltage <= options->underVoltage) {
    return "option overVoltage: expected more than underVoltage";
  }
  if (options->overVoltage > options->voltageRange) return "option overVoltage: expected at most voltageRange";
  return NULL;
}

// What in_phase() takes off a sine of the nominal frequency, in millionths: f (1 - f) (1 - cos w), f being the part of a
// sample between two samples and w the angle of one.
static int64_t interpolation_loss(const power_gate *gate) {
  int64_t rate = gate->second;
  int64_t frequency = gate->options.nominalFrequency;
  int64_t part = gate->phase % 4096;
  return part * (4096 - part) * (19739 * frequency * frequency / 1000 / (rate * rate)) / (4096 * 4096);
}

// Of the scales alone.
static void derive(power_gate *gate) {
  const power_gate_options *o = &gate->options;
  int64_t gain = magnitude(o->currentGain);
  gate->shift = 16 - o->adcBits;
  gate->clip_low = o->clipMargin;
  gate->clip_high = (1 << o->adcBits) - 1 - o->clipMargin;
  gate->curve = (int32_t)((int64_t)o->currentCurve * (1 << 20) / 1000000);
  gate->current_lsb = o->currentRange * gain / MIDDLE;
  gate->voltage_lsb = (int64_t)o->voltageRange * (o->voltageSensor ? o->voltageGain : 1000000) / MIDDLE;
  gate->peak = within(o->instantaneous * INT64_C(1000000) / gate->current_lsb, LARGEST);
  gate->nominal = o->nominalVoltage * INT64_C(1000000) / gate->voltage_lsb;
  gate->rated = square(o->rated * INT64_C(1000000) / gate->current_lsb);
  gate->over = o->voltageSensor ? square(o->overVoltage * INT64_C(1000000) / gate->voltage_lsb) : 0;
  gate->under = o->voltageSensor ? square(o->underVoltage * INT64_C(1000000) / gate->voltage_lsb) : 0;
}

// Of the rate, in samples a second. The voltage's delay is a time, so its part of a sample changes with it, and with that
// what the interpolation takes off and the scale of power.
static void derive_pace(power_gate *gate, uint32_t rate) {
  const power_gate_options *o = &gate->options;
  int64_t delay = 4096 + (int64_t)o->phase * rate * 4096 / 1000000000;
  gate->second = rate;
  gate->phase = delay < 0 ? 0 : delay > 8192 ? 8192 : (int32_t)delay;
  gate->power_lsb = gate->current_lsb * gate->voltage_lsb / 1000;
  if (o->voltageSensor) gate->power_lsb += gate->power_lsb * interpolation_loss(gate) / 1000000;
  gate->creep = o->creep * INT64_C(1000000000000) / gate->power_lsb;
  gate->weld = o->weldPower * INT64_C(1000000000000) / gate->power_lsb;
  gate->reverse = gate->weld > 4 * gate->creep ? gate->weld : 4 * gate->creep;
  gate->fast = 25 * gate->creep;
  gate->window = rate / 5;
  gate->quarter = rate / 400;
  gate->half_least = rate / 160;
  gate->half_most = o->voltageSensor ? rate / 80 : rate * 500u / (uint32_t)o->nominalFrequency;
  set_period(gate, 1000000000u / rate);
}

const char *power_gate_begin(power_gate *gate, const power_gate_options *options, uint64_t now_us) {
  const char *refusal = refuse(options);
  if (refusal) return refusal;
  memset(gate, 0, sizeof *gate);
  gate->options = *options;
  gate->now = gate->switched_at = now_us;
  feed_cadence_begin(&gate->cadence, now_us);
  derive(gate);
  derive_pace(gate, (uint32_t)options->sampleRate);
  if (gate->unit < 1000) return "options currentRange, voltageRange: expected a finer energy scale; lower one of them";
  return NULL;
}
