/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must become of a packet by the policy alone: read from the model and
 * policy-language, knowing nothing of nf_tables. And which packets to send.
 */
#ifndef PORTWALL_EXPECT_H
#define PORTWALL_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "model.h"
#include "own.h"
#include "probe.h"
#include "scene.h"

#define PW_NO_SECTION UINT32_MAX

/**
 * enum pw_expected - What the policy says of one packet
 * @PW_EX_CLOSED:	silence
 * @PW_EX_REFUSED:	default = reject: RST or unreachable, or silence beyond
 *			100 a second
 * @PW_EX_LIMITED:	reachable as long as the limits of its sections last,
 *			else closed or refused
 * @PW_EX_REACHABLE:	let through
 */
enum pw_expected {
	PW_EX_CLOSED, PW_EX_REFUSED, PW_EX_LIMITED, PW_EX_REACHABLE,
};

enum pw_dst_kind {
	PW_DST_LOCAL,		/* an own unicast address */
	PW_DST_BROADCAST, PW_DST_MULTICAST, PW_DST_ANYCAST,
	PW_DST_BEHIND,		/* straight to an address behind `bridges` */
};

enum pw_conn_state {
	PW_CONN_NEW, PW_CONN_ESTABLISHED,
	PW_CONN_RELATED,	/* an ICMP error about a live connection */
	PW_CONN_INVALID,	/* belongs to nothing and begins nothing */
};

/**
 * struct pw_arrival - A packet and what surrounds it
 * @iface:	name as a number (names.h)
 * @lo:		it comes in on lo
 * @own_src:	its source is an own address
 * @published:	the destination port leads to a container: from `bridges` it is
 *		not judged
 * @now_ns:	the clock; 0: that of the model
 *
 * Numbers in host order; fields that a packet does not have are 0.
 */
struct pw_arrival {
	struct pw_value iface;
	bool lo;
	enum pw_family family;
	struct pw_value src, dst;
	enum pw_dst_kind dst_kind;
	bool own_src, published;
	enum pw_conn_state state;
	uint8_t proto;
	uint16_t sport, dport;
	uint8_t type, code;	/* ICMP */
	uint8_t hop_limit;
	uint64_t now_ns;
};

/**
 * struct pw_expectation - What must become of it
 * @section:	index in the model of the section that decides (the first that
 *		admits, or the block), PW_NO_SECTION: what every policy does
 * @why:	"section", "block", "nothing allows it", "replies", "own address
 *		as source", ..: short, static
 */
struct pw_expectation {
	enum pw_expected what;
	uint32_t section;
	const char *why;
};

void pw_expect(const struct pw_model *model, const struct pw_arrival *arrival,
	       struct pw_expectation *out);

/**
 * struct pw_ports_expected - All ports of one protocol at once
 * @what:	enum pw_expected by port; 65,536
 * @section:	by port, as in struct pw_expectation
 */
struct pw_ports_expected {
	uint8_t what[65536];
	uint32_t section[65536];
};

/* As pw_expect() for each port; @arrival->dport is ignored */
void pw_expect_ports(const struct pw_model *model,
		     const struct pw_arrival *arrival,
		     struct pw_ports_expected *out);

/* Where in its class a source lies; OUTSIDE: right beside another class */
enum pw_source_at { PW_AT_FIRST, PW_AT_LAST, PW_AT_INSIDE, PW_AT_OUTSIDE };

/**
 * struct pw_sweep - One source against many ports of one destination
 * @iface:	index in the scene
 * @proto:	IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @dst:	in @dst_kind
 * @ports:	sorted; NULL: all 65,536, port 0 included
 * @num_ports:	also where @ports is NULL
 * @class:	index in the plan's classes
 * @key:	which ports are reachable, as a hash: equal for sweeps of one
 *		(interface group, family, protocol, reachable set); 0: the policy
 *		is too large to know it for each
 *
 * A large policy has a hundred thousand: no byte is wasted.
 */
struct pw_sweep {
	struct pw_value src, dst;
	const uint16_t *ports;
	uint64_t key;
	uint32_t num_ports;
	uint32_t iface;
	uint32_t class;
	enum pw_family family : 8;
	enum pw_dst_kind dst_kind : 8;
	enum pw_source_at at : 8;
	uint8_t proto;
};

/**
 * struct pw_source_class - Sources that the policy treats alike
 * @set:	its addresses, of the family's width; NULL: more than 64 ranges
 * @sections:	indices of sections (allow and block), ascending: those whose
 *		`from` covers it and not "anyone", or "anyone" and not it. Of
 *		"anyone": those that cover it
 * @listed:	false: @sections are too many, and not here
 * @text:	"anyone", or the sections' own words; for people
 * @asked:	false: it has no address that a sender could have
 * @full:	its ports were all asked, in at least one sweep of each protocol
 */
struct pw_source_class {
	enum pw_family family;
	struct pw_rangeset *set;
	uint32_t *sections;
	size_t num_sections;
	bool listed;
	char *text;
	bool asked, full;
};

/**
 * struct pw_plan - Everything that a rehearsal asks about ports
 * @scene:	what it needs to be built
 * @classes:	family by family
 * @anyone:	by family: the class of those whom no section tells from others;
 *		its first one, and perhaps empty
 * @full:	number of sweeps over all 65,536 ports
 * @probes:	in all
 * @left_out:	ports that classes were not asked about, because there are too
 *		many of both: 0 with @all
 */
struct pw_plan {
	struct pw_scene *scene;
	struct pw_source_class *classes;
	size_t num_classes;
	uint32_t anyone[PW_NUM_FAMILIES];
	struct pw_sweep *sweeps;
	size_t num_sweeps;
	size_t full;
	uint64_t probes, left_out;
	void *ports;		/* owns the sweeps' port lists */
};

/**
 * pw_plan_make() - Which interfaces, sources and ports to ask
 * @all:	all ports of all classes (`--full`)
 * @seed:	of the 64 random ports, and of inner addresses
 *
 * All 65,536 ports of TCP and UDP once for each distinct (interface group,
 * family, protocol, reachable set); every other class of source at its first,
 * last and one inner address and just outside: each port that a section names,
 * both neighbours, 1, 65535 and 64 random ones. Own addresses of the scene and
 * addresses that no sender may have (martians, multicast) are no sources here.
 * Sections with limits are not asked by sweeps, but their ports are: expected
 * is PW_EX_LIMITED there.
 */
int pw_plan_make(const struct pw_model *model, bool all, uint64_t seed,
		 struct pw_plan **out, struct pw_diags *diags);
void pw_plan_free(struct pw_plan *plan);
PW_DEFINE_OWNED(struct pw_plan, pw_plan_free)

/* The arrival that a sweep's packets are, all but the port */
void pw_sweep_arrival(const struct pw_plan *plan, const struct pw_sweep *sweep,
		      struct pw_arrival *out);

/*
 * As pw_expect_ports() for one sweep, with the sections of its class alone:
 * quick enough for ten thousand of each
 */
void pw_sweep_expect(const struct pw_model *model, const struct pw_plan *plan,
		     const struct pw_sweep *sweep,
		     struct pw_ports_expected *out);

#endif
