/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules do with one packet; whole regions: src/ruleset/eval.h. */
#ifndef PORTWALL_EVAL_H
#define PORTWALL_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "own.h"
#include "ruleset.h"

enum pw_outcome { PW_OUT_ACCEPT, PW_OUT_DROP, PW_OUT_REFUSE };

/**
 * struct pw_packet - One packet that arrives for this host
 * @iifname:	interface it comes in on
 * @dst_type:	RTN_* of the destination (linux/rtnetlink.h); 0 is RTN_LOCAL
 * @src_type:	RTN_* of the source; 0 is RTN_UNICAST
 * @l4proto:	IPPROTO_*
 * @sport, @dport: of TCP, UDP and SCTP
 * @icmp_type:	of ICMP and ICMPv6
 * @tcp_flags:	of TCP, as in the header: 0x02 is SYN, 0x10 is ACK
 * @hop_limit:	or TTL
 * @socket_wildcard: -1 no socket, 0, 1
 * @time_ns:	clock at arrival
 * @adopt:	the first-apply rule is armed
 * @opened:	the sets of temporary openings hold what they are asked for;
 *		false: nothing is opened
 * @nat:	its destination is changed between prerouting and input, to
 *		@nat_dst and @nat_dport
 * @forwarded:	and leads away from this host: input is not asked
 */
struct pw_packet {
	char iifname[16];
	enum pw_family family;
	struct pw_value src, dst;
	uint32_t dst_type, src_type;
	uint8_t l4proto;
	uint16_t sport, dport;
	uint8_t icmp_type;
	uint8_t tcp_flags;
	uint8_t hop_limit;
	int socket_wildcard;
	enum pw_ct_state state;
	uint64_t time_ns;
	bool adopt;
	bool opened;
	bool nat, forwarded;
	struct pw_value nat_dst;
	uint16_t nat_dport;
};

/**
 * struct pw_fate - What becomes of it
 * @outcome:	in prerouting and then input; what other tables do is not known
 * @limited:	@outcome holds while the limits on the way have room
 * @unread:	it was taken not to be in constant sets whose elements are not
 *		known, and @outcome may be another
 * @chain, @rule: what decided, indices; @rule == PW_NONE: the policy of base
 *		chain @chain
 */
struct pw_fate {
	enum pw_outcome outcome;
	bool limited, unread;
	uint32_t chain, rule;
};

/**
 * pw_eval_packet() - The fate of one packet with room in every limit
 * @rs:		one that pw_ruleset_check() accepts
 *
 * Return: 0; -ENOMEM; -ELOOP: jumps deeper than the kernel's 16; -ENOENT: a
 *	   base chain is missing
 */
int pw_eval_packet(const struct pw_ruleset *rs, const struct pw_packet *packet,
		   struct pw_fate *out);

/*
 * For many packets: rules and sets are worked out once, and packets that differ
 * from the one before in their source alone take a microsecond or so: sort them.
 * Errors as above; after one of pw_evaluator_ask() it is of no more use.
 */
struct pw_evaluator;

/* @rs is borrowed */
int pw_evaluator_new(const struct pw_ruleset *rs, struct pw_evaluator **out);
int pw_evaluator_ask(struct pw_evaluator *evaluator,
		     const struct pw_packet *packet, struct pw_fate *out);
void pw_evaluator_free(struct pw_evaluator *evaluator);
PW_DEFINE_OWNED(struct pw_evaluator, pw_evaluator_free)

#endif
