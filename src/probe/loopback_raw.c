// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP over lo with raw SYNs: no service ever sees a connection. The kernel
 * itself resets what answers, since nobody has asked.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "portwall/own.h"
#include "probe/loopback.h"
#include "probe/refusal.h"

#define AT_ONCE 64		/* their answers fit any receive buffer */
#define SECOND_WAIT_MS 5
#define MAX_IP_HEADER 60

/**
 * struct raw - The sockets and what all SYNs share
 * @fd:		gets what is sent to @port of the source alone
 * @sum:	of the pseudo header and the SYN, without its port
 * @seq:	of the SYNs: what answers has this number and one
 */
struct raw {
	struct pw_lo *lo;
	int fd;
	uint16_t port;
	uint32_t seq, sum;
};

struct batch {
	struct tcphdr syn[AT_ONCE];
	struct iovec iov[AT_ONCE];
	struct mmsghdr msg[AT_ONCE];
	uint16_t port[AT_ONCE];
	unsigned int num;
};

static uint32_t sum_bytes(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static uint32_t sum_addr(uint32_t sum, const struct pw_sockaddr *at)
{
	if (at->sa.sa_family == AF_INET)
		return sum_bytes(sum, &at->in.sin_addr, 4);
	return sum_bytes(sum, &at->in6.sin6_addr, 16);
}

static struct tcphdr syn_of(const struct raw *raw, uint16_t port)
{
	struct tcphdr syn = {
		.th_sport = htons(raw->port), .th_dport = htons(port),
		.th_seq = htonl(raw->seq), .th_off = sizeof(syn) / 4,
		.th_flags = TH_SYN, .th_win = htons(1024),
	};
	uint32_t sum = raw->sum + port;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	syn.th_sum = htons((uint16_t)~sum);
	return syn;
}

/* RFC 9293, 3.1: addresses, protocol, length, header */
static void prepare_sum(struct raw *raw)
{
	struct tcphdr syn;

	raw->sum = 0;
	syn = syn_of(raw, 0);
	syn.th_sum = 0;
	raw->sum = sum_addr(sum_addr(0, &raw->lo->source), &raw->lo->target) +
		   IPPROTO_TCP + (uint32_t)sizeof(syn);
	raw->sum = sum_bytes(raw->sum, &syn, sizeof(syn));
}

/*
 * Other traffic over lo would fill the receive buffer. Raw sockets of IPv6 get
 * the TCP header alone; IPv4 needs no filter, nobody else uses the address.
 */
static int want_own_port(const struct raw *raw)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct tcphdr, th_dport)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, raw->port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { PW_ARRAY_SIZE(code), code };

	if (raw->lo->family == PW_IPV4)
		return 0;
	return setsockopt(raw->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ? -errno : 0;
}

static int prepare(struct raw *raw)
{
	struct pw_sockaddr source = raw->lo->source;
	struct pw_sockaddr target = raw->lo->target;
	int err = want_own_port(raw);

	if (err)
		return err;
	pw_sockaddr_set_port(&source, 0);
	pw_sockaddr_set_port(&target, 0);
	if (bind(raw->fd, &source.sa, source.len) ||
	    connect(raw->fd, &target.sa, target.len))
		return -errno;
	if (getrandom(&raw->seq, sizeof(raw->seq), 0) != sizeof(raw->seq))
		return -errno;
	prepare_sum(raw);
	return pw_refusals_want(raw->fd, raw->lo->family);
}

/* Our SYN within what an ICMP error quotes, wherever that begins */
static bool quoted_port(const struct raw *raw, const struct pw_refusal *r,
			uint16_t *port)
{
	for (size_t at = 0; at + 8 <= r->data_len; at += 4) {
		struct tcphdr syn = { 0 };

		memcpy(&syn, r->data + at, 8);
		if (syn.th_sport != htons(raw->port) ||
		    syn.th_seq != htonl(raw->seq))
			continue;
		*port = ntohs(syn.th_dport);
		return true;
	}
	return false;
}

static void take_refusals(const struct raw *raw)
{
	struct pw_refusal refusal;
	uint16_t port;

	while (pw_refusal_next(raw->fd, &refusal))
		if (quoted_port(raw, &refusal, &port))
			pw_lo_saw(raw->lo, port, refusal.absent ?
						PW_EV_PROHIBITED :
						refusal.evidence);
}

static void take_answer(const struct raw *raw, const uint8_t *data, size_t len)
{
	size_t ip_len = raw->lo->family == PW_IPV6 || !len ? 0 :
			(data[0] & 0xfu) * 4u;
	struct tcphdr tcp;

	if (len < ip_len + sizeof(tcp))
		return;
	memcpy(&tcp, data + ip_len, sizeof(tcp));
	if (tcp.th_dport != htons(raw->port) ||
	    tcp.th_ack != htonl(raw->seq + 1) || !(tcp.th_flags & TH_ACK))
		return;
	if (tcp.th_flags & TH_RST)
		pw_lo_saw(raw->lo, ntohs(tcp.th_sport), PW_EV_RESET);
	else if (tcp.th_flags & TH_SYN)
		pw_lo_saw(raw->lo, ntohs(tcp.th_sport), PW_EV_ANSWER);
}

static void take_answers(const struct raw *raw)
{
	uint8_t data[AT_ONCE][MAX_IP_HEADER + sizeof(struct tcphdr)] = { 0 };
	struct mmsghdr msg[AT_ONCE] = { 0 };
	struct iovec iov[AT_ONCE];
	int num;

	for (size_t i = 0; i < AT_ONCE; i++) {
		iov[i] = (struct iovec){ data[i], sizeof(data[i]) };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		num = recvmmsg(raw->fd, msg, AT_ONCE, MSG_DONTWAIT, NULL);
		for (int i = 0; i < num; i++)
			take_answer(raw, data[i], msg[i].msg_len);
	} while (num == AT_ONCE);
	take_refusals(raw);
}

/* What is sent after an error was told of one before, was not sent */
static void send_batch(const struct raw *raw, struct batch *batch)
{
	unsigned int at = 0;
	int again = 0;

	while (at < batch->num) {
		int num = sendmmsg(raw->fd, batch->msg + at, batch->num - at,
				   MSG_DONTWAIT);

		if (num > 0) {
			at += (unsigned int)num;
			again = 0;
		} else if (errno != EPERM && !again++) {
			take_answers(raw);
		} else {
			pw_lo_saw(raw->lo, batch->port[at],
				  pw_lo_error(errno));
			at++;
			again = 0;
		}
	}
	batch->num = 0;
	take_answers(raw);
}

static void add_syn(const struct raw *raw, struct batch *batch, uint16_t port)
{
	unsigned int i = batch->num++;

	batch->port[i] = port;
	batch->syn[i] = syn_of(raw, port);
	batch->iov[i] = (struct iovec){ &batch->syn[i],
					sizeof(batch->syn[i]) };
	batch->msg[i] = (struct mmsghdr){
		.msg_hdr = { .msg_iov = &batch->iov[i], .msg_iovlen = 1 },
	};
}

static void await(const struct raw *raw, int ms)
{
	struct pollfd fds = { raw->fd, POLLIN, 0 };

	while (poll(&fds, 1, ms) > 0)
		take_answers(raw);
}

static bool any_silent(const struct pw_lo *lo, uint32_t first, uint32_t last)
{
	for (uint32_t p = first; p <= last; p++)
		if (!lo->evidence[p] && !pw_lo_skips(lo, p))
			return true;
	return false;
}

/* All that nothing was heard of yet */
static void look(const struct raw *raw, uint32_t first, uint32_t last,
		 int wait_ms)
{
	struct batch batch = { .num = 0 };

	for (uint32_t p = first; p <= last; p++) {
		if (raw->lo->evidence[p] || pw_lo_skips(raw->lo, p))
			continue;
		add_syn(raw, &batch, (uint16_t)p);
		if (batch.num < AT_ONCE && p < last)
			continue;
		send_batch(raw, &batch);
		if (wait_ms)
			await(raw, wait_ms);
	}
	send_batch(raw, &batch);
}

int pw_lo_raw_from(int fd, struct pw_lo *lo, uint32_t first, uint32_t last)
{
	struct raw raw = {
		.lo = lo, .port = pw_socket_port(fd),
		.fd = socket(lo->target.sa.sa_family,
			     SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			     IPPROTO_TCP),
	};
	int err = raw.fd < 0 ? -errno : prepare(&raw);

	if (!err) {
		look(&raw, first, last, 0);
		if (any_silent(lo, first, last)) {
			await(&raw, SECOND_WAIT_MS);
			look(&raw, first, last, 1);
			await(&raw, SECOND_WAIT_MS);
		}
	}
	if (raw.fd >= 0)
		close(raw.fd);
	return err;
}
