// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of the connection table, as ctnetlink tells them. */
#include <errno.h>
#include <netinet/in.h>	/* before linux/in.h */
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "host/flows.h"
#include "host/inet.h"

/* What an attribute must hold to be read */
#define U8 1
#define U16 2
#define U32 4

/**
 * struct tuple - One direction
 * @src_be, @dst_be: in the message, NULL: not told
 */
struct tuple {
	size_t addr_len;
	const void *src_be, *dst_be;
	uint8_t proto;
	uint16_t sport, dport, icmp_id;
	uint8_t icmp_type, icmp_code;
	uint16_t zone;
};

/**
 * struct entry
 * @status:	IPS_*
 * @state:	of TCP and SCTP, -1: not told
 * @flags:	of TCP, by direction: IP_CT_TCP_FLAG_*
 */
struct entry {
	struct tuple orig, reply;
	uint32_t status, id_be;
	uint16_t zone;
	bool has_status, has_id;
	int state;
	uint8_t flags[2];
};

static bool holds(const struct nlattr *attr, size_t len)
{
	return mnl_attr_get_payload_len(attr) >= len;
}

static bool is_nest(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NESTED) >= 0;
}

static int ip_attr(const struct nlattr *attr, void *arg)
{
	struct tuple *tuple = arg;

	if (mnl_attr_get_payload_len(attr) != tuple->addr_len)
		return MNL_CB_OK;
	switch (mnl_attr_get_type(attr)) {
	case CTA_IP_V4_SRC:
	case CTA_IP_V6_SRC:
		tuple->src_be = mnl_attr_get_payload(attr);
		break;
	case CTA_IP_V4_DST:
	case CTA_IP_V6_DST:
		tuple->dst_be = mnl_attr_get_payload(attr);
		break;
	}
	return MNL_CB_OK;
}

/* Of the parts of two bytes, NULL for others */
static uint16_t *part16(struct tuple *tuple, uint16_t type)
{
	switch (type) {
	case CTA_PROTO_SRC_PORT:
		return &tuple->sport;
	case CTA_PROTO_DST_PORT:
		return &tuple->dport;
	case CTA_PROTO_ICMP_ID:
	case CTA_PROTO_ICMPV6_ID:
		return &tuple->icmp_id;
	}
	return NULL;
}

static uint8_t *part8(struct tuple *tuple, uint16_t type)
{
	switch (type) {
	case CTA_PROTO_NUM:
		return &tuple->proto;
	case CTA_PROTO_ICMP_TYPE:
	case CTA_PROTO_ICMPV6_TYPE:
		return &tuple->icmp_type;
	case CTA_PROTO_ICMP_CODE:
	case CTA_PROTO_ICMPV6_CODE:
		return &tuple->icmp_code;
	}
	return NULL;
}

static int proto_attr(const struct nlattr *attr, void *arg)
{
	uint16_t *two = part16(arg, mnl_attr_get_type(attr));
	uint8_t *one = part8(arg, mnl_attr_get_type(attr));

	if (two && holds(attr, U16))
		*two = ntohs(mnl_attr_get_u16(attr));
	if (one && holds(attr, U8))
		*one = mnl_attr_get_u8(attr);
	return MNL_CB_OK;
}

static int tuple_attr(const struct nlattr *attr, void *arg)
{
	struct tuple *tuple = arg;

	switch (mnl_attr_get_type(attr)) {
	case CTA_TUPLE_IP:
		if (is_nest(attr))
			mnl_attr_parse_nested(attr, ip_attr, tuple);
		break;
	case CTA_TUPLE_PROTO:
		if (is_nest(attr))
			mnl_attr_parse_nested(attr, proto_attr, tuple);
		break;
	case CTA_TUPLE_ZONE:
		if (holds(attr, U16))
			tuple->zone = ntohs(mnl_attr_get_u16(attr));
		break;
	}
	return MNL_CB_OK;
}

static int state_attr(const struct nlattr *attr, void *arg)
{
	struct entry *entry = arg;

	if (!holds(attr, U8))
		return MNL_CB_OK;
	switch (mnl_attr_get_type(attr)) {
	case CTA_PROTOINFO_TCP_STATE:	/* and CTA_PROTOINFO_SCTP_STATE */
		entry->state = mnl_attr_get_u8(attr);
		break;
	case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL:	/* flags, then a mask */
		entry->flags[0] = mnl_attr_get_u8(attr);
		break;
	case CTA_PROTOINFO_TCP_FLAGS_REPLY:
		entry->flags[1] = mnl_attr_get_u8(attr);
		break;
	}
	return MNL_CB_OK;
}

static int protoinfo_attr(const struct nlattr *attr, void *arg)
{
	uint16_t type = mnl_attr_get_type(attr);

	if ((type == CTA_PROTOINFO_TCP || type == CTA_PROTOINFO_SCTP) &&
	    is_nest(attr))
		mnl_attr_parse_nested(attr, state_attr, arg);
	return MNL_CB_OK;
}

static void take_nest(const struct nlattr *attr, struct entry *entry)
{
	switch (mnl_attr_get_type(attr)) {
	case CTA_TUPLE_ORIG:
		mnl_attr_parse_nested(attr, tuple_attr, &entry->orig);
		break;
	case CTA_TUPLE_REPLY:
		mnl_attr_parse_nested(attr, tuple_attr, &entry->reply);
		break;
	case CTA_PROTOINFO:
		mnl_attr_parse_nested(attr, protoinfo_attr, entry);
		break;
	}
}

static int entry_attr(const struct nlattr *attr, void *arg)
{
	struct entry *entry = arg;

	switch (mnl_attr_get_type(attr)) {
	case CTA_STATUS:
		entry->has_status = holds(attr, U32);
		if (entry->has_status)
			entry->status = ntohl(mnl_attr_get_u32(attr));
		break;
	case CTA_ID:
		entry->has_id = holds(attr, U32);
		if (entry->has_id)
			entry->id_be = mnl_attr_get_u32(attr);
		break;
	case CTA_ZONE:
		if (holds(attr, U16))
			entry->zone = ntohs(mnl_attr_get_u16(attr));
		break;
	default:
		if (is_nest(attr))
			take_nest(attr, entry);
	}
	return MNL_CB_OK;
}

/* false: not told, or mapped: no packet of the wire has such an address */
static bool get_addr(enum pw_family family, const void *addr_be,
		     struct pw_value *out)
{
	enum pw_family is = family;

	if (!addr_be)
		return false;
	*out = pw_inet_get(&is, addr_be);
	return is == family;
}

static bool is_live(const struct entry *entry)
{
	if (!(entry->status & IPS_SEEN_REPLY))
		return false;
	if (entry->orig.proto == IPPROTO_TCP)
		return entry->state != TCP_CONNTRACK_TIME_WAIT &&
		       entry->state != TCP_CONNTRACK_CLOSE;
	if (entry->orig.proto == IPPROTO_SCTP)
		return entry->state != SCTP_CONNTRACK_CLOSED;
	return true;
}

/* tcp_new() of nf_conntrack_proto_tcp.c sets it so for what began before */
static bool is_midway(const struct entry *entry)
{
	return entry->flags[0] & entry->flags[1] & IP_CT_TCP_FLAG_BE_LIBERAL;
}

static struct pw_flow flow_of(const struct entry *entry, enum pw_family family)
{
	const struct tuple *orig = &entry->orig, *reply = &entry->reply;

	return (struct pw_flow){
		.family = family, .proto = orig->proto,
		.sport = orig->sport, .dport = orig->dport,
		.icmp_id = orig->icmp_id, .icmp_type = orig->icmp_type,
		.icmp_code = orig->icmp_code,
		.dnat = entry->status & IPS_DST_NAT,
		.live = is_live(entry), .tracked = true,
		.midway = is_midway(entry),
		.local_port = reply->sport, .peer_port = reply->dport,
		/* one of them: a zone may be of one direction alone */
		.zone = entry->zone ? entry->zone : orig->zone,
		.id_be = entry->id_be,
	};
}

static int make_flow(const struct entry *entry, enum pw_family family,
		     struct pw_flow *out)
{
	struct pw_flow flow = flow_of(entry, family);

	if (!entry->has_status || !entry->has_id)
		return -EBADMSG;
	if (entry->status & IPS_DYING)
		return -ENOENT;
	if (!get_addr(family, entry->orig.src_be, &flow.src) ||
	    !get_addr(family, entry->orig.dst_be, &flow.dst) ||
	    !get_addr(family, entry->reply.src_be, &flow.local) ||
	    !get_addr(family, entry->reply.dst_be, &flow.peer))
		return -ENOENT;
	/* no host has that address: only a bar has it, see flows_bar.c */
	flow.bar = !flow.local.hi && !flow.local.lo;
	*out = flow;
	return 0;
}

int pw_flow_decode(const struct nlmsghdr *nlh, struct pw_flow *out)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct entry entry = { .state = -1 };
	size_t len;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return -EBADMSG;
	if (nfg->nfgen_family != AF_INET && nfg->nfgen_family != AF_INET6)
		return -ENOENT;
	len = nfg->nfgen_family == AF_INET ? 4 : 16;
	entry.orig.addr_len = entry.reply.addr_len = len;
	if (mnl_attr_parse(nlh, sizeof(*nfg), entry_attr, &entry) < 0)
		return -EBADMSG;
	return make_flow(&entry, nfg->nfgen_family == AF_INET ? PW_IPV4
							      : PW_IPV6, out);
}
