// SPDX-License-Identifier: GPL-2.0-or-later
/* What the compiler may know of the host: interfaces, services, clock. */
#include "portwall/host.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/services.h"
#include "host/sockquery.h"
#include "portwall/array.h"

#define DUMP_TRIES 10	/* an interface that comes or goes spoils a dump */

struct link_dump {
	struct pw_host *host;
	size_t cap;
};

static int linkinfo_attr(const struct nlattr *attr, void *arg)
{
	struct pw_iface *iface = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND &&
	    mnl_attr_validate(attr, MNL_TYPE_STRING) >= 0)
		iface->is_bridge = !strncmp(mnl_attr_get_payload(attr),
					    "bridge", sizeof("bridge") - 1) &&
				   mnl_attr_get_payload_len(attr) <=
					   sizeof("bridge");
	return MNL_CB_OK;
}

static int link_attr(const struct nlattr *attr, void *arg)
{
	struct pw_iface *iface = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ||
		    mnl_attr_get_payload_len(attr) > sizeof(iface->name))
			break;
		strcpy(iface->name, mnl_attr_get_str(attr));
		break;
	case IFLA_MASTER:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			iface->master = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO:
		if (mnl_attr_validate(attr, MNL_TYPE_NESTED) >= 0)
			return mnl_attr_parse_nested(attr, linkinfo_attr,
						     iface);
		break;
	}
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	struct link_dump *dump = arg;
	struct pw_host *host = dump->host;
	struct pw_iface iface = { 0 };
	const struct ifinfomsg *ifi;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return MNL_CB_OK;
	ifi = mnl_nlmsg_get_payload(nlh);
	iface.index = (uint32_t)ifi->ifi_index;
	mnl_attr_parse(nlh, sizeof(*ifi), link_attr, &iface);
	if (!iface.name[0])
		return MNL_CB_OK;
	if (PW_ARRAY_PUSH(host->ifaces, host->num_ifaces, dump->cap, iface)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static int dump_links(struct link_dump *dump)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) + 64];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_DUMP;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	dump->host->num_ifaces = 0;
	return pw_sock_query(NETLINK_ROUTE, nlh, on_link, dump);
}

static int iface_cmp(const void *a, const void *b)
{
	return strcmp(((const struct pw_iface *)a)->name,
		      ((const struct pw_iface *)b)->name);
}

/* Without rtnetlink (a sandbox) nothing is said of interfaces */
static int gather_ifaces(struct pw_host *host, struct pw_diags *diags)
{
	struct link_dump dump = { .host = host };
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++)
		err = dump_links(&dump);
	if (err == -ENOMEM)
		return err;
	if (err) {
		host->num_ifaces = 0;
		pw_diag_warning(diags, NULL,
				"interfaces of this host cannot be read: %s",
				strerror(-err));
		return 0;
	}
	host->ifaces_known = true;
	if (host->num_ifaces)
		qsort(host->ifaces, host->num_ifaces, sizeof(*host->ifaces),
		      iface_cmp);
	return 0;
}

/* Whole seconds, begun: rules compare with it, and nft's text has no less */
static uint64_t wall_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u;
}

int pw_host_gather_blind(struct pw_host **out)
{
	pw_owned(pw_host_free) struct pw_host *host = calloc(1, sizeof(*host));
	int err = host ? pw_services_gather(host) : -ENOMEM;

	if (err)
		return err;
	host->now_ns = wall_clock_ns();
	*out = PW_TAKE(host);
	return 0;
}

int pw_host_gather_ifaces(struct pw_host **out, struct pw_diags *diags)
{
	pw_owned(pw_host_free) struct pw_host *host = calloc(1, sizeof(*host));
	int err = host ? gather_ifaces(host, diags) : -ENOMEM;

	if (err)
		return err;
	host->now_ns = wall_clock_ns();
	*out = PW_TAKE(host);
	return 0;
}

int pw_host_gather(struct pw_host **out, struct pw_diags *diags)
{
	pw_owned(pw_host_free) struct pw_host *host = NULL;
	int err = pw_host_gather_blind(&host);

	if (!err)
		err = gather_ifaces(host, diags);
	if (err)
		return err;
	*out = PW_TAKE(host);
	return 0;
}

void pw_host_free(struct pw_host *host)
{
	if (!host)
		return;
	for (size_t i = 0; i < host->num_services; i++)
		free(host->services[i].name);
	free(host->services);
	free(host->ifaces);
	free(host);
}

const struct pw_iface *pw_host_iface(const struct pw_host *host,
				     const char *name)
{
	for (size_t i = 0; i < host->num_ifaces; i++)
		if (!strcmp(host->ifaces[i].name, name))
			return &host->ifaces[i];
	return NULL;
}

const struct pw_iface *pw_host_iface_by_index(const struct pw_host *host,
					      uint32_t index)
{
	for (size_t i = 0; i < host->num_ifaces; i++)
		if (host->ifaces[i].index == index)
			return &host->ifaces[i];
	return NULL;
}
