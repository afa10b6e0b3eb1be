/*
 * The TLS client's task (firmware/native/tls-esp32.c) over stand-ins of XS, FreeRTOS and esp-tls.
 * The stand-in of mbedTLS does what it does where the stack is full: it keeps the record that it
 * has made, and says of the next call, whose bytes it does not look at, that all of them were sent.
 */

#include "tls-esp32.c"

#include <stdio.h>

static char wire[8192];
static size_t onWire, kept;
static int full;
static int64_t clockUs;
static unsigned tries;
static int refuses;
static uint32_t verified = 0xFFFFFFFF;

int64_t esp_timer_get_time(void) { return clockUs; }
esp_tls_t *esp_tls_init(void) { return (esp_tls_t *)wire; }
int esp_tls_conn_destroy(esp_tls_t *connection) { (void)connection; return 0; }

void *esp_tls_get_ssl_context(esp_tls_t *connection) { return connection; }
uint32_t mbedtls_ssl_get_verify_result(const void *context) { (void)context; return verified; }

/* Nobody answers, unless it refuses at once: each call waits for as long as it may. */
int esp_tls_conn_new_async(const char *host, int length, int port, const esp_tls_cfg_t *options, esp_tls_t *connection)
{
	(void)host; (void)length; (void)port; (void)connection;
	tries++;
	if (refuses)
		return -1;
	clockUs += options->timeout_ms * 1000LL;
	return 0;
}

ssize_t esp_tls_conn_write(esp_tls_t *connection, const void *bytes, size_t count)
{
	(void)connection;
	if (kept == 0) {
		memcpy(wire + onWire, bytes, count);
		kept = count;
	}
	if (full)
		return ESP_TLS_ERR_SSL_WANT_WRITE;
	onWire += kept;
	kept = 0;
	return (ssize_t)count;
}

ssize_t esp_tls_conn_read(esp_tls_t *connection, void *bytes, size_t count) { (void)connection; (void)bytes; (void)count; return ESP_TLS_ERR_SSL_WANT_READ; }

int modMessagePostToMachine(xsMachine *the, uint8_t *message, uint16_t length, modMessageDeliver deliver, void *refcon)
{
	(void)the; (void)message; (void)length; (void)deliver; (void)refcon;
	return -1;
}

static void write_more(Tls *tls, char letter, uint16_t count)
{
	memset(tls->out + tls->unsent, letter, count);
	tls->unsent = (uint16_t)(tls->unsent + count);
}

/* Prints what reached the wire, a letter for each ten bytes. */
static void full_stack(void)
{
	static Tls tls = { .holders = 1 };
	full = 1;
	write_more(&tls, 'a', 30);
	sendSome(&tls, NULL);
	write_more(&tls, 'b', 20);
	sendSome(&tls, NULL);
	full = 0;
	sendSome(&tls, NULL);
	write_more(&tls, 'c', 10);
	sendSome(&tls, NULL);
	for (size_t i = 0; i < onWire; i += 10)
		putchar(wire[i]);
	printf(" %u left\n", (unsigned)tls.unsent);
}

static void no_answer(void)
{
	static Tls tls = { .holders = 1, .certificate = "root" };
	esp_tls_t *connection = connectTls(&tls);
	printf("%s after %u s, %u tries\n", connection ? "connected" : "given up", (unsigned)(clockUs / 1000000), tries);
}

/* What mbedTLS found, and what the device makes of it. */
static void refused(void)
{
	static const uint32_t found[] = {
		0xFFFFFFFF, MBEDTLS_X509_BADCERT_NOT_TRUSTED, MBEDTLS_X509_BADCERT_CN_MISMATCH,
		MBEDTLS_X509_BADCERT_NOT_TRUSTED | MBEDTLS_X509_BADCERT_CN_MISMATCH, 0,
	};
	refuses = 1;
	for (size_t i = 0; i < sizeof(found) / sizeof(*found); i++) {
		Tls tls = { .holders = 1, .certificate = "root" };
		verified = found[i];
		if (!connectTls(&tls))
			printf("%u ", (unsigned)tls.why);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	if (!strcmp(argv[1], "full-stack"))
		full_stack();
	else if (!strcmp(argv[1], "refused"))
		refused();
	else
		no_answer();
	return 0;
}
