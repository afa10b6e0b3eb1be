// The electrical world of the simulator; world.ts is its face and describes circuit, faults and
// loads. One request a line on stdin, one answer a line on stdout; "! ..." refuses.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/native/power-gate.h"
#include "waves.h"

#define SOCKET 0
#define CABLE 1
#define TICK_MS 10
#define SUPPLY_VOLTS 50.0 // under this the cable's electronics and a load sense see nothing
#define NONLINEARITY_STEPS 256
#define ADRIFT -0.6 // of half the scale

static const char *const NAMES[2] = {"socket", "cable"};

typedef struct {
  double noise, nonlinearity, offset, drift, currentGainError, voltageGainError, delay, closeDelay, openDelay;
} sensor_spec;

typedef struct {
  double gain;                           // codes for one ampere or volt
  double bend[NONLINEARITY_STEPS + 1];   // integral non-linearity by code, LSB
  double wander, wander_phase;
} converter;

typedef struct {
  bool fitted, running;
  power_gate_options options;
  power_gate core;
  sensor_spec sensor;
  converter current, voltage;
  double middle, top;
  uint64_t random;
  uint32_t delay; // of the current channel, 1/2^32 cycle
  // relay
  bool wanted, contact;
  double switch_at; // samples; when the contacts follow
  double truth, recent, power; // uWh; J in the last 20 ms; W
  bool torn, adrift, voltage_torn, weld, stuck, feed_stopped;
} meter;

static struct {
  uint64_t seed;
  double electronics, hold_up;
  double volts, hz;
  uint32_t rate;
  uint64_t sample; // samples since the start
  uint64_t phase, step;
  bool plugged, powered;
  double unsupplied; // samples since the supply was lost
  wave mains, electronics_wave, load;
  bool load_follows, electronics_on;
  double inrush, inrush_now, inrush_fall;
  bool load_on;
  meter gates[2];
} world;

// ---------------------------------------------------------------- chance

static uint64_t next_random(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15)); // splitmix64
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static double uniform(uint64_t *state) { return (double)(next_random(state) >> 11) / 9007199254740992.0; }

// Close to a normal distribution of variance 1: 64 coins, smoothed by a uniform part.
static inline double normal(uint64_t *state) {
  uint64_t coins = next_random(state);
  double fine = (double)(uint32_t)((coins * UINT64_C(0x9e3779b97f4a7c15)) >> 40) / 16777216.0 - 0.5;
  return ((double)__builtin_popcountll(coins) - 32.0 + fine) / 4.01040;
}

// ---------------------------------------------------------------- the converter

// A smooth bend: Chebyshev polynomials of order 2 to 5, weights drawn, scaled so that its largest
// value is `most` LSB.
static void draw_bend(converter *to, double most, uint64_t *random) {
  double weights[4];
  double largest = 0;
  for (int k = 0; k < 4; k++) weights[k] = uniform(random) * 2 - 1;
  for (int n = 0; n <= NONLINEARITY_STEPS; n++) {
    double x = 2.0 * n / NONLINEARITY_STEPS - 1;
    double before = 1;
    double chebyshev = x;
    double sum = 0;
    for (int k = 0; k < 4; k++) {
      double following = 2 * x * chebyshev - before;
      before = chebyshev;
      chebyshev = following;
      sum += weights[k] * chebyshev;
    }
    to->bend[n] = sum;
    if (sum > largest || -sum > largest) largest = sum < 0 ? -sum : sum;
  }
  for (int n = 0; n <= NONLINEARITY_STEPS; n++) to->bend[n] *= largest > 0 ? most / largest : 0;
  to->wander_phase = uniform(random);
}

static inline uint16_t convert(meter *gate, const converter *by, double value) {
  double code = gate->middle + gate->sensor.offset + by->wander + value * by->gain;
  double place = code * NONLINEARITY_STEPS / (gate->top + 1);
  if (place >= 0 && place < NONLINEARITY_STEPS) {
    int n = (int)place;
    code += by->bend[n] + (by->bend[n + 1] - by->bend[n]) * (place - n);
  }
  code += gate->sensor.noise * normal(&gate->random) + 0.5;
  return code <= 0 ? 0 : code >= gate->top ? (uint16_t)gate->top : (uint16_t)code;
}

static void wander(meter *gate) {
  double at = (double)world.sample / world.rate / 1200.0; // one cycle in 20 minutes
  gate->current.wander = gate->sensor.drift * wave_sine(at + gate->current.wander_phase);
  gate->voltage.wander = gate->sensor.drift * wave_sine(at + gate->voltage.wander_phase);
}

// ---------------------------------------------------------------- relays and supply

static void drive_relay(meter *gate) {
  bool wanted = gate->running && power_gate_closed(&gate->core);
  if (wanted != gate->wanted) {
    gate->wanted = wanted;
    double delay = wanted ? gate->sensor.closeDelay : gate->sensor.openDelay;
    gate->switch_at = (double)world.sample + delay * world.rate / 1000;
  }
  if (gate->contact == gate->wanted || (double)world.sample < gate->switch_at) return;
  if (gate->wanted ? gate->stuck : gate->weld) return;
  gate->contact = gate->wanted;
}

static bool supplied(void) {
  return world.plugged && world.gates[SOCKET].contact && world.volts >= SUPPLY_VOLTS;
}

// True when the cable's electronics gained or lost their supply.
static bool follow_supply(void) {
  bool before = world.powered;
  if (supplied()) {
    world.unsupplied = 0;
    world.powered = true;
  } else if (world.powered && ++world.unsupplied > world.hold_up * world.rate / 1000) {
    world.powered = false;
    world.gates[CABLE].running = false;
  }
  return world.powered != before;
}

// ---------------------------------------------------------------- one sample

static void feed(meter *gate, uint64_t now_us, double volts, double amperes, bool load_voltage) {
  uint16_t voltage = gate->voltage_torn ? 0 : convert(gate, &gate->voltage, volts);
  if (gate->adrift) amperes = ADRIFT * gate->middle / gate->current.gain;
  uint16_t current = gate->torn ? 0 : convert(gate, &gate->current, amperes);
  if (!gate->running) return;
  power_gate_sense(&gate->core, load_voltage);
  if (!gate->feed_stopped) power_gate_feed(&gate->core, &current, &voltage, 1, now_us);
}

static void account(meter *gate, double joule) {
  gate->truth += joule / 3.6e-3;
  gate->recent += joule;
}

static uint64_t now_us(void) { return world.sample * 1000000 / world.rate; }

static void start_inrush(bool on) {
  if (on && !world.load_on) world.inrush_now = world.inrush - 1;
  world.load_on = on;
}

// Mean current of a wave over the sample as a sensor sees it that lags by `delay`.
static inline double mean_current(const wave *w, uint32_t from, uint32_t to, uint32_t delay, double per_cycle) {
  return wave_gain(w->current, from - delay, to - delay) * per_cycle;
}

static bool step_world(void) {
  meter *socket = &world.gates[SOCKET];
  meter *cable = &world.gates[CABLE];
  uint32_t from = (uint32_t)(world.phase >> 32);
  world.phase += world.step;
  uint32_t to = (uint32_t)(world.phase >> 32);
  double per_cycle = world.rate / world.hz;
  double seconds = 1.0 / world.hz; // energy integrals are per cycle
  bool live = supplied();
  start_inrush(live && cable->contact);
  double factor = live ? world.load_on * (1 + world.inrush_now) : 0;
  if (world.load_follows) factor *= world.volts / 230;
  world.inrush_now *= world.inrush_fall;

  double volts = wave_gain(world.mains.current, from, to) * per_cycle * world.volts;
  double energy = 0;
  if (live) {
    energy = wave_gain(world.electronics_wave.energy, from, to);
    if (factor > 0) energy += factor * wave_gain(world.load.energy, from, to);
    energy *= world.volts * seconds;
  }
  double amperes[2] = {0, 0};
  for (int k = 0; live && k < 2; k++) {
    uint32_t delay = world.gates[k].delay;
    amperes[k] = mean_current(&world.electronics_wave, from, to, delay, per_cycle);
    if (factor > 0) amperes[k] += factor * mean_current(&world.load, from, to, delay, per_cycle);
  }
  world.sample++;
  account(socket, energy);
  account(cable, energy);
  uint64_t us = now_us();
  bool behind_socket = socket->contact && world.volts >= SUPPLY_VOLTS;
  if (socket->fitted) feed(socket, us, volts, amperes[SOCKET], behind_socket);
  if (cable->fitted) feed(cable, us, live ? volts : 0, amperes[CABLE], live && cable->contact);
  for (int k = 0; k < 2; k++) {
    meter *gate = &world.gates[k];
    if (gate->running && world.sample % (world.rate * TICK_MS / 1000) == 0) power_gate_tick(&gate->core, us);
    if (world.sample % 256 == 0) wander(gate);
    if (world.sample % (world.rate / 50) == 0) {
      gate->power = gate->recent * 50;
      gate->recent = 0;
    }
    drive_relay(gate);
  }
  return follow_supply();
}

static void print_event(int gate, const power_gate_event *event) {
  static const char *const kinds[] = {"", "energy-used", "time-used", "trip"};
  printf(" %s:%s", NAMES[gate], kinds[event->kind]);
  if (event->kind == POWER_GATE_TRIP) printf(":%s", power_gate_trip_name(event->cause));
}

static bool has_event(const power_gate *core) { return core->fresh || core->energy_used || core->time_used; }

static void advance(double until_ms) {
  double position = (double)world.sample * 1000 / world.rate;
  bool stop = false;
  for (int k = 0; k < 2; k++) stop = stop || (world.gates[k].running && has_event(&world.gates[k].core));
  while (!stop && (double)(world.sample + 1) * 1000 / world.rate <= until_ms) {
    stop = step_world();
    for (int k = 0; k < 2; k++) stop = stop || (world.gates[k].running && has_event(&world.gates[k].core));
    position = (double)world.sample * 1000 / world.rate;
  }
  if (!stop && until_ms > position) position = until_ms;
  printf("%.17g %d %d %d", position, world.powered, world.gates[SOCKET].contact, world.gates[CABLE].contact);
  for (int k = 0; k < 2; k++) {
    power_gate_event event;
    while (world.gates[k].running && power_gate_next_event(&world.gates[k].core, &event)) print_event(k, &event);
  }
  putchar('\n');
}

// ---------------------------------------------------------------- loads

typedef struct {
  double watts, powerFactor, angle, inrush, inrushTime, width, ohms;
  double harmonics[64];
  double lag; // cycles
} load_spec;

static double sine_shape(double at, const void *context) {
  (void)context;
  return 1.4142135623730951 * wave_sine(at);
}

static double lagging_shape(double at, const void *context) {
  const load_spec *load = context;
  double sum = wave_sine(at - load->lag);
  for (int n = 2; n < 64; n++) {
    if (load->harmonics[n] != 0) sum += load->harmonics[n] * wave_sine(n * (at - load->lag));
  }
  return sum;
}

static double dimmer_shape(double at, const void *context) {
  const load_spec *load = context;
  double in_half = (at >= 0.5 ? at - 0.5 : at) * 360;
  return in_half >= load->angle ? wave_sine(at) : 0;
}

static double charger_shape(double at, const void *context) {
  const load_spec *load = context;
  double in_half = (at >= 0.5 ? at - 0.5 : at) * 360 - 90;
  if (in_half < -load->width / 2 || in_half > load->width / 2) return 0;
  double pulse = wave_sine(0.25 + in_half / load->width / 2); // a cosine over the pulse's width
  return at >= 0.5 ? -pulse : pulse;
}

static double arc_cosine(double cosine) { // in cycles, by bisection: no libm, so the same everywhere
  double low = 0;
  double high = 0.25;
  for (int n = 0; n < 60; n++) {
    double middle = (low + high) / 2;
    if (wave_sine(0.25 + middle) > cosine) low = middle;
    else high = middle;
  }
  return low;
}

static const char *set_load(const char *kind, load_spec *load) {
  double (*shape)(double, const void *) = sine_shape;
  double watts = load->watts;
  double scale = 1;
  bool follows = false;
  world.inrush = 1;
  if (load->powerFactor <= 0 || load->powerFactor > 1) return "powerFactor: expected more than 0, at most 1";
  if (load->angle < 0 || load->angle > 170) return "angle: expected 0 to 170 degrees";
  if (load->width < 5 || load->width > 180) return "width: expected 5 to 180 degrees";
  if (load->ohms < 0.01) return "ohms: expected at least 0.01";
  if (load->inrush < 1 || load->inrushTime < 1) return "inrush, inrushTime: expected at least 1";
  load->lag = arc_cosine(load->powerFactor);
  if (strcmp(kind, "none") == 0) {
    watts = 0;
    scale = 0;
  } else if (strcmp(kind, "resistive") == 0) {
    follows = true;
  } else if (strcmp(kind, "sine") == 0) {
    shape = lagging_shape;
  } else if (strcmp(kind, "dimmer") == 0) {
    shape = dimmer_shape;
    follows = true;
  } else if (strcmp(kind, "motor") == 0) {
    shape = lagging_shape;
    world.inrush = load->inrush;
    world.inrush_fall = 1 - 1000.0 / load->inrushTime / world.rate;
  } else if (strcmp(kind, "charger") == 0) {
    shape = charger_shape;
  } else if (strcmp(kind, "short") == 0) {
    watts = 0;
    scale = 230 / load->ohms;
    follows = true;
  } else {
    return "load: expected none, resistive, sine, dimmer, motor, charger or short";
  }
  if (scale != 0 && watts <= 0 && strcmp(kind, "short") != 0) {
    scale = 0; // no power, no current
    watts = 0;
  }
  wave_build(&world.load, shape, load, watts, 230, scale);
  world.load_follows = follows;
  world.load_on = false;
  return NULL;
}

// ---------------------------------------------------------------- requests

static const char *set_number(const char *word, const char *name, double *to, bool *taken) {
  size_t length = strlen(name);
  if (strncmp(word, name, length) != 0 || word[length] != '=') return NULL;
  char *end;
  double value = strtod(word + length + 1, &end);
  if (*end != 0 || end == word + length + 1) return "expected name=number";
  *to = value;
  *taken = true;
  return NULL;
}

#define TAKE(word, to, name, taken) set_number(word, #name, &(to)->name, taken)

static const char *set_gate_word(meter *gate, const char *word) {
  bool taken = false;
  const char *refusal = NULL;
  sensor_spec *sensor = &gate->sensor;
#define TAKE_SENSOR(name) \
  if (!taken && !refusal) refusal = TAKE(word, sensor, name, &taken);
  TAKE_SENSOR(noise) TAKE_SENSOR(nonlinearity) TAKE_SENSOR(offset) TAKE_SENSOR(drift) TAKE_SENSOR(currentGainError)
  TAKE_SENSOR(voltageGainError) TAKE_SENSOR(delay) TAKE_SENSOR(closeDelay) TAKE_SENSOR(openDelay)
#define TAKE_OPTION(name, least, most, byDefault)        \
  if (!taken && !refusal) {                              \
    double value = 0;                                    \
    refusal = set_number(word, #name, &value, &taken);   \
    if (taken) gate->options.name = (int32_t)value;      \
  }
  POWER_GATE_OPTIONS(TAKE_OPTION)
  if (refusal) return refusal;
  return taken ? NULL : "an unknown name";
}

static void follow_mains(void) {
  world.step = (uint64_t)(world.hz / world.rate * 18446744073709551616.0);
  for (int k = 0; k < 2; k++) {
    world.gates[k].delay = (uint32_t)(int64_t)(world.gates[k].sensor.delay * 1e-9 * world.hz * 4294967296.0);
  }
}

static const char *fit_gate(int index, char **words, int count) {
  meter *gate = &world.gates[index];
  memset(gate, 0, sizeof *gate);
  gate->sensor = (sensor_spec){.noise = 2, .nonlinearity = 2, .drift = 8, .closeDelay = 8, .openDelay = 4};
  power_gate_defaults(&gate->options);
  for (int k = 0; k < count; k++) {
    const char *refusal = set_gate_word(gate, words[k]);
    if (refusal) return refusal;
  }
  const char *refusal = power_gate_begin(&gate->core, &gate->options, 0);
  if (refusal) return refusal;
  uint32_t rate = (uint32_t)gate->options.sampleRate;
  if (world.gates[1 - index].fitted && rate != world.rate) return "sampleRate: expected the same at both gates";
  world.rate = rate;
  gate->top = (double)((1 << gate->options.adcBits) - 1);
  gate->middle = (gate->top + 1) / 2;
  gate->random = world.seed * 2 + (uint64_t)index;
  gate->current.gain = gate->middle * 1000 / gate->options.currentRange * (1 + gate->sensor.currentGainError * 1e-6);
  gate->voltage.gain = gate->middle * 1000 / gate->options.voltageRange * (1 + gate->sensor.voltageGainError * 1e-6);
  draw_bend(&gate->current, gate->sensor.nonlinearity, &gate->random);
  draw_bend(&gate->voltage, gate->sensor.nonlinearity, &gate->random);
  wander(gate);
  gate->fitted = true;
  follow_mains();
  return NULL;
}

static const char *boot(int index) {
  meter *gate = &world.gates[index];
  if (index == CABLE && !world.powered) return "the cable has no supply: plug it in, close the socket's relay";
  gate->running = true;
  return power_gate_begin(&gate->core, &gate->options, now_us());
}

static void read_gate(const meter *gate) {
  power_gate_reading r = {0};
  if (gate->running) power_gate_read(&gate->core, &r);
  printf("%d %llu %d %d %d %d %d %d %d %d %.17g %.17g %d %u %s\n", gate->running, (unsigned long long)r.total, r.closed,
         r.current, r.voltage, r.voltage_measured, r.power, r.apparent, r.power_factor, r.frequency, gate->truth,
         gate->power * 1000, r.reactive, r.samples, r.trip ? power_gate_trip_name(r.trip) : "-");
}

static const char *set_fault(meter *gate, const char *word) {
  static const char *const names[] = {"sensorTornOff", "sensorAdrift", "voltageTornOff",
                                      "weldRelay",     "stuckRelay",   "feedStopped"};
  bool *const flags[] = {&gate->torn, &gate->adrift, &gate->voltage_torn, &gate->weld, &gate->stuck, &gate->feed_stopped};
  for (size_t k = 0; k < sizeof flags / sizeof *flags; k++) {
    bool taken = false;
    double value = 0;
    const char *refusal = set_number(word, names[k], &value, &taken);
    if (refusal) return refusal;
    if (taken) {
      *flags[k] = value != 0;
      return NULL;
    }
  }
  return "an unknown fault";
}

static const char *answer_gate(meter *gate, int index, char **words, int count) {
  const char *verb = words[0];
  uint64_t us = now_us();
  if (strcmp(verb, "boot") == 0) return boot(index);
  if (strcmp(verb, "cut") == 0) {
    gate->running = false;
    return NULL;
  }
  if (strcmp(verb, "fault") == 0) {
    const char *refusal = NULL;
    for (int k = 2; k < count && !refusal; k++) refusal = set_fault(gate, words[k]);
    return refusal;
  }
  if (!gate->running) return "the gate has no power: boot it first";
  if (strcmp(verb, "grant") == 0 && count == 5) {
    power_gate_grant(&gate->core, strtoull(words[2], NULL, 10), (uint32_t)strtoull(words[3], NULL, 10),
                     (uint32_t)strtoull(words[4], NULL, 10), us);
  } else if (strcmp(verb, "revoke") == 0) {
    power_gate_revoke(&gate->core);
  } else if (strcmp(verb, "clear") == 0) {
    power_gate_clear(&gate->core);
  } else if (strcmp(verb, "restore") == 0 && count == 3) {
    if (!power_gate_restore(&gate->core, strtoull(words[2], NULL, 10))) return "restore: only before the first grant";
  } else if (strcmp(verb, "temperature") == 0 && count == 3) {
    power_gate_temperature(&gate->core, (int32_t)strtol(words[2], NULL, 10));
  } else {
    return "an unknown request";
  }
  return NULL;
}

static const char *answer_load(char **words, int count) {
  load_spec load = {.powerFactor = 1, .angle = 90, .inrush = 6, .inrushTime = 150, .width = 60, .ohms = 0.5};
  if (strcmp(words[1], "motor") == 0) load.powerFactor = 0.8;
  for (int k = 2; k < count; k++) {
    bool taken = false;
    const char *refusal = NULL;
    char harmonic[8];
    for (int n = 2; n < 64 && !taken && !refusal; n++) {
      snprintf(harmonic, sizeof harmonic, "h%d", n);
      refusal = set_number(words[k], harmonic, &load.harmonics[n], &taken);
    }
#define TAKE_LOAD(name) \
  if (!taken && !refusal) refusal = TAKE(words[k], &load, name, &taken);
    TAKE_LOAD(watts) TAKE_LOAD(powerFactor) TAKE_LOAD(angle) TAKE_LOAD(inrush) TAKE_LOAD(inrushTime) TAKE_LOAD(width)
    TAKE_LOAD(ohms)
    if (refusal) return refusal;
    if (!taken) return "an unknown name";
  }
  return set_load(words[1], &load);
}

static const char *answer_world(char **words, int count) {
  for (int k = 1; k < count; k++) {
    bool taken = false;
    double seed = 0;
    const char *refusal = set_number(words[k], "seed", &seed, &taken);
    if (taken) world.seed = (uint64_t)(int64_t)seed;
    if (!taken && !refusal) refusal = set_number(words[k], "electronics", &world.electronics, &taken);
    if (!taken && !refusal) refusal = set_number(words[k], "holdUp", &world.hold_up, &taken);
    if (refusal) return refusal;
    if (!taken) return "an unknown name";
  }
  load_spec supply = {.width = 60};
  bool none = world.electronics <= 0;
  wave_build(&world.electronics_wave, charger_shape, &supply, none ? 0 : world.electronics, 230, none ? 0 : 1);
  return NULL;
}

static const char *answer_mains(char **words) {
  double volts = strtod(words[1], NULL);
  double hz = strtod(words[2], NULL);
  if (!(volts >= 0 && volts <= 1000)) return "volts: expected 0 to 1000";
  if (!(hz >= 40 && hz <= 70)) return "hz: expected 40 to 70";
  world.volts = volts;
  world.hz = hz;
  follow_mains();
  return NULL;
}

static int gate_index(const char *name) {
  for (int k = 0; k < 2; k++) {
    if (strcmp(name, NAMES[k]) == 0) return k;
  }
  return -1;
}

// Answers by itself, or gives NULL for "ok" or a sentence of refusal.
static const char *answer(char **words, int count, bool *answered) {
  const char *verb = words[0];
  *answered = true;
  if (strcmp(verb, "advance") == 0 && count == 2) return advance(strtod(words[1], NULL)), NULL;
  if (strcmp(verb, "options") == 0) {
    const char *space = "";
#define PRINT_OPTION(name, least, most, byDefault) \
  printf("%s" #name ":%d:%d:%d", space, least, most, byDefault), space = " ";
    POWER_GATE_OPTIONS(PRINT_OPTION)
    putchar('\n');
    return NULL;
  }
  int index = count > 1 ? gate_index(words[1]) : -1;
  if (strcmp(verb, "read") == 0 && index >= 0) return read_gate(&world.gates[index]), NULL;
  *answered = false;
  if (strcmp(verb, "world") == 0) return answer_world(words, count);
  if (strcmp(verb, "mains") == 0 && count == 3) return answer_mains(words);
  if (strcmp(verb, "load") == 0 && count > 1) return answer_load(words, count);
  if (strcmp(verb, "plug") == 0 && count == 2) return world.plugged = strcmp(words[1], "in") == 0, NULL;
  if (index < 0) return "an unknown request";
  if (strcmp(verb, "gate") == 0) return fit_gate(index, words + 2, count - 2);
  if (!world.gates[index].fitted) return "there is no such gate in this world";
  return answer_gate(&world.gates[index], index, words, count);
}

int main(void) {
  static char line[4096];
  load_spec none = {.powerFactor = 1, .angle = 90, .inrush = 6, .inrushTime = 150, .width = 60, .ohms = 0.5};
  world.volts = 230;
  world.hz = 50;
  world.rate = 4000;
  world.hold_up = 40;
  wave_build(&world.mains, sine_shape, NULL, 0, 0, 1);
  set_load("none", &none);
  while (fgets(line, sizeof line, stdin)) {
    char *words[64];
    int count = 0;
    for (char *word = strtok(line, " \n"); word && count < 64; word = strtok(NULL, " \n")) words[count++] = word;
    if (count == 0) continue;
    bool answered;
    const char *refusal = answer(words, count, &answered);
    if (refusal) printf("! %s\n", refusal);
    else if (!answered) puts("ok");
    fflush(stdout);
  }
  return 0;
}
