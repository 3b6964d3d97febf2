// SPDX-License-Identifier: GPL-2.0-or-later
/* Multicast groups that a private host listens to on every interface. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "portwall/array.h"
#include "probe/frame.h"
#include "probe/sandbox_priv.h"

static int join(int fd, enum pw_family family, uint32_t index,
		struct pw_value group)
{
	struct ip_mreqn mreq4 = {
		.imr_multiaddr.s_addr = htonl((uint32_t)group.lo),
		.imr_ifindex = (int)index,
	};
	struct ipv6_mreq mreq6 = { .ipv6mr_interface = index };
	int err;

	pw_put_addr(mreq6.ipv6mr_multiaddr.s6_addr, PW_IPV6, group);
	err = family == PW_IPV4 ?
		setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq4,
			   sizeof(mreq4)) :
		setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq6,
			   sizeof(mreq6));
	return err && errno != EADDRINUSE ? -errno : 0;
}

static int add_joiner(struct pw_sandbox *sb, enum pw_family family)
{
	int err, fd = socket(family == PW_IPV4 ? AF_INET : AF_INET6,
			     SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	err = PW_ARRAY_PUSH(sb->joins, sb->num_joins, sb->cap_joins, fd);
	if (err)
		close(fd);
	return err ? err : fd;
}

/* A socket holds as many as net.core.optmem_max has room for: then another */
static int join_everywhere(struct pw_sandbox *sb, enum pw_family family,
			   struct pw_value group, int *fd)
{
	for (size_t i = 0; i < sb->scene->num_ifaces; i++) {
		uint32_t index = sb->ends[i].host_index;
		int err = *fd < 0 ? -ENOBUFS : join(*fd, family, index, group);

		if (err == -ENOBUFS || err == -ENOMEM) {
			*fd = add_joiner(sb, family);
			err = *fd < 0 ? *fd : join(*fd, family, index, group);
		}
		if (err)
			return err;
	}
	return 0;
}

int pw_listen_join(struct pw_sandbox *sb)
{
	int fds[PW_NUM_FAMILIES] = { -1, -1 };
	int err = 0;

	for (size_t i = 0; i < sb->scene->num_groups && !err; i++) {
		const struct pw_scene_addr *group = &sb->scene->groups[i];

		err = join_everywhere(sb, group->family, group->addr,
				      &fds[group->family]);
	}
	return err;
}

void pw_listen_leave(struct pw_sandbox *sb)
{
	for (size_t i = 0; i < sb->num_joins; i++)
		close(sb->joins[i]);
	free(sb->joins);
	sb->joins = NULL;
	sb->num_joins = 0;
	sb->cap_joins = 0;
}
