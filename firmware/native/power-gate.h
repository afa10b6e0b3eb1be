// The power gate: metering, tripping, and a relay held closed only by a lease. Portable C11: no
// heap, no platform, no libc beyond <string.h>, no floating point. One `power_gate` a device; the
// caller serialises the calls.
//
// The glue (power-gate-esp32.c), the simulator (lab/world/world.c), the benchmarks and the fuzzer
// all drive this very code: blocks of raw samples in, the wanted state of the relay and events out.
// docs/metering.md has the algorithms.
#ifndef PLUGPAY_POWER_GATE_H
#define PLUGPAY_POWER_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed-cadence.h"

// X(name, least, most, default); meaning and units in shared/settings/gate.ts, which says the same
// of each.
#define POWER_GATE_OPTIONS(X)                                \
  X(sampleRate, 1000, 20000, 4000)                           \
  X(adcBits, 10, 16, 12)                                     \
  X(clipMargin, 0, 1000, 4)                                  \
  X(currentRange, 100, 500000, 35000)                        \
  X(voltageRange, 10000, 2000000, 450000)                    \
  X(voltageSensor, 0, 1, 1)                                  \
  X(nominalVoltage, 50000, 300000, 230000)                   \
  X(nominalFrequency, 45000, 65000, 50000)                   \
  X(currentGain, -2000000, 2000000, 1000000)                 \
  X(currentCurve, -50000, 50000, 0)                          \
  X(voltageGain, 500000, 2000000, 1000000)                   \
  X(phase, -1000000, 1000000, 0)                             \
  X(creep, 0, 20000, 1000)                                   \
  X(rated, 50, 100000, 16000)                                \
  X(instantaneous, 100, 500000, 34000)                       \
  X(overVoltage, 0, 400000, 265000)                          \
  X(underVoltage, 0, 300000, 180000)                         \
  X(overTemperature, 0, 150000, 0)                           \
  X(loadSense, 0, 1, 0)                                      \
  X(selInverted, 0, 1, 0)                                    \
  X(weldPower, 500, 1000000, 5000)                           \
  X(relayTime, 5, 1000, 100)                                 \
  X(minimumOff, 0, 60000, 250)

typedef struct {
#define POWER_GATE_FIELD(name, least, most, byDefault) int32_t name;
  POWER_GATE_OPTIONS(POWER_GATE_FIELD)
#undef POWER_GATE_FIELD
} power_gate_options;

// In rising order of what they say about the hardware: of several latched causes the last is shown.
typedef enum {
  POWER_GATE_NO_TRIP,
  POWER_GATE_SAMPLES_LOST,
  POWER_GATE_UNDER_VOLTAGE,
  POWER_GATE_OVER_VOLTAGE,
  POWER_GATE_OVER_CURRENT,
  POWER_GATE_SHORT_CIRCUIT,
  POWER_GATE_OVER_TEMPERATURE,
  POWER_GATE_RELAY_STUCK_OPEN,
  POWER_GATE_SENSOR_FAULT,
  POWER_GATE_RELAY_WELDED,
  POWER_GATE_CAUSES
} power_gate_trip;

typedef enum { POWER_GATE_NO_EVENT, POWER_GATE_ENERGY_USED, POWER_GATE_TIME_USED, POWER_GATE_TRIP } power_gate_event_kind;

typedef struct {
  power_gate_event_kind kind;
  power_gate_trip cause; // of a trip
} power_gate_event;

typedef struct {
  uint64_t total; // uWh, never decreases
  bool closed;    // as the relay is told, not as its contacts are
  bool lease;
  power_gate_trip trip;
  bool voltage_measured;
  int32_t current;      // mA RMS, without the sensor's noise and direct component
  int32_t voltage;      // mV RMS
  int32_t power;        // mW; positive is delivered
  int32_t apparent;     // mVA
  int32_t reactive;     // mvar, lagging positive
  int32_t power_factor; // thousandths
  int32_t frequency;    // mHz, 0 while unknown
  int32_t noise;        // mA RMS seen while nothing could flow
  uint32_t samples;     // since the start
} power_gate_reading;

// How regularly the feed comes: times between two of them, under 2, 4, 8, ... 512 ms, and longer.
typedef struct {
  feed_gaps all, watched; // `watched`: those that a watched time touched
  uint32_t asleep;        // us in which neither feed nor tick came at most, while it was watched
  uint32_t standstills; // of all tasks, as while flash is erased
  uint32_t rate;        // samples a second as measured; 0 while unknown, and with a metering chip
} power_gate_cadence;

// Sums over a half-wave or a window. Samples are scaled to 16 bits around their offset.
typedef struct {
  int64_t power, reactive, direct; // `direct`: of the current itself
  uint64_t current, voltage;       // of squares
  uint32_t count;
} power_gate_sums;

typedef struct {
  int32_t offset;    // tracked middle of the scale, 16-bit code, Q12
  uint32_t seen;     // samples so far, up to the full time constant
  uint16_t code;     // last one
  uint32_t same;     // how often in a row
  uint32_t railed;   // samples in a row at the same end of the scale
  uint32_t sound;    // samples since a fault was last seen
  bool faulty;       // what it shows means nothing
} power_gate_channel;

// A metering chip's energy, window by window of ten seconds.
typedef struct {
  uint64_t energy;  // uWh in the running window
  uint32_t span;    // us of it
  uint32_t windows; // in a row that brought what was expected at least
} power_gate_pace;

// Samples that never came because no task ran, from the last feed before to when those that the
// driver had kept are all in.
typedef struct {
  bool open;
  uint64_t since, until; // us
  uint32_t samples;      // of that time that came
} power_gate_gap;

// A metering chip's reports that came at once.
typedef struct {
  uint64_t energy; // uWh
  uint64_t span;   // us, from the last report before them
} power_gate_burst;

// All of the state. Private to the core (gate-core.h); here so that a caller can place it.
typedef struct {
  power_gate_options options;
  // derived at the start, and from the rate once it is measured
  int32_t clip_low, clip_high, shift, curve, peak, phase;
  int64_t current_lsb, voltage_lsb, power_lsb; // nA, nV, fW
  int64_t creep, weld, reverse, fast, nominal; // scaled power of one sample; scaled voltage
  uint64_t rated, over, under;                 // scaled squares
  uint32_t quarter, half_least, half_most, window, second;
  // sampling
  power_gate_channel current, voltage;
  bool report_faulty;
  int32_t i1, i2, v1, v2, p1, p2;
  bool positive;
  uint32_t short_score;
  uint32_t samples, age; // since the start: wrapping, and up to its largest value
  power_gate_sums half, sums, creeping, before; // `before`: the last window before a gap
  // frequency
  uint32_t rising, crossing_first, crossing_last, crossings; // `crossing_*` in 1/256 of a sample
  // time
  uint64_t now, rate_since;
  uint32_t rate_count, period;
  feed_cadence cadence;
  power_gate_gap gap;
  bool fed, paced; // `paced`: the rate is measured, `second` is its samples in a second
  // energy
  uint64_t total, unit;
  int64_t pending;
  bool counting;
  bool by_chip; // a metering chip measures, not samples
  power_gate_burst burst;
  power_gate_pace taken, leaked; // all that it told; what it told while the relay was open
  uint64_t leaks_from; // us; before, what it tells may be of a time when the relay was closed
  uint64_t noise;
  // lease and relay
  bool lease, closed, granted, restored;
  uint64_t up_to, until, limit;
  uint64_t heat, lease_heat, switched_at;
  uint32_t over_halves, under_halves, settled; // `settled`: samples since the relay was switched
  bool sense, sensed;
  uint32_t weld_windows, stuck_windows;
  uint32_t trips, fresh; // bits by cause: latched; not yet handed out
  bool energy_used, time_used;
  power_gate_reading reading;
} power_gate;

// Fills in the defaults.
void power_gate_defaults(power_gate_options *options);

// Checks each option, then starts with the relay open and a total of 0. Gives NULL, or a sentence
// that names the first option that is wrong; then the gate must not be used.
const char *power_gate_begin(power_gate *gate, const power_gate_options *options, uint64_t now_us);

// Takes `count` samples a channel, the last of them taken at `now_us` (monotonic). `voltage` may be
// NULL without a sensor. The first fifth of a second measures the rate, which may be from 0.6 to
// 1.4 of `sampleRate`; the relay stays open until then.
void power_gate_feed(power_gate *gate, const uint16_t *current, const uint16_t *voltage, size_t count, uint64_t now_us);

// What a metering chip has found since its last report.
typedef struct {
  uint32_t energy;  // uWh
  uint32_t quantum; // uWh for one of its pulses: two of them are no load yet
  int32_t voltage, current, power; // mV, mA, mW
  bool fault; // it says so itself
} power_gate_report;

// In place of power_gate_feed() where a chip does the metering (metering-chips.h), every 50 to 100
// ms; three to five may be missing in a row, as a damaged frame is one that never came. Lease and
// limits are kept by the same rules, only as quickly as the reports come. Instantaneous trips are
// then the fuse's alone. Energy that cannot have flowed since the last report is not counted and
// means a faulty sensor. What two windows of ten seconds do not bear out is noise: it neither
// counts nor says anything about the relay.
void power_gate_measured(power_gate *gate, const power_gate_report *report, uint64_t now_us);

// Ends leases in time and notices a feed that stopped. To be called every 20 ms or oftener, not by
// what feeds. Where this is late as well, all tasks stood still: that silence is borne
// (feed-cadence.h), and what flowed meanwhile counts as before it.
void power_gate_tick(power_gate *gate, uint64_t now_us);

// Whether there is voltage behind the relay (option `loadSense`); called once a block at least.
void power_gate_sense(power_gate *gate, bool voltage);

// Thousandths of a degree Celsius; outside -40..150 degrees the sensor counts as broken.
void power_gate_temperature(power_gate *gate, int32_t temperature);

// Replaces the lease. False, and nothing changes, while a trip is latched. `up_to` is a reading of
// the total.
bool power_gate_grant(power_gate *gate, uint64_t up_to_uwh, uint32_t time_ms, uint32_t current_ma, uint64_t now_us);
void power_gate_revoke(power_gate *gate);
void power_gate_clear(power_gate *gate);

// False, and nothing changes, after the first grant.
bool power_gate_restore(power_gate *gate, uint64_t total_uwh);

// What the relay is to do; look after each call above.
static inline bool power_gate_closed(const power_gate *gate) { return gate->closed; }

void power_gate_read(const power_gate *gate, power_gate_reading *reading);

// Something begins, or ends, that must not hold the gate up.
void power_gate_watch(power_gate *gate, bool on);

// Since the start, or the last time.
void power_gate_take_cadence(power_gate *gate, power_gate_cadence *cadence);

// Hands out each event once, trips first. False when there is none.
bool power_gate_next_event(power_gate *gate, power_gate_event *event);

// Puts an event back that could not be passed on; it comes again.
void power_gate_return_event(power_gate *gate, const power_gate_event *event);

// "over-current" and so on, as in shared/kernel/ports.ts.
const char *power_gate_trip_name(power_gate_trip trip);

#endif
