/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listeners that were not there the last time. */
#ifndef WATCH_PORTS_H
#define WATCH_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "portwall/listen.h"

/**
 * struct pw_port - A port that strangers' packets come to
 * @told:	it is no news
 */
struct pw_port {
	struct pw_listener listener;
	bool told;
};

/* Sorted by protocol, port, family, address, interface. Zero-initialised */
struct pw_ports {
	struct pw_port *list;
	size_t num;
	bool known;
};

/**
 * pw_ports_look() - Ask the kernel
 * @fresh:	what is new since the last time, without owners; the caller
 *		frees. The first time nothing is.
 *
 * A UDP port of those that the kernel hands out is new when it was there twice:
 * who asks a name server has one for a moment.
 *
 * Return: 0; -ENOMEM
 */
int pw_ports_look(struct pw_ports *ports, struct pw_listener **fresh,
		  size_t *num_fresh);

/* The same from what was read: takes @now */
int pw_ports_compare(struct pw_ports *ports, struct pw_ports *now,
		     struct pw_listener **fresh, size_t *num_fresh);

/* By protocol, port, family, address, interface */
int pw_port_cmp(const struct pw_listener *a, const struct pw_listener *b);

void pw_ports_clear(struct pw_ports *ports);

#endif
