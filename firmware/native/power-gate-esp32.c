/*
 * The power gate on a board: one core (power-gate.c), its sensor's task (gate-sensor-esp32.c), a
 * timer that notices when the sensor falls silent, and a thin face for JavaScript (power-gate.ts).
 * relay-esp32.c has the relay's pin.
 *
 * JavaScript never has to be awake for the relay to open: sensor and timer drive it; each event
 * becomes one message to JavaScript.
 */

#include "gate-board-esp32.h"

#include "gate-pins.h"
#include "gate-sensor-esp32.h"
#include "relay-esp32.h"

#include "driver/gpio.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"

#define MOST_TOTAL 9007199254740991.0 /* the largest whole number that JavaScript has, 9 GWh */

enum {
	TICK_US = 20000,
	SAMPLE_TICKS = 10, /* the gate's window, 200 ms */
	SAMPLED = 4,       /* beside the kinds of power_gate_event */
	COOL = 25000 /* what a closed thermostat stands for, thousandths of a degree */
};

static struct {
	xsMachine *the;
	xsSlot object;
	bool used, listening, sampling;
	volatile bool told, sampled; /* a message is on its way to JavaScript: one of each kind at most */
	uint8_t ticks;
	power_gate core;
	SemaphoreHandle_t lock;
	StaticSemaphore_t lockStorage;
	esp_timer_handle_t timer;
} gate;

/* ------------------------------------------------------------------ events to JavaScript */

/*
 * Posting must never wait: it is done by the gate's task and by the timer's, while JavaScript may
 * be busy and its queue full of the network's messages (the SDK's usual call then never returns).
 * So a message says only that there is news, there is one at a time, and what finds no room is
 * tried again at the next turn, 20 ms later.
 */
static bool post(modMessageDeliver callback)
{
	return modMessagePostToMachineFromISR(gate.the, callback, NULL) == 0;
}

static void tell(xsMachine *the, int kind, int cause)
{
	xsBeginHost(the);
	xsmcVars(3);
	xsVar(0) = gate.object;
	xsmcSetInteger(xsVar(1), kind);
	xsmcSetString(xsVar(2), (char *)power_gate_trip_name((power_gate_trip)cause));
	xsCall2(xsVar(0), xsID_deliver, xsVar(1), xsVar(2));
	xsEndHost(the);
}

power_gate *gate_lock(void)
{
	xSemaphoreTake(gate.lock, portMAX_DELAY);
	return &gate.core;
}

static bool takeEvent(power_gate_event *event)
{
	bool found;
	gate_lock();
	found = power_gate_next_event(&gate.core, event);
	xSemaphoreGive(gate.lock);
	return found;
}

static void deliverEvents(void *machine, void *refcon, uint8_t *bytes, uint16_t length)
{
	power_gate_event event;
	(void)refcon; (void)bytes; (void)length;
	gate.told = false;
	while (gate.listening && takeEvent(&event))
		tell(machine, event.kind, event.cause);
}

static void deliverSample(void *machine, void *refcon, uint8_t *bytes, uint16_t length)
{
	(void)refcon; (void)bytes; (void)length;
	gate.sampled = false;
	if (gate.listening)
		tell(machine, SAMPLED, 0);
}

static bool hasEvent(void)
{
	power_gate_event event;
	bool found = power_gate_next_event(&gate.core, &event);
	if (found)
		power_gate_return_event(&gate.core, &event);
	return found;
}

/*
 * Drives the relay, and tells JavaScript that something happened. Every caller of the core ends
 * with it.
 */
void gate_unlock(void)
{
	bool news;
	relay_drive(power_gate_closed(&gate.core));
	news = gate.listening && !gate.told && hasEvent();
	if (news)
		gate.told = true;
	xSemaphoreGive(gate.lock);
	if (news && !post(deliverEvents))
		gate.told = false;
}

/* ------------------------------------------------------------------ what drives the core */

static void sense(void)
{
	if (GATE_PIN(LOADSENSE) >= 0) /* the optocoupler pulls down while there is voltage behind the relay */
		power_gate_sense(&gate.core, !gpio_get_level(GATE_PIN(LOADSENSE)));
}

static void takeSamples(const uint16_t *current, const uint16_t *voltage, size_t count, uint64_t now)
{
	gate_lock();
	sense();
	power_gate_feed(&gate.core, current, voltage, count, now);
	gate_unlock();
}

static void takeReport(const power_gate_report *report, uint64_t now)
{
	gate_lock();
	sense();
	power_gate_measured(&gate.core, report, now);
	gate_unlock();
}

static void tick(void *unused)
{
	(void)unused;
	gate_lock();
	power_gate_tick(&gate.core, (uint64_t)esp_timer_get_time());
	if (GATE_PIN(THERMOSTAT) >= 0) /* normally closed to ground: hot, broken and torn off look the same */
		power_gate_temperature(&gate.core, gpio_get_level(GATE_PIN(THERMOSTAT)) ? gate.core.options.overTemperature : COOL);
	gate_unlock();
	if (gate.listening && gate.sampling && !gate.sampled && (++gate.ticks >= SAMPLE_TICKS)) {
		gate.ticks = 0;
		gate.sampled = true;
		if (!post(deliverSample))
			gate.sampled = false;
	}
}

/* ------------------------------------------------------------------ JavaScript's side */

void plugpay_gate_destructor(void *data)
{
	if (!data)
		return;
	gate.listening = false;
	gate_sensor_stop();
	if (gate.timer) {
		esp_timer_stop(gate.timer);
		esp_timer_delete(gate.timer);
		gate.timer = NULL;
	}
	relay_drive(false);
	gate.used = false;
}

static void inputPin(int pin)
{
	if (pin < 0)
		return;
	/* Where the chip has no pull-up on this pin, the board has. */
	gpio_config_t input = {
		.pin_bit_mask = 1ULL << pin,
		.mode = GPIO_MODE_INPUT,
		.pull_up_en = GPIO_PULLUP_ENABLE,
	};
	gpio_config(&input);
}

static const char *acquire(gate_sensor_kind kind)
{
	static const gate_sensor_sink sink = { takeSamples, takeReport };
	/* After a standstill one turn says all that the missed ones would. */
	esp_timer_create_args_t timer = { .callback = tick, .name = "gate", .skip_unhandled_events = true };
	if (esp_timer_create(&timer, &gate.timer) != ESP_OK)
		return "power gate: no memory for its timer";
	inputPin(GATE_PIN(LOADSENSE));
	inputPin(GATE_PIN(THERMOSTAT));
	const char *refusal = gate_sensor_start(kind, &gate.core.options, &sink);
	if (!refusal && (esp_timer_start_periodic(gate.timer, TICK_US) != ESP_OK))
		refusal = "power gate: its timer does not start";
	return refusal;
}

/* plugpay_gate(options): everything checked first, then acquired. */
void plugpay_gate(xsMachine *the)
{
	power_gate_options options;
	int kind;
	bool sampling;
	const char *refusal;

	xsmcVars(1);
	if (gate.used)
		xsUnknownError("power gate: a device has one");
	kind = gate_read_sensor(the);
	if (kind < 0)
		xsRangeError("power gate: option sensor: expected adc, bl0937, hlw8012 or cse7766");
	gate_read_options(the, &options);
	sampling = gate_reads_samples(the);
	refusal = power_gate_begin(&gate.core, &options, (uint64_t)esp_timer_get_time());
	if (refusal)
		xsRangeError((char *)refusal);

	gate.lock = xSemaphoreCreateMutexStatic(&gate.lockStorage);
	gate.the = the;
	gate.object = xsThis;
	gate.used = true;
	gate.told = gate.sampled = false;
	xsmcSetHostData(xsThis, &gate);
	refusal = acquire((gate_sensor_kind)kind);
	if (refusal) {
		xsmcSetHostData(xsThis, NULL);
		plugpay_gate_destructor(&gate);
		xsUnknownError((char *)refusal);
	}
	if (sampling) {
		xsmcGet(xsVar(0), xsArg(0), xsID("onSample"));
		xsmcSet(xsThis, xsID("onSample"), xsVar(0));
	}
	gate.sampling = sampling;
	gate.listening = true;
	xsRemember(gate.object);
}

static uint64_t checkNumber(xsMachine *the, xsNumberValue number, xsNumberValue most, const char *complaint)
{
	if (!(number >= 0 && number <= most))
		xsRangeError((char *)complaint);
	return (uint64_t)number;
}

static uint64_t leaseNumber(xsMachine *the, const char *name, xsNumberValue most, const char *complaint)
{
	xsmcGet(xsVar(0), xsArg(0), xsID(name));
	return checkNumber(the, xsmcToNumber(xsVar(0)), most, complaint);
}

/* grant({ upTo, time, current }) in uWh, ms and mA. While a trip is latched nothing happens. */
void plugpay_gate_grant(xsMachine *the)
{
	uint64_t upTo;
	uint32_t time, current;
	xsmcVars(1);
	upTo = leaseNumber(the, "upTo", MOST_TOTAL, "power gate: lease: expected upTo, a reading of its total in uWh");
	time = (uint32_t)leaseNumber(the, "time", UINT32_MAX, "power gate: lease: expected time, up to 2^32 ms");
	current = (uint32_t)leaseNumber(the, "current", UINT32_MAX, "power gate: lease: expected current in mA");
	gate_lock();
	power_gate_grant(&gate.core, upTo, time, current, (uint64_t)esp_timer_get_time());
	gate_unlock();
}

void plugpay_gate_revoke(xsMachine *the)
{
	(void)the;
	gate_lock();
	power_gate_revoke(&gate.core);
	gate_unlock();
}

void plugpay_gate_clear(xsMachine *the)
{
	(void)the;
	gate_lock();
	power_gate_clear(&gate.core);
	gate_unlock();
}

void plugpay_gate_restore(xsMachine *the)
{
	uint64_t total = checkNumber(the, xsmcToNumber(xsArg(0)), MOST_TOTAL, "power gate: expected a total in uWh");
	bool taken;
	gate_lock();
	taken = power_gate_restore(&gate.core, total);
	gate_unlock();
	if (!taken)
		xsUnknownError("power gate: restore once, before the first grant");
}
