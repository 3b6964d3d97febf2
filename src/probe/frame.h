/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet frames: built from probes, and what came back read again. */
#ifndef PROBE_FRAME_H
#define PROBE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/probe.h"

#define PW_FRAME_MAX 512	/* headers, extensions, 256 bytes of payload */
#define PW_FRAME_PIECES 2
#define PW_MAC_LEN 6

/*
 * Probes of one call are this far apart in their cookies, which are TCP
 * sequence numbers too: more than a probe's bytes, its SYN and its FIN, so that
 * every number that acknowledges it names it.
 */
#define PW_COOKIE_STRIDE 512

/**
 * struct pw_frame_how - What a probe does not say of its frames
 * @dst_mac:	of the host; broadcast and multicast have their own
 * @broadcast:	IPv4 broadcast address of the interface
 * @cookie:	names the probe: in TCP the sequence number (and, with ACK, the
 *		one acknowledged), in others four bytes
 * @ident:	of fragments; of no other probe while these may be about
 * @sport:	for probes that leave it open; then the id of echo requests too
 */
struct pw_frame_how {
	uint8_t src_mac[PW_MAC_LEN], dst_mac[PW_MAC_LEN];
	struct pw_value broadcast;
	uint32_t cookie;
	uint32_t ident;
	uint16_t sport;
};

struct pw_frame {
	uint16_t len;
	uint8_t data[PW_FRAME_MAX];
};

/**
 * pw_frame_build() - Write the frames of a probe, in sending order
 *
 * What is to be cut is padded with zeros until there are two pieces.
 *
 * Return: how many frames, 1 or 2
 */
unsigned int pw_frame_build(const struct pw_probe *probe,
			    const struct pw_frame_how *how,
			    struct pw_frame out[static PW_FRAME_PIECES]);

/*
 * The transport header and all behind it, at most PW_FRAME_MAX bytes and at
 * least @min: its length
 */
size_t pw_transport_build(const struct pw_probe *probe,
			  const struct pw_frame_how *how, size_t min,
			  uint8_t out[static PW_FRAME_MAX]);

/* Does what is sent for @probe hold its cookie? Not with an explicit payload */
bool pw_probe_has_cookie(const struct pw_probe *probe);

/* Bytes of @proto before what a DNAT leaves alone: ports and checksums */
size_t pw_transport_skip(uint8_t proto);

/**
 * struct pw_packet - A packet, or one that an ICMP error quotes
 * @data:	the transport header on, borrowed; @len bytes, may be cut short
 * @piece:	a fragment other than the first: no transport header
 */
struct pw_packet {
	enum pw_family family;
	struct pw_value src, dst;
	uint8_t proto;
	bool piece;
	const uint8_t *data;
	size_t len;
};

/* Reads from the Ethernet header on; false: neither IPv4 nor IPv6, or broken */
bool pw_frame_parse(const uint8_t *frame, size_t len, struct pw_packet *out);
/* Reads from the IP header on */
bool pw_packet_parse(const uint8_t *ip, size_t len, struct pw_packet *out);
/* What an ICMP error quotes; false: @packet is none */
bool pw_packet_quoted(const struct pw_packet *packet, struct pw_packet *out);

/* The cookie as pw_transport_build() writes it; false: too short */
bool pw_packet_cookie(uint8_t proto, const uint8_t *data, size_t len,
		      uint32_t *cookie);

/* Numbers and addresses as they lie on the wire, at any address */
uint16_t pw_get16(const uint8_t *from);
uint32_t pw_get32(const uint8_t *from);
struct pw_value pw_get_addr(enum pw_family family, const uint8_t *from);
uint8_t *pw_put16(uint8_t *to, uint16_t n);	/* these return the end */
uint8_t *pw_put32(uint8_t *to, uint32_t n);
uint8_t *pw_put_addr(uint8_t *to, enum pw_family family, struct pw_value addr);

/*
 * Internet checksum (RFC 1071): a sum over pieces of even length, then the
 * value to store as it is
 */
uint64_t pw_sum(uint64_t sum, const void *data, size_t len);
uint16_t pw_sum_fold(uint64_t sum);
/* Of pseudo header and @data, for TCP and everything like it */
uint16_t pw_sum_transport(const struct pw_probe *probe, uint8_t proto,
			  const uint8_t *data, size_t len);
uint32_t pw_crc32c(const uint8_t *data, size_t len);	/* RFC 9260, A */

#endif
