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

/* Where the frames to be sent are put: room for PW_LOAD_MAX */
uint8_t (*pw_xdp_frames(struct pw_xdp *xdp))[PW_INJECT_LEN];

/**
 * pw_xdp_fire() - Let frames be received
 * @num:	how many of pw_xdp_frames()
 * @burst:	frames of one system call, each of which costs some 30 ms
 *
 * What they set off has been done on return, unless receive packet steering
 * hands them to other processors.
 */
int pw_xdp_fire(struct pw_xdp *xdp, uint32_t ifindex, size_t num,
		size_t burst);

#endif
