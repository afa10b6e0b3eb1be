// The gate's options, and all that is derived from them.
#include "gate-core.h"

#include <string.h>

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

// What in_phase() takes off a sine of the nominal frequency, in millionths: f (1 - f) (1 - cos w),
// f being the part of a sample between two samples and w the angle of one.
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

// Energy is power times true time: the converter's nominal rate is not to be trusted, the clock is.
void gate_set_period(power_gate *gate, uint32_t period) {
  gate->period = period;
  gate->unit = (UINT64_C(3600000000000000000) / (uint64_t)gate->power_lsb) * 1000 / period;
}

// Of the rate, in samples a second. The voltage's delay is a time, so its part of a sample changes
// with it, and with that what the interpolation takes off and the scale of power.
void gate_set_pace(power_gate *gate, uint32_t rate) {
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
  gate_set_period(gate, 1000000000u / rate);
}

const char *power_gate_begin(power_gate *gate, const power_gate_options *options, uint64_t now_us) {
  const char *refusal = refuse(options);
  if (refusal) return refusal;
  memset(gate, 0, sizeof *gate);
  gate->options = *options;
  gate->now = gate->switched_at = now_us;
  feed_cadence_begin(&gate->cadence, now_us);
  derive(gate);
  gate_set_pace(gate, (uint32_t)options->sampleRate);
  if (gate->unit < 1000) return "options currentRange, voltageRange: expected a finer energy scale; lower one of them";
  return NULL;
}
