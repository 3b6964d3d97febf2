// SPDX-License-Identifier: GPL-2.0-or-later
/* UDP over lo: one socket, and what the kernel says of each datagram. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "probe/loopback.h"
#include "probe/refusal.h"

#define LOOK_AT_ONCE 64		/* their errors fit any receive buffer */
#define LOOK_WAIT_MS 2
#define LOOK_WAIT_MAX_MS 128
#define LAST_WAIT_MS 20		/* for services that answer */

/* To some programs an empty datagram is the end of all input */
static const char datagram[1];

static void take_refusals(int fd, struct pw_lo *lo)
{
	struct pw_refusal refusal;

	while (pw_refusal_next(fd, &refusal))
		pw_lo_saw(lo, pw_sockaddr_port(&refusal.about),
			  refusal.absent ? PW_EV_PROHIBITED : refusal.evidence);
}

static void take_answers(int fd, struct pw_lo *lo)
{
	struct pw_sockaddr from = { .len = sizeof(from.in6) };
	char byte;

	while (recvfrom(fd, &byte, sizeof(byte), MSG_DONTWAIT, &from.sa,
			&from.len) >= 0) {
		if (!pw_value_cmp(pw_sockaddr_addr(&from),
				  pw_sockaddr_addr(&lo->target)))
			pw_lo_saw(lo, pw_sockaddr_port(&from), PW_EV_ANSWER);
		from.len = sizeof(from.in6);
	}
}

static int send_to(int fd, const struct pw_lo *lo)
{
	return sendto(fd, datagram, sizeof(datagram), MSG_DONTWAIT,
		      &lo->target.sa, lo->target.len) < 0 ? errno : 0;
}

/* An error of the datagram before is told first, and this one not sent */
static void probe_port(int fd, struct pw_lo *lo, uint16_t port)
{
	int err;

	pw_sockaddr_set_port(&lo->target, port);
	err = send_to(fd, lo);
	if (err && err != EPERM) {
		take_refusals(fd, lo);
		err = send_to(fd, lo);
	}
	if (err)
		pw_lo_saw(lo, port, err == ECONNREFUSED ? PW_EV_UNREACHABLE :
							  pw_lo_error(err));
	take_refusals(fd, lo);
	if (!lo->evidence[port])
		take_answers(fd, lo);
}

static void await(int fd, struct pw_lo *lo, int ms)
{
	struct pollfd fds = { fd, POLLIN, 0 };

	while (poll(&fds, 1, ms) > 0) {
		take_refusals(fd, lo);
		take_answers(fd, lo);
	}
}

/* Returns how many of those that were silent are so no more, and how many not */
static size_t look_again(int fd, struct pw_lo *lo, uint32_t first,
			 uint32_t last, int wait_ms, size_t *silent)
{
	size_t sent = 0, left = 0;

	for (uint32_t p = first; p <= last; p++) {
		if (lo->evidence[p] || pw_lo_skips(lo, p))
			continue;
		probe_port(fd, lo, (uint16_t)p);
		if (++sent % LOOK_AT_ONCE == 0)
			await(fd, lo, wait_ms);
	}
	if (sent)
		await(fd, lo, LAST_WAIT_MS);
	for (uint32_t p = first; p <= last; p++)
		left += !lo->evidence[p] && !pw_lo_skips(lo, p);
	*silent = left;
	return sent - left;
}

/*
 * Where lo is not handled at once, errors come a little later: as long as a
 * look finds some, the next waits longer
 */
static void look_further(int fd, struct pw_lo *lo, uint32_t first,
			 uint32_t last)
{
	int wait_ms = LOOK_WAIT_MS;
	size_t silent = 0;

	while (look_again(fd, lo, first, last, wait_ms, &silent) && silent &&
	       wait_ms < LOOK_WAIT_MAX_MS)
		wait_ms *= 4;
}

int pw_lo_udp_from(int fd, struct pw_lo *lo, uint32_t first, uint32_t last)
{
	int err = pw_refusals_want(fd, lo->family);

	if (err)
		return err;
	for (uint32_t p = first; p <= last; p++)
		if (!pw_lo_skips(lo, p))
			probe_port(fd, lo, (uint16_t)p);
	look_further(fd, lo, first, last);
	return 0;
}
