// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames as if received, by a test run of an XDP program (bpf(2), 5.18). */
#include "probe/xdp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/xdp_code.h"

#define BATCH 64	/* frames that the kernel hands on at once */
#define MAX_INTERRUPTS 1000

/**
 * struct pw_xdp
 * @map:	as pw_xdp_code() says
 * @frames:	its memory
 */
struct pw_xdp {
	int map, prog;
	uint8_t (*frames)[PW_INJECT_LEN];
};

#define MAP_ELEMS (1 + PW_LOAD_MAX)
#define MAP_LEN ((size_t)MAP_ELEMS * PW_INJECT_LEN)

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long fd = syscall(__NR_bpf, command, attr, sizeof(*attr));

	return fd < 0 ? -errno : (int)fd;
}

static uint64_t pointer(const void *p)
{
	return (uintptr_t)p;
}

static int make_map(struct pw_xdp *xdp)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = sizeof(uint32_t),
		.value_size = PW_INJECT_LEN, .max_entries = MAP_ELEMS,
		.map_flags = BPF_F_MMAPABLE,
	};
	void *at;

	xdp->map = bpf(BPF_MAP_CREATE, &attr);
	if (xdp->map < 0)
		return xdp->map;
	at = mmap(NULL, MAP_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, xdp->map,
		  0);
	if (at == MAP_FAILED)
		return -errno;
	xdp->frames = at;
	return 0;
}

static int load(struct pw_xdp *xdp)
{
	struct bpf_insn code[PW_XDP_CODE_MAX];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP, .insns = pointer(code),
		.insn_cnt = (uint32_t)pw_xdp_code(xdp->map, code),
		.license = pointer("GPL"),
	};

	xdp->prog = bpf(BPF_PROG_LOAD, &attr);
	return xdp->prog < 0 ? xdp->prog : 0;
}

/* Element 0 of the map: frames written so far */
static volatile uint32_t *counter(const struct pw_xdp *xdp)
{
	return (volatile uint32_t *)(void *)xdp->frames[0];
}

/* @ifindex 0: that of loopback */
static int run(const struct pw_xdp *xdp, uint32_t ifindex, size_t repeat)
{
	static const uint8_t blank[PW_INJECT_LEN];
	const struct xdp_md md = {
		.data_end = PW_INJECT_LEN, .ingress_ifindex = ifindex,
	};
	union bpf_attr attr = {
		.test = {
			.prog_fd = (uint32_t)xdp->prog,
			.data_in = pointer(blank),
			.data_size_in = PW_INJECT_LEN,
			.ctx_in = ifindex ? pointer(&md) : 0,
			.ctx_size_in = ifindex ? sizeof(md) : 0,
			.repeat = (uint32_t)repeat,
			.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
			.batch_size = BATCH,
		},
	};

	return bpf(BPF_PROG_TEST_RUN, &attr);
}

/* May we? The counter is beyond the last frame: this one is dropped */
static int try_run(const struct pw_xdp *xdp)
{
	*counter(xdp) = MAP_ELEMS;
	return run(xdp, 0, 1);
}

int pw_xdp_open(struct pw_xdp **out, const char **step)
{
	pw_owned(pw_xdp_close) struct pw_xdp *xdp = calloc(1, sizeof(*xdp));
	int err;

	*step = "memory";
	if (!xdp)
		return -ENOMEM;
	xdp->map = xdp->prog = -1;
	*step = "making a map";
	err = make_map(xdp);
	if (err)
		return err;
	*step = "loading an XDP program";
	err = load(xdp);
	if (err)
		return err;
	*step = "running an XDP program on live frames (5.18)";
	err = try_run(xdp);
	if (err)
		return err;
	*out = PW_TAKE(xdp);
	return 0;
}

void pw_xdp_close(struct pw_xdp *xdp)
{
	if (!xdp)
		return;
	if (xdp->frames)
		munmap(xdp->frames, MAP_LEN);
	if (xdp->map >= 0)
		close(xdp->map);
	if (xdp->prog >= 0)
		close(xdp->prog);
	free(xdp);
}

uint8_t (*pw_xdp_frames(struct pw_xdp *xdp))[PW_INJECT_LEN]
{
	return xdp->frames + 1;
}

/* A signal cuts a run short: the program itself has counted */
int pw_xdp_fire(struct pw_xdp *xdp, uint32_t ifindex, size_t num, size_t burst)
{
	int interrupts = 0;

	*counter(xdp) = 0;
	while (*counter(xdp) < num) {
		const uint32_t before = *counter(xdp);
		const size_t left = num - before;
		int err = run(xdp, ifindex, left < burst ? left : burst);

		if (err == -EINTR && interrupts++ < MAX_INTERRUPTS)
			continue;
		if (err)
			return err;
		if (*counter(xdp) == before)
			return -EIO;	/* runs that run nothing */
	}
	return 0;
}
