// SPDX-License-Identifier: GPL-2.0-or-later
/* A wire to the kernel on which things go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "load_spoilt.h"

struct spoilt ls_spoilt;

static void overtake(void)
{
	struct pw_nl_refusal why;
	struct nlmsghdr *nlh;
	struct pw_batch batch;

	assert_int_equal(pw_batch_open(&batch, ls_spoilt.other->seq, 0), 0);
	nlh = pw_batch_add(&batch, ls_spoilt.overtaken++ & 1 ? NFT_MSG_DELTABLE :
			   NFT_MSG_NEWTABLE, NLM_F_CREATE);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, "other");
	assert_int_equal(pw_nl_commit(ls_spoilt.other, &batch, &why), 0);
	pw_batch_clear(&batch);
}

static int spoilt_send(void *ctx, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	bool commits = nlh->nlmsg_type == NFNL_MSG_BATCH_BEGIN;
	int err;

	if (commits && ls_spoilt.overtake-- > 0)
		overtake();
	ls_spoilt.losing = commits && ls_spoilt.lose-- > 0;
	ls_spoilt.lost += ls_spoilt.losing;
	err = ls_spoilt.wire.send(ctx, buf, len);
	return ls_spoilt.fail_send-- == 0 ? -EINTR : err;
}

static uint32_t next_random(void)
{
	ls_spoilt.random = ls_spoilt.random * 1664525 + 1013904223;
	return ls_spoilt.random >> 8;
}

/*
 * Another byte somewhere, or an end that comes early. Only elements get other
 * bytes: libnftnl ends the process when an attribute has the wrong length.
 */
static ssize_t garble(void *buf, ssize_t len)
{
	const struct nlmsghdr *nlh = buf;
	const size_t spared = sizeof(*nlh) + sizeof(struct nfgenmsg);
	uint8_t *bytes = buf;

	if (len <= (ssize_t)spared)
		return len;
	if ((nlh->nlmsg_type & 0xff) == NFT_MSG_NEWSETELEM)
		bytes[spared + next_random() % ((size_t)len - spared)] =
			(uint8_t)next_random();
	if (next_random() % 64 == 0)
		len -= next_random() % 8;
	return len;
}

static ssize_t spoilt_recv(void *ctx, void *buf, size_t cap)
{
	ssize_t len = ls_spoilt.losing ? -ENOBUFS :
				      ls_spoilt.wire.recv(ctx, buf, cap);

	if (ls_spoilt.fail_recv-- == 0)
		len = -ENOBUFS;
	return ls_spoilt.garbling ? garble(buf, len) : len;
}

void ls_spoil(const struct host *host)
{
	struct pw_wire wire;

	assert_int_equal(pw_wire_open(&wire), 0);
	ls_spoilt = (struct spoilt){
		.wire = host->nl->wire, .other = pw_nl_new(&wire),
		.fail_recv = -1, .fail_send = -1,
	};
	assert_non_null(ls_spoilt.other);
	host->nl->wire.recv = spoilt_recv;
	host->nl->wire.send = spoilt_send;
}

void ls_close(void)
{
	pw_nl_close(ls_spoilt.other);
}
