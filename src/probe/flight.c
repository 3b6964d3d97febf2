// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP connections that are being tried, many at once, without privilege. */
#include "probe/flight.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe/remote.h"

#define MAX_AT_ONCE 1024
#define EVENTS_AT_ONCE 64

/* @fd: -1: free */
struct attempt {
	int fd;
	uint16_t port;
	size_t id;
	uint64_t start_ns, end_ns;
};

/**
 * struct pw_flight
 * @attempts:	@cap places; @free: the numbers of those that are free. Until
 *		both are there, @cap is 0
 * @next_ns:	no attempt ends for want of time before
 */
struct pw_flight {
	struct pw_sockaddr target, source;
	pw_flight_done done;
	void *arg;
	int epoll;
	struct attempt *attempts;
	uint32_t *free;
	size_t cap, num_free;
	uint64_t next_ns;
};

static int flight_init(struct pw_flight *flight)
{
	size_t cap;

	flight->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (flight->epoll < 0)
		return -errno;
	cap = pw_socket_room(MAX_AT_ONCE);
	flight->attempts = calloc(cap, sizeof(*flight->attempts));
	flight->free = calloc(cap, sizeof(*flight->free));
	if (!flight->attempts || !flight->free)
		return -ENOMEM;
	flight->cap = cap;
	for (size_t i = 0; i < cap; i++) {
		flight->attempts[i].fd = -1;
		flight->free[i] = (uint32_t)i;
	}
	flight->num_free = flight->cap;
	flight->next_ns = UINT64_MAX;
	return 0;
}

int pw_flight_new(const struct pw_sockaddr *target,
		  const struct pw_sockaddr *source, pw_flight_done done,
		  void *arg, struct pw_flight **out)
{
	struct pw_flight *flight = calloc(1, sizeof(*flight));
	int err;

	if (!flight)
		return -ENOMEM;
	flight->target = *target;
	if (source)
		flight->source = *source;
	flight->done = done;
	flight->arg = arg;
	err = flight_init(flight);
	if (err)
		pw_flight_free(flight);
	else
		*out = flight;
	return err;
}

void pw_flight_free(struct pw_flight *flight)
{
	if (!flight)
		return;
	for (size_t i = 0; i < flight->cap; i++)
		if (flight->attempts[i].fd >= 0)
			close(flight->attempts[i].fd);
	if (flight->epoll >= 0)
		close(flight->epoll);
	free(flight->attempts);
	free(flight->free);
	free(flight);
}

size_t pw_flight_num(const struct pw_flight *flight)
{
	return flight->cap - flight->num_free;
}

static void end_attempt(struct pw_flight *flight, struct attempt *a,
			enum pw_evidence evidence)
{
	uint64_t elapsed_ns = pw_now_ns() - a->start_ns;

	close(a->fd);	/* SO_LINGER is 0: with a RST, if there is a peer */
	a->fd = -1;
	flight->free[flight->num_free++] = (uint32_t)(a - flight->attempts);
	flight->done(flight->arg, a->id, evidence, elapsed_ns);
}

/* Both ends are one: nobody listens there (simultaneous open, RFC 9293 3.5) */
static bool is_self(const struct pw_flight *flight, const struct attempt *a)
{
	struct pw_sockaddr at = { .len = sizeof(at.in6) };

	return pw_socket_port(a->fd) == a->port &&
	       !getsockname(a->fd, &at.sa, &at.len) &&
	       !pw_value_cmp(pw_sockaddr_addr(&at),
			     pw_sockaddr_addr(&flight->target));
}

static enum pw_evidence outcome(const struct pw_flight *flight,
				const struct attempt *a)
{
	struct pw_refusal refusal;
	socklen_t len = sizeof(int);
	int err = 0;

	if (pw_refusal_next(a->fd, &refusal))
		return pw_away_refused(&flight->target, &refusal);
	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return PW_EV_UNKNOWN;
	if (!err)
		return is_self(flight, a) ? PW_EV_RESET : PW_EV_ANSWER;
	if (err == ETIMEDOUT)
		return PW_EV_NONE;
	return err == ECONNREFUSED ? PW_EV_RESET : PW_EV_UNKNOWN;
}

static int prepare_socket(const struct pw_flight *flight, int fd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	const int one = 1;
	int err = pw_refusals_want(fd, flight->target.sa.sa_family == AF_INET ?
					       PW_IPV4 : PW_IPV6);

	if (err)
		return err;
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)))
		return -errno;
	if (!flight->source.len)
		return 0;
	/* the port is chosen for the pair: more of them than one source has */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	return bind(fd, &flight->source.sa, flight->source.len) ? -errno : 0;
}

static int connect_socket(struct pw_flight *flight, int fd, uint32_t place,
			  uint16_t port)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.u32 = place };
	struct pw_sockaddr to = flight->target;
	int err = prepare_socket(flight, fd);

	if (err)
		return err;
	pw_sockaddr_set_port(&to, port);
	if (connect(fd, &to.sa, to.len) && errno != EINPROGRESS)
		return -errno;
	return epoll_ctl(flight->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Somebody else's files and ports may be given back while we wait for ours */
static bool is_passing(const struct pw_flight *flight, int err)
{
	return pw_flight_num(flight) &&
	       (err == -EMFILE || err == -ENFILE || err == -EADDRNOTAVAIL ||
		err == -ENOBUFS || err == -EAGAIN);
}

/* What connect() says of the way, or of our own firewall, ends this one alone */
static bool is_no_way(int err)
{
	return err == -ENETUNREACH || err == -EHOSTUNREACH || err == -EPERM ||
	       err == -EACCES || err == -ETIMEDOUT;
}

int pw_flight_start(struct pw_flight *flight, uint16_t port, size_t id,
		    uint64_t timeout_ns)
{
	uint64_t now = pw_now_ns();
	struct attempt *a;
	uint32_t place;
	int fd, err;

	if (!flight->num_free)
		return -EAGAIN;
	place = flight->free[flight->num_free - 1];
	fd = socket(flight->target.sa.sa_family,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	err = fd < 0 ? -errno : connect_socket(flight, fd, place, port);
	if (err && !is_no_way(err)) {
		if (fd >= 0)
			close(fd);
		return is_passing(flight, err) ? -EAGAIN : err;
	}
	a = &flight->attempts[place];
	*a = (struct attempt){ fd, port, id, now, now + timeout_ns };
	flight->num_free--;
	if (flight->next_ns > a->end_ns)
		flight->next_ns = a->end_ns;
	if (err)
		end_attempt(flight, a, PW_EV_UNKNOWN);
	return 0;
}

static void end_late(struct pw_flight *flight)
{
	uint64_t now = pw_now_ns(), next_ns = UINT64_MAX;

	if (now < flight->next_ns)
		return;
	for (size_t i = 0; i < flight->cap; i++) {
		struct attempt *a = &flight->attempts[i];

		if (a->fd < 0)
			continue;
		if (a->end_ns <= now)
			end_attempt(flight, a, PW_EV_NONE);
		else if (a->end_ns < next_ns)
			next_ns = a->end_ns;
	}
	flight->next_ns = next_ns;
}

int pw_flight_wait(struct pw_flight *flight, uint64_t ns)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	uint64_t now = pw_now_ns();
	int num;

	if (flight->next_ns < now + ns)
		ns = flight->next_ns > now ? flight->next_ns - now : 0;
	num = epoll_wait(flight->epoll, events, EVENTS_AT_ONCE,
			 (int)((ns + PW_MS_NS - 1) / PW_MS_NS));
	if (num < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < num; i++) {
		struct attempt *a = &flight->attempts[events[i].data.u32];

		end_attempt(flight, a, outcome(flight, a));
	}
	end_late(flight);
	return 0;
}
