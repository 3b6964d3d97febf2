/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames as if received, by a test run of an XDP program (bpf(2), 5.18). */
#ifndef PROBE_XDP_H
#define PROBE_XDP_H

#include <stddef.h>
#include <stdint.h>

#include "portwall/own.h"
#include "probe/inject_frame.h"

struct pw_xdp;

/**
 * pw_xdp_open() - Find out whether the kernel lets us, and prepare
 * @step:	set on error: what was refused
 *
 * Return: 0; -EPERM, -ENOSYS, -EINVAL (before 5.18) and others of bpf(2)
 */
int pw_xdp_open(struct pw_xdp **out, const char **step);
void pw_xdp_close(struct pw_xdp *xdp);
PW_DEFINE_OWNED(struct pw_xdp, pw_xdp_close)

/**
 * pw_xdp_fire() - One frame to each of the ports, in this order
 * @ports:	at most 65,536
 * @burst:	frames of one system call
 * @sent:	frames that were handed to the network stack
 *
 * What they set off has been done on return, unless receive packet steering
 * hands them to other processors.
 */
int pw_xdp_fire(struct pw_xdp *xdp, uint32_t ifindex,
		const struct pw_frame *frame, const uint16_t *ports,
		size_t num, size_t burst, uint64_t *sent);

#endif
