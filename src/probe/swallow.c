// SPDX-License-Identifier: GPL-2.0-or-later
/* Life of the table that notes probes, and what it looks out for. */
#include "probe/swallow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/swallow_priv.h"

PW_DEFINE_OWNED(struct nftnl_table, nftnl_table_free)
PW_DEFINE_OWNED(struct nftnl_set, nftnl_set_free)

/* Data types of nft(8): so that it can list the sets */
#define IPV4_ADDR 7u
#define IPV6_ADDR 8u
#define INET_PROTO 12u
#define INET_SERVICE 13u
#define MARK 19u
#define JOIN(a, b) ((a) << 6 | (b))

#define NOTES .notes = true, .flushed = true
#define COUNTED .counted = true

const struct swallow_set_info swallow_sets[NUM_SWALLOW_SETS] = {
	[SET_COOKIES] = { "cookies", MARK, 4 },
	[SET_ACKS] = { "acks", MARK, 4 },
	[SET_ACKS4] = { "acks4", JOIN(MARK, IPV4_ADDR), 8 },
	[SET_ACKS6] = { "acks6", JOIN(MARK, IPV6_ADDR), 20 },
	[SET_SEEN4] = { "seen4", JOIN(MARK, IPV4_ADDR), 8, COUNTED,
			.flushed = true },
	[SET_SEEN6] = { "seen6", JOIN(MARK, IPV6_ADDR), 20, COUNTED,
			.flushed = true },
	[SET_TRACED4] = { "traced4", JOIN(MARK, IPV4_ADDR), 8 },
	[SET_TRACED6] = { "traced6", JOIN(MARK, IPV6_ADDR), 20 },
	[SET_ARRIVED] = { "arrived", JOIN(MARK, INET_SERVICE), 8, NOTES },
	[SET_REACHED] = { "reached", JOIN(MARK, INET_SERVICE), 8, NOTES },
	[SET_FORWARDED4] = { "forwarded4",
		JOIN(JOIN(JOIN(MARK, INET_SERVICE), IPV4_ADDR), INET_SERVICE),
		16, NOTES },
	[SET_FORWARDED6] = { "forwarded6",
		JOIN(JOIN(JOIN(MARK, INET_SERVICE), IPV6_ADDR), INET_SERVICE),
		28, NOTES },
	[SET_TCP] = { "tcp", JOIN(JOIN(MARK, INET_SERVICE), INET_PROTO), 12,
		      NOTES },
	[SET_ERRORS] = { "errors", JOIN(JOIN(MARK, INET_SERVICE), INET_SERVICE),
			 12, NOTES },
	[SET_KEPT] = { "kept", MARK, 4, COUNTED },
};

static struct nlmsghdr *message(struct pw_batch *batch, uint8_t family,
				uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, type, flags);

	if (nlh) {
		struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

		nfg->nfgen_family = family;
	}
	return nlh;
}

static int put_table(struct pw_batch *batch, uint8_t family, const char *name)
{
	pw_owned(nftnl_table_free) struct nftnl_table *nlt =
		nftnl_table_alloc();
	struct nlmsghdr *nlh = message(batch, family, NFT_MSG_NEWTABLE,
				       NLM_F_CREATE | NLM_F_EXCL);

	if (!nlt || !nlh)
		return -ENOMEM;
	nftnl_table_set_str(nlt, NFTNL_TABLE_NAME, name);
	nftnl_table_set_u32(nlt, NFTNL_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	nftnl_table_nlmsg_build_payload(nlh, nlt);
	return 0;
}

static struct nftnl_set *name_set(const char *table, enum swallow_set set)
{
	struct nftnl_set *nls = nftnl_set_alloc();

	if (nls && (nftnl_set_set_str(nls, NFTNL_SET_TABLE, table) ||
		    nftnl_set_set_str(nls, NFTNL_SET_NAME,
				      swallow_sets[set].name))) {
		nftnl_set_free(nls);
		return NULL;
	}
	return nls;
}

static int put_set(struct pw_batch *batch, uint8_t family, const char *table,
		   enum swallow_set set)
{
	const struct swallow_set_info *info = &swallow_sets[set];
	pw_owned(nftnl_set_free) struct nftnl_set *nls = name_set(table, set);
	struct nlmsghdr *nlh = message(batch, family, NFT_MSG_NEWSET,
				       NLM_F_CREATE);
	struct nftnl_expr *counter;

	if (!nls || !nlh)
		return -ENOMEM;
	nftnl_set_set_u32(nls, NFTNL_SET_ID, (uint32_t)set + 1);
	nftnl_set_set_u32(nls, NFTNL_SET_KEY_TYPE, info->type);
	nftnl_set_set_u32(nls, NFTNL_SET_KEY_LEN, info->key_len);
	if (info->notes) {
		nftnl_set_set_u32(nls, NFTNL_SET_FLAGS, NFT_SET_EVAL);
		nftnl_set_set_u32(nls, NFTNL_SET_DESC_SIZE, PW_SWALLOW_ROOM);
	}
	if (info->counted) {
		counter = nftnl_expr_alloc("counter");
		if (!counter)
			return -ENOMEM;
		nftnl_set_set_data(nls, NFTNL_SET_EXPR, counter, 0);
	}
	nftnl_set_nlmsg_build_payload(nlh, nls);
	return 0;
}

static int put_sets(struct pw_batch *batch, uint8_t family, const char *table,
		    size_t num)
{
	int err = 0;

	for (size_t i = 0; i < num && !err; i++)
		err = put_set(batch, family, table, (enum swallow_set)i);
	return err;
}

/* Cookie and perhaps an address, in network order; returns bytes */
static size_t key_of(uint32_t cookie, enum pw_family family, bool with_addr,
		     struct pw_value addr, uint8_t key[static 20])
{
	const uint32_t words_be[] = {
		htonl(cookie), htonl((uint32_t)(addr.hi >> 32)),
		htonl((uint32_t)addr.hi), htonl((uint32_t)(addr.lo >> 32)),
		htonl((uint32_t)addr.lo),
	};

	memcpy(key, words_be, sizeof(words_be));
	if (!with_addr)
		return 4;
	if (family == PW_IPV6)
		return 20;
	memcpy(key + 4, &words_be[4], 4);
	return 8;
}

static int put_elem(struct pw_batch *batch, uint8_t family, const char *table,
		    enum swallow_set set, uint32_t cookie,
		    const struct pw_mark *mark)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls = name_set(table, set);
	struct nlmsghdr *nlh = message(batch, family, NFT_MSG_NEWSETELEM,
				       NLM_F_CREATE);
	struct nftnl_set_elem *elem;
	uint8_t key[20];
	size_t len;

	if (!nls || !nlh)
		return -ENOMEM;
	elem = nftnl_set_elem_alloc();
	if (!elem)
		return -ENOMEM;
	nftnl_set_elem_add(nls, elem);
	len = key_of(cookie, mark->family, swallow_sets[set].key_len > 4,
		     mark->dst, key);
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, key, (uint32_t)len);
	nftnl_set_elems_nlmsg_build_payload(nlh, nls);
	return 0;
}

static int put_flush(struct pw_batch *batch, const char *table,
		     enum swallow_set set)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls = name_set(table, set);
	struct nlmsghdr *nlh = message(batch, NFPROTO_INET, NFT_MSG_DELSETELEM,
				       0);

	if (!nls || !nlh)
		return -ENOMEM;
	nftnl_set_elems_nlmsg_build_payload(nlh, nls);
	return 0;
}

static int put_netdev_mark(struct pw_batch *batch, const char *table,
			   const struct pw_mark *mark)
{
	int err = put_elem(batch, NFPROTO_NETDEV, table, SET_COOKIES,
			   mark->cookie, mark);

	return err ? err : put_elem(batch, NFPROTO_NETDEV, table, SET_ACKS,
				    mark->cookie + 1, mark);
}

static int put_mark(struct pw_batch *batch, const char *table,
		    const struct pw_mark *mark)
{
	const bool v6 = mark->family == PW_IPV6;
	const struct {
		enum swallow_set set;
		uint32_t cookie;
		bool put;
	} elems[] = {
		{ SET_COOKIES, mark->cookie, true },
		{ SET_KEPT, mark->cookie, true },
		{ SET_ACKS, mark->cookie + 1, true },
		{ v6 ? SET_ACKS6 : SET_ACKS4, mark->cookie + 1, true },
		{ v6 ? SET_SEEN6 : SET_SEEN4, mark->cookie, true },
		{ v6 ? SET_TRACED6 : SET_TRACED4, mark->cookie, mark->each },
	};
	int err = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(elems) && !err; i++)
		if (elems[i].put)
			err = put_elem(batch, NFPROTO_INET, table,
				       elems[i].set, elems[i].cookie, mark);
	return err;
}

/* Nobody else's rules matter to what is written, hence no generation id */
static int open_batch(struct pw_swallow *swallow, struct pw_batch *batch)
{
	return pw_batch_open(batch, swallow->owner->seq, 0);
}

static int commit(struct pw_swallow *swallow, struct pw_batch *batch,
		  struct pw_nl_refusal *why)
{
	struct pw_backoff backoff = { 0 };
	int err;

	do {
		err = pw_nl_commit(swallow->owner, batch, why);
	} while (err == -EAGAIN && !pw_backoff_wait(&backoff, swallow->owner));
	return err;
}

static int open_socket(struct pw_nl **out)
{
	struct pw_wire wire;
	int err = pw_wire_open(&wire);

	if (err)
		return err;
	*out = pw_nl_new(&wire);
	return *out ? 0 : -ENOMEM;
}

static int make_table(struct pw_swallow *swallow, struct pw_nl_refusal *why)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	int err = open_batch(swallow, &batch);

	if (!err)
		err = put_table(&batch, NFPROTO_INET, swallow->name);
	if (!err)
		err = put_sets(&batch, NFPROTO_INET, swallow->name,
			       NUM_SWALLOW_SETS);
	if (!err)
		err = swallow_put_rules(&batch, swallow->name);
	return err ? err : commit(swallow, &batch, why);
}

static int explain_open(const struct pw_swallow *swallow, int err,
			const struct pw_nl_refusal *why, struct pw_diags *diags)
{
	if (err == -EPERM)
		return pw_diag_system(diags, EPERM,
				      "probing interfaces needs CAP_NET_ADMIN");
	if (err == -EINVAL || err == -EOPNOTSUPP)
		return pw_diag_system(diags, EOPNOTSUPP,
				      "this kernel has no nf_tables, or none whose tables end with their process (5.12)");
	return pw_diag_system(diags, -err, "cannot make table inet %s%s%s",
			      swallow->name, *why->text ? ": " : "", why->text);
}

int pw_swallow_open(struct pw_swallow **out, struct pw_diags *diags)
{
	pw_owned(pw_swallow_close) struct pw_swallow *swallow =
		calloc(1, sizeof(*swallow));
	struct pw_nl_refusal why = { 0 };
	int err;

	if (!swallow)
		return -ENOMEM;
	err = open_socket(&swallow->owner);
	if (!err)
		err = open_socket(&swallow->reader);
	if (!err)	/* the process id, unless it has other such sockets */
		snprintf(swallow->name, sizeof(swallow->name),
			 "portwall-probe-%u", swallow->owner->wire.port_id);
	if (!err)
		err = make_table(swallow, &why);
	if (err)
		return explain_open(swallow, err, &why, diags);
	*out = PW_TAKE(swallow);
	return 0;
}

void pw_swallow_close(struct pw_swallow *swallow)
{
	if (!swallow)
		return;
	pw_nl_close(swallow->owner);
	pw_nl_close(swallow->reader);
	free(swallow);
}

static int put_marks(struct pw_swallow *swallow, struct pw_batch *batch,
		     const struct pw_mark *marks, size_t num)
{
	int err = 0;

	for (size_t i = 0; i < NUM_SWALLOW_SETS && !err; i++)
		if (swallow_sets[i].flushed)
			err = put_flush(batch, swallow->name,
					(enum swallow_set)i);
	for (size_t i = 0; i < num && !err; i++) {
		err = put_mark(batch, swallow->name, &marks[i]);
		if (!err && swallow->has_netdev)
			err = put_netdev_mark(batch, swallow->name, &marks[i]);
	}
	return err;
}

int pw_swallow_arm(struct pw_swallow *swallow, const struct pw_mark *marks,
		   size_t num, struct pw_diags *diags)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	struct pw_nl_refusal why = { 0 };
	int err = open_batch(swallow, &batch);

	if (!err)
		err = put_marks(swallow, &batch, marks, num);
	if (!err)
		err = commit(swallow, &batch, &why);
	return err ? pw_diag_system(diags, -err,
				    "cannot tell table inet %s what to look for",
				    swallow->name) : 0;
}

static int guard(struct pw_swallow *swallow, uint32_t ifindex,
		 const char *ifname)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	struct pw_nl_refusal why = { 0 };
	int err = open_batch(swallow, &batch);

	if (!err && !swallow->has_netdev) {
		err = put_table(&batch, NFPROTO_NETDEV, swallow->name);
		if (!err)
			err = put_sets(&batch, NFPROTO_NETDEV, swallow->name,
				       NUM_NETDEV_SETS);
	}
	if (!err)
		err = swallow_put_egress(&batch, swallow->name, ifindex,
					 ifname);
	return err ? err : commit(swallow, &batch, &why);
}

int pw_swallow_guard(struct pw_swallow *swallow, uint32_t ifindex,
		     struct pw_diags *diags)
{
	char ifname[IF_NAMESIZE];
	int err;

	if (swallow->no_netdev)
		return 0;
	if (!if_indextoname(ifindex, ifname))
		return pw_diag_system(diags, ENODEV,
				      "interface %u cannot be probed", ifindex);
	err = guard(swallow, ifindex, ifname);
	if (err == -EOPNOTSUPP || err == -EINVAL || err == -ENOENT) {
		swallow->no_netdev = !swallow->has_netdev;
		return 0;
	}
	if (err)
		return pw_diag_system(diags, -err,
				      "cannot look at what leaves through %s",
				      ifname);
	swallow->has_netdev = true;
	return 0;
}
