/*
 * Where the power gate's samples come from on a board: the chip's own ADC, or a metering chip. One
 * sensor a device.
 */
#ifndef PLUGPAY_GATE_SENSOR_ESP32_H
#define PLUGPAY_GATE_SENSOR_ESP32_H

#include "power-gate.h"

typedef enum { GATE_SENSOR_ADC, GATE_SENSOR_BL0937, GATE_SENSOR_HLW8012, GATE_SENSOR_CSE7766 } gate_sensor_kind;

/* Called from the sensor's own task. */
typedef struct {
	void (*samples)(const uint16_t *current, const uint16_t *voltage, size_t count, uint64_t now_us);
	void (*report)(const power_gate_report *report, uint64_t now_us);
} gate_sensor_sink;

/* Starts the task. Gives NULL, or a sentence; then nothing was left acquired. */
const char *gate_sensor_start(gate_sensor_kind kind, const power_gate_options *options, const gate_sensor_sink *sink);
void gate_sensor_stop(void);

#endif
