/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wire to the kernel as a value, so that tests can replay messages. */
#ifndef PORTWALL_NETLINK_WIRE_H
#define PORTWALL_NETLINK_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct pw_wire - What a netlink socket stands on
 * @ctx:	handed to each function
 * @port_id:	our address, which answers carry; @reset may change it
 * @send:	one datagram to the kernel, whole or not at all; 0 or -errno
 * @recv:	the next datagram of the kernel: its bytes (at most @cap);
 *		-EAGAIN: there is none, -ENOBUFS: some were lost before this
 *		one, -EBADMSG: it did not fit
 * @reset:	begin anew, so that no answer to what was sent before can come;
 *		0 or -errno
 * @now_ms:	monotonic clock
 * @pause_ms:	let time pass
 * @close:	gives @ctx back
 *
 * The kernel answers inside @send, and continues a dump inside @recv, so that
 * nothing ever has to be waited for.
 */
struct pw_wire {
	void *ctx;
	uint32_t port_id;
	int (*send)(void *ctx, const void *buf, size_t len);
	ssize_t (*recv)(void *ctx, void *buf, size_t cap);
	int (*reset)(void *ctx, uint32_t *port_id);
	uint64_t (*now_ms)(void *ctx);
	void (*pause_ms)(void *ctx, unsigned int ms);
	void (*close)(void *ctx);
};

/* A NETLINK_NETFILTER socket of this network namespace; 0 or -errno */
int pw_wire_open(struct pw_wire *out);
/* The same of another bus: NETLINK_ROUTE, NETLINK_SOCK_DIAG */
int pw_wire_open_bus(int bus, struct pw_wire *out);

#endif
