// A metering chip's reports in place of samples.
#include "gate-core.h"

#define CHIP_WINDOW_US 10000000u // a metering chip's pulses come seconds apart at a small load
#define CHIP_WINDOWS 2 // of which so many in a row are no chance
#define CHIP_FAST 8 // so many times the threshold's energy in the running window are no noise either
#define NOISE_PULSES 2 // in a window, whatever the threshold
#define BURST_US 20000    // reports that come closer were kept somewhere
#define HOUR_US 3600000000u
#define LATE_US 1000000u // after lost reports the next ones tell of energy that flowed meanwhile, and what a port had kept comes late

// A mean value in the scale of samples, so that the same judgements serve.
static uint64_t scaled_square(int32_t milli, int64_t lsb_nano) {
  int64_t scaled = milli * INT64_C(1000000) / lsb_nano;
  return square(scaled > LARGEST ? LARGEST : scaled);
}

// More energy than both scales' ends would have brought since the last report, and some pulses,
// never flowed: the frame was damaged and its checksum was not, or the chip's counter fell back.
// Reports that a port had kept come at once; the silence before the first of them is that of all.
static bool is_possible(power_gate *gate, const power_gate_report *report, uint64_t silence_us) {
  power_gate_burst *burst = &gate->burst;
  if (silence_us >= BURST_US || burst->span >= HOUR_US) *burst = (power_gate_burst){0};
  burst->span += silence_us < HOUR_US ? silence_us : HOUR_US;
  uint64_t watts = (uint64_t)gate->options.currentRange * (uint64_t)gate->options.voltageRange / 1000000;
  bool possible = burst->energy + report->energy <= watts * burst->span / 3600 + 50000;
  if (possible) burst->energy += report->energy;
  return possible;
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

// As gate_count_energy(): what waits counts against the lease at once, and is dropped when its
// window brought too little. A current that the chip tells of, or far more than the threshold, is a
// load without waiting.
static void count_report(power_gate *gate, const power_gate_report *report, uint32_t span_us) {
  uint64_t least = window_energy(gate->options.creep, report->quantum);
  gate->pending += (int64_t)(report->energy * gate->unit);
  bool ended = pace_on(&gate->taken, report->energy, span_us, least);
  bool load = report->current > 0 || gate->taken.energy >= CHIP_FAST * least;
  if (load) gate->counting = true;
  else if (ended) gate->counting = gate->taken.windows >= CHIP_WINDOWS;
  if (gate->counting) gate_commit(gate);
  else if (ended && gate->taken.windows == 0) gate->pending = 0;
}

// A welded relay's energy goes on; noise comes in bursts, with no current. Power and current
// themselves say nothing here: the chip tells them seconds late, and after each opening they are
// still those of the load. Energy comes late only where reports were lost: it may have flowed
// before the relay opened.
static bool leaks(power_gate *gate, const power_gate_report *report, uint32_t span_us) {
  if (span_us > CHIP_LOST_US) gate->leaks_from = gate->now + LATE_US;
  if (gate->closed || gate->report_faulty || !gate_relay_had_time(gate)) {
    gate->leaked = (power_gate_pace){0};
    return false;
  }
  if (gate->now < gate->leaks_from) return false;
  uint64_t least = window_energy(gate->options.weldPower, report->quantum);
  pace_on(&gate->leaked, report->energy, span_us, least);
  return gate->leaked.windows >= CHIP_WINDOWS || (report->current > 0 && gate->leaked.energy >= least);
}

void power_gate_measured(power_gate *gate, const power_gate_report *report, uint64_t now_us) {
  uint64_t stood;
  uint64_t silence = gate_note_feed(gate, now_us, &stood);
  if (gate->fed && silence - stood > CHIP_LOST_US) gate_lose_feed(gate);
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
  if (gate->report_faulty) gate_trip(gate, POWER_GATE_SENSOR_FAULT);
  if (leaks(gate, report, since)) gate_trip(gate, POWER_GATE_RELAY_WELDED);
  power_gate_sums half = {
      .power = within(report->power, 9000000) * INT64_C(1000000000000) / gate->power_lsb * count,
      .current = current * count,
      .voltage = voltage * count,
      .count = count,
  };
  gate_judge(gate, &half);
}
