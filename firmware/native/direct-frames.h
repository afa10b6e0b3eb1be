/*
 * Which Ethernet frames a device takes on a direct link: a socket's own access point, open to
 * everybody, and nothing there but one TCP port (docs/protocol.md, "Direct link"). Neither end has
 * a firewall; each looks at a frame before its stack does.
 *
 * The access point's radio passes frames on between its clients, and ESP-IDF has no switch for
 * that. So the cable takes nothing but what the access point itself has sent: no other client
 * reaches it, or answers in the socket's place.
 *
 * RFC 826 (ARP), RFC 791 (IPv4), RFC 3927 (link-local addresses), RFC 5227 (address conflicts).
 * Addresses as numbers.
 */

#ifndef PLUGPAY_DIRECT_FRAMES_H
#define PLUGPAY_DIRECT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIRECT_MAC_BYTES = 6 };

typedef struct {
	uint8_t mac[DIRECT_MAC_BYTES];
	/* The socket's. */
	uint32_t address;
	uint16_t port;
} direct_socket;

typedef struct {
	uint8_t mac[DIRECT_MAC_BYTES];
	/* 0 while it has none. */
	uint32_t address;
	/* The access point that is joined, and where its socket listens. */
	direct_socket socket;
} direct_cable;

/*
 * On the access point: ARP for the socket's address, and TCP to its one port, from link-local
 * addresses.
 */
bool direct_socket_admits(const direct_socket *socket, const uint8_t *frame, size_t length);

/*
 * On the cable: TCP of the socket's one port and its ARP; of others only the question whether an
 * address is free.
 */
bool direct_cable_admits(const direct_cable *cable, const uint8_t *frame, size_t length);

/*
 * Whether the frame shows that another device has `address`, or is about to use it (RFC 5227,
 * 2.1.1).
 */
bool direct_disputes(const uint8_t *mac, uint32_t address, const uint8_t *frame, size_t length);

#endif
