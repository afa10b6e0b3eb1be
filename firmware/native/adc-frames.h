// From the ESP32 family's DMA frames of single conversions to the power gate's samples: sorts by
// channel and adds up eight conversions, which is the anti-alias filter and brings three bits.
// Portable C11; docs/metering.md has the why.
#ifndef PLUGPAY_ADC_FRAMES_H
#define PLUGPAY_ADC_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADC_FRAMES_SUM 8   // conversions in a sample
#define ADC_FRAMES_BITS 15 // of a sample: 12, and 3 of the sum

typedef struct {
  bool wide;        // 4 bytes a conversion (esp32s3, c3, c6), else 2 (esp32)
  uint8_t current, voltage; // ADC1 channels; the same twice means one channel only
  uint16_t sums[2];
  uint8_t counts[2];
  uint32_t dropped; // sums thrown away because the other channel's conversions were missing
} adc_frames;

void adc_frames_begin(adc_frames *frames, bool wide, uint8_t current, uint8_t voltage);

// Takes conversions from `bytes`, at most until `most` samples are made; gives their number and
// sets `*taken` to the bytes that were used. Words of other channels, which the converter marks as
// invalid, are skipped.
size_t adc_frames_take(adc_frames *frames, const uint8_t *bytes, size_t length, size_t *taken, uint16_t *current,
                       uint16_t *voltage, size_t most);

#endif
