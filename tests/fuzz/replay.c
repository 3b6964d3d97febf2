// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel whose answers are the input. */
#include "replay.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "fuzz.h"
#include "host/sockquery.h"
#include "netlink/answers.h"
#include "netlink/netlink.h"

#define PORT 77
#define DATAGRAM_MAX 32768	/* what the kernel packs into one */

struct nlmsghdr *replay_payload(const uint8_t *data, size_t size,
				uint16_t type)
{
	struct nlmsghdr *nlh = malloc(sizeof(*nlh) + MNL_ALIGN(size));

	MUST(nlh);
	memset(nlh, 0, sizeof(*nlh) + MNL_ALIGN(size));
	nlh->nlmsg_len = (uint32_t)(sizeof(*nlh) + size);
	nlh->nlmsg_type = type;
	if (size)
		memcpy(nlh + 1, data, size);
	return nlh;
}

struct nlmsghdr *replay_message(const uint8_t *data, size_t size,
				uint16_t type)
{
	const size_t rest = size ? size - 1 : 0;
	struct nfgenmsg nfg = { .nfgen_family = size ? data[0] : 0 };
	uint8_t *bytes = malloc(sizeof(nfg) + rest);
	struct nlmsghdr *nlh;

	MUST(bytes);
	memcpy(bytes, &nfg, sizeof(nfg));
	if (rest)
		memcpy(bytes + sizeof(nfg), data + 1, rest);
	nlh = replay_payload(bytes, sizeof(nfg) + rest,
			     (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type));
	free(bytes);
	return nlh;
}

/* @seq: of the question that is being answered */
struct replay {
	struct bytes in;
	uint32_t seq;
	uint64_t now_ms;
};

static void put_right(const struct replay *replay, char *buf, size_t len)
{
	struct nlmsghdr head;

	for (size_t at = 0; len - at >= sizeof(head);) {
		memcpy(&head, buf + at, sizeof(head));
		head.nlmsg_seq += replay->seq;
		head.nlmsg_pid += PORT;
		memcpy(buf + at, &head, sizeof(head));
		if (head.nlmsg_len < sizeof(head) ||
		    head.nlmsg_len > len - at)
			return;
		at += MNL_ALIGN(head.nlmsg_len);
		if (at > len)
			return;
	}
}

static ssize_t next_datagram(struct replay *replay, void *buf, size_t cap)
{
	size_t left = (size_t)(replay->in.end - replay->in.at), len;

	if (left < 2)
		return -EAGAIN;
	len = take_byte(&replay->in);
	len |= (size_t)take_byte(&replay->in) << 8;
	if (len > left - 2)
		len = left - 2;
	if (len > cap)
		return -EBADMSG;
	memcpy(buf, replay->in.at, len);
	replay->in.at += len;
	put_right(replay, buf, len);
	return (ssize_t)len;
}

static int replay_send(void *ctx, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;

	MUST(len >= sizeof(*nlh));
	((struct replay *)ctx)->seq = nlh->nlmsg_seq;
	return 0;
}

static ssize_t replay_recv(void *ctx, void *buf, size_t cap)
{
	return next_datagram(ctx, buf, cap);
}

static int replay_reset(void *ctx, uint32_t *port_id)
{
	(void)ctx;
	*port_id = PORT;
	return 0;
}

static uint64_t replay_now_ms(void *ctx)
{
	return ((struct replay *)ctx)->now_ms;
}

static void replay_pause_ms(void *ctx, unsigned int ms)
{
	((struct replay *)ctx)->now_ms += ms;
}

struct pw_nl *replay_nl(const uint8_t *data, size_t size)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	const struct pw_wire wire = {
		.ctx = replay, .port_id = PORT, .send = replay_send,
		.recv = replay_recv, .reset = replay_reset,
		.now_ms = replay_now_ms, .pause_ms = replay_pause_ms,
		.close = free,
	};
	struct pw_nl *nl;

	MUST(replay);
	replay->in = (struct bytes){ data, data + size };
	nl = pw_nl_new(&wire);
	MUST(nl);
	return nl;
}

static struct replay queries;

void replay_queries(const uint8_t *data, size_t size)
{
	queries = (struct replay){ .in = { data, data ? data + size : data } };
}

/* As that of src/host, on what is replayed */
int pw_sock_query(int bus, struct nlmsghdr *req, mnl_cb_t cb, void *arg)
{
	char *buf = malloc(DATAGRAM_MAX);
	int ret = 1;

	(void)bus;
	(void)req;
	MUST(buf);
	while (ret > 0) {
		ssize_t len = next_datagram(&queries, buf, DATAGRAM_MAX);

		ret = len == -EAGAIN ? -EBADMSG : len < 0 ? (int)len :
		      pw_answers_take(buf, (size_t)len, 0, PORT, cb, arg);
	}
	free(buf);
	return ret;
}
