/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames as if received, through a veth of our own and tc's mirred. */
#ifndef PROBE_MIRRED_H
#define PROBE_MIRRED_H

#include <stddef.h>
#include <stdint.h>

#include "portwall/own.h"
#include "probe/inject_frame.h"

struct pw_mirred;

/**
 * pw_mirred_open() - Make the veth, after removing those of dead processes
 * @smac:	source address of the frames that are let on
 * @step:	set on error: what was refused
 *
 * Return: 0; -EPERM, -EOPNOTSUPP (no veth in this kernel) and others
 */
int pw_mirred_open(const uint8_t smac[static PW_ETH_LEN],
		   struct pw_mirred **out, const char **step);
void pw_mirred_close(struct pw_mirred *mirred);
PW_DEFINE_OWNED(struct pw_mirred, pw_mirred_close)

/* As pw_xdp_frames() */
uint8_t (*pw_mirred_frames(struct pw_mirred *mirred))[PW_INJECT_LEN];

/* As pw_xdp_fire(); what the frames set off may come a little later */
int pw_mirred_fire(struct pw_mirred *mirred, uint32_t ifindex, size_t num,
		   size_t burst);

#endif
