/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The closed model: these ports, from there, on that interface; nothing else. */
#ifndef PORTWALL_MODEL_H
#define PORTWALL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "names.h"
#include "own.h"
#include "rangeset.h"

/* Protocols with ports that a section may open */
enum pw_transport { PW_TCP, PW_UDP, PW_SCTP, PW_NUM_TRANSPORTS };

/* IPPROTO_ number and policy key ("tcp") of a transport */
uint8_t pw_transport_proto(enum pw_transport t);
const char *pw_transport_name(enum pw_transport t);

enum pw_default { PW_DEFAULT_DROP, PW_DEFAULT_REJECT };
enum pw_ping { PW_PING_YES, PW_PING_NO, PW_PING_RATE };
enum pw_containers { PW_CONTAINERS_FOLLOW, PW_CONTAINERS_IGNORE };
enum pw_established { PW_ESTABLISHED_KEEP, PW_ESTABLISHED_CUT };

/**
 * struct pw_limit - rate or connections of a section
 * @set:	false: none
 * @per_source:	by IPv4 address or IPv6 /64
 * @rate:	rate: as written; connections: @rate.count is N, rest 0
 */
struct pw_limit {
	bool set;
	bool per_source;
	struct pw_rate rate;
};

/**
 * struct pw_section - One [allow NAME] or [block NAME], resolved
 * @ports:	by transport, 16 bits, never 0; never NULL, empty: none
 * @protocols:	8 bits, protocols without ports; never NULL
 * @ping:	ping = yes
 * @everything:	block without any port key: every new packet, ping included
 * @any_from:	no from and no except: both families, any source
 * @from:	sources with except taken out; when @any_from, everything.
 *		from absent but except present: everything less except.
 * @to_local:	to absent, or to names local
 * @to_broadcast, @to_multicast: to names them
 * @to:		addresses of to; empty: none. A packet's destination must be in
 *		@to or of one of the kinds above. to_local is the host's own
 *		unicast addresses.
 * @any_to:	block only: no to key, every destination
 * @any_on:	no on key
 * @on:		interface names (see names.h), 128 bits
 * @log_set:	log = RATE was given; @log is it
 * @until_ns:	0: no until; else nanoseconds since 1970, a whole second: closed
 *		from then on
 * @comment:	NULL if none
 * @loc:	of the section's header; valid while the policy lives
 * @file, @line: copy of the place: name of the source as shown
 */
struct pw_section {
	char *name;
	bool block;
	struct pw_rangeset *ports[PW_NUM_TRANSPORTS];
	struct pw_rangeset *protocols;
	bool ping;
	bool everything;
	bool any_from;
	struct pw_addrs from;
	bool to_local, to_broadcast, to_multicast, any_to;
	struct pw_addrs to;
	bool any_on;
	struct pw_rangeset *on;
	struct pw_limit rate, connections;
	bool log_set;
	struct pw_rate log;
	uint64_t until_ns;
	char *comment;
	/* as written, with "except LIST" behind; for tables; NULL: anyone */
	char *from_text, *on_text;
	struct pw_loc loc;
	char *file;
	uint32_t line;
};

/**
 * struct pw_model - What a policy means
 * @source:	name of the policy as shown
 * @now_ns:	the clock it was resolved with: lower end of until
 * @digest:	SHA-256 of the normal form and of every list: the policy's hash
 * @bridges:	interface names, 128 bits; empty when containers = ignore
 * @guard:	ports of the guard key, 16 bits; empty when absent
 * @sections:	sorted by kind (allow first), then name in byte order. Sections
 *		that can admit nothing (empty from) stay in the list.
 *
 * Order in the file has no meaning and no trace here.
 */
struct pw_model {
	char *source;
	uint64_t now_ns;
	uint8_t digest[32];
	enum pw_default on_default;
	enum pw_ping ping;
	struct pw_rate ping_rate;
	bool dhcp;
	bool log_set;
	struct pw_rate log;
	enum pw_containers containers;
	struct pw_rangeset *bridges;
	enum pw_established established;
	struct pw_rangeset *guard;
	struct pw_section *sections;
	size_t num_sections;
};

void pw_model_free(struct pw_model *model);
PW_DEFINE_OWNED(struct pw_model, pw_model_free)

/**
 * pw_limit_key() - The number by which limits of a section are remembered
 * @kind:	"rate" or "conn"
 *
 * Stable for a name and a limit, whatever else the policy holds: the first 32
 * bits of SHA-256 of kind, name and limit; never 0.
 */
uint32_t pw_limit_key(const char *kind, const char *section,
		      const struct pw_limit *limit);

#endif
