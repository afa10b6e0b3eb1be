/*
 * What JavaScript reads of the power gate.
 */

#include "gate-board-esp32.h"

#include <stdio.h>

static void setNumber(xsMachine *the, const char *name, xsNumberValue value)
{
	xsmcSetNumber(xsVar(0), value);
	xsmcSet(xsResult, xsID(name), xsVar(0));
}

static void setBoolean(xsMachine *the, const char *name, bool value)
{
	xsmcSetBoolean(xsVar(0), value);
	xsmcSet(xsResult, xsID(name), xsVar(0));
}

/*
 * read() gives a GateReading of shared/kernel/ports.ts, and `reactive` (mvar), `noise` (mA) and
 * `samples` for calibration.
 */
void plugpay_gate_read(xsMachine *the)
{
	power_gate_reading reading;
	power_gate_read(gate_lock(), &reading);
	gate_unlock();
	xsmcVars(1);
	xsmcSetNewObject(xsResult);
	setNumber(the, "total", (xsNumberValue)reading.total);
	setBoolean(the, "closed", reading.closed);
	if (reading.trip) {
		xsmcSetString(xsVar(0), (char *)power_gate_trip_name(reading.trip));
		xsmcSet(xsResult, xsID("trip"), xsVar(0));
	}
	setNumber(the, "current", reading.current);
	setNumber(the, "voltage", reading.voltage);
	setBoolean(the, "voltageMeasured", reading.voltage_measured);
	setNumber(the, "power", reading.power);
	setNumber(the, "apparent", reading.apparent);
	setNumber(the, "powerFactor", reading.power_factor);
	setNumber(the, "frequency", reading.frequency);
	setNumber(the, "reactive", reading.reactive);
	setNumber(the, "noise", reading.noise);
	setNumber(the, "samples", reading.samples);
}

/* watch(on): JavaScript begins or ends what must not hold the gate up. */
void plugpay_gate_watch(xsMachine *the)
{
	power_gate_watch(gate_lock(), xsmcToBoolean(xsArg(0)));
	gate_unlock();
}

static void setGaps(xsMachine *the, const char *name, const feed_gaps *gaps)
{
	char text[FEED_CADENCE_GAPS * sizeof("4294967295")], *end = text;
	for (int k = 0; k < FEED_CADENCE_GAPS; k++)
		end += snprintf(end, sizeof(text) - (size_t)(end - text), k ? " %lu" : "%lu", (unsigned long)gaps->counts[k]);
	xsmcSetString(xsVar(0), text);
	xsmcSet(xsResult, xsID(name), xsVar(0));
}

/* cadence() gives a Cadence of power-gate.ts, its counts as texts. */
void plugpay_gate_cadence(xsMachine *the)
{
	power_gate_cadence cadence;
	power_gate_take_cadence(gate_lock(), &cadence);
	gate_unlock();
	xsmcVars(1);
	xsmcSetNewObject(xsResult);
	setGaps(the, "gaps", &cadence.all);
	setNumber(the, "longest", cadence.all.longest / 1000);
	setGaps(the, "signatureGaps", &cadence.watched);
	setNumber(the, "signatureLongest", cadence.watched.longest / 1000);
	setNumber(the, "signatureAsleep", cadence.asleep / 1000);
	setNumber(the, "standstills", cadence.standstills);
	setNumber(the, "rate", cadence.rate);
}
