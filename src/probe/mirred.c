// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames as if received, through a veth of our own and tc's mirred. */
#include "probe/mirred.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "probe/mirred_link.h"
#include "probe/rtnl.h"

#define BATCH 64		/* frames that one system call sends */

/**
 * struct pw_mirred
 * @target:	where the filter leads to, 0: nowhere yet
 */
struct pw_mirred {
	struct pw_rtnl *rt;
	struct pw_veth veth;
	uint8_t smac[PW_ETH_LEN];
	uint32_t target;
	int fd;
	uint8_t (*frames)[PW_INJECT_LEN];
};

static int open_sockets(struct pw_mirred *mirred, const char **step)
{
	*step = "opening a packet socket";
	mirred->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (mirred->fd < 0)
		return -errno;
	*step = "opening a netlink socket";
	return pw_rtnl_open(&mirred->rt);
}

/* As the source address, but for its last byte */
static void name_near(struct pw_mirred *mirred, const uint8_t *smac)
{
	memcpy(mirred->smac, smac, PW_ETH_LEN);
	memcpy(mirred->veth.near_mac, smac, PW_ETH_LEN);
	mirred->veth.near_mac[PW_ETH_LEN - 1] ^= 1;
}

/* The protocol of a frame is told by its header */
static int bind_near(struct pw_mirred *mirred)
{
	struct sockaddr_ll near = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)mirred->veth.near_index,
	};

	return bind(mirred->fd, (struct sockaddr *)&near, sizeof(near)) ?
	       -errno : 0;
}

/*
 * A network namespace that only a descriptor holds. Without CAP_SYS_ADMIN there
 * can be none: then a killed process leaves its veth to the next one.
 */
static int make_namespace(int *out)
{
	int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (here < 0)
		return 0;
	if (!unshare(CLONE_NEWNET)) {
		*out = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		err = setns(here, CLONE_NEWNET) ? -errno : 0;
	}
	close(here);
	return err;
}

static int make_veth(struct pw_mirred *mirred, const char **step)
{
	int err;

	*step = "removing left-over veth pairs";
	err = pw_veth_clean(mirred->rt);
	if (err)
		return err;
	*step = "coming back from a network namespace";
	err = make_namespace(&mirred->veth.far_ns);
	if (err)
		return err;
	*step = "making a veth pair";
	err = pw_veth_make(mirred->rt, &mirred->veth);
	if (err)
		return err;
	*step = "setting the veth pair up";
	err = pw_veth_up(mirred->rt, &mirred->veth);
	if (err)
		return err;
	*step = "binding to the veth pair";
	err = bind_near(mirred);
	if (err)
		return err;
	*step = "making a clsact qdisc on it";
	err = pw_veth_clsact(mirred->rt, &mirred->veth);
	if (err)
		return err;
	/* nothing is sent yet: finds out whether the kernel has all of it */
	*step = "making a filter with u32 and mirred on it";
	mirred->target = mirred->veth.near_index;
	return pw_veth_redirect(mirred->rt, &mirred->veth, mirred->smac,
				mirred->target);
}

int pw_mirred_open(const uint8_t smac[static PW_ETH_LEN],
		   struct pw_mirred **out, const char **step)
{
	pw_owned(pw_mirred_close) struct pw_mirred *mirred =
		calloc(1, sizeof(*mirred));
	int err;

	*step = "memory";
	if (!mirred)
		return -ENOMEM;
	mirred->fd = mirred->veth.far_ns = -1;
	mirred->frames = calloc(PW_LOAD_MAX, PW_INJECT_LEN);
	if (!mirred->frames)
		return -ENOMEM;
	name_near(mirred, smac);
	err = open_sockets(mirred, step);
	if (!err)
		err = make_veth(mirred, step);
	if (err)
		return err;
	*out = PW_TAKE(mirred);
	return 0;
}

/* Filter and qdisc go with the device */
void pw_mirred_close(struct pw_mirred *mirred)
{
	if (!mirred)
		return;
	if (mirred->veth.near_index)
		(void)pw_veth_remove(mirred->rt, mirred->veth.near_index);
	pw_rtnl_close(mirred->rt);
	if (mirred->fd >= 0)
		close(mirred->fd);
	if (mirred->veth.far_ns >= 0)
		close(mirred->veth.far_ns);
	free(mirred->frames);
	free(mirred);
}

uint8_t (*pw_mirred_frames(struct pw_mirred *mirred))[PW_INJECT_LEN]
{
	return mirred->frames;
}

/* Messages of one system call */
struct batch {
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH];
};

static void fill(struct batch *b, uint8_t (*frames)[PW_INJECT_LEN], size_t num)
{
	for (size_t i = 0; i < num; i++) {
		b->iov[i] = (struct iovec){ frames[i], PW_INJECT_LEN };
		b->msgs[i].msg_hdr = (struct msghdr){
			.msg_iov = &b->iov[i], .msg_iovlen = 1,
		};
	}
}

/* Frames sent, or -errno */
static int send_batch(struct pw_mirred *mirred, size_t first, size_t num)
{
	struct batch b = { 0 };
	int sent;

	if (num > BATCH)
		num = BATCH;
	fill(&b, mirred->frames + first, num);
	do {
		sent = sendmmsg(mirred->fd, b.msgs, (unsigned int)num, 0);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

static int aim(struct pw_mirred *mirred, uint32_t ifindex)
{
	int err;

	if (mirred->target == ifindex)
		return 0;
	err = pw_veth_redirect(mirred->rt, &mirred->veth, mirred->smac,
			       ifindex);
	if (!err)
		mirred->target = ifindex;
	return err;
}

int pw_mirred_fire(struct pw_mirred *mirred, uint32_t ifindex, size_t num,
		   size_t burst)
{
	static const struct timespec between = { .tv_nsec = 1000000 };
	size_t done = 0, pause_at = burst;
	int err = aim(mirred, ifindex);

	while (!err && done < num) {
		int now = send_batch(mirred, done, num - done);

		if (now < 0)
			return now;
		done += (size_t)now;
		if (done < pause_at)
			continue;
		pause_at += burst;
		nanosleep(&between, NULL);	/* let backlogs drain */
	}
	return err;
}
