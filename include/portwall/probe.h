/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes and what they saw: shared by every vantage. */
#ifndef PORTWALL_PROBE_H
#define PORTWALL_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/*
 * What a probe saw: evidence, never the conclusion (see expect.h). Where a
 * probe can see more than one of these, the later in this list counts.
 */
enum pw_evidence {
	PW_EV_NONE,		/* not sent */
	PW_EV_UNKNOWN,		/* sent, and nothing can be concluded: lost */
	PW_EV_SILENCE,		/* arrived for certain, and nothing came of it */
	PW_EV_RPFILTER,		/* the reverse-path filter refuses the pair */
	PW_EV_PROHIBITED,	/* ICMP: administratively prohibited and kin */
	PW_EV_UNREACHABLE,	/* ICMP port or protocol unreachable */
	PW_EV_RESET,		/* TCP RST */
	PW_EV_DELIVERED,	/* passed every rule: handed to a socket, or came
				 * out behind the last chain */
	PW_EV_FORWARDED,	/* as DELIVERED, to a published container port */
	PW_EV_ANSWER,		/* SYN-ACK, or an answer by the service */
	PW_NUM_EVIDENCE
};

/* "silence", "reset", "SYN-ACK or answer", ..: for people */
const char *pw_evidence_text(enum pw_evidence evidence);
/* "silence", "reset", "answer", ..: one word, for JSON */
const char *pw_evidence_name(enum pw_evidence evidence);

/* Let through by every rule */
static inline bool pw_evidence_reached(enum pw_evidence e)
{
	return e >= PW_EV_DELIVERED;
}

/* Headers between IPv6 and the transport; over IPv4 only PW_EXT_NONE */
enum pw_ext {
	PW_EXT_NONE,
	PW_EXT_HOPOPTS,		/* hop-by-hop, padding */
	PW_EXT_ALERT,		/* hop-by-hop, router alert (RFC 2711): MLD */
	PW_EXT_DSTOPTS,
	PW_EXT_ROUTING,		/* type 4 (RFC 8754), no segments left */
	PW_EXT_ALL,		/* hop-by-hop, destination options, routing */
};

enum pw_pieces {
	PW_WHOLE,
	PW_FRAGMENTS,		/* two, cut in the payload */
	PW_FRAGMENTS_BACKWARDS,	/* the same, last one first */
	PW_FRAGMENTS_TINY,	/* cut within the transport header */
	PW_FRAGMENT_FIRST,	/* the first one alone */
	PW_FRAGMENT_ATOMIC,	/* IPv6: fragment header, but one piece */
};

/**
 * struct pw_probe - One packet, as its sender writes it
 * @iface:	index of the interface it comes in on (in its vantage's list)
 * @src, @dst:	multicast and broadcast @dst go to their own MAC address
 * @proto:	IPPROTO_*
 * @sport:	of TCP, UDP, SCTP; 0: one that this run has not used yet
 * @dport:	of TCP, UDP, SCTP and whatever looks like them
 * @tcp_flags:	0: SYN alone
 * @type, @code: of ICMP and ICMPv6
 * @hop_limit:	or TTL; 0: what the protocol asks for, 255 of neighbour
 *		discovery, 1 of group membership, else 64
 * @ext, @pieces: how it is packed
 * @payload:	behind the transport header (ICMP: behind its first 4 bytes);
 *		NULL: the cookie alone, or what the protocol needs
 * @payload_len: bytes, at most 256
 */
struct pw_probe {
	struct pw_value src, dst;
	uint32_t iface;
	uint16_t sport, dport;
	enum pw_family family : 8;
	uint8_t proto;
	uint8_t tcp_flags;
	uint8_t type, code;
	uint8_t hop_limit;
	enum pw_ext ext : 8;
	enum pw_pieces pieces : 8;
	const void *payload;
	uint16_t payload_len;
};

/**
 * struct pw_probe_count - What a vantage did
 * @sent:	probes, repeated ones included
 * @lost:	probes that were sent again because their arrival was not certain
 * @unknown:	probes given up
 */
struct pw_probe_count {
	uint64_t sent, lost, unknown;
};

/* Told now and then: @done of @total probes; @what is a few words */
typedef void (*pw_progress)(void *arg, const char *what, uint64_t done,
			    uint64_t total);

#endif
