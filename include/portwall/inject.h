/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes on the running host: frames as if received, seen and swallowed. */
#ifndef PORTWALL_INJECT_H
#define PORTWALL_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "own.h"
#include "probe.h"

/**
 * struct pw_volley - Frames from one source to many ports
 * @ifindex:	interface that they seem to come in on
 * @proto:	IPPROTO_TCP or IPPROTO_UDP
 * @sport:	0: chosen
 * @ports:	NULL: all 65,536
 * @evidence:	by place in @ports (NULL: by port): set. DELIVERED, FORWARDED
 *		(see pw_injector_forwarded()), RESET, UNREACHABLE and PROHIBITED
 *		(a rule refuses; the host's own limit of ICMP errors lets few of
 *		the last two be seen, the others are SILENCE), SILENCE, UNKNOWN
 */
struct pw_volley {
	uint32_t ifindex;
	enum pw_family family;
	struct pw_value src, dst;
	uint8_t proto;
	uint16_t sport;
	const uint16_t *ports;
	size_t num_ports;
	uint8_t *evidence;
};

/**
 * struct pw_forwarded - A published port that a probe got through
 * @volley, @port: which one
 * @addr, @to_port: where it would have gone
 */
struct pw_forwarded {
	uint32_t volley;
	uint16_t port, to_port;
	enum pw_family family;
	struct pw_value addr;
};

/* How frames come in; tried in this order */
enum pw_inject_way {
	PW_INJECT_XDP,		/* bpf(2) test run with live frames, 5.18 */
	PW_INJECT_MIRRED,	/* a veth of our own, tc mirred ingress */
	PW_NUM_INJECT_WAYS
};

struct pw_injector;

/**
 * pw_injector_open() - Prepare to probe the running host
 * @ways:	bits 1 << enum pw_inject_way that may be used
 *
 * Makes a table of its own, which the kernel removes with this process (owner
 * flag): behind everybody else's chains it notes and swallows what bears a
 * cookie of this run, and nothing else. No reply leaves the host, no conntrack
 * entry stays, no device is changed (MIRRED: one is made, and removed).
 *
 * Return: 0; -EPERM, -EOPNOTSUPP and others with a message that says which
 *	   way was refused and why
 */
int pw_injector_open(unsigned int ways, struct pw_injector **out,
		     struct pw_diags *diags);
void pw_injector_close(struct pw_injector *injector);
PW_DEFINE_OWNED(struct pw_injector, pw_injector_close)

/* Which way it is, for the report */
enum pw_inject_way pw_injector_way(const struct pw_injector *injector);
const char *pw_inject_way_text(enum pw_inject_way way);

/**
 * pw_injector_fire() - Send volleys and read what came through
 *
 * Counts of sent and seen are compared for each volley; what did not arrive is
 * sent again in smaller bursts, what never arrives is PW_EV_UNKNOWN.
 *
 * Return: 0; errors of the system with a message
 */
int pw_injector_fire(struct pw_injector *injector,
		     struct pw_volley *volleys, size_t num,
		     struct pw_diags *diags);

/* What was FORWARDED in the last fire; valid until the next */
const struct pw_forwarded *pw_injector_forwarded(
	const struct pw_injector *injector, size_t *num);

const struct pw_probe_count *pw_injector_count(
	const struct pw_injector *injector);

/**
 * struct pw_foreign - A rule that probes would leave a trace in
 * @chain:	"inet filter input"
 * @what:	"log", "limit", "quota", "dynamic set", "connlimit", "queue"
 */
struct pw_foreign {
	char *chain;
	uint64_t handle;
	const char *what;
	char *comment;		/* unescaped, or NULL */
};

/**
 * pw_foreign_traces() - Rules of other tables with a memory or a voice
 * Only of tables of the families ip, ip6, inet and netdev that are awake, in
 * chains that a received packet may come to; not of table inet portwall and
 * those of probes. @num_rules: of all rules there, with a trace or without.
 */
int pw_foreign_traces(struct pw_foreign **out, size_t *num, size_t *num_rules,
		      struct pw_diags *diags);
void pw_foreign_free(struct pw_foreign *list, size_t num);

#endif
