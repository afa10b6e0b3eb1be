/*
 * The power gate's sensor that is a chip which speaks (CSE7766): frames of 55 ms over a serial
 * port, one after the other.
 */

#include "gate-sensor-kinds.h"

#include "gate-pins.h"
#include "metering-chips.h"

#include "driver/uart.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"

#define SERIAL_PORT UART_NUM_1
/* The port's usual 120 bytes would keep back four frames and a half: 275 ms. */
#define FRAME_BYTES 24
#define FRAME_GAP_SYMBOLS 2

static cse7766 serial_chip;

static void release(void)
{
	uart_driver_delete(SERIAL_PORT);
}

static void work(const gate_sensor_sink *out, const volatile bool *stopping)
{
	while (!*stopping) {
		uint8_t byte;
		power_gate_report report;
		if (uart_read_bytes(SERIAL_PORT, &byte, 1, pdMS_TO_TICKS(20)) != 1)
			continue;
		if (cse7766_take(&serial_chip, byte, &report))
			out->report(&report, (uint64_t)esp_timer_get_time());
	}
}

static const char *start(const power_gate_options *unused)
{
	(void)unused;
	uart_config_t config = {
		.baud_rate = 4800,
		.data_bits = UART_DATA_8_BITS,
		.parity = UART_PARITY_EVEN,
		.stop_bits = UART_STOP_BITS_1,
		.flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
	};
	if (uart_driver_install(SERIAL_PORT, 256, 0, 0, NULL, 0) != ESP_OK)
		return "power gate: serial port 1 is in use";
	if ((uart_param_config(SERIAL_PORT, &config) != ESP_OK) ||
		(uart_set_rx_full_threshold(SERIAL_PORT, FRAME_BYTES) != ESP_OK) ||
		(uart_set_rx_timeout(SERIAL_PORT, FRAME_GAP_SYMBOLS) != ESP_OK) ||
		(uart_set_pin(SERIAL_PORT, UART_PIN_NO_CHANGE, GATE_PIN(METERRX), UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE) != ESP_OK)) {
		uart_driver_delete(SERIAL_PORT);
		return "power gate: the metering chip's serial pin cannot be used";
	}
	return NULL;
}

const gate_sensor gate_cse7766 = { start, work, release };
