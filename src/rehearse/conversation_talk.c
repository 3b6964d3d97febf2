// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection that the host opens, and what the wire says to it. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rehearse/conversation.h"
#include "verify/run.h"

static socklen_t sockaddr_of(enum pw_family family, struct pw_value addr,
			     uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr = { htonl((uint32_t)addr.lo) },
	};
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
	};

	memset(out, 0, sizeof(*out));
	if (family == PW_IPV4) {
		memcpy(out, &sin, sizeof(sin));
		return sizeof(sin);
	}
	for (int i = 0; i < 8; i++) {
		sin6.sin6_addr.s6_addr[i] = (uint8_t)(addr.hi >> (56 - 8 * i));
		sin6.sin6_addr.s6_addr[8 + i] =
			(uint8_t)(addr.lo >> (56 - 8 * i));
	}
	memcpy(out, &sin6, sizeof(sin6));
	return sizeof(sin6);
}

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* Errors by ICMP are queued; nothing is fragmented */
static int set_up(struct pw_talk *talk)
{
	bool v4 = talk->path->family == PW_IPV4;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	int yes = 1, whole = IP_PMTUDISC_DO;	/* and IPV6_* */

	if (setsockopt(talk->fd, level, v4 ? IP_RECVERR : IPV6_RECVERR, &yes,
		       sizeof(yes)))
		return -errno;
	if (setsockopt(talk->fd, level,
		       v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &whole,
		       sizeof(whole)))
		return -errno;
	return 0;
}

static int bind_and_connect(struct pw_talk *talk)
{
	const struct pw_path *path = talk->path;
	uint16_t port = is_icmp(talk->proto) ? 0 : PW_PEER_PORT;
	struct sockaddr_storage addr;
	socklen_t len = sockaddr_of(path->family, path->dst, 0, &addr);

	if (bind(talk->fd, (struct sockaddr *)&addr, len))
		return -errno;
	len = sockaddr_of(path->family, path->src, port, &addr);
	if (connect(talk->fd, (struct sockaddr *)&addr, len) &&
	    errno != EINPROGRESS)
		return -errno;
	return 0;
}

static int open_socket(struct pw_talk *talk)
{
	int type = talk->proto == IPPROTO_TCP ? SOCK_STREAM :
		   talk->proto == IPPROTO_UDP ? SOCK_DGRAM : SOCK_RAW;
	int err = pw_sandbox_side(talk->stage->sb, PW_SIDE_HOST);

	if (err)
		return err;
	talk->fd = socket(talk->path->family == PW_IPV4 ? AF_INET : AF_INET6,
			  type | SOCK_CLOEXEC | SOCK_NONBLOCK, talk->proto);
	if (talk->fd < 0)
		return -errno;
	err = set_up(talk);
	return err ? err : bind_and_connect(talk);
}

/* A datagram; as ping an echo request, whose checksum IPv6 fills in itself */
static int say(struct pw_talk *talk)
{
	struct pw_segment echo = {
		.family = talk->path->family, .src = talk->path->dst,
		.dst = talk->path->src, .proto = talk->proto,
		.type = talk->proto == IPPROTO_ICMP ? ICMP_ECHO :
						      ICMP6_ECHO_REQUEST,
		.rest = 0x70770001,
	};
	uint8_t packet[PW_SEGMENT_MAX];
	size_t head = talk->path->family == PW_IPV4 ? 20 : 40;
	size_t len = pw_segment_write(&echo, NULL, packet) - head;

	if (talk->proto == IPPROTO_TCP)
		return 0;
	if (!is_icmp(talk->proto))
		return send(talk->fd, "?", 1, 0) == 1 ? 0 : -errno;
	return send(talk->fd, packet + head, len, 0) < 0 ? -errno : 0;
}

static bool is_ours(const struct pw_talk *talk, const struct pw_segment *s)
{
	if (s->family != talk->path->family || s->proto != talk->proto ||
	    pw_value_cmp(s->src, talk->path->dst) ||
	    pw_value_cmp(s->dst, talk->path->src))
		return false;
	if (is_icmp(s->proto))
		return s->type == ICMP_ECHO || s->type == ICMP6_ECHO_REQUEST;
	return s->dport == PW_PEER_PORT && s->sport == pw_talk_port(talk);
}

/* 1: @talk->heard; 0: nothing of ours came to the wire */
static int hear(struct pw_talk *talk)
{
	uint64_t now = pw_clock_ns(CLOCK_MONOTONIC);
	uint64_t end = now + (uint64_t)talk->patience_ms * 1000000u;
	uint32_t iface;
	int64_t len;

	while ((now = pw_clock_ns(CLOCK_MONOTONIC)) < end) {
		len = pw_sandbox_next_frame(talk->stage->sb,
					    (int)((end - now) / 1000000) + 1,
					    &iface, talk->frame,
					    sizeof(talk->frame));
		if (len < 0)
			return (int)len;
		if (len && iface == talk->path->iface &&
		    pw_segment_read(talk->frame, (size_t)len, &talk->heard) &&
		    is_ours(talk, &talk->heard))
			return 1;
	}
	return 0;
}

int pw_talk_open(struct pw_talk *out)
{
	int err;

	out->fd = -1;
	err = open_socket(out);
	if (!err)
		err = say(out);
	if (err)
		return pw_diag_system(out->stage->diags, -err,
				      "a connection of the sandbox's host");
	return hear(out);
}

void pw_talk_close(struct pw_talk *talk)
{
	if (talk->fd >= 0)
		close(talk->fd);
	talk->fd = -1;
}

static int send_segment(struct pw_talk *talk, const struct pw_segment *s)
{
	uint8_t frame[PW_SEGMENT_MAX];
	size_t len = pw_segment_write(s, talk->heard.eth, frame);

	return pw_sandbox_send_frame(talk->stage->sb, talk->path->iface, frame,
				     len);
}

int pw_talk_answer(struct pw_talk *talk)
{
	const struct pw_segment *heard = &talk->heard;
	struct pw_segment answer = {
		.family = heard->family, .proto = heard->proto,
		.src = heard->dst, .dst = heard->src,
		.sport = heard->dport, .dport = heard->sport,
		.flags = TH_SYN | TH_ACK, .seq = ~heard->seq,
		.ack = heard->seq + 1, .rest = heard->rest,
		.type = heard->proto == IPPROTO_ICMP ? ICMP_ECHOREPLY :
						       ICMP6_ECHO_REPLY,
	};

	if (heard->proto == IPPROTO_UDP) {
		answer.body = "!";
		answer.len = 1;
	}
	return send_segment(talk, &answer);
}

int pw_talk_error(struct pw_talk *talk, uint8_t type, uint8_t code,
		  uint32_t rest)
{
	const struct pw_segment *heard = &talk->heard;
	struct pw_segment error = {
		.family = heard->family,
		.proto = heard->family == PW_IPV4 ? IPPROTO_ICMP :
						    IPPROTO_ICMPV6,
		.src = heard->dst, .dst = heard->src,
		.type = type, .code = code, .rest = rest,
		.body = heard->packet, .len = heard->packet_len,
	};

	return send_segment(talk, &error);
}

static bool wait_for(const struct pw_talk *talk, short events)
{
	struct pollfd at = { .fd = talk->fd, .events = events };

	return poll(&at, 1, talk->patience_ms) == 1;
}

bool pw_talk_got_answer(struct pw_talk *talk)
{
	int err = 0;
	socklen_t len = sizeof(err);
	char byte;

	if (talk->proto != IPPROTO_TCP)
		return wait_for(talk, POLLIN) &&
		       recv(talk->fd, &byte, 1, 0) >= 0;
	return wait_for(talk, POLLOUT) &&
	       !getsockopt(talk->fd, SOL_SOCKET, SO_ERROR, &err, &len) && !err;
}

int pw_talk_got_error(struct pw_talk *talk)
{
	union {
		char bytes[512];
		struct cmsghdr align;
	} control;
	struct msghdr msg = {
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct sock_extended_err err = { 0 };

	if (!wait_for(talk, 0) || recvmsg(talk->fd, &msg, MSG_ERRQUEUE) < 0)
		return 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c)) {
		if ((c->cmsg_level == IPPROTO_IP &&
		     c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		     c->cmsg_type == IPV6_RECVERR))
			memcpy(&err, CMSG_DATA(c), sizeof(err));
	}
	return (int)err.ee_errno;
}

uint16_t pw_talk_port(const struct pw_talk *talk)
{
	struct sockaddr_storage addr;
	struct sockaddr_in sin;
	socklen_t len = sizeof(addr);

	if (getsockname(talk->fd, (struct sockaddr *)&addr, &len))
		return 0;
	memcpy(&sin, &addr, sizeof(sin));	/* sin6_port lies there, too */
	return ntohs(sin.sin_port);
}
