/*
 * One TLS connection as a client, over ESP-IDF's esp-tls (mbedTLS): the server's certificate must
 * lead to the one root that it is given, and bear the host's name. A task of its own connects,
 * shakes hands, reads and writes, so that JavaScript never waits; each step posts one message to
 * it.
 *
 * It stands under the name of the SDK's module "socketmbedtls" and speaks as that does;
 * docs/sdk-defects.md says why the SDK's own cannot be used. Dates of certificates are not checked:
 * the device has no calendar.
 *
 * Memory: this record (6 KB), the task's stack (8 KB), mbedTLS's buffers while it is open; none of
 * it JavaScript's heap.
 */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include <sys/types.h>

#include "esp_timer.h"
#include "esp_tls.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

enum {
	CONNECTED = 1,
	RECEIVED = 2,
	SENT = 3,
	CLOSED = -1,
	FAILED = -2
};

/* Why it failed, FAILED's value; firmware/platform/tls.ts has the words. */
enum {
	LOST = 0,
	NO_CONNECTION = 1,
	OTHER_ROOT = 2,
	OTHER_NAME = 3,
	NO_HANDSHAKE = 4
};

enum {
	BUFFER_BYTES = 2048,
	HOST_MAX_BYTES = 128,
	STACK_BYTES = 8192,
	/* Below JavaScript's own task (4), so that paying goes before looking. */
	PRIORITY = 3,
	POLL_MS = 10,
	CONNECT_MS = 15000
};

typedef struct {
	xsMachine *the;
	xsSlot object;
	/*
	 * JavaScript's object, the task, and each message under way hold one each; the last to let go
	 * frees the record.
	 */
	uint32_t holders;
	volatile uint8_t closing;
	/*
	 * What `lock` guards: bytes from the server that JavaScript has not taken, bytes for it that are
	 * not sent.
	 */
	SemaphoreHandle_t lock;
	uint16_t received;
	uint16_t unsent;
	/*
	 * What mbedTLS has begun to send: it is asked again with as much, or it would take what came since
	 * for sent too.
	 */
	uint16_t begun;
	uint8_t in[BUFFER_BYTES];
	uint8_t out[BUFFER_BYTES];
	uint16_t port;
	uint16_t why;
	char host[HOST_MAX_BYTES];
	char *certificate;
} Tls;

typedef struct {
	int8_t kind;
	uint16_t value;
} Message;

static void letGo(Tls *tls)
{
	if (__atomic_sub_fetch(&tls->holders, 1, __ATOMIC_SEQ_CST) > 0)
		return;
	if (tls->lock)
		vSemaphoreDelete(tls->lock);
	c_free(tls->certificate);
	c_free(tls);
}

/* ------------------------------------------------------------------ messages to JavaScript */

static void deliver(void *machine, void *refcon, uint8_t *bytes, uint16_t length)
{
	xsMachine *the = machine;
	Tls *tls = refcon;
	Message message;
	if (!tls->closing && (length == sizeof(message))) {
		c_memcpy(&message, bytes, sizeof(message));
		xsBeginHost(the);
		xsmcVars(3);
		xsVar(0) = tls->object;
		xsmcSetInteger(xsVar(1), message.kind);
		xsmcSetInteger(xsVar(2), message.value);
		xsCall2(xsVar(0), xsID_callback, xsVar(1), xsVar(2));
		xsEndHost(the);
	}
	letGo(tls);
}

static void post(Tls *tls, int8_t kind, uint16_t value)
{
	Message message = { .kind = kind, .value = value };
	__atomic_add_fetch(&tls->holders, 1, __ATOMIC_SEQ_CST);
	if (modMessagePostToMachine(tls->the, (uint8_t *)&message, sizeof(message), deliver, tls))
		letGo(tls);
}

/* ------------------------------------------------------------------ the task */

static uint16_t whyNot(esp_tls_t *connection)
{
	uint32_t flags = mbedtls_ssl_get_verify_result(esp_tls_get_ssl_context(connection));
	/* mbedTLS gives this where there is no handshake yet. */
	if (flags == 0xFFFFFFFF)
		return NO_CONNECTION;
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return OTHER_ROOT;
	return (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) ? OTHER_NAME : NO_HANDSHAKE;
}

static esp_tls_t *connectTls(Tls *tls)
{
	esp_tls_cfg_t options = {
		.cacert_buf = (const unsigned char *)tls->certificate,
		.cacert_bytes = (unsigned int)c_strlen(tls->certificate) + 1,
		.non_block = true,
		.timeout_ms = CONNECT_MS,
	};
	esp_tls_t *connection = esp_tls_init();
	/* By the clock: one call alone waits for as long as `timeout_ms` where nobody answers. */
	int64_t until = esp_timer_get_time() + CONNECT_MS * 1000LL;
	int state = 0;
	if (!connection)
		return NULL;
	while ((state == 0) && (esp_timer_get_time() < until) && !tls->closing) {
		state = esp_tls_conn_new_async(tls->host, (int)c_strlen(tls->host), tls->port, &options, connection);
		if (state == 0)
			vTaskDelay(pdMS_TO_TICKS(POLL_MS));
	}
	if (state == 1)
		return connection;
	tls->why = whyNot(connection);
	esp_tls_conn_destroy(connection);
	return NULL;
}

static int wouldBlock(ssize_t result)
{
	return (result == ESP_TLS_ERR_SSL_WANT_READ) || (result == ESP_TLS_ERR_SSL_WANT_WRITE);
}

/* Sends what waits. Gives 0, or CLOSED or FAILED. */
static int sendSome(Tls *tls, esp_tls_t *connection)
{
	ssize_t sent = 0;
	uint16_t room = 0;
	xSemaphoreTake(tls->lock, portMAX_DELAY);
	if (tls->unsent) {
		uint16_t count = tls->begun ? tls->begun : tls->unsent;
		sent = esp_tls_conn_write(connection, tls->out, count);
		tls->begun = wouldBlock(sent) ? count : 0;
		if (sent > 0) {
			tls->unsent -= (uint16_t)sent;
			c_memmove(tls->out, tls->out + sent, tls->unsent);
			room = BUFFER_BYTES - tls->unsent;
		}
	}
	xSemaphoreGive(tls->lock);
	if (room)
		post(tls, SENT, room);
	return ((sent < 0) && !wouldBlock(sent)) ? FAILED : 0;
}

/* Receives once JavaScript has taken what came before. Gives 0, or CLOSED or FAILED. */
static int receiveSome(Tls *tls, esp_tls_t *connection)
{
	ssize_t count;
	if (tls->received)
		return 0;
	count = esp_tls_conn_read(connection, tls->in, BUFFER_BYTES);
	if (count == 0)
		return CLOSED;
	if (count < 0)
		return wouldBlock(count) ? 0 : FAILED;
	xSemaphoreTake(tls->lock, portMAX_DELAY);
	tls->received = (uint16_t)count;
	xSemaphoreGive(tls->lock);
	post(tls, RECEIVED, (uint16_t)count);
	return 0;
}

static void work(void *argument)
{
	Tls *tls = argument;
	esp_tls_t *connection = connectTls(tls);
	int end = connection ? 0 : FAILED;
	if (connection)
		post(tls, CONNECTED, BUFFER_BYTES);
	while (!end && !tls->closing) {
		end = sendSome(tls, connection);
		if (!end)
			end = receiveSome(tls, connection);
		if (!end)
			vTaskDelay(pdMS_TO_TICKS(POLL_MS));
	}
	if (connection)
		esp_tls_conn_destroy(connection);
	/* JavaScript first takes what has come. */
	while (end && tls->received && !tls->closing)
		vTaskDelay(pdMS_TO_TICKS(POLL_MS));
	if (end)
		post(tls, (int8_t)end, tls->why);
	letGo(tls);
	vTaskDelete(NULL);
}

/* ------------------------------------------------------------------ JavaScript's side */

void plugpay_tls_destructor(void *data)
{
	Tls *tls = data;
	if (!tls)
		return;
	tls->closing = 1;
	letGo(tls);
}

static char *copyString(xsMachine *the, xsSlot *slot)
{
	char *text = xsmcToString(*slot);
	char *copy = c_malloc(c_strlen(text) + 1);
	if (!copy)
		xsUnknownError("tls: no memory");
	c_strcpy(copy, text);
	return copy;
}

/* plugpay_tls({ host, port, certificate }): checked first, then acquired. */
void plugpay_tls(xsMachine *the)
{
	Tls *tls;
	char host[HOST_MAX_BYTES];
	xsIntegerValue port;

	xsmcVars(1);
	xsmcGet(xsVar(0), xsArg(0), xsID_host);
	xsmcToStringBuffer(xsVar(0), host, sizeof(host));
	xsmcGet(xsVar(0), xsArg(0), xsID_port);
	port = xsmcToInteger(xsVar(0));
	if ((port < 1) || (port > 65535))
		xsRangeError("tls: expected a port from 1 to 65535");
	xsmcGet(xsVar(0), xsArg(0), xsID_certificate);
	if (!xsmcTest(xsVar(0)))
		xsUnknownError("tls: expected the server's root certificate in PEM");

	tls = c_calloc(1, sizeof(Tls));
	if (!tls)
		xsUnknownError("tls: no memory");
	tls->holders = 1;
	xsmcSetHostData(xsThis, tls);
	tls->the = the;
	tls->object = xsThis;
	tls->port = (uint16_t)port;
	c_strcpy(tls->host, host);
	tls->certificate = copyString(the, &xsVar(0));
	tls->lock = xSemaphoreCreateMutex();
	if (!tls->lock)
		xsUnknownError("tls: no memory");
	tls->holders = 2;
	if (xTaskCreate(work, "tls", STACK_BYTES, tls, PRIORITY, NULL) != pdPASS) {
		tls->holders = 1;
		xsUnknownError("tls: no memory for a task");
	}
	xsRemember(tls->object);
}

static Tls *opened(xsMachine *the)
{
	Tls *tls = xsmcGetHostData(xsThis);
	if (!tls)
		xsUnknownError("tls: closed");
	return tls;
}

/* read(): what has come since the last read, as an ArrayBuffer; undefined when nothing has. */
void plugpay_tls_read(xsMachine *the)
{
	Tls *tls = opened(the);
	if (!tls->received)
		return;
	/* The task leaves `in` alone until `received` is 0. */
	xsmcSetArrayBuffer(xsResult, tls->in, tls->received);
	xSemaphoreTake(tls->lock, portMAX_DELAY);
	tls->received = 0;
	xSemaphoreGive(tls->lock);
}

/*
 * write(buffer): takes all of it, or throws; gives how many more bytes it has room for. write()
 * only gives that.
 */
void plugpay_tls_write(xsMachine *the)
{
	Tls *tls = opened(the);
	void *bytes = NULL;
	xsUnsignedValue count = 0;
	uint16_t room;
	if ((xsmcArgc > 0) && xsmcTest(xsArg(0)))
		xsmcGetBufferReadable(xsArg(0), &bytes, &count);
	xSemaphoreTake(tls->lock, portMAX_DELAY);
	room = BUFFER_BYTES - tls->unsent;
	if (count && (count <= room)) {
		c_memcpy(tls->out + tls->unsent, bytes, count);
		tls->unsent += (uint16_t)count;
		room -= (uint16_t)count;
		count = 0;
	}
	xSemaphoreGive(tls->lock);
	if (count)
		xsUnknownError("tls: no room for so many bytes");
	xsmcSetInteger(xsResult, room);
}

/* close() may be called twice. */
void plugpay_tls_close(xsMachine *the)
{
	Tls *tls = xsmcGetHostData(xsThis);
	if (!tls)
		return;
	xsForget(tls->object);
	xsmcSetHostData(xsThis, NULL);
	plugpay_tls_destructor(tls);
}
