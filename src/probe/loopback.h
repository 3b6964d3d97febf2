/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a sweep over lo: what they share, and one for each way. */
#ifndef PROBE_LOOPBACK_H
#define PROBE_LOOPBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "portwall/scan.h"
#include "probe/forget.h"
#include "probe/sockaddr.h"

#define PW_NUM_PORTS 65536u

/**
 * struct pw_lo - A sweep that is under way
 * @target:	its port changes from probe to probe
 * @source:	port 0. Over IPv4 an address of 127.0.0.0/8 that nobody else
 *		uses: a probe is then never the reverse of another one, which
 *		would make it a reply in the eyes of connection tracking
 * @later:	ports that are left out for now, 0: none
 * @only:	see struct pw_loopback
 * @evidence:	by port
 */
struct pw_lo {
	enum pw_family family;
	struct pw_sockaddr target, source;
	uint16_t later[2];
	struct pw_forget forget;
	const bool *only;
	uint8_t *evidence;
};

/* One more TCP or UDP socket at @lo's source, on a port that we hold */
int pw_lo_bound_again(const struct pw_lo *lo, int type, uint16_t port);

/* Keep what tells more */
void pw_lo_saw(struct pw_lo *lo, uint16_t port, enum pw_evidence evidence);

/* An error of sending or connecting; UNKNOWN: of no meaning */
enum pw_evidence pw_lo_error(int err);

static inline bool pw_lo_skips(const struct pw_lo *lo, uint32_t port)
{
	return port == lo->later[0] || port == lo->later[1] ||
	       (lo->only && !lo->only[port]);
}

/*
 * Each sends to the ports from @first to @last, and leaves NONE where nothing
 * was heard. @fd holds the port they come from: it is one for all, so that no
 * probe is the reverse of another one where there is but one address.
 * 0 or -errno; -EPERM of the raw one: not allowed, nothing was sent.
 */
typedef int pw_lo_way(int fd, struct pw_lo *lo, uint32_t first, uint32_t last);
pw_lo_way pw_lo_connect_from;
pw_lo_way pw_lo_raw_from;
pw_lo_way pw_lo_udp_from;

#endif
