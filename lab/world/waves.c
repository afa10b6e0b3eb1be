#include "waves.h"

double wave_sine(double cycles) {
  cycles -= (double)(int64_t)cycles;
  if (cycles < 0) cycles += 1;
  double sign = 1;
  if (cycles >= 0.5) {
    cycles -= 0.5;
    sign = -1;
  }
  if (cycles > 0.25) cycles = 0.5 - cycles;
  double x = cycles * 6.283185307179586;
  double term = x;
  double sum = x;
  for (int n = 2; n < 22; n += 2) {
    term *= -x * x / (double)(n * (n + 1));
    sum += term;
  }
  return sign * sum;
}

void wave_build(wave *out, double (*shape)(double, const void *), const void *context, double watts, double volts,
                double scale) {
  if (watts > 0) {
    wave_build(out, shape, context, 0, 0, 1);
    scale = watts / (out->energy[WAVE_STEPS] * volts);
  }
  double charge = 0;
  double energy = 0;
  out->current[0] = out->energy[0] = 0;
  for (int step = 0; step < WAVE_STEPS; step++) {
    double at = (step + 0.5) / WAVE_STEPS;
    double current = shape(at, context) * scale;
    charge += current / WAVE_STEPS;
    energy += current * 1.4142135623730951 * wave_sine(at) / WAVE_STEPS;
    out->current[step + 1] = charge;
    out->energy[step + 1] = energy;
  }
}
