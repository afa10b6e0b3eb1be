/*
 * A hostile crowd around the sockets of a device (firmware/native/sockets.c), on this machine's own
 * sockets: neighbours have addresses of their own on loopback (127.0.0.2, ...). The clock is ours.
 * Each scene prints nothing where all is well.
 *
 * Calls of the system fail on request: `fault` names one, which then fails with `fault_error`, once
 * in `fault_every`.
 */

#include "sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: expected %s\n", __func__, __LINE__, #condition); \
			exit(1); \
		} \
	} while (0)

/* ------------------------------------------------------------------ faults */

static const char *fault = "";
static int fault_error, fault_every = 1, fault_calls;

static int fails(const char *call)
{
	if (strcmp(call, fault) || ++fault_calls % fault_every)
		return 0;
	errno = fault_error;
	return 1;
}

int __real_accept(int, struct sockaddr *, socklen_t *);
ssize_t __real_recv(int, void *, size_t, int);
ssize_t __real_send(int, const void *, size_t, int);
ssize_t __real_recvfrom(int, void *, size_t, int, struct sockaddr *, socklen_t *);
ssize_t __real_sendto(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
int __real_setsockopt(int, int, int, const void *, socklen_t);
int __real_socket(int, int, int);
int __real_select(int, fd_set *, fd_set *, fd_set *, struct timeval *);
int __real_shutdown(int, int);
int __real_getsockopt(int, int, int, void *, socklen_t *);

/* Calls by the crowd itself go to the real ones. */
static __thread int in_crowd;

int __wrap_accept(int fd, struct sockaddr *from, socklen_t *size) { return !in_crowd && fails("accept") ? -1 : __real_accept(fd, from, size); }
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags) { return !in_crowd && fails("recv") ? -1 : __real_recv(fd, bytes, size, flags); }
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags) { return !in_crowd && fails("send") ? -1 : __real_send(fd, bytes, size, flags); }
ssize_t __wrap_recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *length) { return !in_crowd && fails("recvfrom") ? -1 : __real_recvfrom(fd, bytes, size, flags, from, length); }
ssize_t __wrap_sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t length) { return !in_crowd && fails("sendto") ? -1 : __real_sendto(fd, bytes, size, flags, to, length); }
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size) { return !in_crowd && level == IPPROTO_IP && fails("setsockopt") ? -1 : __real_setsockopt(fd, level, name, value, size); }
int __wrap_socket(int family, int type, int protocol) { return !in_crowd && fails("socket") ? -1 : __real_socket(family, type, protocol); }
/* How often the task found something to do. */
static int found_ready;

int __wrap_select(int highest, fd_set *r, fd_set *w, fd_set *e, struct timeval *wait)
{
	int ready = fails("select") ? -1 : __real_select(highest, r, w, e, wait);
	found_ready += ready > 0;
	return ready;
}
int __wrap_shutdown(int fd, int how) { return !in_crowd && fails("shutdown") ? -1 : __real_shutdown(fd, how); }
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size) { return fails("getsockopt") ? -1 : __real_getsockopt(fd, level, name, value, size); }

/* ------------------------------------------------------------------ the device */

enum { LOCALHOST = 0x7f000001, TURNS = 2000 };

static sockets net;
static uint64_t now;
static int posts, queue_is_full;
static int32_t listener;
static uint16_t port;

static uint64_t read_clock(void *context) { (void)context; return now; }
static void no_lock(void *context) { (void)context; }

static bool post(void *context)
{
	(void)context;
	if (queue_is_full)
		return false;
	posts++;
	return true;
}

static int memory_is_scarce;
static bool scarce(void *context) { (void)context; return memory_is_scarce; }

static const sockets_host HOST = { .now = read_clock, .lock = no_lock, .unlock = no_lock, .post = post, .scarce = scarce };

/* What a socket has told, by its place in the table; and who holds what. */
static uint8_t told[16];
static int32_t of_place[16];

static void hear(void)
{
	int32_t handle;
	uint8_t events;
	if (!posts)
		return;
	EXPECT(posts == 1);
	posts = 0;
	sockets_received(&net);
	while (sockets_next(&net, &handle, &events)) {
		if (of_place[handle & 15] != handle)
			told[handle & 15] = 0;
		of_place[handle & 15] = handle;
		told[handle & 15] |= events;
	}
	sockets_flush(&net);
}

static bool has(int32_t handle, uint8_t event)
{
	return of_place[handle & 15] == handle && (told[handle & 15] & event);
}

static void forget(int32_t handle, uint8_t event)
{
	told[handle & 15] &= (uint8_t)~event;
}

static void turn(void)
{
	sockets_turn(&net, 2);
	hear();
}

/* Turns until `handle` has told `event`. */
static void await(int32_t handle, uint8_t event)
{
	for (int i = 0; i < TURNS && !has(handle, event); i++)
		turn();
	EXPECT(has(handle, event));
}

static void turns(int count)
{
	for (int i = 0; i < count; i++)
		turn();
}

static int open_files(void)
{
	int found = 0;
	DIR *folder = opendir("/proc/self/fd");
	while (readdir(folder))
		found++;
	closedir(folder);
	return found;
}

static unsigned in_use(void)
{
	unsigned found = 0;
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++)
		found += net.slots[i].state != 0;
	return found;
}

static void begin(void)
{
	struct sockaddr_in here;
	socklen_t size = sizeof(here);
	const char *refusal = NULL;
	EXPECT(!sockets_begin(&net, &HOST));
	listener = sockets_listen(&net, 0, &refusal);
	EXPECT(listener > 0 && !refusal);
	EXPECT(getsockname(net.slots[listener & 15].fd, (struct sockaddr *)&here, &size) == 0);
	port = ntohs(here.sin_port);
}

/* ------------------------------------------------------------------ its neighbours */

static struct sockaddr_in at(uint32_t address, uint16_t number)
{
	struct sockaddr_in where = { .sin_family = AF_INET, .sin_port = htons(number), .sin_addr.s_addr = htonl(address) };
	return where;
}

/* A connection from 127.0.0.`last`. */
static int neighbour(unsigned last)
{
	struct sockaddr_in own = at(0x7f000000 + last, 0), there = at(LOCALHOST, port);
	int fd;
	in_crowd = 1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	EXPECT(fd >= 0);
	EXPECT(bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	EXPECT(connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0 || errno == EINPROGRESS);
	in_crowd = 0;
	return fd;
}

static void say(int fd, const char *text)
{
	in_crowd = 1;
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	in_crowd = 0;
}

/* Bytes that have come; -1 once the connection is gone, -2 where none has come yet. */
static int hears(int fd)
{
	char bytes[4096];
	ssize_t got;
	in_crowd = 1;
	got = recv(fd, bytes, sizeof(bytes), 0);
	in_crowd = 0;
	return got > 0 ? (int)got : got < 0 && errno == EAGAIN ? -2 : -1;
}

static void hang_up(int fd, bool reset)
{
	struct linger none = { 1, 0 };
	if (reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

/* Turns until `fd` is gone. */
static void await_gone(int fd)
{
	int heard = -2;
	for (int i = 0; i < TURNS && heard != -1; i++) {
		turn();
		heard = hears(fd);
	}
	EXPECT(heard == -1);
}

static int32_t await_arrival(void)
{
	int32_t handle = 0;
	for (int i = 0; i < TURNS && !handle; i++) {
		turn();
		handle = sockets_take(&net, listener);
	}
	EXPECT(handle > 0);
	sockets_flush(&net);
	return handle;
}

static bool is_from(int32_t handle, unsigned last)
{
	uint32_t address = 0;
	uint16_t number = 0;
	return sockets_peer(&net, handle, &address, &number) && address == 0x7f000000 + last && number > 0;
}

/* ------------------------------------------------------------------ scenes */

static void talk(void)
{
	char bytes[64];
	int peer = neighbour(2);
	int32_t handle = await_arrival();
	EXPECT(is_from(handle, 2));
	say(peer, "hello");
	await(handle, SOCKETS_READABLE);
	EXPECT(sockets_read(&net, handle, bytes, sizeof(bytes)) == 5 && !memcmp(bytes, "hello", 5));
	EXPECT(sockets_read(&net, handle, bytes, sizeof(bytes)) == 0);
	EXPECT(sockets_write(&net, handle, "good day", 8) == 8);
	sockets_close(&net, handle);
	EXPECT(!sockets_peer(&net, handle, &(uint32_t){0}, &(uint16_t){0}));
	for (int i = 0, heard = -2; i < TURNS && heard != 8; i++) {
		turn();
		heard = hears(peer);
		EXPECT(heard == -2 || heard == 8);
	}
	await_gone(peer);
	hang_up(peer, false);
	now += SOCKETS_FAREWELL_MS;
	turns(3);
	EXPECT(in_use() == 1);
}

/*
 * A device has two doors: who knocks at one is taken there and nowhere else, whatever JavaScript
 * asks first.
 */
static void two_doors(void)
{
	const char *refusal = NULL;
	int32_t second = sockets_listen(&net, 0, &refusal);
	uint16_t first_port = port;
	struct sockaddr_in here;
	socklen_t size = sizeof(here);
	int32_t handle = 0;
	int peer, other;

	EXPECT((second > 0) && (second != listener));
	EXPECT(!sockets_listen(&net, 0, &refusal) && refusal);
	EXPECT(getsockname(net.slots[second & 15].fd, (struct sockaddr *)&here, &size) == 0);
	port = ntohs(here.sin_port);
	peer = neighbour(2);
	port = first_port;
	for (int i = 0; i < TURNS && !handle; i++) {
		turn();
		EXPECT(sockets_take(&net, listener) == 0);
		handle = sockets_take(&net, second);
	}
	EXPECT(handle > 0);
	other = neighbour(3);
	EXPECT(is_from(await_arrival(), 3));
	EXPECT(sockets_take(&net, second) == 0);
	sockets_close(&net, second);
	turns(3);
	EXPECT(sockets_listen(&net, 0, &refusal) > 0);
	hang_up(peer, true);
	hang_up(other, true);
}

/*
 * One address opens many and says nothing: two wait, its rate is kept, and another address is let
 * in.
 */
static void flood_of_one(void)
{
	int peers[100];
	int32_t handle;
	for (int i = 0; i < 100; i++) {
		peers[i] = neighbour(2);
		turn();
		EXPECT(in_use() <= 1 + SOCKETS_WAITING_PER_PEER);
		now += i % 2;
	}
	now += SOCKETS_REST_MS;
	turns(20);
	EXPECT(net.refused >= 90);
	int honest = neighbour(3);
	for (handle = 0; !is_from(handle, 3);)
		handle = await_arrival();
	for (int i = 0; i < 100; i++)
		hang_up(peers[i], i % 3 == 0);
	hang_up(honest, false);
}

/*
 * Connects `count` times from `addresses` in turn, lets go of each that arrives, and gives how many
 * did.
 */
static int arrivals(int count, int addresses)
{
	int arrived = 0;
	for (int i = 0; i < count; i++) {
		int peer = neighbour(2 + (unsigned)(i % addresses));
		unsigned refused = net.refused;
		int32_t handle = 0;
		for (int k = 0; k < TURNS && !handle && net.refused == refused; k++) {
			turn();
			handle = sockets_take(&net, listener);
		}
		arrived += handle > 0;
		sockets_close(&net, handle);
		turn();
		hang_up(peer, false);
	}
	return arrived;
}

/* However soon JavaScript takes them: an address's burst, and what time allows. */
static void rates(void)
{
	EXPECT(arrivals(40, 1) == SOCKETS_PEER_BURST);
	now += 1000;
	EXPECT(arrivals(20, 1) == SOCKETS_PEER_PER_SECOND);
	now += 3600000;
	EXPECT(arrivals(40, 1) == SOCKETS_PEER_BURST);
}

/* From however many addresses; the cable that pays is not counted among them. */
static void rate_of_all(void)
{
	EXPECT(arrivals(60, 50) == SOCKETS_CROWD_BURST);
	now += 1000;
	EXPECT(arrivals(30, 50) == SOCKETS_CROWD_PER_SECOND);
	sockets_favour(&net, 0x7f000000 + 2);
	EXPECT(arrivals(5, 1) == 5);
}

/*
 * Many addresses: what waits is bounded, JavaScript hears of few, and the cable that pays is let in
 * and taken first.
 */
static void flood_of_many(void)
{
	int peers[200];
	int32_t handle;
	sockets_favour(&net, 0x7f000000 + 99);
	for (int i = 0; i < 200; i++) {
		peers[i] = neighbour(100 + (unsigned)i % 50);
		turn();
		EXPECT(in_use() <= 1 + SOCKETS_WAITING);
		now += 5;
	}
	int payer = neighbour(99);
	now += SOCKETS_REST_MS;
	turns(50);
	handle = await_arrival();
	EXPECT(is_from(handle, 99));
	for (int taken = 1; taken; ) {
		int32_t other = sockets_take(&net, listener);
		taken = other > 0;
	}
	EXPECT(in_use() <= 1 + 1 + SOCKETS_WAITING);
	/* The crowd's rate: what the burst and the time that passed allow, at the most. */
	EXPECT(net.refused >= 200 - SOCKETS_CROWD_BURST - 2 * SOCKETS_CROWD_PER_SECOND);
	for (int i = 0; i < 200; i++)
		hang_up(peers[i], true);
	hang_up(payer, true);
}

/*
 * All places are taken by strangers who say nothing: the favoured address gets one of those that
 * JavaScript has not taken.
 */
static void favoured_finds_room(void)
{
	int peers[32];
	int32_t handle;
	for (int i = 0; i < 4; i++) {
		peers[i] = neighbour(2 + (unsigned)i);
		await_arrival();
	}
	for (int i = 4; i < 8; i++)
		peers[i] = neighbour(2 + (unsigned)i);
	turns(20);
	EXPECT(in_use() == 1 + SOCKETS_SERVED);
	int stranger = neighbour(50);
	await_gone(stranger);
	sockets_favour(&net, 0x7f000000 + 99);
	int payer = neighbour(99);
	for (int i = 0; i < 20; i++) {
		turn();
		EXPECT(in_use() <= 1 + SOCKETS_SERVED);
	}
	handle = sockets_take(&net, listener);
	EXPECT(is_from(handle, 99));
	for (int i = 0; i < 8; i++)
		hang_up(peers[i], true);
	hang_up(stranger, false);
	hang_up(payer, false);
}

/*
 * Memory runs short: strangers go, untaken ones first, and get in no more; whoever pays stays and
 * gets in, and so does a call of ours.
 */
static void scarce_memory(void)
{
	const char *refusal;
	int strangers[4], refused[3], payer, late, again;
	unsigned held;
	int32_t taken[2], paying, out, handle;
	sockets_favour(&net, 0x7f000000 + 99);
	payer = neighbour(99);
	paying = await_arrival();
	out = sockets_connect(&net, LOCALHOST, port, &refusal);
	await(out, SOCKETS_OPENED);
	handle = await_arrival(); /* our own call, which came in as a stranger's */
	for (int i = 0; i < 4; i++) {
		strangers[i] = neighbour(2 + (unsigned)i);
		if (i < 2)
			taken[i] = await_arrival();
	}
	sockets_write(&net, taken[0], "x", 1);
	turns(20);
	forget(taken[0], SOCKETS_ENDED);
	memory_is_scarce = 1;
	turn();
	turn();
	EXPECT(!has(taken[0], SOCKETS_ENDED) && !has(taken[1], SOCKETS_ENDED));
	await_gone(strangers[2]);
	await_gone(strangers[3]);
	await(handle, SOCKETS_ENDED);
	await(taken[0], SOCKETS_ENDED);
	await(taken[1], SOCKETS_ENDED);
	sockets_close(&net, taken[0]);
	sockets_close(&net, taken[1]);
	sockets_flush(&net);
	await_gone(strangers[0]);
	await_gone(strangers[1]);
	turns(20);
	EXPECT(!has(paying, SOCKETS_ENDED) && hears(payer) == -2 && !has(out, SOCKETS_ENDED));
	held = in_use();
	for (int i = 0; i < 3; i++)
		refused[i] = neighbour(7 + (unsigned)i);
	late = neighbour(6);
	for (int i = 0; i < 20; i++) {
		turn();
		EXPECT(in_use() <= held);
	}
	await_gone(late);
	again = neighbour(99);
	EXPECT(is_from(await_arrival(), 99));
	memory_is_scarce = 0;
	late = (hang_up(late, false), neighbour(6));
	EXPECT(is_from(await_arrival(), 6));
	for (int i = 0; i < 4; i++)
		hang_up(strangers[i], false);
	for (int i = 0; i < 3; i++)
		hang_up(refused[i], false);
	hang_up(late, true);
	hang_up(again, true);
	hang_up(payer, true);
}

/* Reset, or closed, while JavaScript has not taken it: it never hears of it. */
static void gone_before_it_was_taken(void)
{
	for (int i = 0; i < 20; i++) {
		int peer = neighbour(2 + (unsigned)i % 3);
		if (i % 2)
			say(peer, "POST");
		turns(3);
		hang_up(peer, true);
		now += 1000;
		for (int k = 0; k < 5; k++)
			turn();
		if (i % 2 == 0) {
			EXPECT(sockets_take(&net, listener) == 0);
			continue;
		}
		/* Its bytes had come before: it is taken, and found to be gone when it is read. */
		int32_t handle = sockets_take(&net, listener);
		char bytes[8];
		if (!handle)
			continue;
		await(handle, SOCKETS_READABLE);
		sockets_read(&net, handle, bytes, sizeof(bytes));
		if (!has(handle, SOCKETS_ENDED))
			sockets_read(&net, handle, bytes, sizeof(bytes));
		await(handle, SOCKETS_ENDED);
		EXPECT(*sockets_why(&net, handle));
		EXPECT(is_from(handle, 2 + (unsigned)i % 3));
		sockets_close(&net, handle);
		sockets_flush(&net);
	}
	now += SOCKETS_WAITING_MS + SOCKETS_FAREWELL_MS;
	turns(5);
	EXPECT(in_use() == 1);
}

/* What nobody takes is let go by the clock. */
static void nobody_takes(void)
{
	int peer = neighbour(2);
	turns(5);
	EXPECT(in_use() == 2);
	now += SOCKETS_WAITING_MS - 1;
	turns(5);
	EXPECT(in_use() == 2);
	now += 1;
	await_gone(peer);
	EXPECT(in_use() == 1 && sockets_take(&net, listener) == 0);
	hang_up(peer, false);
}

/* Fills what the stack takes; writes no more than that, and hears when there is room. */
static void slow_reader(void)
{
	static char bytes[65536];
	int peer = neighbour(2);
	int32_t handle = await_arrival();
	size_t sent = 0, took;
	while ((took = sockets_write(&net, handle, bytes, sizeof(bytes))) > 0)
		sent += took;
	EXPECT(sent > 0);
	turns(5);
	EXPECT(!has(handle, SOCKETS_WRITABLE));
	for (int i = 0; i < TURNS && !has(handle, SOCKETS_WRITABLE); i++) {
		hears(peer);
		turn();
	}
	EXPECT(has(handle, SOCKETS_WRITABLE));
	/* It never reads again: letting go of it takes no longer than the farewell, whatever it likes. */
	while (sockets_write(&net, handle, bytes, sizeof(bytes)) > 0)
		continue;
	sockets_close(&net, handle);
	turns(5);
	EXPECT(in_use() == 2);
	now += SOCKETS_FAREWELL_MS;
	turns(3);
	EXPECT(in_use() == 1);
	hang_up(peer, false);
}

/* It sends for ever while it is let go: bounded too. */
static void talks_through_the_farewell(void)
{
	static char bytes[4096];
	int peer = neighbour(2);
	int32_t handle = await_arrival();
	EXPECT(sockets_write(&net, handle, "enough", 6) == 6);
	sockets_close(&net, handle);
	memset(bytes, 'x', sizeof(bytes) - 1);
	for (int i = 0; i < TURNS && in_use() > 1; i++) {
		say(peer, bytes);
		turn();
	}
	EXPECT(in_use() == 1);
	hang_up(peer, false);
}

static void half_closed(void)
{
	char bytes[16];
	int peer = neighbour(2);
	int32_t handle = await_arrival();
	say(peer, "ask");
	in_crowd = 1;
	shutdown(peer, SHUT_WR);
	in_crowd = 0;
	await(handle, SOCKETS_READABLE);
	EXPECT(sockets_read(&net, handle, bytes, sizeof(bytes)) == 3);
	sockets_flush(&net);
	forget(handle, SOCKETS_READABLE);
	await(handle, SOCKETS_READABLE);
	EXPECT(sockets_write(&net, handle, "answer", 6) == 6);
	EXPECT(sockets_read(&net, handle, bytes, sizeof(bytes)) == 0);
	sockets_flush(&net);
	await(handle, SOCKETS_ENDED);
	EXPECT(!strcmp(sockets_why(&net, handle), "closed by the other end"));
	sockets_close(&net, handle);
	turns(3);
	EXPECT(hears(peer) == 6);
	hang_up(peer, false);
	now += SOCKETS_FAREWELL_MS;
	turns(2);
	EXPECT(in_use() == 1);
}

static void dial(void)
{
	const char *refusal;
	char bytes[16];
	int32_t near, out = sockets_connect(&net, LOCALHOST, port, &refusal);
	EXPECT(out > 0);
	near = await_arrival();
	await(out, SOCKETS_OPENED);
	EXPECT(has(out, SOCKETS_WRITABLE));
	EXPECT(sockets_write(&net, out, "request", 7) == 7);
	await(near, SOCKETS_READABLE);
	EXPECT(sockets_read(&net, near, bytes, sizeof(bytes)) == 7);
	EXPECT(sockets_write(&net, near, "answer", 6) == 6);
	sockets_close(&net, near);
	sockets_flush(&net);
	await(out, SOCKETS_READABLE);
	EXPECT(sockets_read(&net, out, bytes, sizeof(bytes)) == 6);
	sockets_flush(&net);
	forget(out, SOCKETS_READABLE);
	await(out, SOCKETS_READABLE);
	EXPECT(sockets_read(&net, out, bytes, sizeof(bytes)) == 0);
	sockets_flush(&net);
	await(out, SOCKETS_ENDED);
	EXPECT(is_from(out, 1));
	sockets_close(&net, out);
}

static void dial_is_refused(void)
{
	const char *refusal;
	int32_t out;
	/* Nobody listens on port 1. */
	out = sockets_connect(&net, LOCALHOST, 1, &refusal);
	EXPECT(out > 0);
	await(out, SOCKETS_ENDED);
	EXPECT(!has(out, SOCKETS_OPENED));
	EXPECT(!strcmp(sockets_why(&net, out), "refused"));
	EXPECT(is_from(out, 1));
	sockets_close(&net, out);
	/* What the stack refuses at once is told in the same way. */
	out = sockets_connect(&net, 0xffffffff, 80, &refusal);
	EXPECT(out > 0);
	await(out, SOCKETS_ENDED);
	EXPECT(*sockets_why(&net, out));
	sockets_close(&net, out);
	turns(3);
	EXPECT(in_use() == 1);
}

/*
 * A listener whose queue is full answers nobody: the clock gives up, for as many as may dial at
 * once.
 */
static void dial_is_not_answered(void)
{
	struct sockaddr_in there = at(LOCALHOST, 0);
	socklen_t size = sizeof(there);
	const char *refusal;
	int32_t out[SOCKETS_DIALED];
	int fill[4], deaf = socket(AF_INET, SOCK_STREAM, 0);
	EXPECT(bind(deaf, (struct sockaddr *)&there, size) == 0 && listen(deaf, 0) == 0);
	getsockname(deaf, (struct sockaddr *)&there, &size);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM, 0);
		fcntl(fill[i], F_SETFL, O_NONBLOCK);
		connect(fill[i], (struct sockaddr *)&there, size);
	}
	for (int i = 0; i < SOCKETS_DIALED; i++)
		EXPECT((out[i] = sockets_connect(&net, LOCALHOST, ntohs(there.sin_port), &refusal)) > 0);
	EXPECT(sockets_connect(&net, LOCALHOST, ntohs(there.sin_port), &refusal) == 0);
	EXPECT(!strcmp(refusal, "all sockets are in use"));
	now += SOCKETS_CONNECT_MS - 1;
	turns(5);
	EXPECT(in_use() == 1 + SOCKETS_DIALED && !has(out[0], SOCKETS_ENDED));
	now += 1;
	for (int i = 0; i < SOCKETS_DIALED; i++) {
		await(out[i], SOCKETS_ENDED);
		EXPECT(!strcmp(sockets_why(&net, out[i]), "no answer"));
		sockets_close(&net, out[i]);
	}
	turns(2);
	EXPECT(in_use() == 1);
	/* Given up by its caller before that. */
	out[0] = sockets_connect(&net, LOCALHOST, ntohs(there.sin_port), &refusal);
	turn();
	sockets_close(&net, out[0]);
	turns(2);
	EXPECT(in_use() == 1);
	for (int i = 0; i < 4; i++)
		close(fill[i]);
	close(deaf);
}

/*
 * JavaScript's queue is full: nothing is lost and nothing waits; one message comes when there is
 * room.
 */
static void queue_full(void)
{
	int peers[4];
	queue_is_full = 1;
	for (unsigned i = 0; i < 4; i++)
		peers[i] = neighbour(2 + i);
	turns(20);
	EXPECT(posts == 0 && !has(listener, SOCKETS_ARRIVED));
	/* Those that gave up meanwhile are forgotten. */
	hang_up(peers[0], true);
	turns(10);
	queue_is_full = 0;
	await(listener, SOCKETS_ARRIVED);
	for (int i = 1; i < 4; i++)
		EXPECT(sockets_take(&net, listener) > 0);
	EXPECT(sockets_take(&net, listener) == 0);
	for (int i = 1; i < 4; i++)
		hang_up(peers[i], false);
}

/* JavaScript is busy: however much happens, one message is under way. */
static void one_message(void)
{
	int peers[8];
	for (unsigned i = 0; i < 8; i++) {
		peers[i] = neighbour(2 + i);
		sockets_turn(&net, 2);
		sockets_turn(&net, 2);
		EXPECT(posts <= 1);
	}
	hear();
	for (int i = 0; i < 8; i++)
		hang_up(peers[i], true);
}

/* An old handle touches nothing, whatever has its place now. */
static void old_handles(void)
{
	char byte;
	int first = neighbour(2), second;
	int32_t old = await_arrival(), young;
	sockets_close(&net, old);
	sockets_flush(&net);
	await_gone(first);
	hang_up(first, false);
	second = neighbour(2);
	young = await_arrival();
	EXPECT((young & 15) == (old & 15) && young != old);
	say(second, "x");
	await(young, SOCKETS_READABLE);
	EXPECT(sockets_read(&net, old, &byte, 1) == 0);
	EXPECT(sockets_write(&net, old, "x", 1) == 0);
	sockets_close(&net, old);
	sockets_close(&net, -1);
	sockets_close(&net, 0x7fffffff);
	turns(2);
	EXPECT(sockets_read(&net, young, &byte, 1) == 1);
	hang_up(second, true);
}

/*
 * The system has no more sockets: the listener rests, so that the task does not turn for ever, and
 * goes on later.
 */
static void no_more_sockets(void)
{
	int peer;
	fault = "accept";
	fault_error = EMFILE;
	peer = neighbour(2);
	turns(50);
	EXPECT(fault_calls >= 1 && fault_calls <= 2);
	fault = "";
	now += SOCKETS_REST_MS;
	EXPECT(is_from(await_arrival(), 2));
	hang_up(peer, false);
}

/* What wakes the task may be lost: what JavaScript wants is done all the same, by the next turn. */
static void lost_wake(void)
{
	int peer = neighbour(2);
	int32_t handle = await_arrival();
	turn();
	fault = "send";
	fault_error = ENOMEM;
	sockets_close(&net, handle);
	sockets_flush(&net);
	fault = "";
	turn();
	EXPECT(!net.woken && in_use() == 1);
	sockets_flush(&net);
	await_gone(peer);
	hang_up(peer, false);
}

/* ------------------------------------------------------------------ datagrams */

/* A port of 127.0.0.`last` that talks in datagrams, to groups over loopback too. */
static int talker(unsigned last)
{
	struct sockaddr_in own = at(0x7f000000 + last, 0);
	struct in_addr loopback = { .s_addr = htonl(LOCALHOST) };
	int fd;
	in_crowd = 1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	EXPECT(fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0);
	EXPECT(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback)) == 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	in_crowd = 0;
	return fd;
}

static void send_to(int fd, uint32_t address, uint16_t number, const void *bytes, size_t count)
{
	struct sockaddr_in there = at(address, number);
	in_crowd = 1;
	EXPECT(sendto(fd, bytes, count, 0, (struct sockaddr *)&there, sizeof(there)) == (ssize_t)count);
	in_crowd = 0;
}

static uint16_t port_of(int32_t handle)
{
	struct sockaddr_in here;
	socklen_t size = sizeof(here);
	EXPECT(getsockname(net.slots[handle & 15].fd, (struct sockaddr *)&here, &size) == 0);
	return ntohs(here.sin_port);
}

enum { GROUP = 0xe00000fb };

/*
 * To the group and to one: heard, with who said it; what it says reaches one, and the group:
 * loopback gives it back to it.
 */
static void datagrams(void)
{
	const char *refusal;
	char bytes[64];
	uint32_t address;
	uint16_t number;
	int peer = talker(2);
	int32_t handle = sockets_talk(&net, GROUP, 0, LOCALHOST, &refusal);
	EXPECT(handle > 0 && !refusal);
	send_to(peer, GROUP, port_of(handle), "who?", 4);
	await(handle, SOCKETS_READABLE);
	EXPECT(sockets_receive(&net, handle, bytes, sizeof(bytes), &address, &number) == 4 && !memcmp(bytes, "who?", 4));
	EXPECT(address == 0x7f000002 && number > 0);
	EXPECT(sockets_receive(&net, handle, bytes, sizeof(bytes), &address, &(uint16_t){0}) == 0);
	EXPECT(sockets_say(&net, handle, 0x7f000002, number, "me", 2));
	for (int i = 0, heard = -2; i < TURNS && heard != 2; i++) {
		turn();
		heard = hears(peer);
	}
	forget(handle, SOCKETS_READABLE);
	EXPECT(sockets_say(&net, handle, GROUP, port_of(handle), "all", 3));
	sockets_flush(&net);
	await(handle, SOCKETS_READABLE);
	EXPECT(sockets_receive(&net, handle, bytes, sizeof(bytes), &address, &number) == 3 && !memcmp(bytes, "all", 3));
	/* It is no connection. */
	EXPECT(sockets_read(&net, handle, bytes, sizeof(bytes)) == 0 && sockets_write(&net, handle, bytes, 1) == 0);
	sockets_close(&net, handle);
	EXPECT(!sockets_say(&net, handle, 0x7f000002, number, "me", 2));
	turns(2);
	EXPECT(in_use() == 1);
	close(peer);
}

/* Sends `count` from `addresses` in turn, and gives how many JavaScript heard. */
static int heard_of(int32_t handle, int count, int addresses)
{
	int peers[8], heard = 0;
	for (int i = 0; i < addresses; i++)
		peers[i] = talker(2 + (unsigned)i);
	for (int i = 0; i < count; i++) {
		uint32_t unheard = net.unheard, address;
		char bytes[64];
		send_to(peers[i % addresses], LOCALHOST, port_of(handle), "noise", 5);
		for (int k = 0; k < TURNS && net.unheard == unheard; k++) {
			now += net.slots[handle & 15].until > now ? SOCKETS_TALK_REST_MS : 0;
			turn();
			if (sockets_receive(&net, handle, bytes, sizeof(bytes), &address, &(uint16_t){0}) == 5) {
				heard++;
				break;
			}
		}
	}
	for (int i = 0; i < addresses; i++)
		close(peers[i]);
	return heard;
}

/*
 * How many a bucket lets through that was full `elapsed` milliseconds ago, where more than enough
 * came.
 */
static int allowed(int burst, int per_second, uint64_t elapsed)
{
	return burst + (int)(elapsed * (uint64_t)per_second / 1000);
}

/*
 * A neighbour's datagrams are dropped beyond its rate, all neighbours' beyond theirs; connections
 * are not counted with them.
 */
static void talkers(void)
{
	const char *refusal;
	int32_t handle = sockets_talk(&net, 0, 0, 0, &refusal);
	uint64_t began = now;
	int heard = heard_of(handle, 200, 1);
	/* The rate goes on while the rests between pass. */
	int most = allowed(SOCKETS_TALKER_BURST, SOCKETS_TALKER_PER_SECOND, now - began);
	EXPECT(heard >= most - 1 && heard <= most);
	EXPECT(net.unheard == 200 - (unsigned)heard);
	now += 3600000;
	began = now;
	heard = heard_of(handle, 400, 8);
	most = allowed(SOCKETS_TALK_BURST, SOCKETS_TALK_PER_SECOND, now - began);
	EXPECT(heard >= most - 1 && heard <= most);
	EXPECT(arrivals(40, 1) == SOCKETS_PEER_BURST);
	sockets_close(&net, handle);
}

/*
 * JavaScript does not take what has come: two are kept, the rest leaves the stack, and the task
 * comes to rest.
 */
static void nobody_listens(void)
{
	const char *refusal;
	uint32_t address;
	uint16_t number;
	char bytes[64];
	int32_t handle = sockets_talk(&net, 0, 0, 0, &refusal);
	int peer = talker(2);
	for (int i = 0; i < 50; i++)
		send_to(peer, LOCALHOST, port_of(handle), i ? "noise" : "first", 5);
	await(handle, SOCKETS_READABLE);
	for (int i = 0; i < 20; i++) {
		now += SOCKETS_TALK_REST_MS;
		turn();
	}
	EXPECT(net.unheard == 50 - SOCKETS_HEARD && posts == 0);
	found_ready = 0;
	turns(5);
	EXPECT(found_ready == 0);
	EXPECT(sockets_receive(&net, handle, bytes, sizeof(bytes), &address, &number) == 5 && !memcmp(bytes, "first", 5));
	EXPECT(sockets_receive(&net, handle, bytes, sizeof(bytes), &address, &number) == 5);
	EXPECT(sockets_receive(&net, handle, bytes, sizeof(bytes), &address, &number) == 0);
	/* What waits for one that is closed waits for nobody. */
	now += 3600000;
	forget(handle, SOCKETS_READABLE);
	send_to(peer, LOCALHOST, port_of(handle), "noise", 5);
	await(handle, SOCKETS_READABLE);
	sockets_close(&net, handle);
	turns(2);
	EXPECT(in_use() == 1);
	for (unsigned i = 0; i < SOCKETS_HEARD; i++)
		EXPECT(net.heard[i].handle == 0);
	close(peer);
}

/*
 * One that does not fit, and an empty one, are dropped; the next is heard. Two ports are all there
 * are.
 */
static void unfit_datagrams(void)
{
	static char bytes[2000];
	const char *refusal;
	uint32_t address;
	uint16_t number;
	int peer = talker(2);
	int32_t handle = sockets_talk(&net, 0, 0, 0, &refusal);
	int32_t other = sockets_talk(&net, 0, port_of(handle) ^ 1, 0, &refusal);
	EXPECT(other > 0 && sockets_talk(&net, 0, 0, 0, &refusal) == 0 && !strcmp(refusal, "all sockets are in use"));
	for (int i = 0; i < 3; i++)
		send_to(peer, LOCALHOST, port_of(handle), bytes, i == 0 ? sizeof(bytes) : i == 1 ? 0 : 64);
	await(handle, SOCKETS_READABLE);
	EXPECT(sockets_receive(&net, handle, bytes, sizeof(bytes), &address, &number) == 64 && net.unheard == 2);
	fault = "setsockopt";
	fault_error = ENODEV;
	sockets_close(&net, other);
	turns(2);
	EXPECT(sockets_talk(&net, GROUP, 0, 0, &refusal) == 0 && !strcmp(refusal, "no link yet, or the port is taken"));
	fault = "";
	sockets_close(&net, handle);
	turns(2);
	EXPECT(in_use() == 1);
	close(peer);
}

static void addresses(void)
{
	static const char *const wrong[] = { "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1..3.4", "1.2.3.4 ", "a.2.3.4", "1.2.3.", "00001.2.3.4", "99999999999.2.3.4", "-1.2.3.4" };
	uint32_t address = 7;
	EXPECT(sockets_parse("192.168.1.20", &address) && address == 0xc0a80114);
	EXPECT(sockets_parse("255.255.255.255", &address) && address == 0xffffffff);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		EXPECT(!sockets_parse(wrong[i], &address));
}

/* ------------------------------------------------------------------ anything in any order */

static uint32_t chance_state;

static uint32_t chance(uint32_t below)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 17;
	chance_state ^= chance_state << 5;
	return chance_state % below;
}

enum { CROWD = 24, HELD = 16, LATER = SOCKETS_CONNECT_MS + SOCKETS_WAITING_MS + SOCKETS_FAREWELL_MS };

static int crowd[CROWD];
static int32_t handles[HELD];

static void act_as_neighbour(void)
{
	int *fd = &crowd[chance(CROWD)];
	if (*fd < 0)
		*fd = neighbour(2 + chance(6));
	else if (chance(3) == 0) {
		hang_up(*fd, chance(2));
		*fd = -1;
	} else if (chance(2))
		say(*fd, "some words of a request");
	else
		hears(*fd);
}

static void act_as_javascript(void)
{
	static char bytes[3000];
	const char *refusal;
	int32_t *handle = &handles[chance(HELD)];
	size_t size = chance(sizeof(bytes) + 1);
	switch (chance(12)) {
		case 9: *handle = sockets_talk(&net, chance(2) ? GROUP : 0, 0, chance(2) ? LOCALHOST : 0, &refusal); break;
		case 10: EXPECT(sockets_receive(&net, *handle, bytes, size, &(uint32_t){0}, &(uint16_t){0}) <= size); break;
		case 11: sockets_say(&net, *handle, LOCALHOST, of_place[*handle & 15] == *handle && net.slots[*handle & 15].state == 8 ? port_of(*handle) : 9, bytes, size); break;
		case 0: *handle = sockets_take(&net, listener); break;
		case 1: *handle = sockets_connect(&net, LOCALHOST + chance(2), chance(3) ? port : 1, &refusal); break;
		case 2: EXPECT(sockets_read(&net, *handle, bytes, size) <= size); break;
		case 3: EXPECT(sockets_write(&net, *handle, bytes, size) <= size); break;
		case 4: sockets_close(&net, *handle); break;
		case 5: sockets_favour(&net, chance(2) ? 0x7f000000 + 2 + chance(6) : 0); break;
		case 6: sockets_why(&net, *handle); break;
		case 7: *handle = (int32_t)(chance(0xffffffff)); break;
		default: queue_is_full = chance(4) == 0; break;
	}
	if (chance(2))
		sockets_flush(&net);
}

static void check_bounds(int files)
{
	unsigned waiting = 0;
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++) {
		EXPECT((net.slots[i].state == 0) == (net.slots[i].fd < 0));
		waiting += net.slots[i].state == 3;
	}
	EXPECT(waiting <= SOCKETS_WAITING + SOCKETS_WAITING_PER_PEER);
	EXPECT(posts <= 1);
	EXPECT(open_files() <= files + SOCKETS_SLOTS);
}

static void anything(uint32_t seed, int steps)
{
	static const char *const calls[] = { "", "accept", "recv", "send", "socket", "select", "shutdown", "getsockopt", "recvfrom", "sendto", "setsockopt" };
	static const int errors[] = { EAGAIN, ECONNRESET, ENOMEM, ENFILE, EPIPE, ENOTCONN, ECONNABORTED };
	int files = open_files() + CROWD;
	chance_state = seed * 2654435761u + 1;
	for (int i = 0; i < CROWD; i++)
		crowd[i] = -1;
	for (int i = 0; i < steps; i++) {
		switch (chance(4)) {
			case 0: act_as_neighbour(); break;
			case 1: act_as_javascript(); break;
			case 2: now += chance(20) ? chance(40) : chance(LATER); break;
			default: sockets_turn(&net, 0); break;
		}
		if (chance(3))
			hear();
		if (chance(50) == 0)
			memory_is_scarce = !memory_is_scarce;
		if (chance(50) == 0) {
			fault = calls[chance(11)];
			fault_error = errors[chance(7)];
			fault_every = 1 + (int)chance(3);
		}
		check_bounds(files);
	}
	/* In peace again: everybody leaves, JavaScript lets go, and nothing is left. */
	fault = "";
	queue_is_full = memory_is_scarce = 0;
	for (int i = 0; i < CROWD; i++)
		if (crowd[i] >= 0)
			hang_up(crowd[i], false);
	for (int round = 0; round < 4; round++) {
		now += LATER;
		turns(20);
		for (int32_t left; (left = sockets_take(&net, listener)) > 0;)
			sockets_close(&net, left);
		for (unsigned i = 0; i < SOCKETS_SLOTS; i++)
			if ((int32_t)(((uint32_t)net.slots[i].generation << 4) | i) != listener)
				sockets_close(&net, (int32_t)(((uint32_t)net.slots[i].generation << 4) | i));
	}
	EXPECT(in_use() == 1);
}

/* ------------------------------------------------------------------ two tasks */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int posted, stopping;

static void take_lock(void *context) { (void)context; pthread_mutex_lock(&mutex); }
static void give_lock(void *context) { (void)context; pthread_mutex_unlock(&mutex); }
static uint64_t real_clock(void *context)
{
	struct timespec time;
	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}
static bool post_to_thread(void *context)
{
	(void)context;
	return __atomic_exchange_n(&posted, 1, __ATOMIC_SEQ_CST) == 0;
}

static void *task(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&stopping, __ATOMIC_SEQ_CST))
		sockets_turn(&net, 100);
	return NULL;
}

/* The task is a thread of its own: what JavaScript writes comes back, however both interleave. */
static void two_tasks(void)
{
	static const sockets_host host = { .now = real_clock, .lock = take_lock, .unlock = give_lock, .post = post_to_thread, .scarce = scarce };
	char bytes[512];
	const char *refusal;
	pthread_t thread;
	int32_t out = 0, near = 0, handle;
	size_t sent = 0, read = 0;
	uint8_t events;
	sockets_end(&net);
	EXPECT(!sockets_begin(&net, &host));
	EXPECT((listener = sockets_listen(&net, 0, &refusal)) > 0);
	struct sockaddr_in here;
	socklen_t size = sizeof(here);
	getsockname(net.slots[listener & 15].fd, (struct sockaddr *)&here, &size);
	EXPECT(pthread_create(&thread, NULL, task, NULL) == 0);
	EXPECT((out = sockets_connect(&net, LOCALHOST, ntohs(here.sin_port), &refusal)) > 0);
	sockets_flush(&net);
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 1000000 && read < 200000; i++) {
		if (!__atomic_exchange_n(&posted, 0, __ATOMIC_SEQ_CST)) {
			usleep(50);
			continue;
		}
		sockets_received(&net);
		while (sockets_next(&net, &handle, &events)) {
			if (handle == listener)
				near = sockets_take(&net, listener);
			if (handle == out && (events & SOCKETS_WRITABLE))
				for (size_t took; sent < 200000 && (took = sockets_write(&net, out, bytes, sizeof(bytes))) > 0;)
					sent += took;
			if (handle == near && (events & SOCKETS_READABLE))
				read += sockets_read(&net, near, bytes, sizeof(bytes));
		}
		sockets_flush(&net);
	}
	EXPECT(read >= 200000);
	__atomic_store_n(&stopping, 1, __ATOMIC_SEQ_CST);
	EXPECT(pthread_join(thread, NULL) == 0);
}

/* ------------------------------------------------------------------ */

static const struct { const char *name; void (*play)(void); } SCENES[] = {
	{ "talk", talk }, { "two-doors", two_doors }, { "rates", rates }, { "rate-of-all", rate_of_all }, { "flood-of-one", flood_of_one }, { "flood-of-many", flood_of_many },
	{ "favoured-finds-room", favoured_finds_room }, { "scarce-memory", scarce_memory }, { "gone-before-it-was-taken", gone_before_it_was_taken },
	{ "nobody-takes", nobody_takes }, { "slow-reader", slow_reader }, { "talks-through-the-farewell", talks_through_the_farewell },
	{ "half-closed", half_closed }, { "dial", dial }, { "dial-is-refused", dial_is_refused },
	{ "dial-is-not-answered", dial_is_not_answered }, { "queue-full", queue_full }, { "one-message", one_message },
	{ "old-handles", old_handles }, { "no-more-sockets", no_more_sockets }, { "lost-wake", lost_wake },
	{ "datagrams", datagrams }, { "talkers", talkers }, { "nobody-listens", nobody_listens }, { "unfit-datagrams", unfit_datagrams },
	{ "addresses", addresses }, { "two-tasks", two_tasks },
};

int main(int argc, char **argv)
{
	now = 1000;
	begin();
	if (argc == 4 && !strcmp(argv[1], "anything")) {
		anything((uint32_t)atoi(argv[2]), atoi(argv[3]));
		sockets_end(&net);
		return 0;
	}
	for (unsigned i = 0; argc == 2 && i < sizeof(SCENES) / sizeof(*SCENES); i++) {
		if (strcmp(SCENES[i].name, argv[1]))
			continue;
		SCENES[i].play();
		sockets_end(&net);
		return 0;
	}
	for (unsigned i = 0; i < sizeof(SCENES) / sizeof(*SCENES); i++)
		puts(SCENES[i].name);
	return argc == 1 ? 0 : 2;
}
