/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the table that keeps probes: its sets and its rules. */
#ifndef PROBE_SWALLOW_PRIV_H
#define PROBE_SWALLOW_PRIV_H

#include "netlink/netlink.h"
#include "probe/swallow.h"

/**
 * struct pw_swallow
 * @owner:	whose end is the end of the tables; nothing is dumped with it, as
 *		a dump that breaks off costs the socket
 * @reader:	for dumps
 * @name:	of both tables, inet and netdev
 */
struct pw_swallow {
	struct pw_nl *owner, *reader;
	char name[32];
	bool has_netdev, no_netdev;
};

/* Sets of the table inet; the first three also of the table netdev */
enum swallow_set {
	SET_COOKIES,		/* of all marks of the run */
	SET_ACKS,		/* what a TCP answer to one acknowledges */
	SET_ACKS4, SET_ACKS6,	/* ... and from where */
	SET_SEEN4, SET_SEEN6,	/* cookie and destination, counted */
	SET_TRACED4, SET_TRACED6, /* those of marks with @each */
	SET_ARRIVED, SET_REACHED, SET_FORWARDED4, SET_FORWARDED6,
	SET_TCP, SET_ERRORS,
	SET_KEPT,		/* as cookies: what could be kept, but not noted */
	NUM_SWALLOW_SETS
};
#define NUM_NETDEV_SETS 2

/**
 * struct swallow_set_info
 * @type:	data types of nft(8), 6 bits each
 * @key_len:	bytes
 * @notes:	rules add to it
 * @counted:	each element has a counter
 * @flushed:	what was there before is forgotten when new marks are set
 */
struct swallow_set_info {
	const char *name;
	uint32_t type, key_len;
	bool notes, counted, flushed;
};

extern const struct swallow_set_info swallow_sets[NUM_SWALLOW_SETS];

/* Chains and rules of the table inet, and of one device in the table netdev */
int swallow_put_rules(struct pw_batch *batch, const char *table);
int swallow_put_egress(struct pw_batch *batch, const char *table,
		       uint32_t ifindex, const char *ifname);

#endif
