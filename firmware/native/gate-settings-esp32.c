/*
 * What JavaScript hands to the power gate's constructor.
 */

#include "gate-board-esp32.h"

#include "gate-pins.h"
#include "gate-sensor-esp32.h"

static bool readOption(xsMachine *the, const char *name, int32_t *value)
{
	xsNumberValue number;
	xsmcGet(xsVar(0), xsArg(0), xsID(name));
	if (xsmcTypeOf(xsVar(0)) == xsUndefinedType)
		return true;
	number = xsmcToNumber(xsVar(0));
	if (!(number >= INT32_MIN && number <= INT32_MAX) || (number != (xsNumberValue)(int32_t)number))
		return false;
	*value = (int32_t)number;
	return true;
}

void gate_read_options(xsMachine *the, power_gate_options *options)
{
	power_gate_defaults(options);
	options->adcBits = 15; /* sums of eight conversions, adc-frames.h */
	options->clipMargin = 32;
	options->loadSense = GATE_PIN(LOADSENSE) >= 0;
	options->overTemperature = (GATE_PIN(THERMOSTAT) >= 0) ? 85000 : 0;
	if ((xsmcArgc < 1) || !xsmcTest(xsArg(0)))
		return;
#define READ_OPTION(name, least, most, byDefault) \
	if (!readOption(the, #name, &options->name)) \
		xsRangeError("power gate: option " #name ": expected a whole number from " #least " to " #most);
	POWER_GATE_OPTIONS(READ_OPTION)
#undef READ_OPTION
	if ((options->loadSense && (GATE_PIN(LOADSENSE) < 0)) || (options->overTemperature && (GATE_PIN(THERMOSTAT) < 0)))
		xsRangeError("power gate: option loadSense, overTemperature: this board has no such pin (manifests/power-gate.json)");
}

/* The sensor's kind by its name; -1 for an unknown one. */
int gate_read_sensor(xsMachine *the)
{
	static const char *const names[] = { "adc", "bl0937", "hlw8012", "cse7766" };
	const char *name;
	if ((xsmcArgc < 1) || !xsmcTest(xsArg(0)))
		return GATE_SENSOR_ADC;
	xsmcGet(xsVar(0), xsArg(0), xsID("sensor"));
	if (!xsmcTest(xsVar(0)))
		return GATE_SENSOR_ADC;
	name = xsmcToString(xsVar(0));
	for (int kind = GATE_SENSOR_ADC; kind <= GATE_SENSOR_CSE7766; kind++) {
		if (!c_strcmp(name, names[kind]))
			return kind;
	}
	return -1;
}

/* Whether there is an `onSample`, which must be a function. */
bool gate_reads_samples(xsMachine *the)
{
	if ((xsmcArgc < 1) || !xsmcTest(xsArg(0)))
		return false;
	xsmcGet(xsVar(0), xsArg(0), xsID("onSample"));
	if (!xsmcTest(xsVar(0)))
		return false;
	if (!xsmcIsCallable(xsVar(0)))
		xsRangeError("power gate: option onSample: expected a function");
	return true;
}
