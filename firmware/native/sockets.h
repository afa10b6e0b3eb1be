/*
 * A device's TCP and UDP: one table of sockets, one task that waits for all of them, limits that
 * hold before JavaScript hears of anything. BSD sockets only, which lwIP and Linux both have: the
 * same code runs on a chip (sockets-esp32.c) and in tests.
 *
 * The task runs `sockets_turn` again and again: it accepts, connects, watches, closes. Everything
 * else is called by JavaScript's task and never waits. Each socket is opened by either and closed
 * by the task alone, so that none vanishes while it is waited for. The task tells JavaScript's by
 * `post` that there is something to take; one such message is under way at most, and where it finds
 * no room it is tried again.
 *
 * Memory: the table. Bytes lie in the stack's own buffers, which are bounded for each connection,
 * until JavaScript reads them; what it writes beyond those buffers it keeps.
 */

#ifndef PLUGPAY_SOCKETS_H
#define PLUGPAY_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Connections that were accepted, those that we opened, listeners, and ports for datagrams. */
	SOCKETS_SERVED = 8,
	SOCKETS_DIALED = 4,
	SOCKETS_TALKING = 2,
	/* The cables' port, and the owner's. */
	SOCKETS_LISTENING = 2,
	SOCKETS_SLOTS = SOCKETS_SERVED + SOCKETS_DIALED + SOCKETS_LISTENING + SOCKETS_TALKING,

	/*
	 * Accepted and not yet taken by JavaScript: of all, and of one address. Those of the favoured
	 * address count apart.
	 */
	SOCKETS_WAITING = 4,
	SOCKETS_WAITING_PER_PEER = 2,
	SOCKETS_WAITING_MS = 5000,

	/*
	 * Connections that an address may open at once, and how many more each second allows; then the
	 * same for all.
	 */
	SOCKETS_PEERS = 8,
	SOCKETS_PEER_BURST = 16,
	SOCKETS_PEER_PER_SECOND = 8,
	SOCKETS_CROWD_BURST = 32,
	SOCKETS_CROWD_PER_SECOND = 16,

	/*
	 * So many are accepted, or refused, in a row; then the listener rests, so that a flood leaves time
	 * for the rest.
	 */
	SOCKETS_IN_A_ROW = 8,
	SOCKETS_REST_MS = 50,
	SOCKETS_BACKLOG = 6,

	/*
	 * Datagrams that JavaScript hears of: of one address, then of all. What is beyond is dropped, so
	 * many in a row, then a rest.
	 */
	SOCKETS_TALKER_BURST = 8,
	SOCKETS_TALKER_PER_SECOND = 4,
	SOCKETS_TALK_BURST = 24,
	SOCKETS_TALK_PER_SECOND = 12,
	SOCKETS_TALK_REST_MS = 10,
	/*
	 * Heard and not yet taken by JavaScript: kept here, out of the stack, where Wi-Fi has six buffers
	 * for all that comes.
	 */
	SOCKETS_HEARD = 2,
	SOCKETS_DATAGRAM_BYTES = 1472,

	SOCKETS_CONNECT_MS = 10000,
	/* What was written last has so long to reach a peer, and what still comes is dropped. */
	SOCKETS_FAREWELL_MS = 2000,
	SOCKETS_FAREWELL_BYTES = 16384,
	/* A message that found no room is tried again after this. */
	SOCKETS_POST_MS = 10
};

/* What a socket has to tell; several may come at once, and are told in this order. */
enum {
	SOCKETS_ARRIVED = 1,  /* a listener: connections to take */
	SOCKETS_OPENED = 2,   /* connected */
	SOCKETS_WRITABLE = 4, /* there is room for more */
	SOCKETS_READABLE = 8, /* there is something to read */
	SOCKETS_ENDED = 16    /* closed by the peer or failed: `sockets_why`; only closing is left to do */
};

typedef enum {
	SOCKETS_CLOSED,
	SOCKETS_RESET,
	SOCKETS_REFUSED,
	SOCKETS_NO_ANSWER,
	SOCKETS_NO_ROUTE
} sockets_reason;

/* What a socket needs of its surroundings. */
typedef struct {
	void *context;
	/* Milliseconds of a clock that never goes back. */
	uint64_t (*now)(void *context);
	void (*lock)(void *context);
	void (*unlock)(void *context);
	/*
	 * Tells JavaScript's task to ask `sockets_next`. Must not wait; false where there is no room now.
	 */
	bool (*post)(void *context);
	/*
	 * Whether the memory from which the stack takes its buffers is nearly used up: then strangers'
	 * connections go.
	 */
	bool (*scarce)(void *context);
} sockets_host;

typedef struct {
	int fd;
	uint32_t address;
	uint16_t port;
	uint16_t generation;
	uint8_t state;
	uint8_t kind;
	/* Of a connection that was accepted: by which listener. */
	int32_t listener;
	uint8_t due;
	uint8_t why;
	/* Told that there is something to read: not watched for it until JavaScript has read. */
	bool told;
	/* Took less than was written: watched for room. */
	bool full;
	bool shut;
	bool wrote;
	uint16_t drained;
	/* When its state ends by the clock. */
	uint64_t until;
} sockets_slot;

/* What an address has left, in thousandths of a connection. */
typedef struct {
	uint32_t address;
	uint32_t left;
	uint64_t at;
} sockets_bucket;

/* A datagram that JavaScript has not taken yet; of no handle where the place is free. */
typedef struct {
	int32_t handle;
	uint32_t address;
	uint16_t port;
	uint16_t size;
	uint32_t order;
	uint8_t bytes[SOCKETS_DATAGRAM_BYTES];
} sockets_datagram;

typedef struct {
	sockets_host host;
	sockets_slot slots[SOCKETS_SLOTS];
	sockets_bucket peers[SOCKETS_PEERS];
	sockets_bucket crowd;
	/* Of datagrams: apart, since anybody may write any address on one. */
	sockets_bucket talkers[SOCKETS_PEERS];
	sockets_bucket talk;
	sockets_datagram heard[SOCKETS_HEARD];
	uint32_t order;
	uint32_t favoured;
	int wake;
	bool woken;
	bool changed;
	bool posted;
	uint8_t turn;
	uint64_t rest_until;
	/* Connections refused here, and datagrams dropped, since the start. */
	uint32_t refused;
	uint32_t unheard;
} sockets;

/* Gives NULL, or why it cannot begin. */
const char *sockets_begin(sockets *all, const sockets_host *host);
/* Closes everything; nothing else may run. */
void sockets_end(sockets *all);

/*
 * The task's: waits for something to happen, `longest` ms at the most, and does what is due. False
 * where waiting failed.
 */
bool sockets_turn(sockets *all, uint32_t longest);

/*
 * JavaScript's. A handle is positive and never comes again for another socket; 0 is none, an old
 * one is harmless.
 */
int32_t sockets_listen(sockets *all, uint16_t port, const char **refusal);
int32_t sockets_connect(sockets *all, uint32_t address, uint16_t port, const char **refusal);
/* The next connection to this listener that waits, or 0. */
int32_t sockets_take(sockets *all, int32_t listener);
/* Connections of this address are served first; 0: of none. */
void sockets_favour(sockets *all, uint32_t address);
bool sockets_peer(sockets *all, int32_t handle, uint32_t *address, uint16_t *port);
const char *sockets_why(sockets *all, int32_t handle);
/* How many bytes were read; 0 where there are none now, or no more. */
size_t sockets_read(sockets *all, int32_t handle, void *bytes, size_t size);
/* How many bytes it took; where that is not all, WRITABLE follows. */
size_t sockets_write(sockets *all, int32_t handle, const void *bytes, size_t count);
/*
 * A port for datagrams: `port`, or any where it is 0; a member of `group` where that is not 0, on
 * the interface whose address is `here`, or on all. What is sent to a group leaves by that
 * interface, and does not come back.
 */
int32_t sockets_talk(sockets *all, uint32_t group, uint16_t port, uint32_t here, const char **refusal);
/*
 * How many bytes of the oldest datagram were taken; 0 where none waits. One that does not fit is
 * dropped.
 */
size_t sockets_receive(sockets *all, int32_t handle, void *bytes, size_t size, uint32_t *address, uint16_t *port);
/* Whether it was sent. It never waits. */
bool sockets_say(sockets *all, int32_t handle, uint32_t address, uint16_t port, const void *bytes, size_t count);
/* What was written is still sent; where nothing was, an accepted connection is reset. */
void sockets_close(sockets *all, int32_t handle);
/* Call first when a post arrives; then `sockets_next` until it gives false. */
void sockets_received(sockets *all);
bool sockets_next(sockets *all, int32_t *handle, uint8_t *events);
/* Call when done: the task learns what has changed. */
void sockets_flush(sockets *all);

/* "192.168.1.2" as a number; false for anything else. */
bool sockets_parse(const char *text, uint32_t *address);

#endif
