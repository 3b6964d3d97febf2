// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes a transaction for nf_tables into one growing buffer. */
#include "netlink/batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

/* Fields beside NFNL_MSG_BATCH_BEGIN: the subsystem is in res_id */
static struct nlmsghdr *put_header(struct pw_batch *batch, uint16_t type,
				   uint16_t flags, uint8_t family,
				   uint16_t res_id)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(batch->buf + batch->newest);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = batch->next++;
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res_id);
	return nlh;
}

/* What was begun is complete: count its bytes */
static void settle(struct pw_batch *batch)
{
	const struct nlmsghdr *nlh;

	if (batch->newest < batch->len)
		return;
	nlh = (const void *)(batch->buf + batch->newest);
	batch->len = batch->newest + MNL_ALIGN(nlh->nlmsg_len);
}

static int make_room(struct pw_batch *batch, size_t room)
{
	size_t before = batch->cap;
	char *grown;

	settle(batch);
	if (batch->cap - batch->len >= room) {
		batch->newest = batch->len;
		return 0;
	}
	grown = pw_array_grow(batch->buf, &batch->cap, batch->len + room, 1);
	if (!grown)
		return -ENOMEM;
	/* libmnl leaves what pads an attribute as it is */
	memset(grown + before, 0, batch->cap - before);
	batch->buf = grown;
	batch->newest = batch->len;
	return 0;
}

bool pw_nl_starved(void)
{
	return errno == ENOMEM;
}

int pw_batch_open(struct pw_batch *batch, uint32_t seq, uint32_t genid)
{
	struct nlmsghdr *nlh;

	errno = 0;
	*batch = (struct pw_batch){ .first = seq, .next = seq };
	batch->buf = pw_array_grow(NULL, &batch->cap, PW_BATCH_ROOM, 1);
	if (!batch->buf)
		return -ENOMEM;
	memset(batch->buf, 0, batch->cap);
	nlh = put_header(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC,
			 NFNL_SUBSYS_NFTABLES);
	mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(genid));
	settle(batch);
	return 0;
}

struct nlmsghdr *pw_batch_add(struct pw_batch *batch, uint16_t type,
			      uint16_t flags)
{
	if (pw_nl_starved() || make_room(batch, PW_BATCH_ROOM))
		return NULL;
	batch->num++;
	return put_header(batch, (NFNL_SUBSYS_NFTABLES << 8) | type, flags,
			  NFPROTO_INET, 0);
}

int pw_batch_close(struct pw_batch *batch)
{
	struct nlmsghdr *nlh;

	if (batch->closed)
		return 0;
	if (pw_nl_starved())
		return -ENOMEM;
	settle(batch);
	nlh = (void *)(batch->buf + batch->newest);
	nlh->nlmsg_flags |= NLM_F_ACK;
	if (make_room(batch, PW_BATCH_ROOM))
		return -ENOMEM;
	put_header(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
		   NFNL_SUBSYS_NFTABLES);
	settle(batch);
	batch->closed = true;
	return 0;
}

const struct nlmsghdr *pw_batch_find(const struct pw_batch *batch,
				     uint32_t seq)
{
	size_t at = 0;

	while (at < batch->len) {
		const struct nlmsghdr *nlh = (const void *)(batch->buf + at);

		if (nlh->nlmsg_seq == seq)
			return nlh;
		at += MNL_ALIGN(nlh->nlmsg_len);
	}
	return NULL;
}

static const struct nlmsghdr *message_at(const struct pw_batch *batch,
					 size_t at)
{
	return (const void *)(batch->buf + at);
}

static size_t behind(const struct pw_batch *batch, size_t at)
{
	return at + MNL_ALIGN(message_at(batch, at)->nlmsg_len);
}

/* Where the messages end that cannot be parted from the one at @at */
static size_t unit_end(const struct pw_batch *batch, size_t at, size_t end,
		       uint32_t whole)
{
	uint32_t place = message_at(batch, at)->nlmsg_seq - batch->first;

	return place < whole - batch->first ? behind(batch, at) : end;
}

static int append(struct pw_batch *piece, const char *buf, size_t len)
{
	size_t at;

	if (make_room(piece, len + PW_BATCH_ROOM))
		return -ENOMEM;
	at = piece->len;
	memcpy(piece->buf + at, buf, len);
	piece->len += len;
	for (; at < piece->len; at = behind(piece, at)) {
		struct nlmsghdr *nlh = (void *)(piece->buf + at);

		nlh->nlmsg_seq = piece->next++;
		piece->newest = at;
		piece->num++;
	}
	return 0;
}

int pw_batch_cut(const struct pw_batch *batch, size_t *at, uint32_t whole,
		 size_t max_len, struct pw_batch *piece)
{
	size_t last = batch->newest;	/* NFNL_MSG_BATCH_END */
	size_t begin = *at ? *at : behind(batch, 0), end = begin;

	while (end < last) {
		size_t next = unit_end(batch, end, last, whole);

		if (end > begin && next - begin > max_len)
			break;
		end = next;
	}
	if (end == begin)
		return 0;
	if (append(piece, batch->buf + begin, end - begin))
		return -ENOMEM;
	*at = end;
	return 1;
}

void pw_batch_clear(struct pw_batch *batch)
{
	free(batch->buf);
	*batch = (struct pw_batch){ 0 };
}
