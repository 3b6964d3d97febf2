/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests about single entries of the connection table. */
#ifndef PORTWALL_NETLINK_CONNTRACK_H
#define PORTWALL_NETLINK_CONNTRACK_H

#include <stdint.h>

struct nlmsghdr;

/* Bytes of a message with one tuple, the addresses are IPv6 */
#define PW_CT_MESSAGE_MAX 160

/**
 * struct pw_ct_tuple - One direction of a connection
 * @family:	AF_INET or AF_INET6
 * @src_be, @dst_be: 4 or 16 bytes
 * @sport, @dport: of protocols with ports
 * @icmp_id, @icmp_type, @icmp_code: of ICMP and ICMPv6
 */
struct pw_ct_tuple {
	uint8_t family, proto;
	uint8_t src_be[16], dst_be[16];
	uint16_t sport, dport;
	uint16_t icmp_id;
	uint8_t icmp_type, icmp_code;
};

/**
 * pw_ct_begin() - A request to ctnetlink in @buf
 * @type:	IPCTNL_MSG_CT_*
 * @flags:	beside NLM_F_REQUEST
 * @family:	AF_*
 */
struct nlmsghdr *pw_ct_begin(void *buf, uint8_t type, uint16_t flags,
			     uint8_t family);

/* @attr: CTA_TUPLE_ORIG or CTA_TUPLE_REPLY */
void pw_ct_put_tuple(struct nlmsghdr *nlh, uint16_t attr,
		     const struct pw_ct_tuple *tuple);

#endif
