// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits until the links and addresses of a private host work. */
#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <time.h>

#include "probe/rtnl.h"
#include "probe/sandbox_priv.h"

#define SETTLE_MS 60000	/* others may keep the kernel busy */
#define PAUSE_NS 100000

static int count_up(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	size_t *up = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) == IFLA_OPERSTATE &&
		    mnl_attr_get_u8(attr) == IF_OPER_UP)
			++*up;
	}
	return MNL_CB_OK;
}

/* Interfaces that are up and whose queue is open; lo is neither up nor down */
static int num_up(struct pw_rtnl *rt, size_t *num)
{
	char buf[128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	*num = 0;
	return pw_rtnl_dump(rt, nlh, count_up, num);
}

static int count_local6(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	size_t *local = arg;

	*local += rtm->rtm_type == RTN_LOCAL;
	return MNL_CB_OK;
}

/* IPv6 addresses that packets are delivered to */
static int num_local6(struct pw_rtnl *rt, size_t *num)
{
	char buf[128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm->rtm_family = AF_INET6;
	*num = 0;
	return pw_rtnl_dump(rt, nlh, count_local6, num);
}

/*
 * ::1, for each interface a link-local and a global address, for each port of a
 * bridge a link-local one, and the others
 */
static size_t want_local6(const struct pw_scene *scene)
{
	size_t num = 1 + 2 * scene->num_ifaces;

	for (size_t i = 0; i < scene->num_ifaces; i++)
		num += scene->ifaces[i].bridge;
	for (size_t i = 0; i < scene->num_locals; i++)
		num += scene->locals[i].family == PW_IPV6;
	return num;
}

/* Asks until there are @want of them; -ETIMEDOUT */
static int await(struct pw_rtnl *rt,
		 int (*count)(struct pw_rtnl *rt, size_t *num), size_t want)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct timespec now, begin;
	size_t num;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (;;) {
		err = count(rt, &num);
		if (err != -EINTR && (err || num >= want))
			return err;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if ((now.tv_sec - begin.tv_sec) * 1000 > SETTLE_MS)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 100 * PAUSE_NS)
			pause.tv_nsec *= 2;
	}
}

/*
 * The kernel opens the queue of whichever end came up first, and makes IPv6
 * addresses deliver, in work queues of its own. What is sent before is lost.
 */
int pw_links_settle(const struct pw_scene *scene, struct pw_rtnl *host,
		    struct pw_rtnl *wire, struct pw_diags *diags)
{
	size_t links = scene->num_ifaces;
	int err = await(wire, num_up, links);

	for (size_t i = 0; i < scene->num_ifaces; i++)
		links += scene->ifaces[i].bridge;	/* the port */
	if (!err)
		err = await(host, num_up, links);
	if (!err)
		err = await(host, num_local6, want_local6(scene));
	return err ? pw_diag_system(diags, -err, "interfaces do not come up") :
		     0;
}
