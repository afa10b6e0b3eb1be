/* See sockets.h. */

#include "sockets.h"

#include <errno.h>
#include <string.h>

#ifdef ESP_PLATFORM
#include "lwip/sockets.h"
/* Straight to the stack, past ESP-IDF's virtual files. */
#define accept lwip_accept
#define bind lwip_bind
#define close lwip_close
#define connect lwip_connect
#define fcntl lwip_fcntl
#define getsockname lwip_getsockname
#define getsockopt lwip_getsockopt
#define listen lwip_listen
#define recv lwip_recv
#define recvfrom lwip_recvfrom
#define select lwip_select
#define send lwip_send
#define sendto lwip_sendto
#define setsockopt lwip_setsockopt
#define shutdown lwip_shutdown
#define socket lwip_socket
#else
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

enum { FREE, LISTENING, CONNECTING, WAITING, OPEN, ENDED, CLOSING, DROPPING, TALKING };
enum { SERVED, DIALED, LISTENER, TALKER };

/* A handle: a generation, and the place in the table in the lowest bits. */
enum { PLACE_BITS = 4, PLACE_MASK = 15, GENERATIONS = 32767, THOUSAND = 1000 };

static void lock(sockets *all)
{
	all->host.lock(all->host.context);
}

static void unlock(sockets *all)
{
	all->host.unlock(all->host.context);
}

static uint64_t now_of(sockets *all)
{
	return all->host.now(all->host.context);
}

static bool is_scarce(sockets *all)
{
	return all->host.scarce(all->host.context);
}

static bool would_wait(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == EINPROGRESS || error == EALREADY;
}

/* ------------------------------------------------------------------ the table */

static unsigned count(const sockets *all, uint8_t kind)
{
	unsigned found = 0;
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++)
		found += all->slots[i].state != FREE && all->slots[i].kind == kind;
	return found;
}

static int32_t handle_of(const sockets *all, const sockets_slot *slot)
{
	return (int32_t)(((uint32_t)slot->generation << PLACE_BITS) | (uint32_t)(slot - all->slots));
}

/* The slot of a handle that JavaScript holds, or NULL. */
static sockets_slot *held(sockets *all, int32_t handle)
{
	unsigned place = (unsigned)handle & PLACE_MASK;
	sockets_slot *slot;
	if (handle <= 0 || place >= SOCKETS_SLOTS)
		return NULL;
	slot = &all->slots[place];
	if (slot->generation != (uint32_t)handle >> PLACE_BITS)
		return NULL;
	return (slot->state == LISTENING || slot->state == CONNECTING || slot->state == OPEN || slot->state == ENDED || slot->state == TALKING) ? slot : NULL;
}

static sockets_slot *fill(sockets *all, int fd, uint8_t kind, uint8_t state, uint64_t until)
{
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++) {
		sockets_slot *slot = &all->slots[i];
		uint16_t generation = slot->generation;
		if (slot->state != FREE)
			continue;
		memset(slot, 0, sizeof(*slot));
		slot->generation = (uint16_t)(generation % GENERATIONS + 1);
		slot->fd = fd;
		slot->kind = kind;
		slot->state = state;
		slot->until = until;
		return slot;
	}
	return NULL;
}

static void end(sockets *all, sockets_slot *slot, sockets_reason why)
{
	slot->state = ENDED;
	slot->why = (uint8_t)why;
	slot->due |= SOCKETS_ENDED;
	all->changed = true;
}

static sockets_reason reason_of(int error, bool connecting)
{
	switch (error) {
		case ETIMEDOUT: return SOCKETS_NO_ANSWER;
		case EHOSTUNREACH: case ENETUNREACH: case ENETDOWN: case EADDRNOTAVAIL: return SOCKETS_NO_ROUTE;
		default: return connecting ? SOCKETS_REFUSED : SOCKETS_RESET;
	}
}

/* ------------------------------------------------------------------ sockets */

static void close_plainly(sockets_slot *slot)
{
	close(slot->fd);
	slot->fd = -1;
	slot->state = FREE;
	slot->due = 0;
}

/*
 * Ends a connection so that nothing of it is left in the stack, where the peer's good will would
 * end it. lwIP resets only what has bytes under way, so one is sent.
 */
static void reset_socket(int fd)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)!send(fd, "\n", 1, MSG_NOSIGNAL);
	close(fd);
}

static void drop(sockets_slot *slot)
{
	reset_socket(slot->fd);
	slot->fd = -1;
	slot->state = FREE;
	slot->due = 0;
}

static bool prepare_socket(int fd)
{
	int on = 1;
	int flags = fcntl(fd, F_GETFL, 0);
	if (fd >= FD_SETSIZE || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return false;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return true;
}

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
	struct sockaddr_in where;
	memset(&where, 0, sizeof(where));
	where.sin_family = AF_INET;
	where.sin_port = htons(port);
	where.sin_addr.s_addr = htonl(address);
	return where;
}

/* ------------------------------------------------------------------ waking the task */

/* A socket that speaks to itself: what is sent to it ends the task's wait. */
static int wake_socket(void)
{
	struct sockaddr_in self = address_of(0x7f000001, 0);
	socklen_t size = sizeof(self);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&self, size) == 0 && getsockname(fd, (struct sockaddr *)&self, &size) == 0
		&& connect(fd, (struct sockaddr *)&self, size) == 0 && prepare_socket(fd))
		return fd;
	close(fd);
	return -1;
}

void sockets_flush(sockets *all)
{
	bool wake;
	lock(all);
	wake = all->changed && !all->woken;
	all->changed = false;
	all->woken = all->woken || wake;
	unlock(all);
	if (wake)
		(void)!send(all->wake, "", 1, MSG_NOSIGNAL);
}

/*
 * Called with the lock held, before what changed is looked at. One that was lost on its way is
 * forgotten too.
 */
static void woken(sockets *all, bool readable)
{
	char byte;
	for (int i = 0; readable && i < 4 && recv(all->wake, &byte, 1, 0) > 0; i++)
		continue;
	all->woken = false;
}

/* ------------------------------------------------------------------ who is let in */

/* Takes one connection of a bucket, if there is one. */
static bool take_from(sockets_bucket *bucket, uint64_t now, uint32_t burst, uint32_t per_second)
{
	uint64_t left = bucket->left + (now - bucket->at) * per_second;
	bucket->left = (uint32_t)(left < burst * THOUSAND ? left : burst * THOUSAND);
	bucket->at = now;
	if (bucket->left < THOUSAND)
		return false;
	bucket->left -= THOUSAND;
	return true;
}

/* The bucket of an address; the one that came longest ago makes room. */
static sockets_bucket *bucket_of(sockets_bucket *peers, uint32_t address, uint64_t now, uint32_t burst)
{
	sockets_bucket *oldest = &peers[0];
	for (unsigned i = 0; i < SOCKETS_PEERS; i++) {
		sockets_bucket *bucket = &peers[i];
		if (bucket->address == address)
			return bucket;
		if (bucket->at < oldest->at)
			oldest = bucket;
	}
	oldest->address = address;
	oldest->left = burst * THOUSAND;
	oldest->at = now;
	return oldest;
}

/* Connections that wait: of this address, or of all but the favoured one. */
static unsigned waiting(const sockets *all, uint32_t address, bool strangers)
{
	unsigned found = 0;
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++) {
		const sockets_slot *slot = &all->slots[i];
		if (slot->state == WAITING)
			found += strangers ? slot->address != all->favoured : slot->address == address;
	}
	return found;
}

/* The oldest accepted connection in `state` that is not the favoured address's, or NULL. */
static sockets_slot *oldest_stranger(sockets *all, uint8_t state)
{
	sockets_slot *oldest = NULL;
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++) {
		sockets_slot *slot = &all->slots[i];
		if (slot->kind == SERVED && slot->state == state && slot->address != all->favoured && (!oldest || slot->until < oldest->until))
			oldest = slot;
	}
	return oldest;
}

/* Ends it. */
static bool make_room(sockets *all, uint8_t state)
{
	sockets_slot *oldest = oldest_stranger(all, state);
	if (!oldest)
		return false;
	drop(oldest);
	return true;
}

/*
 * Memory is scarce: one stranger's connection goes in each turn, first those that JavaScript has
 * not taken or has let go. The cable that pays stays, and so does what we dialed.
 */
static void make_memory(sockets *all)
{
	sockets_slot *oldest;
	if (!is_scarce(all) || make_room(all, WAITING) || make_room(all, CLOSING))
		return;
	oldest = oldest_stranger(all, OPEN);
	if (!oldest)
		return;
	/* Reset when JavaScript closes it, rather than waited for. */
	oldest->wrote = false;
	end(all, oldest, SOCKETS_RESET);
}

/* Whether one more of this address may wait for JavaScript. */
static bool may_wait(sockets *all, uint32_t address, bool favoured)
{
	unsigned own = waiting(all, address, false);
	unsigned strangers = waiting(all, address, true);
	if (own >= SOCKETS_WAITING_PER_PEER)
		return false;
	if (!favoured)
		return strangers < SOCKETS_WAITING;
	return own + strangers < SOCKETS_WAITING + SOCKETS_WAITING_PER_PEER || make_room(all, WAITING);
}

static bool admits(sockets *all, uint32_t address, uint64_t now)
{
	bool favoured = all->favoured && address == all->favoured;
	sockets_bucket *own = bucket_of(all->peers, address, now, SOCKETS_PEER_BURST);
	if (!take_from(own, now, SOCKETS_PEER_BURST, SOCKETS_PEER_PER_SECOND))
		return false;
	if (!may_wait(all, address, favoured))
		return false;
	if (!favoured && is_scarce(all))
		return false;
	if (!favoured && !take_from(&all->crowd, now, SOCKETS_CROWD_BURST, SOCKETS_CROWD_PER_SECOND))
		return false;
	if (count(all, SERVED) < SOCKETS_SERVED || make_room(all, CLOSING))
		return true;
	return favoured && make_room(all, WAITING);
}

/* Accepts one. False where none is left, or none can be accepted now. */
static bool accept_one(sockets *all, sockets_slot *listener, uint64_t now)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	sockets_slot *slot;
	uint32_t address;
	int fd = accept(listener->fd, (struct sockaddr *)&from, &size);
	if (fd < 0) /* one that was reset before it was accepted is no reason to stop */
		return errno == ECONNABORTED || errno == ECONNRESET || errno == ENOTCONN;
	address = ntohl(from.sin_addr.s_addr);
	if (!prepare_socket(fd) || !admits(all, address, now)) {
		reset_socket(fd);
		all->refused++;
		return true;
	}
	slot = fill(all, fd, SERVED, WAITING, now + SOCKETS_WAITING_MS);
	slot->address = address;
	slot->port = ntohs(from.sin_port);
	slot->listener = handle_of(all, listener);
	listener->due |= SOCKETS_ARRIVED;
	return true;
}

static void accept_some(sockets *all, sockets_slot *listener, uint64_t now)
{
	for (int i = 0; i < SOCKETS_IN_A_ROW; i++) {
		if (accept_one(all, listener, now))
			continue;
		/* Where the system has no more sockets, one that waits would be found ready again and again. */
		if (!would_wait(errno))
			all->rest_until = now + SOCKETS_REST_MS;
		return;
	}
	all->rest_until = now + SOCKETS_REST_MS;
}

/* ------------------------------------------------------------------ what the task does */

static void attend_connecting(sockets *all, sockets_slot *slot, bool ready, uint64_t now)
{
	int error = 0;
	socklen_t size = sizeof(error);
	if (!ready) {
		if (now >= slot->until)
			end(all, slot, SOCKETS_NO_ANSWER);
		return;
	}
	if (getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error && would_wait(error))
		return;
	if (error) {
		end(all, slot, reason_of(error, true));
		return;
	}
	slot->state = OPEN;
	slot->due |= SOCKETS_OPENED | SOCKETS_WRITABLE;
}

/* A connection that was reset, or closed, before JavaScript took it is none. */
static void attend_waiting(sockets_slot *slot, bool readable, uint64_t now)
{
	char byte;
	ssize_t peeked = 1;
	if (readable)
		peeked = recv(slot->fd, &byte, 1, MSG_PEEK);
	if (now >= slot->until || peeked == 0 || (peeked < 0 && !would_wait(errno)))
		drop(slot);
	else if (readable && peeked > 0)
		slot->told = true;
}

static void attend_open(sockets_slot *slot, bool readable, bool writable)
{
	if (readable && !slot->told) {
		slot->told = true;
		slot->due |= SOCKETS_READABLE;
	}
	if (writable && slot->full) {
		slot->full = false;
		slot->due |= SOCKETS_WRITABLE;
	}
}

/* Drops what still comes; false where the connection failed. */
static bool drain(sockets_slot *slot)
{
	char bytes[256];
	ssize_t got = recv(slot->fd, bytes, sizeof(bytes), 0);
	if (got > 0)
		slot->drained = (uint16_t)(slot->drained + got);
	/* The peer will send no more, and still may have to take what we sent. */
	if (got == 0)
		slot->told = true;
	return got >= 0 || would_wait(errno);
}

/*
 * JavaScript has let go: what was written has its time to go out. It is not asked for how much of
 * it has been taken, which lwIP does not tell; so the socket is kept until then, and no connection
 * lives on in the stack for as long as a peer likes.
 */
static void attend_closing(sockets_slot *slot, bool readable, uint64_t now)
{
	if (slot->kind != SERVED) { /* one that talks too */
		close_plainly(slot);
		return;
	}
	if (!slot->shut && shutdown(slot->fd, SHUT_WR) < 0) {
		close_plainly(slot);
		return;
	}
	slot->shut = true;
	if (readable && !drain(slot))
		close_plainly(slot);
	else if (now >= slot->until || slot->drained >= SOCKETS_FAREWELL_BYTES)
		drop(slot);
}

/* Whether JavaScript may hear of one more datagram of this address. */
static bool hears(sockets *all, uint32_t address, uint64_t now)
{
	sockets_bucket *own = bucket_of(all->talkers, address, now, SOCKETS_TALKER_BURST);
	return take_from(own, now, SOCKETS_TALKER_BURST, SOCKETS_TALKER_PER_SECOND)
		&& take_from(&all->talk, now, SOCKETS_TALK_BURST, SOCKETS_TALK_PER_SECOND);
}

/* The place of a handle's oldest datagram; of handle 0 a free place. */
static sockets_datagram *datagram_of(sockets *all, int32_t handle)
{
	sockets_datagram *oldest = NULL;
	for (unsigned i = 0; i < SOCKETS_HEARD; i++) {
		sockets_datagram *datagram = &all->heard[i];
		if (datagram->handle == handle && (!oldest || datagram->order < oldest->order))
			oldest = datagram;
	}
	return oldest;
}

/*
 * Takes one out of the stack, and keeps it where there is room and it may be heard. False where
 * there is none.
 */
static bool hear_one(sockets *all, sockets_slot *slot, uint64_t now)
{
	sockets_datagram *kept = datagram_of(all, 0);
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	uint32_t address;
	char byte;
	ssize_t got;
	memset(&from, 0, sizeof(from));
	got = recvfrom(slot->fd, kept ? (char *)kept->bytes : &byte, kept ? sizeof(kept->bytes) : 1, 0, (struct sockaddr *)&from, &size);
	if (got < 0)
		return false;
	address = ntohl(from.sin_addr.s_addr);
	/* One that fills its place may have been longer. */
	if (!kept || got == 0 || (size_t)got == sizeof(kept->bytes) || !hears(all, address, now)) {
		all->unheard++;
		return true;
	}
	kept->handle = handle_of(all, slot);
	kept->address = address;
	kept->port = ntohs(from.sin_port);
	kept->size = (uint16_t)got;
	kept->order = all->order++;
	slot->due |= SOCKETS_READABLE;
	return true;
}

static void attend_talking(sockets *all, sockets_slot *slot, bool readable, uint64_t now)
{
	for (int i = 0; readable && i < SOCKETS_IN_A_ROW; i++)
		if (!hear_one(all, slot, now))
			return;
	if (readable)
		slot->until = now + SOCKETS_TALK_REST_MS;
}

static void attend(sockets *all, sockets_slot *slot, bool readable, bool writable, uint64_t now)
{
	switch (slot->state) {
		case LISTENING:
			if (readable)
				accept_some(all, slot, now);
			break;
		case CONNECTING: attend_connecting(all, slot, readable || writable, now); break;
		case WAITING: attend_waiting(slot, readable, now); break;
		case OPEN: attend_open(slot, readable, writable); break;
		case CLOSING: attend_closing(slot, readable, now); break;
		case DROPPING: drop(slot); break;
		case TALKING: attend_talking(all, slot, readable, now); break;
		default: break;
	}
}

typedef struct {
	fd_set reads;
	fd_set writes;
	int highest;
	uint64_t until;
} watch;

static void watch_slot(const sockets *all, const sockets_slot *slot, watch *watched, uint64_t now)
{
	bool reads = (slot->state == WAITING || slot->state == OPEN || slot->state == CLOSING) && !slot->told;
	bool writes = slot->state == CONNECTING || (slot->state == OPEN && slot->full);
	bool timed = slot->state == WAITING || slot->state == CONNECTING || slot->state == CLOSING;
	if (slot->state == LISTENING) {
		reads = now >= all->rest_until;
		if (!reads && all->rest_until < watched->until)
			watched->until = all->rest_until;
	}
	if (slot->state == TALKING) {
		reads = now >= slot->until;
		timed = !reads;
	}
	if (timed && slot->until < watched->until)
		watched->until = slot->until;
	/* Let go while nobody waited: done at once. */
	if (slot->state == DROPPING || (slot->state == CLOSING && !slot->shut))
		watched->until = now;
	if (reads)
		FD_SET(slot->fd, &watched->reads);
	if (writes)
		FD_SET(slot->fd, &watched->writes);
	if ((reads || writes) && slot->fd > watched->highest)
		watched->highest = slot->fd;
}

static bool is_due(const sockets *all)
{
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++)
		if (all->slots[i].state != FREE && all->slots[i].due)
			return true;
	return false;
}

/* What to wait for, and until when. */
static watch watch_all(sockets *all, uint32_t longest, uint64_t now)
{
	watch watched;
	FD_ZERO(&watched.reads);
	FD_ZERO(&watched.writes);
	FD_SET(all->wake, &watched.reads);
	watched.highest = all->wake;
	watched.until = now + longest;
	if (is_due(all) && !all->posted && now + SOCKETS_POST_MS < watched.until)
		watched.until = now + SOCKETS_POST_MS;
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++)
		if (all->slots[i].state != FREE)
			watch_slot(all, &all->slots[i], &watched, now);
	return watched;
}

static void post_due(sockets *all)
{
	bool post;
	lock(all);
	post = is_due(all) && !all->posted;
	all->posted = all->posted || post;
	unlock(all);
	/* Without the lock: whatever it waits for, JavaScript's task does not wait for it. */
	if (!post || all->host.post(all->host.context))
		return;
	lock(all);
	all->posted = false;
	unlock(all);
}

bool sockets_turn(sockets *all, uint32_t longest)
{
	struct timeval wait;
	watch watched;
	uint64_t now;
	bool waited;
	int ready;
	lock(all);
	now = now_of(all);
	watched = watch_all(all, longest, now);
	unlock(all);
	watched.until = watched.until > now ? watched.until - now : 0;
	wait.tv_sec = (long)(watched.until / THOUSAND);
	wait.tv_usec = (long)(watched.until % THOUSAND * THOUSAND);
	ready = select(watched.highest + 1, &watched.reads, &watched.writes, NULL, &wait);
	waited = ready >= 0 || errno == EINTR;
	if (ready <= 0) {
		FD_ZERO(&watched.reads);
		FD_ZERO(&watched.writes);
	}
	lock(all);
	now = now_of(all);
	woken(all, FD_ISSET(all->wake, &watched.reads));
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++) {
		sockets_slot *slot = &all->slots[i];
		/* One that was opened meanwhile was not waited for. */
		if (slot->state != FREE)
			attend(all, slot, FD_ISSET(slot->fd, &watched.reads), FD_ISSET(slot->fd, &watched.writes), now);
	}
	make_memory(all);
	all->changed = false;
	unlock(all);
	post_due(all);
	return waited;
}

/* ------------------------------------------------------------------ begin and end */

const char *sockets_begin(sockets *all, const sockets_host *host)
{
	memset(all, 0, sizeof(*all));
	all->host = *host;
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++)
		all->slots[i].fd = -1;
	all->crowd.left = SOCKETS_CROWD_BURST * THOUSAND;
	all->talk.left = SOCKETS_TALK_BURST * THOUSAND;
	all->crowd.at = all->talk.at = now_of(all);
	all->wake = wake_socket();
	return all->wake < 0 ? "no socket to wake its task by" : NULL;
}

void sockets_end(sockets *all)
{
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++)
		if (all->slots[i].state != FREE)
			close_plainly(&all->slots[i]);
	close(all->wake);
	all->wake = -1;
}

/* ------------------------------------------------------------------ JavaScript's side */

static int listening_socket(uint16_t port)
{
	struct sockaddr_in here = address_of(0, port);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (prepare_socket(fd) && bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0 && listen(fd, SOCKETS_BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

int32_t sockets_listen(sockets *all, uint16_t port, const char **refusal)
{
	int32_t handle = 0;
	int fd;
	*refusal = "a device listens on two ports, no more";
	lock(all);
	if (count(all, LISTENER) < SOCKETS_LISTENING) {
		fd = listening_socket(port);
		*refusal = fd < 0 ? "the port cannot be listened on" : NULL;
		if (fd >= 0)
			handle = handle_of(all, fill(all, fd, LISTENER, LISTENING, 0));
		all->changed = true;
	}
	unlock(all);
	return handle;
}

/* Begins to connect. What fails at once is told as what fails later: by an event. */
static void begin_to_connect(sockets *all, sockets_slot *slot)
{
	struct sockaddr_in there = address_of(slot->address, slot->port);
	if (!prepare_socket(slot->fd))
		end(all, slot, SOCKETS_NO_ROUTE);
	else if (connect(slot->fd, (struct sockaddr *)&there, sizeof(there)) < 0 && !would_wait(errno))
		end(all, slot, reason_of(errno, true));
}

int32_t sockets_connect(sockets *all, uint32_t address, uint16_t port, const char **refusal)
{
	int32_t handle = 0;
	sockets_slot *slot;
	int fd = -1;
	lock(all);
	*refusal = "all sockets are in use";
	if (count(all, DIALED) < SOCKETS_DIALED)
		fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd >= 0) {
		slot = fill(all, fd, DIALED, CONNECTING, now_of(all) + SOCKETS_CONNECT_MS);
		slot->address = address;
		slot->port = port;
		begin_to_connect(all, slot);
		handle = handle_of(all, slot);
		*refusal = NULL;
		all->changed = true;
	}
	unlock(all);
	return handle;
}

int32_t sockets_take(sockets *all, int32_t listener)
{
	sockets_slot *first = NULL;
	int32_t handle = 0;
	lock(all);
	for (unsigned i = 0; i < SOCKETS_SLOTS; i++) {
		sockets_slot *slot = &all->slots[i];
		bool favoured = slot->address == all->favoured;
		if ((slot->state != WAITING) || (slot->listener != listener))
			continue;
		if (!first || (favoured && first->address != all->favoured) || (favoured == (first->address == all->favoured) && slot->until < first->until))
			first = slot;
	}
	if (first) {
		first->state = OPEN;
		first->told = false;
		handle = handle_of(all, first);
		all->changed = true;
	}
	unlock(all);
	return handle;
}

void sockets_favour(sockets *all, uint32_t address)
{
	lock(all);
	all->favoured = address;
	unlock(all);
}

bool sockets_peer(sockets *all, int32_t handle, uint32_t *address, uint16_t *port)
{
	sockets_slot *slot;
	lock(all);
	slot = held(all, handle);
	if (slot) {
		*address = slot->address;
		*port = slot->port;
	}
	unlock(all);
	return slot != NULL;
}

const char *sockets_why(sockets *all, int32_t handle)
{
	static const char *const reasons[] = { "closed by the other end", "reset", "refused", "no answer", "no way there" };
	sockets_slot *slot;
	const char *why = "";
	lock(all);
	slot = held(all, handle);
	if (slot && slot->state == ENDED)
		why = reasons[slot->why];
	unlock(all);
	return why;
}

size_t sockets_read(sockets *all, int32_t handle, void *bytes, size_t size)
{
	sockets_slot *slot;
	ssize_t got = 0;
	lock(all);
	slot = held(all, handle);
	if (slot && slot->state == OPEN && size > 0) {
		got = recv(slot->fd, bytes, size, 0);
		if (got == 0)
			end(all, slot, SOCKETS_CLOSED);
		else if (got < 0 && !would_wait(errno))
			end(all, slot, reason_of(errno, false));
		/* Watched again, for what comes next. */
		slot->told = false;
		all->changed = true;
	}
	unlock(all);
	return got > 0 ? (size_t)got : 0;
}

size_t sockets_write(sockets *all, int32_t handle, const void *bytes, size_t count)
{
	sockets_slot *slot;
	ssize_t sent = 0;
	lock(all);
	slot = held(all, handle);
	if (slot && slot->state == OPEN && count > 0) {
		slot->wrote = true;
		sent = send(slot->fd, bytes, count, MSG_NOSIGNAL);
		if (sent < 0 && !would_wait(errno))
			end(all, slot, reason_of(errno, false));
		else if (sent < (ssize_t)count)
			slot->full = all->changed = true;
	}
	unlock(all);
	return sent > 0 ? (size_t)sent : 0;
}

void sockets_close(sockets *all, int32_t handle)
{
	sockets_slot *slot;
	lock(all);
	slot = held(all, handle);
	if (slot) {
		slot->state = slot->kind == SERVED && !slot->wrote ? DROPPING : CLOSING;
		slot->until = now_of(all) + SOCKETS_FAREWELL_MS;
		slot->told = false;
		slot->due = 0;
		for (sockets_datagram *left; (left = datagram_of(all, handle));)
			left->handle = 0;
		all->changed = true;
	}
	unlock(all);
}

/* ------------------------------------------------------------------ datagrams */

/* RFC 6762, 11: a receiver is one hop away. */
enum { MULTICAST_HOPS = 255 };

static bool join(int fd, uint32_t group, uint32_t here)
{
	struct ip_mreq membership = { .imr_multiaddr.s_addr = htonl(group), .imr_interface.s_addr = htonl(here) };
	uint8_t hops = MULTICAST_HOPS, back = 0;
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops));
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &back, sizeof(back));
	if (here)
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &membership.imr_interface, sizeof(membership.imr_interface));
	return !group || setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) == 0;
}

static int talking_socket(uint32_t group, uint16_t port, uint32_t here)
{
	struct sockaddr_in own = address_of(0, port);
	int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (prepare_socket(fd) && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 && join(fd, group, here))
		return fd;
	close(fd);
	return -1;
}

int32_t sockets_talk(sockets *all, uint32_t group, uint16_t port, uint32_t here, const char **refusal)
{
	int32_t handle = 0;
	int fd = -1;
	*refusal = "all sockets are in use";
	lock(all);
	if (count(all, TALKER) < SOCKETS_TALKING) {
		fd = talking_socket(group, port, here);
		*refusal = fd < 0 ? "no link yet, or the port is taken" : NULL;
	}
	if (fd >= 0)
		handle = handle_of(all, fill(all, fd, TALKER, TALKING, 0));
	all->changed = true;
	unlock(all);
	return handle;
}

size_t sockets_receive(sockets *all, int32_t handle, void *bytes, size_t size, uint32_t *address, uint16_t *port)
{
	sockets_datagram *oldest;
	sockets_slot *slot;
	size_t count = 0;
	lock(all);
	slot = held(all, handle);
	oldest = slot && slot->state == TALKING ? datagram_of(all, handle) : NULL;
	if (oldest) {
		if (oldest->size <= size)
			count = oldest->size;
		memcpy(bytes, oldest->bytes, count);
		*address = oldest->address;
		*port = oldest->port;
		oldest->handle = 0;
	}
	unlock(all);
	return count;
}

bool sockets_say(sockets *all, int32_t handle, uint32_t address, uint16_t port, const void *bytes, size_t count)
{
	struct sockaddr_in there = address_of(address, port);
	sockets_slot *slot;
	ssize_t sent = -1;
	lock(all);
	slot = held(all, handle);
	if (slot && slot->state == TALKING)
		sent = sendto(slot->fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&there, sizeof(there));
	unlock(all);
	return sent == (ssize_t)count;
}

void sockets_received(sockets *all)
{
	lock(all);
	all->posted = false;
	unlock(all);
}

bool sockets_next(sockets *all, int32_t *handle, uint8_t *events)
{
	bool found = false;
	lock(all);
	for (unsigned i = 0; i < SOCKETS_SLOTS && !found; i++) {
		sockets_slot *slot = &all->slots[all->turn];
		all->turn = (uint8_t)((all->turn + 1) % SOCKETS_SLOTS);
		if (slot->state == FREE || !slot->due)
			continue;
		*handle = handle_of(all, slot);
		*events = slot->due;
		slot->due = 0;
		found = true;
	}
	unlock(all);
	return found;
}

bool sockets_parse(const char *text, uint32_t *address)
{
	uint32_t whole = 0;
	for (int part = 0; part < 4; part++) {
		unsigned value = 0;
		int digits = 0;
		for (; *text >= '0' && *text <= '9' && digits < 4; digits++)
			value = value * 10 + (unsigned)(*text++ - '0');
		if (digits == 0 || value > 255 || *text != (part < 3 ? '.' : '\0'))
			return false;
		text += part < 3;
		whole = (whole << 8) | value;
	}
	*address = whole;
	return true;
}
