// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of this host's interfaces, by rtnetlink. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/inet.h"
#include "host/sockquery.h"
#include "portwall/array.h"
#include "portwall/listen.h"

#define DUMP_TRIES 10

struct addr_dump {
	struct pw_host_addr *addrs;
	size_t num, cap;
};

/* IFA_ADDRESS is the other end's where IFA_LOCAL tells ours */
struct attrs {
	const void *local, *addr, *broadcast;
	uint32_t flags;
	size_t len;		/* of an address */
};

static int addr_attr(const struct nlattr *attr, void *arg)
{
	const void *payload = mnl_attr_get_payload(attr);
	struct attrs *attrs = arg;
	bool is_addr = mnl_attr_get_payload_len(attr) == attrs->len;

	switch (mnl_attr_get_type(attr)) {
	case IFA_LOCAL:
		if (is_addr)
			attrs->local = payload;
		break;
	case IFA_ADDRESS:
		if (is_addr)
			attrs->addr = payload;
		break;
	case IFA_BROADCAST:
		if (is_addr)
			attrs->broadcast = payload;
		break;
	case IFA_FLAGS:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			attrs->flags = mnl_attr_get_u32(attr);
		break;
	}
	return MNL_CB_OK;
}

static struct pw_value value_of(enum pw_family family, const void *addr_be)
{
	return addr_be ? pw_inet_get(&family, addr_be) :
			 (struct pw_value){ 0 };
}

/* An optimistic address is used before it is known to be nobody else's */
static bool is_tentative(uint32_t flags)
{
	return (flags & IFA_F_TENTATIVE) && !(flags & IFA_F_OPTIMISTIC);
}

static int on_addr(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct addr_dump *dump = arg;
	struct pw_host_addr addr;
	struct attrs attrs = { 0 };

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return MNL_CB_OK;
	addr = (struct pw_host_addr){
		.family = ifa->ifa_family == AF_INET ? PW_IPV4 : PW_IPV6,
		.prefix = ifa->ifa_prefixlen,
		.ifindex = ifa->ifa_index,
		.scope = ifa->ifa_scope,
	};
	attrs.flags = ifa->ifa_flags;
	attrs.len = pw_family_bits(addr.family) / 8;
	mnl_attr_parse(nlh, sizeof(*ifa), addr_attr, &attrs);
	if (!attrs.local && !attrs.addr)
		return MNL_CB_OK;
	addr.addr = value_of(addr.family,
			     attrs.local ? attrs.local : attrs.addr);
	addr.broadcast = value_of(addr.family, attrs.broadcast);
	addr.tentative = is_tentative(attrs.flags);
	if (!PW_ARRAY_PUSH(dump->addrs, dump->num, dump->cap, addr))
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static int dump_once(struct addr_dump *dump)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct ifaddrmsg))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_DUMP;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_UNSPEC;
	dump->num = 0;
	return pw_sock_query(NETLINK_ROUTE, nlh, on_addr, dump);
}

int pw_host_addrs(struct pw_host_addr **out, size_t *num,
		  struct pw_diags *diags)
{
	struct addr_dump dump = { 0 };
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++)
		err = dump_once(&dump);
	if (err) {
		free(dump.addrs);
		return pw_diag_system(diags, -err,
				      "addresses of this host cannot be read");
	}
	*out = dump.addrs;
	*num = dump.num;
	return 0;
}

static int addr_cmp(const void *pa, const void *pb)
{
	const struct pw_host_addr *a = pa, *b = pb;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return pw_value_cmp(a->addr, b->addr);
}

void pw_host_addrs_sort(struct pw_host_addr *addrs, size_t num)
{
	if (num)
		qsort(addrs, num, sizeof(*addrs), addr_cmp);
}

bool pw_host_addrs_have(const struct pw_host_addr *addrs, size_t num,
			enum pw_family family, struct pw_value addr)
{
	const struct pw_host_addr key = { .family = family, .addr = addr };

	return num && bsearch(&key, addrs, num, sizeof(key), addr_cmp);
}

bool pw_host_takes_ipv6(const char *ifname)
{
	char path[sizeof("/proc/sys/net/ipv6/conf//disable_ipv6") + IFNAMSIZ];
	char off;
	int fd;

	snprintf(path, sizeof(path),
		 "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &off, 1) != 1)
		off = '1';
	close(fd);
	return off == '0';
}
