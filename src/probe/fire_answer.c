// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host sent: which probe it answers or is, and what that means. */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>

#include "probe/fire.h"

#define TCP_LEN 20
#define TCP_SEQ 4
#define TCP_ACK 8
#define TCP_FLAGS 13
#define ANY_CODE -1

void pw_salvo_mark(struct pw_salvo *salvo, size_t index,
		   enum pw_evidence evidence)
{
	if (salvo->evidence[index] < evidence)
		salvo->evidence[index] = evidence;
}

/* The probe with this cookie, or a number up to its end */
static bool index_of(const struct pw_salvo *salvo, uint32_t cookie,
		     enum pw_family family, uint8_t proto, size_t *index)
{
	size_t i = (cookie - salvo->base) / PW_COOKIE_STRIDE;

	if (i >= salvo->num || salvo->probes[i].family != family ||
	    salvo->probes[i].proto != proto)
		return false;
	*index = i;
	return true;
}

static bool is_alone(const struct pw_salvo *salvo, enum pw_family family,
		     uint8_t proto, const uint8_t *data, size_t len)
{
	const struct pw_probe *probe = &salvo->probes[salvo->slots[0]];
	size_t skip = pw_transport_skip(proto);

	return salvo->alone_len && salvo->alone_len <= len &&
	       probe->family == family && probe->proto == proto &&
	       !memcmp(salvo->alone + skip, data + skip,
		       salvo->alone_len - skip);
}

bool pw_salvo_find(const struct pw_salvo *salvo, enum pw_family family,
		   uint8_t proto, const uint8_t *data, size_t len,
		   size_t *index)
{
	uint32_t cookie;

	if (is_alone(salvo, family, proto, data, len)) {
		*index = salvo->slots[0];
		return true;
	}
	return pw_packet_cookie(proto, data, len, &cookie) &&
	       index_of(salvo, cookie, family, proto, index) &&
	       pw_probe_has_cookie(&salvo->probes[*index]);
}

/*
 * From the sender of the probe: it came out at a container. Even at the sender
 * itself, if that asked for a port of its own.
 */
static bool is_probe(const struct pw_salvo *salvo, size_t index,
		     const struct pw_packet *packet)
{
	return !pw_value_cmp(salvo->probes[index].src, packet->src);
}

static bool is_reply(const struct pw_salvo *salvo, size_t index,
		     const struct pw_packet *packet)
{
	return !pw_value_cmp(salvo->probes[index].src, packet->dst) &&
	       !is_probe(salvo, index, packet);
}

/* The number acknowledged names the probe, whatever it carried */
static bool is_tcp_answer(struct pw_salvo *salvo,
			  const struct pw_packet *packet, uint8_t flags)
{
	size_t index;

	if (!(flags & TH_ACK) ||
	    !index_of(salvo, pw_get32(packet->data + TCP_ACK), packet->family,
		      IPPROTO_TCP, &index) ||
	    !is_reply(salvo, index, packet))
		return false;
	if (flags & TH_RST)
		pw_salvo_mark(salvo, index, PW_EV_RESET);
	else if (flags & TH_SYN)
		pw_salvo_mark(salvo, index, PW_EV_ANSWER);
	return true;
}

/*
 * What is reset because it acknowledged something is reset at that number, and
 * nothing is acknowledged. A probe on its way is as it was. The host's own
 * first numbers are random, and may fall among ours.
 */
static void read_tcp(struct pw_salvo *salvo, const struct pw_packet *packet)
{
	uint8_t flags;
	size_t index;

	if (packet->len < TCP_LEN)
		return;
	flags = packet->data[TCP_FLAGS];
	if (is_tcp_answer(salvo, packet, flags) ||
	    !index_of(salvo, pw_get32(packet->data + TCP_SEQ), packet->family,
		      IPPROTO_TCP, &index))
		return;
	if (is_probe(salvo, index, packet) &&
	    flags == (salvo->probes[index].tcp_flags ?: TH_SYN))
		pw_salvo_mark(salvo, index, PW_EV_FORWARDED);
	else if (is_reply(salvo, index, packet) &&
		 (flags & (TH_RST | TH_ACK)) == TH_RST)
		pw_salvo_mark(salvo, index, PW_EV_RESET);
}

/*
 * Refusals. What a rule refuses as "unreachable" otherwise than by port and
 * protocol, as net or host or for lack of a route, is as good as prohibited.
 */
static const struct refusal {
	uint8_t proto, type;
	int code;
	enum pw_evidence evidence;
} refusals[] = {
	{ IPPROTO_ICMP, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH,
	  PW_EV_UNREACHABLE },
	{ IPPROTO_ICMP, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH,
	  PW_EV_UNREACHABLE },
	{ IPPROTO_ICMP, ICMP_DEST_UNREACH, ANY_CODE, PW_EV_PROHIBITED },
	{ IPPROTO_ICMPV6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT,
	  PW_EV_UNREACHABLE },
	{ IPPROTO_ICMPV6, ICMP6_DST_UNREACH, ANY_CODE, PW_EV_PROHIBITED },
	{ IPPROTO_ICMPV6, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_NEXTHEADER,
	  PW_EV_UNREACHABLE },
};

/*
 * A protocol that no socket can take: what is unreachable then is so behind all
 * rules, for the stack
 */
static bool is_stacks_own(const struct pw_salvo *salvo,
			  const struct pw_packet *error,
			  const struct pw_packet *quoted)
{
	return error->proto == IPPROTO_ICMP &&
	       error->data[1] == ICMP_PROT_UNREACH && salvo->sb->listening &&
	       salvo->sb->raw[PW_IPV4][quoted->proto] < 0;
}

static void read_error(struct pw_salvo *salvo, const struct pw_packet *error,
		       const struct pw_packet *quoted)
{
	size_t index;

	if (quoted->piece ||
	    !pw_salvo_find(salvo, quoted->family, quoted->proto, quoted->data,
			   quoted->len, &index) ||
	    !is_reply(salvo, index, error))
		return;
	for (size_t i = 0; i < PW_ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];

		if (refusal->proto == error->proto &&
		    refusal->type == error->data[0] &&
		    (refusal->code == ANY_CODE ||
		     refusal->code == error->data[1])) {
			pw_salvo_mark(salvo, index,
				      is_stacks_own(salvo, error, quoted) ?
					      PW_EV_DELIVERED :
					      refusal->evidence);
			return;
		}
	}
}

static bool is_echo_reply(const struct pw_packet *packet)
{
	return packet->len &&
	       ((packet->proto == IPPROTO_ICMP &&
		 packet->data[0] == ICMP_ECHOREPLY) ||
		(packet->proto == IPPROTO_ICMPV6 &&
		 packet->data[0] == ICMP6_ECHO_REPLY));
}

void pw_salvo_read(void *arg, const uint8_t *frame, size_t len)
{
	struct pw_salvo *salvo = arg;
	struct pw_packet packet, quoted;
	size_t index;

	if (!pw_frame_parse(frame, len, &packet) || packet.piece)
		return;
	if (packet.proto == IPPROTO_TCP) {
		read_tcp(salvo, &packet);
		return;
	}
	if (pw_packet_quoted(&packet, &quoted))
		read_error(salvo, &packet, &quoted);
	if (!pw_salvo_find(salvo, packet.family, packet.proto, packet.data,
			   packet.len, &index))
		return;
	if (is_probe(salvo, index, &packet))
		pw_salvo_mark(salvo, index, PW_EV_FORWARDED);
	else if (is_reply(salvo, index, &packet) && is_echo_reply(&packet))
		pw_salvo_mark(salvo, index, PW_EV_ANSWER);
}
