// SPDX-License-Identifier: GPL-2.0-or-later
/* The wire that a running system has: a netlink socket. */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "netlink/wire.h"
#include "portwall/confine.h"
#include "portwall/own.h"

#define SNDBUF_SPARE (64u << 10)	/* what the kernel counts beside bytes */
#define RCVBUF_LEN (8u << 20)		/* one error each for 10,000 messages */
#define MAX_INTERRUPTS 100
#define MAX_STRANGERS 1000		/* datagrams that are not the kernel's */

struct wire {
	int bus, fd;
	size_t sndbuf;		/* asked for so far, bytes */
};

/* As large as allowed: the plain option is capped, but needs no capability */
static void set_buffer(int fd, int force, int plain, size_t len)
{
	int bytes = len > INT32_MAX / 2 ? INT32_MAX / 2 : (int)len;

	if (setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof(bytes)))
		(void)setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes));
}

static int wire_send(void *ctx, const void *buf, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(PW_CAP(CAP_NET_ADMIN));
	struct wire *wire = ctx;
	ssize_t sent;

	if (len + SNDBUF_SPARE > wire->sndbuf) {
		wire->sndbuf = len + SNDBUF_SPARE;
		set_buffer(wire->fd, SO_SNDBUFFORCE, SO_SNDBUF, wire->sndbuf);
	}
	sent = sendto(wire->fd, buf, len, 0, (struct sockaddr *)&kernel,
		      sizeof(kernel));
	if (sent < 0)
		return -errno;
	return (size_t)sent == len ? 0 : -EIO;
}

static ssize_t receive(const struct wire *wire, struct iovec *iov,
		       struct sockaddr_nl *from, int *flags)
{
	struct msghdr msg = {
		.msg_name = from, .msg_namelen = sizeof(*from),
		.msg_iov = iov, .msg_iovlen = 1,
	};
	ssize_t len;

	for (int i = 0; i < MAX_INTERRUPTS; i++) {
		len = recvmsg(wire->fd, &msg, MSG_DONTWAIT);
		if (len >= 0 || errno != EINTR)
			break;
	}
	if (len < 0)
		return -errno;
	*flags = msg.msg_flags;
	return msg.msg_namelen == sizeof(*from) ? len : -EBADMSG;
}

static ssize_t wire_recv(void *ctx, void *buf, size_t cap)
{
	struct iovec iov = { .iov_base = buf, .iov_len = cap };
	struct sockaddr_nl from = { 0 };
	int flags = 0;

	for (int i = 0; i < MAX_STRANGERS; i++) {
		ssize_t len = receive(ctx, &iov, &from, &flags);

		if (len < 0)
			return len;
		if (from.nl_pid)
			continue;	/* another process: not our business */
		return flags & MSG_TRUNC ? -EBADMSG : len;
	}
	return -EBADMSG;
}

static uint64_t wire_now_ms(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wire_pause_ms(void *ctx, unsigned int ms)
{
	struct timespec left = {
		.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000,
	};

	(void)ctx;
	for (int i = 0; i < MAX_INTERRUPTS; i++) {
		if (!nanosleep(&left, &left) || errno != EINTR)
			return;
	}
}

static void wire_close(void *ctx)
{
	struct wire *wire = ctx;

	if (wire->fd >= 0)
		close(wire->fd);
	free(wire);
}
PW_DEFINE_OWNED(struct wire, wire_close)

static int open_socket(int bus, uint32_t *port_id)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(self);
	int on = 1, err;
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(PW_CAP(CAP_NET_ADMIN));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, bus);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) ||
	    getsockname(fd, (struct sockaddr *)&self, &len)) {
		err = -errno;
		close(fd);
		return err;
	}
	/* both spare memory and give texts; without them all works as well */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, RCVBUF_LEN);
	*port_id = self.nl_pid;
	return fd;
}

static int wire_reset(void *ctx, uint32_t *port_id)
{
	struct wire *wire = ctx;
	int fd = open_socket(wire->bus, port_id);

	if (fd < 0)
		return fd;
	if (wire->fd >= 0)
		close(wire->fd);
	*wire = (struct wire){ .bus = wire->bus, .fd = fd };
	return 0;
}

int pw_wire_open(struct pw_wire *out)
{
	return pw_wire_open_bus(NETLINK_NETFILTER, out);
}

int pw_wire_open_bus(int bus, struct pw_wire *out)
{
	pw_owned(wire_close) struct wire *wire = calloc(1, sizeof(*wire));
	uint32_t port_id;
	int err;

	if (!wire)
		return -ENOMEM;
	wire->bus = bus;
	wire->fd = -1;
	err = wire_reset(wire, &port_id);
	if (err)
		return err;
	*out = (struct pw_wire){
		.ctx = PW_TAKE(wire), .port_id = port_id,
		.send = wire_send, .recv = wire_recv, .reset = wire_reset,
		.now_ms = wire_now_ms, .pause_ms = wire_pause_ms,
		.close = wire_close,
	};
	return 0;
}
