// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP over lo without privilege, with one socket: what comes back is there when
 * connect() returns, and the next connect() tells it and begins anew.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "probe/loopback.h"
#include "probe/refusal.h"

/*
 * Where lo is not handled at once (receive packet steering, a busy machine)
 * answers come a little later: a further look at what was silent waits, and as
 * long as one finds answers the next waits longer.
 */
#define LOOK_AT_ONCE 512
#define LOOK_WAIT_MS 5
#define LOOK_WAIT_MAX_MS 320

static void disconnect(int fd)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	/* sends a RST if need be */
	(void)connect(fd, &nobody, sizeof(nobody));
}

static void take_refusals(int fd, struct pw_lo *lo, uint16_t port)
{
	struct pw_refusal refusal;

	while (pw_refusal_next(fd, &refusal))
		if (pw_sockaddr_port(&refusal.about) == port)
			pw_lo_saw(lo, port, refusal.absent ?
						PW_EV_PROHIBITED :
						refusal.evidence);
}

/*
 * What became of an attempt; false: nothing yet. A port unreachable ends it
 * with ECONNREFUSED, too.
 */
static bool conclude(int fd, struct pw_lo *lo, uint16_t port, int err)
{
	if (!err) {
		pw_lo_saw(lo, port, PW_EV_ANSWER);
		return true;
	}
	take_refusals(fd, lo, port);
	if (err != EALREADY && lo->evidence[port] < PW_EV_PROHIBITED)
		pw_lo_saw(lo, port, pw_lo_error(err));
	return err != EALREADY || lo->evidence[port];
}

static int try_connect(int fd, const struct pw_lo *lo)
{
	return connect(fd, &lo->target.sa, lo->target.len) ? errno : 0;
}

static bool probe_port(int fd, struct pw_lo *lo, uint16_t port)
{
	bool concluded;
	int err;

	pw_sockaddr_set_port(&lo->target, port);
	err = try_connect(fd, lo);
	if (err == EINPROGRESS)
		err = try_connect(fd, lo);
	concluded = conclude(fd, lo, port, err);
	if (!err || err == EALREADY)
		disconnect(fd);
	return concluded;
}

/* One more attempt, from the same port: it has another peer */
static int start_again(struct pw_lo *lo, uint16_t own, uint16_t port)
{
	int fd = pw_lo_bound_again(lo, SOCK_STREAM, own);
	int err = fd < 0 ? fd : pw_refusals_want(fd, lo->family);

	if (err) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	pw_sockaddr_set_port(&lo->target, port);
	try_connect(fd, lo);
	return fd;
}

/* Until nothing comes any more */
static void await(struct pw_lo *lo, const uint16_t *ports, struct pollfd *fds,
		  size_t num, int wait_ms)
{
	while (poll(fds, (nfds_t)num, wait_ms) > 0)
		for (size_t i = 0; i < num; i++) {
			if (!fds[i].revents)
				continue;
			pw_sockaddr_set_port(&lo->target, ports[i]);
			conclude(fds[i].fd, lo, ports[i],
				 try_connect(fds[i].fd, lo));
			disconnect(fds[i].fd);
			close(fds[i].fd);
			fds[i].fd = -1;
		}
}

static int look_again(struct pw_lo *lo, uint16_t own, const uint16_t *ports,
		      size_t num, struct pollfd *fds, int wait_ms)
{
	size_t opened = 0;
	int err = 0;

	while (!err && opened < num) {
		int fd = start_again(lo, own, ports[opened]);

		if (fd < 0)
			err = fd;
		else
			fds[opened++] = (struct pollfd){ fd, POLLOUT, 0 };
	}
	await(lo, ports, fds, opened, wait_ms);
	for (size_t i = 0; i < opened; i++)
		if (fds[i].fd >= 0) {
			disconnect(fds[i].fd);
			close(fds[i].fd);
		}
	return err;
}

static int look_at_all(struct pw_lo *lo, uint16_t own, const uint16_t *silent,
		       size_t num, int wait_ms)
{
	size_t at_once = pw_socket_room(LOOK_AT_ONCE);
	struct pollfd *fds = calloc(at_once, sizeof(*fds));
	int err = fds ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < num; i += at_once)
		err = look_again(lo, own, silent + i,
				 num - i < at_once ? num - i : at_once, fds,
				 wait_ms);
	free(fds);
	return err;
}

/* Those that are still silent, in the same array; returns how many */
static size_t still_silent(const struct pw_lo *lo, uint16_t *ports, size_t num)
{
	size_t left = 0;

	for (size_t i = 0; i < num; i++)
		if (!lo->evidence[ports[i]])
			ports[left++] = ports[i];
	return left;
}

static int look_further(struct pw_lo *lo, uint16_t own, uint16_t *silent,
			size_t num)
{
	size_t before;
	int err, wait_ms = LOOK_WAIT_MS;

	do {
		err = look_at_all(lo, own, silent, num, wait_ms);
		before = num;
		num = still_silent(lo, silent, num);
		wait_ms *= 4;
	} while (!err && num && num < before && wait_ms <= LOOK_WAIT_MAX_MS);
	return err;
}

int pw_lo_connect_from(int fd, struct pw_lo *lo, uint32_t first, uint32_t last)
{
	uint16_t *silent = calloc(last - first + 1, sizeof(*silent));
	size_t num = 0;
	int err = silent ? pw_refusals_want(fd, lo->family) : -ENOMEM;

	for (uint32_t p = first; !err && p <= last; p++)
		if (!pw_lo_skips(lo, p) && !probe_port(fd, lo, (uint16_t)p))
			silent[num++] = (uint16_t)p;
	if (!err && num)
		err = look_further(lo, pw_socket_port(fd), silent, num);
	free(silent);
	return err;
}
