// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of a private host that leads every port to one listener. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stddef.h>

#include "netlink/missing.h"
#include "netlink/netlink.h"
#include "probe/frame.h"
#include "probe/sandbox_priv.h"

/*
 * What it amounts to, with one pair of lines for each published port:
 *
 * table inet pw_sandbox {
 *	chain listen {
 *		type filter hook prerouting priority mangle; policy accept;
 *		ct direction reply accept
 *		fib daddr type != local accept
 *		meta l4proto tcp th dport 8080 accept
 *		tproxy to :9
 *	}
 *	chain publish {
 *		type nat hook prerouting priority dstnat; policy accept;
 *		fib daddr type local meta l4proto tcp th dport 8080
 *			dnat ip to 198.18.0.19:80
 *	}
 *	chain mark {
 *		type filter hook input priority 2147483647; policy accept;
 *		fib daddr type local meta mark set 0x70776c75
 *	}
 * }
 *
 * The mark is set behind every other chain, so that no rule can meet it. It
 * tells the raw sockets of TCP and UDP what the listeners have got as well.
 */
#define TABLE "pw_sandbox"

enum { PRIORITY_LISTEN = -150, PRIORITY_PUBLISH = -100 };

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)

struct base {
	const char *name, *type;
	uint32_t hook;
	int32_t priority;
};

static const struct base
	listen_base = { "listen", "filter", NF_INET_PRE_ROUTING,
			PRIORITY_LISTEN },
	publish_base = { "publish", "nat", NF_INET_PRE_ROUTING,
			 PRIORITY_PUBLISH },
	mark_base = { "mark", "filter", NF_INET_LOCAL_IN, INT_MAX };

/**
 * struct writer - One rule under construction
 * @failed:	memory was short
 */
struct writer {
	struct pw_batch batch;
	struct nftnl_rule *rule;
	bool failed;
};

static void put_table(struct writer *w)
{
	struct nlmsghdr *nlh = pw_batch_add(&w->batch, NFT_MSG_NEWTABLE,
					    NLM_F_CREATE | NLM_F_EXCL);

	w->failed |= !nlh;
	if (nlh)
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE);
}

static void put_base(struct writer *w, const struct base *base)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *chain =
		nftnl_chain_alloc();
	struct nlmsghdr *nlh = pw_batch_add(&w->batch, NFT_MSG_NEWCHAIN,
					    NLM_F_CREATE | NLM_F_EXCL);

	w->failed |= !chain || !nlh;
	if (w->failed)
		return;
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, base->name);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, base->type);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, base->hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, base->priority);
	nftnl_chain_nlmsg_build_payload(nlh, chain);
}

static void begin_rule(struct writer *w, const struct base *base)
{
	w->rule = nftnl_rule_alloc();
	if (!w->rule) {
		w->failed = true;
		return;
	}
	nftnl_rule_set_str(w->rule, NFTNL_RULE_TABLE, TABLE);
	nftnl_rule_set_str(w->rule, NFTNL_RULE_CHAIN, base->name);
}

static void end_rule(struct writer *w)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *rule = PW_TAKE(w->rule);
	struct nlmsghdr *nlh = pw_batch_add(&w->batch, NFT_MSG_NEWRULE,
					    NLM_F_CREATE | NLM_F_APPEND);

	w->failed |= !nlh;
	if (!w->failed)
		nftnl_rule_nlmsg_build_payload(nlh, rule);
}

/* NULL when memory is or was short */
static struct nftnl_expr *add(struct writer *w, const char *name)
{
	struct nftnl_expr *expr = w->failed ? NULL : nftnl_expr_alloc(name);

	if (expr)
		nftnl_rule_add_expr(w->rule, expr);
	else
		w->failed = true;
	return expr;
}

/* Load something into register 1 by an expression with two numbers */
static void load(struct writer *w, const char *name, uint16_t dreg,
		 uint16_t key, uint32_t value)
{
	struct nftnl_expr *expr = add(w, name);

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, dreg, NFT_REG_1);
	nftnl_expr_set_u32(expr, key, value);
}

static void compare(struct writer *w, uint32_t op, const void *data, size_t len)
{
	struct nftnl_expr *expr = add(w, "cmp");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, (uint32_t)len);
}

static void set_register(struct writer *w, uint32_t reg, const void *data,
			 size_t len)
{
	struct nftnl_expr *expr = add(w, "immediate");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, data, (uint32_t)len);
}

static void accept_it(struct writer *w)
{
	struct nftnl_expr *expr = add(w, "immediate");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
}

/* @op: NFT_CMP_EQ or NFT_CMP_NEQ */
static void match_local(struct writer *w, uint32_t op)
{
	const uint32_t local = RTN_LOCAL;
	struct nftnl_expr *expr = add(w, "fib");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT,
			   NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	compare(w, op, &local, sizeof(local));
}

static void match_reply(struct writer *w)
{
	const uint8_t reply = IP_CT_DIR_REPLY;

	load(w, "ct", NFTNL_EXPR_CT_DREG, NFTNL_EXPR_CT_KEY, NFT_CT_DIRECTION);
	compare(w, NFT_CMP_EQ, &reply, sizeof(reply));
}

/* The destination port stands at the same place in TCP and UDP */
static void match_port(struct writer *w, const struct pw_scene_publish *publish)
{
	const uint16_t port_be = htons(publish->port);
	struct nftnl_expr *expr;

	load(w, "meta", NFTNL_EXPR_META_DREG, NFTNL_EXPR_META_KEY,
	     NFT_META_L4PROTO);
	compare(w, NFT_CMP_EQ, &publish->proto, sizeof(publish->proto));
	expr = add(w, "payload");
	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE,
			   NFT_PAYLOAD_TRANSPORT_HEADER);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, 2);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, sizeof(port_be));
	compare(w, NFT_CMP_EQ, &port_be, sizeof(port_be));
}

static void match_family(struct writer *w, uint8_t nfproto)
{
	load(w, "meta", NFTNL_EXPR_META_DREG, NFTNL_EXPR_META_KEY,
	     NFT_META_NFPROTO);
	compare(w, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
}

static void put_skip(struct writer *w, void (*match)(struct writer *w))
{
	begin_rule(w, &listen_base);
	match(w);
	accept_it(w);
	end_rule(w);
}

static void match_not_local(struct writer *w)
{
	match_local(w, NFT_CMP_NEQ);
}

/* Of neither family, since it names no address; breaks unless TCP or UDP */
static void put_tproxy(struct writer *w)
{
	const uint16_t port_be = htons(PW_LISTEN_PORT);
	struct nftnl_expr *expr;

	begin_rule(w, &listen_base);
	set_register(w, NFT_REG_1, &port_be, sizeof(port_be));
	expr = add(w, "tproxy");
	if (expr) {
		nftnl_expr_set_u32(expr, NFTNL_EXPR_TPROXY_FAMILY,
				   NFPROTO_UNSPEC);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_TPROXY_REG_PORT, NFT_REG_1);
	}
	end_rule(w);
}

/* What the host's own connections are answered is left to their sockets */
static void put_listen(struct writer *w, const struct pw_scene *scene)
{
	put_base(w, &listen_base);
	put_skip(w, match_reply);
	put_skip(w, match_not_local);
	for (size_t i = 0; i < scene->num_publish; i++) {
		begin_rule(w, &listen_base);
		match_port(w, &scene->publish[i]);
		accept_it(w);
		end_rule(w);
	}
	put_tproxy(w);
}

static void put_dnat(struct writer *w, const struct pw_scene *scene,
		     const struct pw_scene_publish *publish,
		     enum pw_family family)
{
	const struct pw_scene_iface *to = &scene->ifaces[publish->bridge];
	uint8_t nfproto = family == PW_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	const uint16_t port_be = htons(publish->to);
	struct nftnl_expr *expr;
	uint8_t addr_be[16], *end;

	begin_rule(w, &publish_base);
	match_family(w, nfproto);
	match_local(w, NFT_CMP_EQ);
	match_port(w, publish);
	end = pw_put_addr(addr_be, family, to->container[family]);
	set_register(w, NFT_REG_1, addr_be, (size_t)(end - addr_be));
	set_register(w, NFT_REG_2, &port_be, sizeof(port_be));
	expr = add(w, "nat");
	if (expr) {
		nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FAMILY, nfproto);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN,
				   NFT_REG_1);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN,
				   NFT_REG_2);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FLAGS,
				   NF_NAT_RANGE_PROTO_SPECIFIED);
	}
	end_rule(w);
}

static void put_publish(struct writer *w, const struct pw_scene *scene)
{
	if (!scene->num_publish)
		return;
	put_base(w, &publish_base);
	for (size_t i = 0; i < scene->num_publish; i++) {
		for (int f = 0; f < PW_NUM_FAMILIES; f++)
			put_dnat(w, scene, &scene->publish[i], f);
	}
}

static void put_mark(struct writer *w)
{
	const uint32_t mark = PW_UNICAST_MARK;
	struct nftnl_expr *expr;

	put_base(w, &mark_base);
	begin_rule(w, &mark_base);
	match_local(w, NFT_CMP_EQ);
	set_register(w, NFT_REG_1, &mark, sizeof(mark));
	expr = add(w, "meta");
	if (expr) {
		nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, NFT_META_MARK);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
	}
	end_rule(w);
}

static int explain(int err, const struct pw_feature *missing,
		   struct pw_diags *diags)
{
	if (missing) {
		pw_diag_system(diags, EOPNOTSUPP,
			       "this kernel has no %s, which `portwall test` "
			       "needs", missing->module);
		pw_diag_hint(diags,
			     "load the module %s, boot a kernel with CONFIG_%s, "
			     "or use `portwall test --computed`, which sends "
			     "nothing", missing->module, missing->config);
		return -EOPNOTSUPP;
	}
	return pw_diag_system(diags, -err, "nf_tables refuses what `portwall "
			      "test` needs of it");
}

static int commit(struct pw_sandbox *sb, struct writer *w,
		  struct pw_diags *diags)
{
	struct pw_nl_refusal why;
	int err = w->failed ? -ENOMEM : pw_nl_commit(sb->nl, &w->batch, &why);

	if (err && !w->failed)
		err = explain(err,
			      pw_missing_feature(err,
						 pw_batch_find(&w->batch,
							       why.seq),
						 why.offset), diags);
	pw_batch_clear(&w->batch);
	return err;
}

static int begin(struct pw_sandbox *sb, struct writer *w,
		 struct pw_diags *diags)
{
	uint32_t genid;
	int err = pw_nl_genid(sb->nl, &genid);

	if (err)
		return pw_diag_system(diags, -err, "nf_tables");
	return pw_batch_open(&w->batch, sb->nl->seq, genid);
}

int pw_listen_table_put(struct pw_sandbox *sb, struct pw_diags *diags)
{
	struct writer w = { 0 };
	int err = begin(sb, &w, diags);

	if (err)
		return err;
	put_table(&w);
	put_listen(&w, sb->scene);
	put_publish(&w, sb->scene);
	put_mark(&w);
	return commit(sb, &w, diags);
}

int pw_listen_table_drop(struct pw_sandbox *sb, struct pw_diags *diags)
{
	struct writer w = { 0 };
	int err = begin(sb, &w, diags);
	struct nlmsghdr *nlh;

	if (err)
		return err;
	nlh = pw_batch_add(&w.batch, NFT_MSG_DELTABLE, 0);
	w.failed = !nlh;
	if (nlh)
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE);
	return commit(sb, &w, diags);
}
