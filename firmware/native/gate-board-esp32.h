/*
 * What the files share that put the power gate's core on a board (power-gate-esp32.c,
 * gate-settings-esp32.c, gate-readings-esp32.c), each with a face to JavaScript.
 */
#ifndef PLUGPAY_GATE_BOARD_ESP32_H
#define PLUGPAY_GATE_BOARD_ESP32_H

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "power-gate.h"

/*
 * The core is used between these two. The second drives the relay, and tells JavaScript that
 * something happened.
 */
power_gate *gate_lock(void);
void gate_unlock(void);

/*
 * Of the constructor's argument, which may be missing; each throws where it is wrong. The sensor is
 * -1 where its name is unknown.
 */
void gate_read_options(xsMachine *the, power_gate_options *options);
int gate_read_sensor(xsMachine *the);
bool gate_reads_samples(xsMachine *the);

#endif
