#include "adc-frames.h"

#include <string.h>

void adc_frames_begin(adc_frames *frames, bool wide, uint8_t current, uint8_t voltage) {
  memset(frames, 0, sizeof *frames);
  frames->wide = wide;
  frames->current = current;
  frames->voltage = voltage;
}

static void restart(adc_frames *frames) {
  frames->sums[0] = frames->sums[1] = 0;
  frames->counts[0] = frames->counts[1] = 0;
}

// True when a sample is complete on all channels.
static bool add(adc_frames *frames, uint8_t channel, uint16_t data) {
  bool single = frames->current == frames->voltage;
  if (channel != frames->current && channel != frames->voltage) return false;
  uint8_t which = channel == frames->current ? 0 : 1;
  if (frames->counts[which] == ADC_FRAMES_SUM) { // the other channel lags by a whole sample: conversions were lost
    frames->dropped++;
    restart(frames);
  }
  frames->sums[which] = (uint16_t)(frames->sums[which] + data);
  frames->counts[which]++;
  return frames->counts[0] == ADC_FRAMES_SUM && (single || frames->counts[1] == ADC_FRAMES_SUM);
}

size_t adc_frames_take(adc_frames *frames, const uint8_t *bytes, size_t length, size_t *taken, uint16_t *current,
                       uint16_t *voltage, size_t most) {
  size_t step = frames->wide ? 4 : 2;
  size_t count = 0;
  size_t at = 0;
  for (; at + step <= length && count < most; at += step) {
    uint32_t word = bytes[at] | (uint32_t)bytes[at + 1] << 8;
    if (frames->wide) word |= (uint32_t)bytes[at + 2] << 16;
    uint8_t channel = (uint8_t)(frames->wide ? word >> 13 & 15 : word >> 12);
    if (!add(frames, channel, word & 0xfff)) continue;
    current[count] = frames->sums[0];
    voltage[count] = frames->sums[1];
    count++;
    restart(frames);
  }
  *taken = at;
  return count;
}
