// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames as if received, by a test run of an XDP program (bpf(2), 5.18). */
#include "probe/xdp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/xdp_code.h"

#define BATCH 64	/* frames that the kernel hands on at once */
#define MAX_INTERRUPTS 1000

struct pw_xdp {
	int map;
	struct pw_xdp_state *state;	/* what is written to the map */
};

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long fd = syscall(__NR_bpf, command, attr, sizeof(*attr));

	return fd < 0 ? -errno : (int)fd;
}

static uint64_t pointer(const void *p)
{
	return (uintptr_t)p;
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = sizeof(uint32_t),
		.value_size = sizeof(struct pw_xdp_state), .max_entries = 1,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

static int load(const struct bpf_insn *code, size_t num)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP, .insns = pointer(code),
		.insn_cnt = (uint32_t)num, .license = pointer("GPL"),
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

static int run(int prog, const struct pw_frame *frame, struct xdp_md *md,
	       size_t repeat)
{
	union bpf_attr attr = {
		.test = {
			.prog_fd = (uint32_t)prog,
			.data_in = pointer(frame->bytes),
			.data_size_in = (uint32_t)frame->len,
			.ctx_in = pointer(md),
			.ctx_size_in = md ? sizeof(*md) : 0,
			.repeat = (uint32_t)repeat,
			.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
			.batch_size = BATCH,
		},
	};

	return bpf(BPF_PROG_TEST_RUN, &attr);
}

/* A live frame that goes nowhere: may we? */
static int try_run(void)
{
	static const struct bpf_insn drop[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const struct pw_frame nothing = { .len = ETH_ZLEN };
	int prog = load(drop, PW_ARRAY_SIZE(drop)), err;

	if (prog < 0)
		return prog;
	err = run(prog, &nothing, NULL, 1);
	close(prog);
	return err;
}

int pw_xdp_open(struct pw_xdp **out, const char **step)
{
	pw_owned(pw_xdp_close) struct pw_xdp *xdp = calloc(1, sizeof(*xdp));
	int err;

	*step = "memory";
	if (!xdp)
		return -ENOMEM;
	xdp->map = -1;
	xdp->state = malloc(sizeof(*xdp->state));
	if (!xdp->state)
		return -ENOMEM;
	*step = "making a map";
	xdp->map = make_map();
	if (xdp->map < 0)
		return xdp->map;
	*step = "running an XDP program on live frames";
	err = try_run();
	if (err)
		return err;
	*out = PW_TAKE(xdp);
	return 0;
}

void pw_xdp_close(struct pw_xdp *xdp)
{
	if (!xdp)
		return;
	if (xdp->map >= 0)
		close(xdp->map);
	free(xdp->state);
	free(xdp);
}

static int access_state(const struct pw_xdp *xdp, enum bpf_cmd command)
{
	const uint32_t first = 0;
	union bpf_attr attr = {
		.map_fd = (uint32_t)xdp->map, .key = pointer(&first),
		.value = pointer(xdp->state),
	};

	return bpf(command, &attr);
}

static int write_ports(const struct pw_xdp *xdp, const uint16_t *ports,
		       size_t num)
{
	xdp->state->next = 0;
	for (size_t i = 0; i < PW_ARRAY_SIZE(xdp->state->port_be); i++)
		xdp->state->port_be[i] = i < num ? htons(ports[i]) : 0;
	return access_state(xdp, BPF_MAP_UPDATE_ELEM);
}

/* A signal cuts a run short: the program itself has counted */
static int run_all(const struct pw_xdp *xdp, int prog, uint32_t ifindex,
		   const struct pw_frame *frame, size_t num, size_t burst)
{
	struct xdp_md md = {
		.data_end = (uint32_t)frame->len, .ingress_ifindex = ifindex,
	};
	int interrupts = 0, err = 0;

	xdp->state->next = 0;
	while (!err && xdp->state->next < num) {
		const uint64_t before = xdp->state->next;
		size_t left = num - before;

		err = run(prog, frame, &md, left < burst ? left : burst);
		if (err == -EINTR && interrupts++ < MAX_INTERRUPTS)
			err = 0;
		if (!err)
			err = access_state(xdp, BPF_MAP_LOOKUP_ELEM);
		if (!err && !interrupts && xdp->state->next == before)
			err = -EIO;	/* runs that run nothing */
	}
	return err;
}

int pw_xdp_fire(struct pw_xdp *xdp, uint32_t ifindex,
		const struct pw_frame *frame, const uint16_t *ports,
		size_t num, size_t burst, uint64_t *sent)
{
	struct bpf_insn code[PW_XDP_CODE_MAX];
	int prog, err = write_ports(xdp, ports, num);

	if (err)
		return err;
	prog = load(code, pw_xdp_code(frame, xdp->map, code));
	if (prog < 0)
		return prog;
	err = run_all(xdp, prog, ifindex, frame, num, burst);
	close(prog);
	if (!err)
		*sent = xdp->state->next;
	return err;
}
