// Counts the power gate's instructions on a bare 32-bit RISC-V core (qemu-system-riscv32 -M virt
// -icount shift=0): one second of mains, 230 V and 5 A at 50 Hz, in blocks of a millisecond, as the
// ESP32's glue feeds them. Prints lines "name instructions".
#include <stdint.h>
#include <stdio.h>

#include "../../../firmware/native/adc-frames.h"
#include "../../../firmware/native/power-gate.h"

__asm__(".option arch, +zicsr"); // GCC 12 wants the counters' extension named

#define RATE 4000
#define BLOCK 4
#define CYCLE (RATE / 50)

static uint32_t instret(void) {
  uint32_t count;
  __asm__ volatile("rdinstret %0" : "=r"(count));
  return count;
}

static uint16_t current[CYCLE], voltage[CYCLE];
static uint8_t frame[BLOCK * ADC_FRAMES_SUM * 2 * 4];

// A sine by its own recurrence, and noise from a small generator: what is measured does not hang on
// libm.
static void make_cycle(void) {
  int32_t sine = 0;
  int32_t cosine = 1 << 20;
  uint32_t noise = 1;
  for (int k = 0; k < CYCLE; k++) {
    noise = noise * 1664525 + 1013904223;
    current[k] = (uint16_t)((2048 << 3) + sine * 3 / 1024 + (int32_t)(noise >> 27));
    voltage[k] = (uint16_t)((2048 << 3) + sine * 11 / 1024 + (int32_t)(noise >> 22 & 31));
    int32_t next = sine + (int32_t)((int64_t)cosine * 82247 >> 20); // sin(2 pi / 80) in Q20
    cosine -= (int32_t)((int64_t)next * 82247 >> 20);
    sine = next;
  }
}

static uint32_t feed_seconds(power_gate *gate, uint64_t *now, int seconds, uint32_t *largest) {
  uint32_t before = instret();
  *largest = 0;
  for (int k = 0; k < RATE * seconds; k += BLOCK) {
    *now += 1000;
    uint32_t start = instret();
    power_gate_feed(gate, current + k % CYCLE, voltage + k % CYCLE, BLOCK, *now);
    uint32_t cost = instret() - start;
    if (cost > *largest) *largest = cost;
  }
  return instret() - before;
}

static uint32_t sort_second(bool wide) {
  static uint16_t to[2][BLOCK];
  adc_frames frames;
  adc_frames_begin(&frames, wide, 0, 3);
  size_t step = wide ? 4 : 2;
  for (size_t k = 0; k < BLOCK * ADC_FRAMES_SUM * 2; k++) {
    uint32_t word = wide ? (k % 2 ? 3u << 13 : 0) + 2048 : (k % 2 ? 3u << 12 : 0) + 2048;
    for (size_t byte = 0; byte < step; byte++) frame[k * step + byte] = (uint8_t)(word >> (8 * byte));
  }
  uint32_t before = instret();
  for (int k = 0; k < RATE; k += BLOCK) {
    size_t taken;
    adc_frames_take(&frames, frame, BLOCK * ADC_FRAMES_SUM * 2 * step, &taken, to[0], to[1], BLOCK);
  }
  return instret() - before;
}

int main(void) {
  static power_gate gate;
  power_gate_options options;
  uint64_t now = 0;
  uint32_t largest;
  make_cycle();
  for (int sensor = 1; sensor >= 0; sensor--) {
    power_gate_defaults(&options);
    options.adcBits = ADC_FRAMES_BITS;
    options.currentCurve = 3000;
    options.phase = 55000;
    options.voltageSensor = sensor;
    const char *refusal = power_gate_begin(&gate, &options, now);
    if (refusal) return printf("%s\n", refusal), 1;
    if (!power_gate_grant(&gate, 1000000000, 1000000, 16000, now)) return printf("a trip is latched\n"), 1;
    feed_seconds(&gate, &now, 2, &largest);
    uint32_t cost = feed_seconds(&gate, &now, 1, &largest);
    printf("%s %lu\n", sensor ? "twoChannels" : "currentOnly", (unsigned long)cost);
    printf("%s %lu\n", sensor ? "twoChannelsWorstBlock" : "currentOnlyWorstBlock", (unsigned long)largest);
    power_gate_reading reading;
    power_gate_read(&gate, &reading);
    if (!reading.closed || reading.power < 400000) return printf("expected a closed relay and power\n"), 1;
  }
  printf("sortWide %lu\n", (unsigned long)sort_second(true));
  printf("sortNarrow %lu\n", (unsigned long)sort_second(false));
  printf("stateBytes %lu\n", (unsigned long)sizeof gate);
  return 0;
}
