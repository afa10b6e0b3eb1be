/*
 * The relay's pin. It is open before app_main, and for good before the chip's last words, whatever
 * ends the program.
 */
#ifndef PLUGPAY_RELAY_ESP32_H
#define PLUGPAY_RELAY_ESP32_H

#include <stdbool.h>

void relay_drive(bool closed);

#endif
