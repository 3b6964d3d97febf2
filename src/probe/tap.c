// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames to and from the wire, each accounted for: see tap.h. */
#include "probe/tap_priv.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define WIRE_SLOT_LEN 2048	/* whole frames, for pw_sandbox_next_frame() */
#define WIRE_SLOTS 1024
#define HOST_SLOT_LEN 128
#define HOST_SLOTS PW_MAX_SENT
#define TAG 0x5257		/* locally administered, unicast; a number */

void pw_tap_put_tag(uint8_t *to, uint32_t number)
{
	pw_put32(pw_put16(to, TAG), number);
}

size_t pw_tap_place_of(const struct pw_tap *tap, const uint8_t *tag)
{
	uint32_t place = pw_get32(tag + 2) - tap->first;

	return pw_get16(tag) == TAG && place < tap->num_sent ? place :
							      PW_MAX_SENT;
}

static int open_arrivals(struct pw_ring *ring)
{
	struct sock_filter ours[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, PW_MAC_LEN),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TAG, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ETHER_HDR_LEN),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { PW_ARRAY_SIZE(ours), ours };

	return pw_ring_open(ring, HOST_SLOT_LEN, HOST_SLOTS, &filter);
}

static int open_rings(struct pw_tap *tap)
{
	enum pw_side back = tap->sb->at;
	int err = pw_sandbox_side(tap->sb, PW_SIDE_HOST);

	err = err ?: open_arrivals(&tap->arrivals);
	err = err ?: pw_sandbox_side(tap->sb, PW_SIDE_WIRE);
	err = err ?: pw_ring_open(&tap->in, WIRE_SLOT_LEN, WIRE_SLOTS, NULL);
	return err ?: pw_sandbox_side(tap->sb, back);
}

static int index_ifaces(struct pw_tap *tap)
{
	const struct pw_sandbox *sb = tap->sb;
	size_t num = sb->scene->num_ifaces;

	for (size_t i = 0; i < num; i++) {
		if (sb->ends[i].wire_index >= tap->num_ifaces)
			tap->num_ifaces = sb->ends[i].wire_index + 1;
	}
	tap->wires = calloc(num + 1, sizeof(*tap->wires));
	tap->ifaces = calloc(tap->num_ifaces + 1, sizeof(*tap->ifaces));
	if (!tap->wires || !tap->ifaces)
		return -ENOMEM;
	for (size_t i = 0; i < num; i++)
		tap->ifaces[sb->ends[i].wire_index] = (uint32_t)i + 1;
	return 0;
}

static void prepare_queue(struct pw_tap *tap)
{
	for (size_t i = 0; i < PW_MAX_QUEUE; i++) {
		tap->iovs[i].iov_base = tap->queue[i].data;
		tap->to[i].sll_family = AF_PACKET;
		tap->to[i].sll_halen = PW_MAC_LEN;
		tap->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &tap->to[i],
			.msg_namelen = sizeof(tap->to[i]),
			.msg_iov = &tap->iovs[i],
			.msg_iovlen = 1,
		};
	}
}

PW_DEFINE_OWNED(struct pw_tap, pw_tap_close)

int pw_tap_open(struct pw_sandbox *sb, struct pw_tap **out,
		struct pw_diags *diags)
{
	pw_owned(pw_tap_close) struct pw_tap *tap = calloc(1, sizeof(*tap));
	int err;

	if (!tap)
		return pw_diag_system(diags, ENOMEM, "cannot probe");
	tap->sb = sb;
	tap->in.fd = tap->arrivals.fd = -1;
	prepare_queue(tap);
	err = getrandom(&tap->cookie, sizeof(tap->cookie), 0) < 0 ? -errno : 0;
	err = err ?: index_ifaces(tap);
	err = err ?: open_rings(tap);
	if (err)
		return pw_diag_system(diags, -err,
				      "cannot open a packet socket in the "
				      "private network");
	*out = PW_TAKE(tap);
	return 0;
}

void pw_tap_close(struct pw_tap *tap)
{
	if (!tap)
		return;
	pw_ring_close(&tap->in);
	pw_ring_close(&tap->arrivals);
	free(tap->wires);
	free(tap->ifaces);
	free(tap);
}

void pw_tap_begin(struct pw_tap *tap)
{
	for (size_t i = 0; i < tap->num_used; i++)
		tap->wires[tap->used[i]].used = false;
	tap->num_used = 0;
	tap->first += (uint32_t)tap->num_sent;
	tap->num_sent = tap->num_queued = 0;
	tap->num_answers = 0;
}

struct pw_frame *pw_tap_place(struct pw_tap *tap)
{
	return &tap->queue[tap->num_queued];
}

void pw_tap_address(const struct pw_tap *tap, uint32_t iface,
		    struct pw_frame_how *how)
{
	const struct pw_wire_end *end = &tap->sb->ends[iface];

	memcpy(how->dst_mac, end->host_mac, PW_MAC_LEN);
	memcpy(how->src_mac, end->wire_mac, PW_MAC_LEN);
	how->broadcast = tap->sb->scene->ifaces[iface].broadcast;
	how->ident = tap->first + (uint32_t)tap->num_sent;
}

bool *pw_tap_taken(struct pw_tap *tap)
{
	return tap->taken;
}

uint32_t pw_tap_cookies(struct pw_tap *tap, size_t num)
{
	uint32_t first = tap->cookie;

	tap->cookie += (uint32_t)num * PW_COOKIE_STRIDE;
	return first;
}

/* What the queue of the kernel has no room for does not arrive, that is all */
int pw_tap_flush(struct pw_tap *tap)
{
	size_t num = tap->num_queued;

	tap->num_queued = 0;
	for (size_t done = 0; done < num;) {
		int n = sendmmsg(tap->in.fd, tap->msgs + done,
				 (unsigned int)(num - done), 0);

		if (n > 0)
			done += (size_t)n;
		else if (errno == ENOBUFS || errno == EAGAIN)
			done++;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static void use(struct pw_tap *tap, uint32_t iface)
{
	if (tap->wires[iface].used)
		return;
	tap->wires[iface].used = true;
	tap->used[tap->num_used++] = iface;
}

int pw_tap_push(struct pw_tap *tap, enum pw_sent_kind kind, uint32_t iface,
		uint16_t slot)
{
	size_t i = tap->num_queued;

	assert(iface < tap->sb->scene->num_ifaces && i < PW_MAX_QUEUE);
	if (tap->num_sent == PW_MAX_SENT)
		return -ENOBUFS;
	pw_tap_put_tag(tap->queue[i].data + PW_MAC_LEN,
		tap->first + (uint32_t)tap->num_sent);
	tap->iovs[i].iov_len = tap->queue[i].len;
	tap->to[i].sll_ifindex = (int)tap->sb->ends[iface].wire_index;
	tap->sent[tap->num_sent++] = (struct pw_sent){
		.iface = iface, .slot = slot, .kind = kind,
	};
	tap->num_queued++;
	if (kind == PW_SENT_PROBE) {
		use(tap, iface);
		return 0;		/* all of a burst's fit */
	}
	return tap->num_queued == PW_MAX_QUEUE ? pw_tap_flush(tap) : 0;
}

const struct pw_sent *pw_tap_sent(const struct pw_tap *tap, size_t *num)
{
	*num = tap->num_sent;
	return tap->sent;
}

bool pw_tap_loses(const struct pw_tap *tap)
{
	return tap->loses;
}
