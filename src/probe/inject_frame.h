/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of probes: one template a volley, a port and a checksum apart. */
#ifndef PROBE_INJECT_FRAME_H
#define PROBE_INJECT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/addr.h"

#define PW_ETH_LEN 6

/*
 * Where a probe keeps its cookie and, once more, the port that it was sent to,
 * in bytes from the transport header on: NAT changes neither. In TCP the port
 * is the lower half of the timestamp, in UDP it follows the cookie.
 */
#define PW_TCP_COOKIE_AT 4
#define PW_TCP_PORT_AT 30
#define PW_UDP_COOKIE_AT 8
#define PW_UDP_PORT_AT 12
#define PW_UDP_LEN 16

/*
 * Ethernet, IPv6, TCP with 20 bytes of options, in whole 64-bit words. All
 * frames are that long: receivers cut off what is behind the length in the IP
 * header.
 */
#define PW_INJECT_LEN 96

/* Frames that are put down before they are fired */
#define PW_LOAD_MAX 65536u

/**
 * struct pw_inject_head - What all frames of a volley share
 * @proto:	IPPROTO_TCP or IPPROTO_UDP
 */
struct pw_inject_head {
	uint8_t dmac[PW_ETH_LEN], smac[PW_ETH_LEN];
	enum pw_family family;
	struct pw_value src, dst;
	uint8_t proto;
	uint16_t sport;
	uint32_t cookie;
};

/**
 * struct pw_inject_frame - A template: all but port, port again and checksum
 * @port_at, @copy_at, @check_at: their offsets
 * @sum:	ones' complement sum of everything else that the checksum covers,
 *		folded, of 16-bit words as they lie in memory
 */
struct pw_inject_frame {
	uint8_t bytes[PW_INJECT_LEN];
	size_t port_at, copy_at, check_at;
	uint16_t sum;
	bool udp;
};

void pw_inject_frame_build(const struct pw_inject_head *head,
			   struct pw_inject_frame *out);

/* Fills in the port (host order) and the checksum that belongs to it */
void pw_inject_frame_aim(struct pw_inject_frame *frame, uint16_t port);

#endif
