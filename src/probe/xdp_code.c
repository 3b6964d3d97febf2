// SPDX-License-Identifier: GPL-2.0-or-later
/* The XDP program that writes probes, instruction by instruction. */
#include "probe/xdp_code.h"

#include <string.h>

/* Registers by their use */
enum { FRAME = BPF_REG_2, END = BPF_REG_3, SUM = BPF_REG_4, STATE = BPF_REG_5,
       PORT = BPF_REG_6, SPARE = BPF_REG_7 };

#define CODE(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), \
		.src_reg = (s), .off = (int16_t)(o), .imm = (int32_t)(i) })
#define ALU_REG(op, d, s) CODE(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define ALU_IMM(op, d, i) CODE(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define LOAD(size, d, s, o) CODE(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, o, s) CODE(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define STORE_IMM(size, d, o, i) CODE(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define JUMP_REG(op, d, s, o) CODE(BPF_JMP | (op) | BPF_X, d, s, o, 0)
#define JUMP_IMM(op, d, i, o) CODE(BPF_JMP | (op) | BPF_K, d, 0, o, i)
#define EXIT CODE(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

struct writer {
	struct bpf_insn *code;
	size_t num;
};

static void put(struct writer *w, struct bpf_insn insn)
{
	w->code[w->num++] = insn;
}

static void put_all(struct writer *w, const struct bpf_insn *insns, size_t num)
{
	memcpy(w->code + w->num, insns, num * sizeof(*insns));
	w->num += num;
}

/* A frame that is too short ends here: XDP_DROP */
static void find_frame(struct writer *w, size_t len)
{
	const struct bpf_insn insns[] = {
		LOAD(BPF_W, FRAME, BPF_REG_1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, END, BPF_REG_1, offsetof(struct xdp_md, data_end)),
		ALU_REG(BPF_MOV, SUM, FRAME),
		ALU_IMM(BPF_ADD, SUM, len),
		JUMP_REG(BPF_JLE, SUM, END, 2),
		ALU_IMM(BPF_MOV, BPF_REG_0, XDP_DROP),
		EXIT,
	};

	put_all(w, insns, PW_ARRAY_SIZE(insns));
}

/* Only one test run uses the map, on one processor: nothing need be atomic */
static void take_port(struct writer *w, int map_fd)
{
	const struct bpf_insn insns[] = {
		CODE(BPF_LD | BPF_DW | BPF_IMM, STATE, BPF_PSEUDO_MAP_VALUE, 0,
		     map_fd),
		CODE(0, 0, 0, 0, 0),
		LOAD(BPF_DW, PORT, STATE, offsetof(struct pw_xdp_state, next)),
		ALU_REG(BPF_MOV, SPARE, PORT),
		ALU_IMM(BPF_ADD, SPARE, 1),
		STORE(BPF_DW, STATE, offsetof(struct pw_xdp_state, next),
		      SPARE),
		ALU_IMM(BPF_AND, PORT, 0xffff),
		ALU_IMM(BPF_LSH, PORT, 1),
		ALU_REG(BPF_ADD, STATE, PORT),
		LOAD(BPF_H, PORT, STATE,
		     offsetof(struct pw_xdp_state, port_be)),
	};

	put_all(w, insns, PW_ARRAY_SIZE(insns));
}

static void write_frame(struct writer *w, const struct pw_frame *frame)
{
	size_t at = 0;

	for (; at + 4 <= frame->len; at += 4) {
		uint32_t word;

		memcpy(&word, frame->bytes + at, sizeof(word));
		put(w, STORE_IMM(BPF_W, FRAME, at, word));
	}
	for (; at + 2 <= frame->len; at += 2) {
		uint16_t word;

		memcpy(&word, frame->bytes + at, sizeof(word));
		put(w, STORE_IMM(BPF_H, FRAME, at, word));
	}
}

static void fold(struct writer *w)
{
	const struct bpf_insn insns[] = {
		ALU_REG(BPF_MOV, SPARE, SUM),
		ALU_IMM(BPF_RSH, SPARE, 16),
		ALU_IMM(BPF_AND, SUM, 0xffff),
		ALU_REG(BPF_ADD, SUM, SPARE),
	};

	put_all(w, insns, PW_ARRAY_SIZE(insns));
}

/* As pw_frame_aim() */
static void aim(struct writer *w, const struct pw_frame *frame)
{
	put(w, STORE(BPF_H, FRAME, frame->port_at, PORT));
	put(w, STORE(BPF_H, FRAME, frame->copy_at, PORT));
	put(w, ALU_IMM(BPF_MOV, SUM, frame->sum));
	put(w, ALU_REG(BPF_ADD, SUM, PORT));
	put(w, ALU_REG(BPF_ADD, SUM, PORT));
	fold(w);
	fold(w);
	put(w, ALU_IMM(BPF_XOR, SUM, 0xffff));
	if (frame->udp) {
		put(w, JUMP_IMM(BPF_JNE, SUM, 0, 1));
		put(w, ALU_IMM(BPF_MOV, SUM, 0xffff));
	}
	put(w, STORE(BPF_H, FRAME, frame->check_at, SUM));
}

size_t pw_xdp_code(const struct pw_frame *frame, int map_fd,
		   struct bpf_insn code[static PW_XDP_CODE_MAX])
{
	struct writer w = { .code = code };

	find_frame(&w, frame->len);
	take_port(&w, map_fd);
	write_frame(&w, frame);
	aim(&w, frame);
	put(&w, ALU_IMM(BPF_MOV, BPF_REG_0, XDP_PASS));
	put(&w, EXIT);
	return w.num;
}
