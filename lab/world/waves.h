// Wave shapes of mains current over one cycle, as running integrals: what an averaging converter
// sees between two instants, and the energy that flowed, are differences of two look-ups, exact for
// edges between samples too.
#ifndef PLUGPAY_WAVES_H
#define PLUGPAY_WAVES_H

#include <stdbool.h>
#include <stdint.h>

#define WAVE_STEPS 4096

typedef struct {
  double current[WAVE_STEPS + 1]; // integral of current over the cycle, A x cycle
  double energy[WAVE_STEPS + 1];  // integral of current times a sine of 1 V RMS
} wave;

// Sine of an angle in cycles; the same on every machine.
double wave_sine(double cycles);

// Adds up `shape` (called with cycles 0..1) times `scale`. With `watts` above zero the scale is
// found so that the mean power at `volts` RMS is `watts`.
void wave_build(wave *out, double (*shape)(double cycles, const void *), const void *context, double watts, double volts,
                double scale);

// What one of the integrals gains from one phase (1/2^32 cycle) to a later one, less than a cycle
// apart.
static inline double wave_at(const double *integral, uint32_t phase) {
  uint32_t step = phase >> 20;
  double part = (double)(phase & 0xfffff) / 1048576.0;
  return integral[step] + (integral[step + 1] - integral[step]) * part;
}

static inline double wave_gain(const double *integral, uint32_t from, uint32_t to) {
  return wave_at(integral, to) - wave_at(integral, from) + (to < from ? integral[WAVE_STEPS] : 0);
}

#endif
