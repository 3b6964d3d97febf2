// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's announcements of what changes in nf_tables. */
#include "watch/events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink/answers.h"
#include "portwall/confine.h"
#include "portwall/own.h"
#include "portwall/ruleset.h"

#define RCVBUF_LEN (4 << 20)	/* bytes; a large apply announces each element */
#define DATAGRAM_LEN 32768	/* the kernel packs no more into one */

/* Messages that are of no interest: what sets hold */
static bool is_element(uint8_t type)
{
	return type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM;
}

/* What may let packets in or keep them out */
static bool is_rule(uint8_t type)
{
	static const uint8_t types[] = {
		NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, NFT_MSG_NEWCHAIN,
		NFT_MSG_DELCHAIN, NFT_MSG_NEWRULE, NFT_MSG_DELRULE,
	};

	return memchr(types, type, sizeof(types));
}

static const struct nlattr *find(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static const char *text_of(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr = find(nlh, type);

	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ?
	       mnl_attr_get_str(attr) : "";
}

/* The end of a transaction */
static void take_generation(const struct nlmsghdr *nlh,
			    struct pw_transaction *begun,
			    struct pw_news *news)
{
	const struct nlattr *pid = find(nlh, NFTA_GEN_PROC_PID);

	if (begun->ours || begun->others) {
		news->pid = pid && mnl_attr_validate(pid, MNL_TYPE_U32) >= 0 ?
			    ntohl(mnl_attr_get_u32(pid)) : 0;
		snprintf(news->comm, sizeof(news->comm), "%s",
			 text_of(nlh, NFTA_GEN_PROC_NAME));
	}
	news->ours |= begun->ours;
	news->others |= begun->others;
	*begun = (struct pw_transaction){ 0 };
}

void pw_events_take(const struct nlmsghdr *nlh, struct pw_transaction *begun,
		    struct pw_news *news)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const uint8_t type = nlh->nlmsg_type & 0xff;

	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return;
	if (type == NFT_MSG_NEWGEN)
		take_generation(nlh, begun, news);
	/* the table's name is attribute 1 of every message */
	else if (nfg->nfgen_family == NFPROTO_INET &&
		 !strcmp(text_of(nlh, NFTA_TABLE_NAME), PW_TABLE))
		begun->ours |= !is_element(type);
	else
		begun->others |= is_rule(type);
}

int pw_events_open(void)
{
	const int bytes = RCVBUF_LEN, group = NFNLGRP_NFTABLES;
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(PW_CAP(CAP_NET_ADMIN));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_NETFILTER);
	int err;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes,
				 sizeof(bytes));
	if (!bind(fd, (struct sockaddr *)&self, sizeof(self)) &&
	    !setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			sizeof(group)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* A transaction whose beginning was lost says nothing any more */
static void lose(struct pw_transaction *begun, struct pw_news *news)
{
	*begun = (struct pw_transaction){ 0 };
	news->lost = true;
	news->pid = 0;
	news->comm[0] = '\0';
}

static void take_datagram(const void *buf, int len,
			  struct pw_transaction *begun, struct pw_news *news)
{
	const struct nlmsghdr *nlh = buf;

	for (; pw_nlmsg_fits(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
		pw_events_take(nlh, begun, news);
	if (len > 0)
		lose(begun, news);
}

int pw_events_read(int fd, struct pw_transaction *begun, struct pw_news *news)
{
	_Alignas(struct nlmsghdr) char buf[DATAGRAM_LEN];

	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, buf, sizeof(buf), MSG_TRUNC,
				       (struct sockaddr *)&from, &from_len);

		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno != ENOBUFS)
			return -errno;
		if (len < 0 || (size_t)len > sizeof(buf))
			lose(begun, news);
		else if (!from.nl_pid)	/* the kernel's */
			take_datagram(buf, (int)len, begun, news);
	}
}
