/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The XDP program that writes probes. */
#ifndef PROBE_XDP_CODE_H
#define PROBE_XDP_CODE_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/own.h"
#include "probe/inject_frame.h"

/**
 * struct pw_xdp_state - The one element of the map that the program works on
 * @next:	place of the next frame's port, modulo 65,536
 * @port_be:	where to
 */
struct pw_xdp_state {
	uint64_t next;
	uint16_t port_be[65536];
};

#define PW_XDP_CODE_MAX (PW_FRAME_MAX / 4 + 48)

/*
 * Writes the whole frame: live frames are recycled with whatever the stack left
 * in them. Then port and checksum. Returns the number of instructions.
 */
size_t pw_xdp_code(const struct pw_frame *frame, int map_fd,
		   struct bpf_insn code[static PW_XDP_CODE_MAX]);

#endif
