// SPDX-License-Identifier: GPL-2.0-or-later
/* Packet sockets with TPACKET_V2 rings (packet_mmap.rst), for what comes in. */
#include "probe/tap_ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_LEN (1u << 16)

static int set_ring(int fd, size_t slot_len, size_t num_slots)
{
	size_t len = slot_len * num_slots;
	size_t block = len < BLOCK_LEN ? len : BLOCK_LEN;
	struct tpacket_req req = {
		.tp_block_size = (unsigned int)block,
		.tp_block_nr = (unsigned int)(len / block),
		.tp_frame_size = (unsigned int)slot_len,
		.tp_frame_nr = (unsigned int)num_slots,
	};
	int version = TPACKET_V2, on = 1;

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version,
		       sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return -errno;
	return 0;
}

static int set_filter(int fd, const struct sock_fprog *filter)
{
	if (filter && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter,
				 sizeof(*filter)))
		return -errno;
	return 0;
}

/* Only now frames come: all of them find the ring and the filter */
static int begin(struct pw_ring *ring)
{
	struct sockaddr_ll all = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	void *map = mmap(NULL, ring->slot_len * ring->num_slots,
			 PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	ring->map = map;
	return bind(ring->fd, (struct sockaddr *)&all, sizeof(all)) ? -errno :
								       0;
}

int pw_ring_open(struct pw_ring *ring, size_t slot_len, size_t num_slots,
		 const struct sock_fprog *filter)
{
	int err;

	*ring = (struct pw_ring){
		.slot_len = slot_len, .num_slots = num_slots,
	};
	ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (ring->fd < 0)
		return -errno;
	err = set_filter(ring->fd, filter);
	err = err ?: set_ring(ring->fd, slot_len, num_slots);
	err = err ?: begin(ring);
	if (err)
		pw_ring_close(ring);
	return err;
}

void pw_ring_close(struct pw_ring *ring)
{
	if (ring->map)
		munmap(ring->map, ring->slot_len * ring->num_slots);
	if (ring->fd >= 0)
		close(ring->fd);
	ring->map = NULL;
	ring->fd = -1;
}

static struct tpacket2_hdr *slot(const struct pw_ring *ring)
{
	/* slots are aligned to TPACKET_ALIGNMENT */
	return (void *)(ring->map + ring->next * ring->slot_len);
}

bool pw_ring_peek(struct pw_ring *ring, struct pw_ring_frame *out)
{
	struct tpacket2_hdr *hdr = slot(ring);
	const struct sockaddr_ll *from;

	if (!(__atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE) &
	      TP_STATUS_USER))
		return false;
	from = (void *)((uint8_t *)hdr + TPACKET_ALIGN(sizeof(*hdr)));
	*out = (struct pw_ring_frame){
		.data = (const uint8_t *)hdr + hdr->tp_mac,
		.kept = hdr->tp_snaplen,
		.len = hdr->tp_len,
		.ifindex = from->sll_ifindex,
	};
	return true;
}

void pw_ring_release(struct pw_ring *ring)
{
	__atomic_store_n(&slot(ring)->tp_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	ring->next = (ring->next + 1) % ring->num_slots;
}

int64_t pw_ring_drops(const struct pw_ring *ring)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		return -errno;
	return stats.tp_drops;
}
