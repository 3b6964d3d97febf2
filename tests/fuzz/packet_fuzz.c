// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames that come back to probes: bytes of whoever is on the wire. They may
 * say something of a probe only to whom it was addressed.
 */
#include <netinet/in.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>

#include "fuzz.h"
#include "portwall/own.h"
#include "probe/fire.h"

#define BASE 0x40000000u
#define HOST { 0, 0xc6120001 }
#define A { 0, 0xcb007109 }
#define HOST6 { 0x2001000200000000, 1 }
#define A6 { 0x20010db800000000, 9 }

static const struct pw_probe probes[] = {
	{ .proto = IPPROTO_TCP, .src = A, .dst = HOST },
	{ .proto = IPPROTO_TCP, .src = A, .dst = HOST, .tcp_flags = TH_ACK },
	{ .proto = IPPROTO_UDP, .src = A, .dst = HOST },
	{ .proto = IPPROTO_ICMP, .src = A, .dst = HOST, .type = ICMP_ECHO },
	{ .proto = IPPROTO_SCTP, .src = A, .dst = HOST },
	{ .family = PW_IPV6, .proto = IPPROTO_TCP, .src = A6, .dst = HOST6 },
	{ .family = PW_IPV6, .proto = IPPROTO_UDP, .src = A6, .dst = HOST6 },
	{ .family = PW_IPV6, .proto = IPPROTO_ICMPV6, .src = A6, .dst = HOST6,
	  .type = ICMP6_ECHO_REQUEST },
};

#define NUM PW_ARRAY_SIZE(probes)

static void lies_within(const struct pw_packet *packet, const uint8_t *frame,
			size_t len)
{
	MUST(packet->data >= frame && packet->data <= frame + len);
	MUST(packet->len <= (size_t)(frame + len - packet->data));
	MUST(packet->family < PW_NUM_FAMILIES);
}

/* To or from the address that the probe was sent from? */
static bool concerns(const struct pw_packet *packet, size_t i)
{
	return packet->family == probes[i].family &&
	       (!pw_value_cmp(packet->src, probes[i].src) ||
		!pw_value_cmp(packet->dst, probes[i].src));
}

static void read_frame(const uint8_t *frame, size_t len,
		       const struct pw_packet *packet)
{
	static struct pw_sandbox sb;
	static struct pw_salvo salvo;
	uint8_t evidence[NUM] = { 0 };

	salvo = (struct pw_salvo){
		.sb = &sb, .probes = probes, .num = NUM,
		.evidence = evidence, .base = BASE,
	};
	pw_salvo_read(&salvo, frame, len);
	for (size_t i = 0; i < NUM; i++)
		MUST(!evidence[i] || (packet && concerns(packet, i)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pw_packet packet, quoted, again;
	uint8_t *frame = malloc(size);
	uint32_t cookie;
	bool is_packet;

	MUST(frame || !size);
	if (size)
		memcpy(frame, data, size);
	is_packet = pw_frame_parse(frame, size, &packet);
	if (is_packet) {
		lies_within(&packet, frame, size);
		(void)pw_packet_cookie(packet.proto, packet.data, packet.len,
				       &cookie);
		if (pw_packet_quoted(&packet, &quoted)) {
			lies_within(&quoted, packet.data, packet.len);
			(void)pw_packet_quoted(&quoted, &again);
		}
	}
	if (pw_packet_parse(frame, size, &again))
		lies_within(&again, frame, size);
	read_frame(frame, size, is_packet ? &packet : NULL);
	free(frame);
	return 0;
}
