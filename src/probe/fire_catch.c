// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets in the host: what got through to them, and what they lost. */
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "probe/fire.h"

#define AT_ONCE 64
#define UDP_LEN 8

static int ask_drops(int fd, uint32_t *drops)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return -errno;
	*drops = info[SK_MEMINFO_DROPS];
	return 0;
}

static int add(struct pw_salvo *salvo, int fd, enum pw_family family,
	       uint8_t proto, bool raw)
{
	struct pw_catch *new = &salvo->catches[salvo->num_catches];

	if (fd < 0)
		return 0;
	*new = (struct pw_catch){
		.fd = fd, .family = family, .proto = proto, .raw = raw,
	};
	salvo->num_catches++;
	return ask_drops(fd, &new->drops);
}

int pw_catches_choose(struct pw_salvo *salvo)
{
	bool seen[PW_NUM_FAMILIES][256] = { 0 };
	int err = 0;

	salvo->num_catches = 0;
	for (size_t i = 0; !err && i < salvo->num; i++) {
		enum pw_family family = salvo->probes[i].family;
		uint8_t proto = salvo->probes[i].proto;

		if (seen[family][proto])
			continue;
		seen[family][proto] = true;
		err = add(salvo, salvo->sb->raw[family][proto], family, proto,
			  true);
		if (!err && proto == IPPROTO_UDP)
			err = add(salvo, salvo->sb->udp[family], family, proto,
				  false);
	}
	return err;
}

/* A datagram; before its payload there is room for a UDP header */
struct datagram {
	uint8_t bytes[UDP_LEN + PW_FRAME_MAX];
};

/* The transport header on; that of UDP is gone, but nobody asks for it */
static bool is_transport(const struct pw_catch *from,
			 const struct datagram *got, size_t len,
			 struct pw_packet *out)
{
	const uint8_t *data = got->bytes + UDP_LEN;

	if (from->raw && from->family == PW_IPV4)
		return pw_packet_parse(data, len, out);
	out->data = from->raw ? data : got->bytes;
	out->len = from->raw ? len : len + UDP_LEN;
	return true;
}

static void read_one(struct pw_salvo *salvo, const struct pw_catch *from,
		     const struct datagram *got, size_t len)
{
	struct pw_packet packet;
	size_t index;

	if (is_transport(from, got, len, &packet) &&
	    pw_salvo_find(salvo, from->family, from->proto, packet.data,
			  packet.len, &index))
		pw_salvo_mark(salvo, index, PW_EV_DELIVERED);
}

static int read_all(struct pw_salvo *salvo, const struct pw_catch *from)
{
	struct datagram got[AT_ONCE] = { 0 };
	struct mmsghdr msgs[AT_ONCE] = { 0 };
	struct iovec iovs[AT_ONCE];
	int num = AT_ONCE;

	for (int i = 0; i < AT_ONCE; i++) {
		iovs[i].iov_base = got[i].bytes + UDP_LEN;
		iovs[i].iov_len = PW_FRAME_MAX;
		msgs[i].msg_hdr.msg_iov = &iovs[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	while (num == AT_ONCE) {
		num = recvmmsg(from->fd, msgs, AT_ONCE, MSG_DONTWAIT, NULL);
		for (int i = 0; i < num; i++)
			read_one(salvo, from, &got[i], msgs[i].msg_len);
	}
	return num < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

int pw_catches_read(struct pw_salvo *salvo)
{
	bool lost = false;

	for (size_t i = 0; i < salvo->num_catches; i++) {
		struct pw_catch *from = &salvo->catches[i];
		uint32_t before = from->drops;
		int err = read_all(salvo, from);

		err = err ?: ask_drops(from->fd, &from->drops);
		if (err)
			return err;
		lost |= from->drops != before;
	}
	return lost;
}
