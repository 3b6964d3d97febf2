/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a policy, each tried where nothing else lets the packet through. */
#ifndef REHEARSE_LIMITS_H
#define REHEARSE_LIMITS_H

#include "rehearse/limits_place.h"
#include "rehearse/limits_rules.h"

/* What is awaited; where a token takes longer, recovery is shown otherwise */
#define PW_AWAITED_NS 2000000000ull
#define PW_SHOWN_PER_SECOND 10u

/**
 * struct pw_limited - One limit
 * @connections: else it is a rate
 * @limit:	as the policy has it
 * @lift:	its section has a limit of the other kind, which is lifted for
 *		this one to be seen
 * @of_case:	of suite "limits"
 * @said:	the case's text as far as it goes
 * @over:	nothing more can be seen of it
 * @num_sent:	packets so far, each with a source port of its own
 * @start_ns, @passed: when its bucket was full, and what it let through since
 * @empty_ns:	when it was asked last; 0: it was not seen empty
 */
struct pw_limited {
	bool connections, lift;
	struct pw_limit limit;
	struct pw_place place;
	uint32_t of_case;
	char said[240];
	bool over;
	size_t num_sent;
	uint64_t start_ns, empty_ns;
	uint64_t passed;
};

/**
 * struct pw_volley_count - What became of equal packets
 * @start_ns, @end_ns: CLOCK_MONOTONIC, before the first and after the last
 * @certain:	nothing was lost or sent twice
 */
struct pw_volley_count {
	size_t sent, passed, refused;
	uint64_t start_ns, end_ns;
	bool certain;
};

/* Fires @num packets of the place, from @src. 0; errors */
int pw_limited_fire(struct pw_stage *stage, struct pw_limited *limited,
		    struct pw_value src, size_t num,
		    struct pw_volley_count *out);

/* Appends to the case's text, after a "; " */
__attribute__((format(printf, 2, 3)))
void pw_limited_say(struct pw_limited *limited, const char *fmt, ...);

/* "6 let through, 7th to 20th dropped" */
void pw_limited_say_beyond(struct pw_limited *limited,
			   const struct pw_volley_count *count);

/* A finding of this limit: what is wrong, or could not be told. 0; -ENOMEM */
__attribute__((format(printf, 4, 5)))
int pw_limited_find(struct pw_stage *stage, struct pw_limited *limited,
		    enum pw_result result, const char *fmt, ...);

/* Until then, by the clock that the kernel's limits go by */
void pw_await_ns(uint64_t monotonic_ns);

/*
 * limits_rate.c. The burst passes, what is beyond does not; @rate: as it is
 * loaded now. Then, once a token is there, one more: @quickened: with a rate
 * that is not the policy's. 0; errors
 */
int pw_limited_exhaust(struct pw_stage *stage, struct pw_limited *limited,
		       const struct pw_rate *rate);
int pw_limited_recover(struct pw_stage *stage, struct pw_limited *limited,
		       const struct pw_rate *rate, bool quickened);

/* limits_connections.c. So many at once, not more, and one when one ended */
int pw_limited_connect(struct pw_stage *stage, struct pw_limited *limited);

#endif
