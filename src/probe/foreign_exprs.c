// SPDX-License-Identifier: GPL-2.0-or-later
/* What in a rule has a memory or a voice: by the names of its expressions. */
#include "probe/foreign.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
#include <string.h>

#include "portwall/own.h"

struct trace_name {
	const char *name, *what;
};

static const struct trace_name exprs[] = {
	{ "log", "log" }, { "limit", "limit" }, { "quota", "quota" },
	{ "dynset", "dynamic set" }, { "connlimit", "connlimit" },
	{ "queue", "queue" },
};

/* Of iptables-nft: matches and targets of xtables */
static const struct trace_name matches[] = {
	{ "limit", "limit" }, { "hashlimit", "limit" }, { "quota", "quota" },
	{ "recent", "dynamic set" }, { "connlimit", "connlimit" },
	{ "rateest", "limit" },
};

static const struct trace_name targets[] = {
	{ "LOG", "log" }, { "NFLOG", "log" }, { "ULOG", "log" },
	{ "AUDIT", "log" }, { "NFQUEUE", "queue" }, { "SET", "dynamic set" },
};

static const struct {
	uint32_t type;
	const char *what;
} objects[] = {
	{ NFT_OBJECT_QUOTA, "quota" }, { NFT_OBJECT_LIMIT, "limit" },
	{ NFT_OBJECT_CONNLIMIT, "connlimit" },
};

struct traces {
	const char **what;
	size_t num;
};

static void add(struct traces *traces, const char *what)
{
	if (!what)
		return;
	for (size_t i = 0; i < traces->num; i++)
		if (!strcmp(traces->what[i], what))
			return;
	if (traces->num < PW_TRACES_MAX)
		traces->what[traces->num++] = what;
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	if (!nest)
		return NULL;
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static const char *text_of(const struct nlattr *attr)
{
	return attr && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) ?
	       mnl_attr_get_str(attr) : "";
}

static const char *look_up(const struct trace_name *names, size_t num,
			   const char *name)
{
	for (size_t i = 0; i < num; i++)
		if (!strcmp(names[i].name, name))
			return names[i].what;
	return NULL;
}

static const char *look_up_object(const struct nlattr *data)
{
	const struct nlattr *type = find(data, NFTA_OBJREF_IMM_TYPE);

	if (!type || mnl_attr_validate(type, MNL_TYPE_U32))
		return NULL;
	for (size_t i = 0; i < PW_ARRAY_SIZE(objects); i++)
		if (objects[i].type == ntohl(mnl_attr_get_u32(type)))
			return objects[i].what;
	return NULL;
}

static const char *trace_of(const char *name, const struct nlattr *data)
{
	if (!strcmp(name, "match"))
		return look_up(matches, PW_ARRAY_SIZE(matches),
			       text_of(find(data, NFTA_MATCH_NAME)));
	if (!strcmp(name, "target"))
		return look_up(targets, PW_ARRAY_SIZE(targets),
			       text_of(find(data, NFTA_TARGET_NAME)));
	if (!strcmp(name, "objref"))
		return look_up_object(data);
	return look_up(exprs, PW_ARRAY_SIZE(exprs), name);
}

size_t pw_rule_traces(const struct nlmsghdr *nlh,
		      const char *what[static PW_TRACES_MAX])
{
	struct traces traces = { .what = what };
	const struct nlattr *attr, *expr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_RULE_EXPRESSIONS)
			continue;
		mnl_attr_for_each_nested(expr, attr) {
			const char *name = text_of(find(expr, NFTA_EXPR_NAME));

			add(&traces, trace_of(name, find(expr, NFTA_EXPR_DATA)));
		}
	}
	return traces.num;
}
