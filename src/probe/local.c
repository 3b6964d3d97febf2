// SPDX-License-Identifier: GPL-2.0-or-later
/* Is an address one of this host? The routing decides. */
#include "probe/local.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "netlink/answers.h"
#include "portwall/own.h"
#include "probe/sockaddr.h"

#define QUERY_SEQ 1	/* a socket carries one request only */

static void socket_closep(struct mnl_socket **sock)
{
	if (*sock)
		mnl_socket_close(*sock);
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	unsigned char *type = arg;

	if (nlh->nlmsg_type == RTM_NEWROUTE &&
	    mnl_nlmsg_get_payload_len(nlh) >= sizeof(*rtm))
		*type = rtm->rtm_type;
	return MNL_CB_STOP;
}

static int ask(struct mnl_socket *sock, const struct nlmsghdr *nlh,
	       unsigned char *type)
{
	_Alignas(struct nlmsghdr) char buf[4096];
	ssize_t len;

	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	len = mnl_socket_recvfrom(sock, buf, sizeof(buf));
	if (len < 0)
		return -errno;
	return pw_answers_take(buf, (size_t)len, QUERY_SEQ,
			       mnl_socket_get_portid(sock), on_route, type);
}

int pw_addr_is_local(enum pw_family family, struct pw_value addr)
{
	pw_owned(socket_close) struct mnl_socket *sock =
		mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	const struct pw_sockaddr at = pw_sockaddr_of(family, addr, 0);
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) + 64];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	unsigned char type = RTN_UNSPEC;
	struct rtmsg *rtm;
	int err;

	if (!sock)
		return -errno;
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = QUERY_SEQ;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = (unsigned char)at.sa.sa_family;
	rtm->rtm_dst_len = (unsigned char)pw_family_bits(family);
	if (family == PW_IPV4)
		mnl_attr_put(nlh, RTA_DST, sizeof(at.in.sin_addr),
			     &at.in.sin_addr);
	else
		mnl_attr_put(nlh, RTA_DST, sizeof(at.in6.sin6_addr),
			     &at.in6.sin6_addr);
	err = ask(sock, nlh, &type);
	if (err == -ENETUNREACH || err == -EHOSTUNREACH)
		return -EADDRNOTAVAIL;
	return err ? err : type == RTN_LOCAL ? 0 : -EADDRNOTAVAIL;
}
