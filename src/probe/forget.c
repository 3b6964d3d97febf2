// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of our own probes in the connection table, and room for more. */
#include "probe/forget.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netlink/ack.h"
#include "netlink/answers.h"
#include "netlink/conntrack.h"

#define AT_ONCE 64		/* messages in one datagram */
#define CONNTRACK "/proc/sys/net/netfilter/nf_conntrack_"

static void set_addr(uint8_t addr_be[16], const struct pw_sockaddr *at)
{
	if (at->sa.sa_family == AF_INET)
		memcpy(addr_be, &at->in.sin_addr, sizeof(at->in.sin_addr));
	else
		memcpy(addr_be, &at->in6.sin6_addr, sizeof(at->in6.sin6_addr));
}

static struct nlmsghdr *put_delete(void *buf, uint8_t proto,
				   const struct pw_sockaddr *source,
				   const struct pw_sockaddr *target,
				   uint16_t port)
{
	struct nlmsghdr *nlh = pw_ct_begin(buf, IPCTNL_MSG_CT_DELETE, 0,
					   (uint8_t)target->sa.sa_family);
	struct pw_ct_tuple tuple = {
		.family = (uint8_t)target->sa.sa_family, .proto = proto,
		.sport = pw_sockaddr_port(source), .dport = port,
	};

	set_addr(tuple.src_be, source);
	set_addr(tuple.dst_be, target);
	pw_ct_put_tuple(nlh, CTA_TUPLE_ORIG, &tuple);
	return nlh;
}

/* The kernel answers before it takes more: errors that have come by now */
static size_t take_errors(struct mnl_socket *nl, int *last)
{
	char buf[8192];
	size_t num = 0;
	ssize_t len;

	while ((len = recv(mnl_socket_get_fd(nl), buf, sizeof(buf),
			   MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *nlh = (const void *)buf;
		int left = (int)len;

		for (; pw_nlmsg_fits(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type != NLMSG_ERROR)
				continue;
			*last = -pw_ack_code(nlh);
			num++;
		}
	}
	return num;
}

void pw_forget_close(struct pw_forget *forget)
{
	if (forget->nl)
		mnl_socket_close(forget->nl);
	forget->nl = NULL;
}

/* Deleting what is not there tells whether deleting is allowed */
void pw_forget_open(struct pw_forget *forget)
{
	const struct pw_sockaddr nowhere =
		pw_sockaddr_of(PW_IPV4, pw_value32(0), 0);
	char buf[PW_CT_MESSAGE_MAX];
	const struct nlmsghdr *nlh = put_delete(buf, IPPROTO_UDP, &nowhere,
						&nowhere, 0);
	int err = 0;

	forget->nl = NULL;
	if (access(CONNTRACK "count", F_OK))	/* asking would load it */
		return;
	forget->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!forget->nl)
		return;
	if (mnl_socket_bind(forget->nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(forget->nl, nlh, nlh->nlmsg_len) < 0 ||
	    take_errors(forget->nl, &err) != 1 || err != ENOENT)
		pw_forget_close(forget);
}

static size_t send_some(struct pw_forget *forget, uint8_t proto,
			const struct pw_sockaddr *source,
			const struct pw_sockaddr *target,
			const uint16_t *ports, size_t num)
{
	_Alignas(struct nlmsghdr) char buf[AT_ONCE * PW_CT_MESSAGE_MAX];
	size_t len = 0;
	int err;

	for (size_t i = 0; i < num; i++)
		len += put_delete(buf + len, proto, source, target,
				  ports[i])->nlmsg_len;
	if (mnl_socket_sendto(forget->nl, buf, len) < 0)
		return num;
	return take_errors(forget->nl, &err);
}

void pw_forget_probes(struct pw_forget *forget, uint8_t proto,
		      const struct pw_sockaddr *source,
		      const struct pw_sockaddr *target, const uint16_t *ports,
		      size_t num)
{
	for (size_t i = 0; forget->nl && i < num; i += AT_ONCE) {
		size_t some = num - i < AT_ONCE ? num - i : AT_ONCE;

		if (send_some(forget, proto, source, target, ports + i,
			      some) == AT_ONCE)
			pw_forget_close(forget);
	}
}

static bool read_number(const char *path, size_t *number)
{
	FILE *file = fopen(path, "re");
	bool found = file && fscanf(file, "%zu", number) == 1;

	if (file)
		fclose(file);
	return found;
}

size_t pw_connection_room(void)
{
	size_t used, most;

	if (!read_number(CONNTRACK "count", &used) ||
	    !read_number(CONNTRACK "max", &most))
		return SIZE_MAX;
	if (!used)
		return SIZE_MAX;
	return used < most ? most - used : 0;
}
