/*
 * Counts the rising edges of a metering chip's two outputs, also while a page of flash is erased
 * and no code runs from flash.
 */
#ifndef PLUGPAY_PULSE_COUNTER_ESP32_H
#define PLUGPAY_PULSE_COUNTER_ESP32_H

#include <stdint.h>

typedef enum { PULSES_CF, PULSES_CF1, PULSE_INPUTS } pulse_input;

/* NULL, or a sentence; then nothing was left acquired. */
const char *pulse_counter_start(int cf, int cf1);

/* Edges since the last call for this input; to be asked before 32 000 of them have come. */
uint32_t pulse_counter_take(pulse_input input);

void pulse_counter_stop(void);

#endif
