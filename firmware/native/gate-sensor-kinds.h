/*
 * What a sensor of the power gate is to its task (gate-sensor-esp32.c). All three run in that task.
 */
#ifndef PLUGPAY_GATE_SENSOR_KINDS_H
#define PLUGPAY_GATE_SENSOR_KINDS_H

#include "gate-sensor-esp32.h"

typedef struct {
	/* NULL, or a sentence; then nothing was left acquired. */
	const char *(*start)(const power_gate_options *options);
	/* Until `*stopping`. */
	void (*work)(const gate_sensor_sink *out, const volatile bool *stopping);
	void (*release)(void);
} gate_sensor;

extern const gate_sensor gate_adc, gate_bl0937, gate_hlw8012, gate_cse7766;

#endif
