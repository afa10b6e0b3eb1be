#include "metering-chips.h"

#include <string.h>

#define WINDOW_US 1000000u
#define SEL_US 2000000u    // how long SEL stays: one second to settle, one to count
#define LOST_CURRENT_MA 50 // under it the chips' current is noise
#define MUTE_CURRENT_MA 500
#define MUTE_WINDOWS 6     // longer than the current takes to be told anew

// ---------------------------------------------------------------- BL0937, HLW8012

// Datasheets: the BL0937 has a reference of 1.218 V, the HLW8012 of 2.43 V and a clock of 3.579
// MHz.
//   BL0937:  f(CF) = 1721506 Vi Vv / Vref^2    f(CFI) = 94638 Vi / Vref         f(CFU) = 15397 Vv / Vref
//   HLW8012: f(CF) = 48 Vi Vv / Vref^2 f/128   f(CFI) = 24 Vi / Vref f/512      f(CFU) = 2 Vv / Vref f/512
typedef struct {
  uint32_t reference;           // mV
  uint32_t power, current, voltage; // the factors above, in thousandths
} pulse_factors;

static const pulse_factors FACTORS[2] = {
    [PULSE_BL0937] = {1218, 1721506000u, 94638000u, 15397000u},
    [PULSE_HLW8012] = {2430, 1342125000u, 167765625u, 13980469u},
};

bool pulse_meter_begin(pulse_meter *meter, pulse_chip chip, uint32_t shunt, uint32_t divider, int32_t current_gain,
                       int32_t voltage_gain, bool sel_inverted) {
  if (shunt < 100 || shunt > 100000 || divider < 100000 || divider > 10000000) return false;
  if (current_gain < 500000 || current_gain > 2000000 || voltage_gain < 500000 || voltage_gain > 2000000) return false;
  const pulse_factors *factor = &FACTORS[chip];
  uint64_t reference = factor->reference;
  memset(meter, 0, sizeof *meter);
  meter->selects_voltage = true;
  meter->sel_inverted = sel_inverted;
  // Per Hz of CF1, at the chip's pins in nV, then at the mains: I = V / shunt, U = V x divider.
  uint64_t current_pin = reference * UINT64_C(1000000000) / factor->current; // uV x 1000 = nV
  uint64_t voltage_pin = reference * UINT64_C(1000000000) / factor->voltage;
  meter->current_quantum = (uint32_t)(current_pin * 1000 / shunt * (uint32_t)current_gain / 1000000);
  meter->voltage_quantum = (uint32_t)(voltage_pin * divider / 1000000 * (uint32_t)voltage_gain / 1000000);
  // J for a pulse = Vref^2 / factor / (shunt / divider); mV^2 = 1e-6 V^2, factor 1e-3, shunt 1e-6,
  // divider 1e-3: 1e-6 / 1e-3 x 1e-3 / 1e-6 = 1, and 1 J is 1e9 / 3600 nWh.
  uint64_t nano = reference * reference * divider / shunt * UINT64_C(1000000) / factor->power; // uJ
  nano = nano * 1000 / 3600;
  nano = nano * (uint32_t)current_gain / 1000000 * (uint32_t)voltage_gain / 1000000;
  meter->energy_quantum = (uint32_t)nano;
  return meter->energy_quantum > 0;
}

static int32_t times(uint32_t pulses, uint32_t quantum, uint32_t window_us) {
  return (int32_t)((uint64_t)pulses * quantum * 1000 / window_us); // micro per Hz, over us: milli
}

// Half an ampere at a power factor under a fiftieth is no load but a CF that does not reach us:
// energy would go uncounted.
static bool is_mute(const pulse_meter *meter) {
  if (meter->current < MUTE_CURRENT_MA || meter->voltage <= 0) return false;
  return meter->power < (int64_t)meter->current * meter->voltage / 1000 / 50;
}

void pulse_meter_take(pulse_meter *meter, uint32_t cf, uint32_t cf1, uint32_t elapsed_us, power_gate_report *report,
                      bool *sel) {
  meter->rest += (uint64_t)cf * meter->energy_quantum;
  meter->cf_pulses += cf;
  meter->cf_window += elapsed_us;
  if (meter->cf_window >= WINDOW_US) {
    // One pulse alone in a second is what the chip gives without a load.
    uint32_t pulses = meter->cf_pulses > 1 ? meter->cf_pulses : 0;
    uint64_t nano_hours = (uint64_t)pulses * meter->energy_quantum;
    meter->power = (int32_t)(nano_hours * 3600 / meter->cf_window); // nWh x 3600 / us = mW
    meter->cf_pulses = meter->cf_window = 0;
    meter->mute = is_mute(meter) ? meter->mute + 1 : 0;
  }
  uint32_t before = meter->cf1_window;
  meter->cf1_window += elapsed_us;
  if (before >= WINDOW_US) meter->cf1_pulses += cf1;
  if (meter->cf1_window >= SEL_US) {
    uint32_t counted = meter->cf1_window - WINDOW_US;
    if (meter->selects_voltage) {
      meter->voltage = times(meter->cf1_pulses, meter->voltage_quantum, counted);
    } else {
      int32_t current = times(meter->cf1_pulses, meter->current_quantum, counted);
      meter->current = current < LOST_CURRENT_MA ? 0 : current;
    }
    meter->selects_voltage = !meter->selects_voltage;
    meter->cf1_pulses = meter->cf1_window = 0;
  }
  *report = (power_gate_report){
      .energy = (uint32_t)(meter->rest / 1000),
      .quantum = meter->energy_quantum / 1000,
      .voltage = meter->voltage,
      .current = meter->current,
      .power = meter->power,
      .fault = meter->mute >= MUTE_WINDOWS,
  };
  meter->rest %= 1000;
  *sel = meter->selects_voltage != meter->sel_inverted;
}

uint32_t pulses_since(uint32_t *before, uint32_t now) {
  uint32_t last = *before;
  *before = now;
  return now >= last ? now - last : now + PULSE_COUNTER_WRAP - last;
}

// ---------------------------------------------------------------- CSE7766

// The frame: header, 0x5A, then coefficient and cycle of voltage, current and power, 3 bytes each;
// a byte of flags (0x10 power, 0x20 current, 0x40 voltage has a whole cycle), CF's counter, and the
// sum of bytes 2 to 22.
enum { VOLTAGE = 2, CURRENT = 8, POWER = 14, FLAGS = 20, PULSES = 21, CHECKSUM = 23 };
enum { NOT_CALIBRATED = 0xaa, GOOD = 0x55, ABNORMAL = 0xf0 }; // 0xfX: bits of what is out of range
enum { POWER_RANGE = 2, CURRENT_RANGE = 4, VOLTAGE_RANGE = 8, STORAGE = 1 };

static uint32_t word(const uint8_t *at) { return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2]; }

// Coefficient over cycle, in thousandths; both are in the chip's microseconds.
static int32_t quotient(const uint8_t *frame, int at) {
  uint32_t cycle = word(frame + at + 3);
  uint64_t value = cycle ? (uint64_t)word(frame + at) * 1000 / cycle : 0;
  return value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

static bool is_whole(const uint8_t *frame) {
  uint8_t sum = 0;
  for (int k = 2; k < CHECKSUM; k++) sum = (uint8_t)(sum + frame[k]);
  return sum == frame[CHECKSUM];
}

// Energy comes from CF's counter, not from power times time: what flows between two frames is in
// it.
static uint32_t count_pulses(cse7766 *chip) {
  const uint8_t *frame = chip->frame;
  uint16_t pulses = (uint16_t)(frame[PULSES] << 8 | frame[PULSES + 1]);
  uint16_t fresh = chip->counting ? (uint16_t)(pulses - chip->pulses) : 0; // the counter wraps
  chip->pulses = pulses;
  chip->counting = true;
  chip->rest += (uint64_t)fresh * word(frame + POWER); // coefficient = W x us for a pulse: 1e-6 J, 1/3600 uWh
  uint32_t energy = (uint32_t)(chip->rest / 3600);
  chip->rest %= 3600;
  return energy;
}

static void decode(cse7766 *chip, power_gate_report *report) {
  const uint8_t *frame = chip->frame;
  uint8_t abnormal = frame[0] >= ABNORMAL ? frame[0] & 15 : 0;
  bool flows = !(abnormal & POWER_RANGE) && frame[FLAGS] & 0x10;
  *report = (power_gate_report){
      .energy = count_pulses(chip),
      .quantum = word(frame + POWER) / 3600,
      .voltage = abnormal & VOLTAGE_RANGE || !(frame[FLAGS] & 0x40) ? 0 : quotient(frame, VOLTAGE),
      .power = flows ? quotient(frame, POWER) : 0,
      .fault = frame[0] == NOT_CALIBRATED || abnormal & STORAGE,
  };
  int32_t current = abnormal & CURRENT_RANGE || !(frame[FLAGS] & 0x20) || !flows ? 0 : quotient(frame, CURRENT);
  report->current = current < LOST_CURRENT_MA ? 0 : current;
}

// After an error the bytes in hand may hold the start of the next frame.
static void search_start(cse7766 *chip) {
  do {
    chip->length--;
    memmove(chip->frame, chip->frame + 1, chip->length);
  } while (chip->length > 0 && !(chip->frame[0] == GOOD || chip->frame[0] == NOT_CALIBRATED || chip->frame[0] >= ABNORMAL));
}

bool cse7766_take(cse7766 *chip, uint8_t byte, power_gate_report *report) {
  chip->frame[chip->length++] = byte;
  uint8_t head = chip->frame[0];
  bool plausible = head == GOOD || head == NOT_CALIBRATED || head >= ABNORMAL;
  if (!plausible || (chip->length >= 2 && chip->frame[1] != 0x5a)) {
    search_start(chip);
    return false;
  }
  if (chip->length < sizeof chip->frame) return false;
  if (!is_whole(chip->frame)) {
    chip->refused++;
    search_start(chip);
    return false;
  }
  chip->length = 0;
  decode(chip, report);
  return true;
}
