/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a scan of another host. */
#ifndef PROBE_REMOTE_H
#define PROBE_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "portwall/scan.h"
#include "probe/pace.h"
#include "probe/refusal.h"
#include "probe/sockaddr.h"

#define PW_NUM_PORTS 65536u

/**
 * struct pw_away - A scan that is under way
 * @source:	@len 0: chosen by the route
 * @ports:	@num of them
 * @is_here:	the target is this host: own ports are no answer
 * @seen:	enum pw_evidence by port; NONE: nothing was heard
 * @told_ns:	when progress was told of last
 */
struct pw_away {
	struct pw_remote *scan;
	struct pw_sockaddr target, source;
	const uint16_t *ports;
	size_t num;
	bool is_here;
	struct pw_pace pace;
	uint64_t told_ns;
	uint8_t seen[PW_NUM_PORTS];
};

/* Keep what tells more */
void pw_away_saw(struct pw_away *away, uint16_t port,
		 enum pw_evidence evidence);

/* What an ICMP error about the target means */
enum pw_evidence pw_away_refused(const struct pw_sockaddr *target,
				 const struct pw_refusal *refusal);

/* @done ports of all: told now and then */
void pw_away_tell(struct pw_away *away, size_t done);

/* The timeout of try @n, from 0 */
uint64_t pw_away_timeout_ns(const struct pw_away *away, unsigned int n);

/* Each leaves NONE where nothing was heard. 0 or -errno */
int pw_away_tcp(struct pw_away *away);
int pw_away_udp(struct pw_away *away);

/*
 * May silence of one port be taken for a fact, after @tries of it, when @lost
 * of @sent control probes to the same host were lost? Not if there is a loss
 * rate that explains both with a chance of more than one in 10,000.
 */
bool pw_silence_is_sure(unsigned int sent, unsigned int lost,
			unsigned int tries);

#endif
