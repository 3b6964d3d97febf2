// SPDX-License-Identifier: GPL-2.0-or-later
/* UDP ports of another host: one socket, answers and ICMP errors. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "probe/question.h"
#include "probe/remote.h"

static void take_refusals(int fd, struct pw_away *away)
{
	struct pw_refusal refusal;

	while (pw_refusal_next(fd, &refusal))
		pw_away_saw(away, pw_sockaddr_port(&refusal.about),
			    pw_away_refused(&away->target, &refusal));
}

static void take_answers(int fd, struct pw_away *away)
{
	struct pw_sockaddr from = { .len = sizeof(from.in6) };
	char byte;

	while (recvfrom(fd, &byte, sizeof(byte), MSG_DONTWAIT, &from.sa,
			&from.len) >= 0) {
		if (!pw_value_cmp(pw_sockaddr_addr(&from),
				  pw_sockaddr_addr(&away->target)))
			pw_away_saw(away, pw_sockaddr_port(&from),
				    PW_EV_ANSWER);
		from.len = sizeof(from.in6);
	}
}

static void listen_for(int fd, struct pw_away *away, uint64_t ns)
{
	struct pollfd fds = { fd, POLLIN, 0 };
	uint64_t now = pw_now_ns(), end_ns = now + ns;

	do {
		uint64_t ms = (end_ns - now + PW_MS_NS - 1) / PW_MS_NS;

		if (poll(&fds, 1, (int)ms) > 0) {
			take_refusals(fd, away);
			take_answers(fd, away);
		}
		now = pw_now_ns();
	} while (now < end_ns);
}

/* An error of the datagram before is told first, and this one not sent */
static void send_to(int fd, struct pw_away *away, uint16_t port)
{
	struct pw_sockaddr to = away->target;
	uint8_t question[PW_QUESTION_MAX];
	size_t len = pw_question(port, question);
	uint64_t wait_ns;

	while ((wait_ns = pw_pace_take(&away->pace)))
		listen_for(fd, away, wait_ns);
	pw_sockaddr_set_port(&to, port);
	for (int i = 0; i < 2; i++) {
		if (sendto(fd, question, len, MSG_DONTWAIT, &to.sa,
			   to.len) >= 0)
			break;
		take_refusals(fd, away);
	}
	away->scan->count.sent++;
}

static size_t one_try(int fd, struct pw_away *away, unsigned int n)
{
	size_t open = 0;

	for (size_t i = 0; i < away->num; i++) {
		uint16_t port = away->ports[i];

		if (away->seen[port] > PW_EV_UNKNOWN || !port ||
		    (away->is_here && pw_socket_port(fd) == port))
			continue;
		open++;
		away->scan->count.lost += n > 0;
		send_to(fd, away, port);
		take_answers(fd, away);
		pw_away_tell(away, n ? away->num : i);
	}
	if (open)
		listen_for(fd, away, pw_away_timeout_ns(away, n));
	return open;
}

int pw_away_udp(struct pw_away *away)
{
	int fd = socket(away->target.sa.sa_family,
			SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = fd < 0 ? -errno : pw_refusals_want(fd, away->scan->family);

	if (!err && away->source.len &&
	    bind(fd, &away->source.sa, away->source.len))
		err = -errno;
	for (unsigned int n = 0; !err && n < away->scan->tries; n++)
		if (!one_try(fd, away, n))
			break;
	if (fd >= 0)
		close(fd);
	return err;
}
