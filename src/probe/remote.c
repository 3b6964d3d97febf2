// SPDX-License-Identifier: GPL-2.0-or-later
/* A scan of another host's ports by ordinary sockets. */
#include "probe/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/local.h"

#define TELL_NS (100 * PW_MS_NS)
#define MAX_DOUBLED 6		/* no timeout is longer than 64 of the first */

void pw_away_saw(struct pw_away *away, uint16_t port,
		 enum pw_evidence evidence)
{
	if (away->seen[port] < evidence)
		away->seen[port] = (uint8_t)evidence;
}

/*
 * That there is no such host or net may be a rule of the target, if it says so
 * itself; else it is a failure of the path.
 */
enum pw_evidence pw_away_refused(const struct pw_sockaddr *target,
				 const struct pw_refusal *refusal)
{
	if (refusal->absent && !pw_value_cmp(refusal->by,
					     pw_sockaddr_addr(target)))
		return PW_EV_PROHIBITED;
	return refusal->evidence;
}

void pw_away_tell(struct pw_away *away, size_t done)
{
	uint64_t now = pw_now_ns();

	if (!away->scan->progress || now - away->told_ns < TELL_NS)
		return;
	away->told_ns = now;
	away->scan->progress(away->scan->progress_arg, done, away->num);
}

uint64_t pw_away_timeout_ns(const struct pw_away *away, unsigned int n)
{
	return (uint64_t)away->scan->timeout_ms * PW_MS_NS
	       << (n < MAX_DOUBLED ? n : MAX_DOUBLED);
}

static int note_source(const struct pw_away *away, int fd)
{
	struct pw_sockaddr own = { .len = sizeof(own.in6) };

	if (getsockname(fd, &own.sa, &own.len))
		return -errno;
	away->scan->source = pw_sockaddr_addr(&own);
	return 0;
}

/* Is there a way, and is the source ours? Sends nothing */
static int find_way(const struct pw_away *away)
{
	int fd = socket(away->target.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC,
			0);
	int err = fd < 0 ? -errno : 0;

	if (!err && away->source.len &&
	    bind(fd, &away->source.sa, away->source.len))
		err = -errno;
	if (!err && connect(fd, &away->target.sa, away->target.len))
		err = -errno;
	if (!err)
		err = note_source(away, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

static void hand_over(struct pw_away *away)
{
	struct pw_remote *scan = away->scan;

	if (!scan->ports)
		memset(scan->evidence, PW_EV_NONE, PW_NUM_PORTS);
	for (size_t i = 0; i < away->num; i++) {
		uint16_t port = away->ports[i];
		uint8_t seen = away->seen[port];

		if (seen == PW_EV_NONE)
			seen = PW_EV_UNKNOWN;
		scan->count.unknown += seen == PW_EV_UNKNOWN;
		scan->evidence[scan->ports ? i : port] = seen;
	}
	if (scan->progress)
		scan->progress(scan->progress_arg, away->num, away->num);
}

static int run(struct pw_away *away)
{
	struct pw_remote *scan = away->scan;
	int err;

	away->target = pw_sockaddr_of(scan->family, scan->target, 1);
	if (scan->source.hi || scan->source.lo)
		away->source = pw_sockaddr_of(scan->family, scan->source, 0);
	err = find_way(away);
	if (err)
		return err;
	away->is_here = !pw_addr_is_local(scan->family, scan->target);
	away->pace = pw_pace_of(scan->rate);
	memset(&scan->count, 0, sizeof(scan->count));
	err = scan->proto == IPPROTO_TCP ? pw_away_tcp(away) :
					   pw_away_udp(away);
	if (!err)
		hand_over(away);
	return err;
}

static uint16_t *all_ports(void)
{
	uint16_t *ports = calloc(PW_NUM_PORTS, sizeof(*ports));

	for (uint32_t p = 1; ports && p < PW_NUM_PORTS; p++)
		ports[p - 1] = (uint16_t)p;
	return ports;
}

int pw_remote_scan(struct pw_remote *scan, struct pw_diags *diags)
{
	uint16_t *all = scan->ports ? NULL : all_ports();
	struct pw_away *away = calloc(1, sizeof(*away));
	char text[PW_ADDR_STRLEN];
	int err = -ENOMEM;

	if (away && (all || scan->ports)) {
		away->scan = scan;
		away->ports = all ? all : scan->ports;
		away->num = all ? PW_NUM_PORTS - 1 : scan->num_ports;
		err = run(away);
	}
	free(away);
	free(all);
	if (!err)
		return 0;
	return pw_diag_system(diags, -err, "%s cannot be probed",
			      pw_addr_format(scan->family, scan->target, text));
}
