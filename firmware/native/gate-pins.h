/*
 * The board's pins as manifests/power-gate.json has them ("defines", one section a chip);
 * manifests/pins.json says what each is and why, and a test compares both. -1: not fitted.
 */
#ifndef PLUGPAY_GATE_PINS_H
#define PLUGPAY_GATE_PINS_H

#include "mc.defines.h"
#include "sdkconfig.h"

#if CONFIG_IDF_TARGET_ESP32
	#define GATE_PIN(name) MODDEF_GATE_ESP32_##name
#elif CONFIG_IDF_TARGET_ESP32S3
	#define GATE_PIN(name) MODDEF_GATE_ESP32S3_##name
#elif CONFIG_IDF_TARGET_ESP32C3
	#define GATE_PIN(name) MODDEF_GATE_ESP32C3_##name
#elif CONFIG_IDF_TARGET_ESP32C6
	#define GATE_PIN(name) MODDEF_GATE_ESP32C6_##name
#else
	#error "the power gate has pins for esp32, esp32s3, esp32c3 and esp32c6"
#endif

#endif
