/* See direct-frames.h. */

#include "direct-frames.h"

#include <string.h>

enum {
	/* Ethernet: destination, source, type. */
	SOURCE = 6, TYPE = 12, PAYLOAD = 14,
	TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806,

	/* ARP for Ethernet and IPv4. */
	ARP_BYTES = 28,
	ARP_HARDWARE = 0, ARP_PROTOCOL = 2, ARP_LENGTHS = 4, ARP_OPERATION = 6,
	ARP_SENDER_MAC = 8, ARP_SENDER = 14, ARP_TARGET = 24,
	ARP_ETHERNET = 1, ARP_6_AND_4 = 0x0604, ARP_REQUEST = 1, ARP_REPLY = 2,

	IP_BYTES = 20, IP_TOTAL = 2, IP_FRAGMENT = 6, IP_PROTOCOL = 9, IP_SOURCE = 12, IP_DESTINATION = 16,
	IP_FRAGMENTED = 0x3fff, IP_TCP = 6,
	TCP_BYTES = 20, TCP_DESTINATION = 2
};

static unsigned two(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t four(const uint8_t *at)
{
	return (uint32_t)two(at) << 16 | two(at + 2);
}

static bool is_link_local(uint32_t address)
{
	return address >= 0xa9fe0100u && address <= 0xa9fefeffu;
}

static bool is_mac(const uint8_t *at, const uint8_t *mac)
{
	return memcmp(at, mac, DIRECT_MAC_BYTES) == 0;
}

static bool is_to_all(const uint8_t *frame)
{
	static const uint8_t all[DIRECT_MAC_BYTES] = { 255, 255, 255, 255, 255, 255 };
	return is_mac(frame, all);
}

/* A frame that names its sender: one device, and not this one. */
static bool is_of_another(const uint8_t *frame, size_t length, const uint8_t *mac)
{
	return length >= PAYLOAD && !(frame[SOURCE] & 1) && !is_mac(frame + SOURCE, mac);
}

/* The ARP packet in a frame whose sender says the same of itself in both places, or NULL. */
static const uint8_t *arp_of(const uint8_t *frame, size_t length)
{
	const uint8_t *arp = frame + PAYLOAD;
	if (length < PAYLOAD + ARP_BYTES || two(frame + TYPE) != TYPE_ARP)
		return NULL;
	if (two(arp + ARP_HARDWARE) != ARP_ETHERNET || two(arp + ARP_PROTOCOL) != TYPE_IPV4 || two(arp + ARP_LENGTHS) != ARP_6_AND_4)
		return NULL;
	if (two(arp + ARP_OPERATION) != ARP_REQUEST && two(arp + ARP_OPERATION) != ARP_REPLY)
		return NULL;
	return is_mac(arp + ARP_SENDER_MAC, frame + SOURCE) ? arp : NULL;
}

/* Ports and addresses of a whole TCP segment. */
typedef struct {
	uint32_t from, to;
	uint16_t from_port, to_port;
} segment;

static bool segment_of(const uint8_t *frame, size_t length, segment *found)
{
	const uint8_t *ip = frame + PAYLOAD;
	size_t header, total;
	if (length < PAYLOAD + IP_BYTES || two(frame + TYPE) != TYPE_IPV4 || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	total = two(ip + IP_TOTAL);
	/* A fragment does not show its port. None is needed: a call fits a segment. */
	if (header < IP_BYTES || total < header + TCP_BYTES || total > length - PAYLOAD || two(ip + IP_FRAGMENT) & IP_FRAGMENTED)
		return false;
	if (ip[IP_PROTOCOL] != IP_TCP)
		return false;
	found->from = four(ip + IP_SOURCE);
	found->to = four(ip + IP_DESTINATION);
	found->from_port = (uint16_t)two(ip + header);
	found->to_port = (uint16_t)two(ip + header + TCP_DESTINATION);
	return true;
}

bool direct_socket_admits(const direct_socket *socket, const uint8_t *frame, size_t length)
{
	const uint8_t *arp;
	segment tcp;
	uint32_t sender;
	if (!is_of_another(frame, length, socket->mac) || (!is_mac(frame, socket->mac) && !is_to_all(frame)))
		return false;
	arp = arp_of(frame, length);
	if (arp) {
		sender = four(arp + ARP_SENDER);
		return four(arp + ARP_TARGET) == socket->address && sender != socket->address && (sender == 0 || is_link_local(sender));
	}
	return segment_of(frame, length, &tcp) && is_mac(frame, socket->mac) && tcp.to == socket->address && tcp.to_port == socket->port
		&& is_link_local(tcp.from) && tcp.from != socket->address;
}

bool direct_cable_admits(const direct_cable *cable, const uint8_t *frame, size_t length)
{
	const uint8_t *arp;
	segment tcp;
	bool of_socket;
	if (!cable->address || !is_of_another(frame, length, cable->mac) || (!is_mac(frame, cable->mac) && !is_to_all(frame)))
		return false;
	of_socket = is_mac(frame + SOURCE, cable->socket.mac);
	arp = arp_of(frame, length);
	if (arp) {
		uint32_t sender = four(arp + ARP_SENDER);
		if (four(arp + ARP_TARGET) != cable->address)
			return false;
		/* A probe names nobody, so that the stack learns nothing from it, and answers. */
		return (of_socket && sender == cable->socket.address) || (sender == 0 && two(arp + ARP_OPERATION) == ARP_REQUEST);
	}
	return of_socket && segment_of(frame, length, &tcp) && is_mac(frame, cable->mac) && tcp.to == cable->address
		&& tcp.from == cable->socket.address && tcp.from_port == cable->socket.port;
}

bool direct_disputes(const uint8_t *mac, uint32_t address, const uint8_t *frame, size_t length)
{
	const uint8_t *arp;
	if (!address || !is_of_another(frame, length, mac))
		return false;
	arp = arp_of(frame, length);
	if (!arp)
		return false;
	if (four(arp + ARP_SENDER) == address)
		return true;
	return two(arp + ARP_OPERATION) == ARP_REQUEST && four(arp + ARP_SENDER) == 0 && four(arp + ARP_TARGET) == address;
}
