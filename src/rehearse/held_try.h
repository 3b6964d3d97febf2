/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that are tried one by one: what each must become, and what it did. */
#ifndef REHEARSE_HELD_TRY_H
#define REHEARSE_HELD_TRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rehearse/held_narrow.h"
#include "rehearse/rehearse.h"

/**
 * struct pw_try - One packet
 * @state:	what connection tracking makes of it
 * @what:	for people, static: "ICMP redirect"
 * @kernel:	why the kernel may drop it whatever the rules say, so that
 *		silence is no fault; NULL: it does not
 * @of_case:	set by pw_tries_add()
 */
struct pw_try {
	struct pw_probe probe;
	enum pw_conn_state state;
	const char *what, *kernel;
	uint32_t of_case;
};

/**
 * struct pw_tries - Packets that are sent together
 * @suite:	of their cases
 * @of_case:	case of what is added now
 * @narrow:	what the policy says of the source asked last
 * @num_sports:	source ports taken for packets that leave it open
 */
struct pw_tries {
	struct pw_stage *stage;
	const char *suite;
	struct pw_try *list;
	size_t num, cap;
	uint32_t of_case;
	struct pw_narrow narrow;
	size_t num_sports;
};

struct pw_tries pw_tries_new(struct pw_stage *stage, const char *suite);
void pw_tries_clear(struct pw_tries *tries);

/* What is added from now on belongs to a new case. 0; -ENOMEM */
__attribute__((format(printf, 2, 3)))
int pw_tries_case(struct pw_tries *tries, const char *name, ...);

/* @try is copied, @try->probe.payload is not. 0; -ENOMEM */
int pw_tries_add(struct pw_tries *tries, const struct pw_try *try);

/**
 * pw_tries_fire() - Send them, compare with the policy, report
 *
 * Each case gets a text; those whose text is wanted otherwise say it later.
 *
 * Return: 0, and the list is empty; errors of pw_sandbox_fire(); -ENOMEM
 */
int pw_tries_fire(struct pw_tries *tries);

/* TCP, UDP, SCTP */
bool pw_proto_has_ports(uint8_t proto);

/* What a packet is to the policy: where it goes, and by whom it is sent */
void pw_try_arrival(const struct pw_stage *stage, const struct pw_probe *probe,
		    enum pw_conn_state state, struct pw_arrival *out);

#endif
