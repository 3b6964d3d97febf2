/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of a conversation: read what the host sent, write what it gets. */
#ifndef REHEARSE_CONVERSATION_FRAME_H
#define REHEARSE_CONVERSATION_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/addr.h"

#define PW_SEGMENT_MAX 1600

/**
 * struct pw_segment - A packet of TCP, UDP, ICMP or ICMPv6
 * @sport, @dport: of TCP and UDP
 * @flags, @seq, @ack: of TCP
 * @type, @code: of ICMP and ICMPv6; @rest: the 4 bytes behind the checksum
 * @body:	behind the header
 * @packet:	of what was read: from the IP header on, to be quoted
 * @eth:	of what was read: its Ethernet header
 */
struct pw_segment {
	enum pw_family family;
	struct pw_value src, dst;
	uint8_t proto;
	uint16_t sport, dport;
	uint8_t flags;
	uint32_t seq, ack;
	uint8_t type, code;
	uint32_t rest;
	const void *body;
	size_t len;
	const uint8_t *packet;
	size_t packet_len;
	const uint8_t *eth;
};

/* False: something else (ARP, fragments, other protocols). @frame is kept */
bool pw_segment_read(const void *frame, size_t len, struct pw_segment *out);

/*
 * Writes @segment as a frame that answers one with the Ethernet header @eth;
 * @eth NULL: from the IP header on. Its length; @segment->len at most 1,280
 */
size_t pw_segment_write(const struct pw_segment *segment, const uint8_t *eth,
		      uint8_t out[static PW_SEGMENT_MAX]);

#endif
