// Decoders for the two kinds of metering chip in ordinary smart plugs, a second sensor behind the
// power gate: pulses (BL0937, HLW8012) and serial frames (CSE7766). Portable C11, integers; they
// only turn what the chip says into a power_gate_report. Formulas and bits from the makers'
// datasheets.
#ifndef PLUGPAY_METERING_CHIPS_H
#define PLUGPAY_METERING_CHIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "power-gate.h"

// ---------------------------------------------------------------- BL0937, HLW8012

// CF gives a pulse for each quantum of energy. CF1's frequency tells voltage or current, as SEL
// chooses; its first second after a change is not to be trusted.
typedef struct {
  uint32_t energy_quantum;  // nWh for a pulse of CF
  uint32_t voltage_quantum; // uV for one Hz of CF1
  uint32_t current_quantum; // uA for one Hz of CF1
  uint64_t rest;            // nWh not yet reported
  uint32_t cf_pulses, cf_window;   // CF in the running window; us
  uint32_t cf1_pulses, cf1_window; // CF1 since SEL changed; us
  uint32_t mute;                   // windows in a row in which a current flowed and CF told of no power
  bool selects_voltage;
  bool sel_inverted;
  int32_t voltage, current, power; // last known
} pulse_meter;

typedef enum { PULSE_BL0937, PULSE_HLW8012 } pulse_chip;

// `shunt` in micro-ohm, `divider`: mains over the chip's voltage input, in thousandths. Gains in
// millionths. False when one of them is out of range. `sel_inverted`: a transistor between the
// controller and SEL, so that low selects voltage.
bool pulse_meter_begin(pulse_meter *meter, pulse_chip chip, uint32_t shunt, uint32_t divider, int32_t current_gain,
                       int32_t voltage_gain, bool sel_inverted);

// Takes the pulses of the last `elapsed_us` (at most one second). `*sel` is the level that SEL's
// pin is to be set to.
void pulse_meter_take(pulse_meter *meter, uint32_t cf, uint32_t cf1, uint32_t elapsed_us, power_gate_report *report,
                      bool *sel);

// A chip's pulse counter counts from 0 to this, exclusive, and begins anew. Gives the pulses since
// `*before`, and sets it.
#define PULSE_COUNTER_WRAP 32767
uint32_t pulses_since(uint32_t *before, uint32_t now);

// ---------------------------------------------------------------- CSE7766

typedef struct {
  uint8_t frame[24];
  uint8_t length;
  uint16_t pulses; // CF's counter in the last frame
  bool counting;   // a last frame there was
  uint64_t rest;   // in 1/3600 uWh
  uint32_t refused; // frames with a wrong checksum or header
} cse7766;

// Takes one byte (4800 baud, 8E1). True when it ended a good frame; then `report` holds it.
bool cse7766_take(cse7766 *chip, uint8_t byte, power_gate_report *report);

#endif
