/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temporary openings: elements with a timeout, which the kernel ends. */
#ifndef PORTWALL_OPENINGS_H
#define PORTWALL_OPENINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "load.h"
#include "own.h"
#include "ruleset.h"

#define PW_OPENING_MAX_MS (30ull * 24 * 3600 * 1000)

/**
 * struct pw_opening - Ports that are open for a while, beside the policy
 * @proto:	IPPROTO_TCP, _UDP or _SCTP
 * @first, @last: ports, host order
 * @any_from:	from anyone, in both families; else @family and @from
 * @from:	first and last address of a prefix
 * @iifname:	"" on every interface
 * @left_ms:	when read: until the kernel ends it; UINT64_MAX: it does not,
 *		somebody else put it there
 */
struct pw_opening {
	uint8_t proto;
	uint16_t first, last;
	bool any_from;
	enum pw_family family;
	struct pw_value from, to;
	char iifname[16];
	uint64_t left_ms;
};

struct pw_openings {
	struct pw_opening *list;
	size_t num, cap;
};

/* Does it let in what @src sends to @port, in on @iifname? */
bool pw_opening_takes(const struct pw_opening *opening, enum pw_family family,
		      struct pw_value src, uint8_t proto, uint16_t port,
		      const char *iifname);

/*
 * Those that live, ports of equal rest folded to ranges, the one that ends
 * first comes first. 0, also when there is no table; as pw_kernel_read()
 */
int pw_openings_read(struct pw_nl *nl, struct pw_openings **out,
		     struct pw_diags *diags);
void pw_openings_free(struct pw_openings *openings);
PW_DEFINE_OWNED(struct pw_openings, pw_openings_free)

/**
 * pw_openings_add() - Open for @ms from now; what is open already gets this time
 *
 * One transaction. Return: 0; -EEXIST with a message: one from a prefix that
 * overlaps is there; -ENOENT: the table, or its sets, are not there; -ENOSPC:
 * too many; as pw_load_switch()
 */
int pw_openings_add(struct pw_nl *nl, const struct pw_opening *list,
		    size_t num, uint64_t ms, struct pw_diags *diags);

/**
 * pw_openings_remove() - Close before the time what is named
 * @list:	an entry from anyone means every source, one on no interface
 *		every interface; @num 0: all openings
 * @closed:	how many elements there were, one for each port and source; with
 *		an error: those that end all the same, or may
 *
 * Return: as above
 */
int pw_openings_remove(struct pw_nl *nl, const struct pw_opening *list,
		       size_t num, size_t *closed, struct pw_diags *diags);

#endif
