// SPDX-License-Identifier: GPL-2.0-or-later
/* The XDP program that writes frames, instruction by instruction. */
#include "probe/xdp_code.h"

#include <string.h>

#include "portwall/own.h"
#include "probe/inject_frame.h"

/* Registers by their use; helpers leave these as they are */
enum { PACKET = BPF_REG_6, END = BPF_REG_7, NEXT = BPF_REG_8 };

#define KEY_AT (-4)		/* on the stack */

#define CODE(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), \
		.src_reg = (s), .off = (int16_t)(o), .imm = (int32_t)(i) })
#define MOVE(d, s) CODE(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i) CODE(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, i) CODE(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(size, d, s, o) CODE(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, o, s) CODE(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define SKIP_IF_LE(d, s, n) CODE(BPF_JMP | BPF_JLE | BPF_X, d, s, n, 0)
#define SKIP_UNLESS_0(d, n) CODE(BPF_JMP | BPF_JNE | BPF_K, d, 0, n, 0)
#define CALL(f) CODE(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT CODE(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* A frame that cannot be written goes nowhere */
#define END_WITH(verdict) SET(BPF_REG_0, verdict), EXIT

struct writer {
	struct bpf_insn *code;
	size_t num;
};

static void put(struct writer *w, const struct bpf_insn *insns, size_t num)
{
	memcpy(w->code + w->num, insns, num * sizeof(*insns));
	w->num += num;
}

static void find_packet(struct writer *w)
{
	const struct bpf_insn insns[] = {
		LOAD(BPF_W, PACKET, BPF_REG_1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, END, BPF_REG_1, offsetof(struct xdp_md, data_end)),
		MOVE(BPF_REG_2, PACKET),
		ADD(BPF_REG_2, PW_INJECT_LEN),
		SKIP_IF_LE(BPF_REG_2, END, 2),
		END_WITH(XDP_DROP),
		SET(NEXT, 0),
	};

	put(w, insns, PW_ARRAY_SIZE(insns));
}

/* Element NEXT of the map: its address in the first register */
static void find_element(struct writer *w, int map_fd)
{
	const struct bpf_insn insns[] = {
		STORE(BPF_W, BPF_REG_10, KEY_AT, NEXT),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, KEY_AT),
		CODE(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0,
		     map_fd),
		CODE(0, 0, 0, 0, 0),
		CALL(BPF_FUNC_map_lookup_elem),
		SKIP_UNLESS_0(BPF_REG_0, 2),
		END_WITH(XDP_DROP),
	};

	put(w, insns, PW_ARRAY_SIZE(insns));
}

/* Only one run at a time, on one processor: nothing need be atomic */
static void count(struct writer *w)
{
	const struct bpf_insn insns[] = {
		LOAD(BPF_W, NEXT, BPF_REG_0, 0),
		ADD(NEXT, 1),
		STORE(BPF_W, BPF_REG_0, 0, NEXT),
	};

	put(w, insns, PW_ARRAY_SIZE(insns));
}

static void copy(struct writer *w)
{
	for (int at = 0; at < PW_INJECT_LEN; at += 8) {
		const struct bpf_insn insns[] = {
			LOAD(BPF_DW, BPF_REG_1, BPF_REG_0, at),
			STORE(BPF_DW, PACKET, at, BPF_REG_1),
		};

		put(w, insns, PW_ARRAY_SIZE(insns));
	}
}

size_t pw_xdp_code(int map_fd, struct bpf_insn code[static PW_XDP_CODE_MAX])
{
	const struct bpf_insn pass[] = { END_WITH(XDP_PASS) };
	struct writer w = { .code = code };

	find_packet(&w);
	find_element(&w, map_fd);
	count(&w);
	find_element(&w, map_fd);
	copy(&w);
	put(&w, pass, PW_ARRAY_SIZE(pass));
	return w.num;
}
