/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The XDP program that writes frames. */
#ifndef PROBE_XDP_CODE_H
#define PROBE_XDP_CODE_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#define PW_XDP_CODE_MAX 64

/*
 * Of the map, an array of frames, element 0 begins with the number of those
 * that were written, 32 bits; the next one is written into the packet, all of
 * it: live frames are recycled with whatever the stack left in them. Returns the
 * number of instructions.
 */
size_t pw_xdp_code(int map_fd, struct bpf_insn code[static PW_XDP_CODE_MAX]);

#endif
