// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host answers to itself, when it believes a forged source. */
#include "rehearse/held_echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rehearse/conversation_frame.h"

int pw_echo_open(struct pw_stage *stage, struct pw_echo *out)
{
	struct sockaddr_ll lo = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	};
	int err = pw_sandbox_side(stage->sb, PW_SIDE_HOST);

	*out = (struct pw_echo){ .stage = stage, .fd = -1 };
	if (err)
		return err;
	lo.sll_ifindex = (int)if_nametoindex("lo");
	out->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 htons(ETH_P_ALL));
	if (out->fd < 0 ||
	    bind(out->fd, (struct sockaddr *)&lo, sizeof(lo)))
		return pw_diag_system(stage->diags, errno,
				      "a socket on the sandbox's lo");
	return 0;
}

void pw_echo_close(struct pw_echo *echo)
{
	if (echo->fd >= 0)
		close(echo->fd);
	echo->fd = -1;
}

static int report(struct pw_echo *echo, uint32_t of_case,
		  const struct pw_segment *s)
{
	char from[PW_ADDR_STRLEN], addr[PW_ADDR_STRLEN];
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_of(16, pw_value32(s->sport), pw_value32(s->sport));
	struct pw_finding finding = {
		.of_case = of_case, .result = PW_RES_VIOLATION,
		.state = PW_STATE_REACHABLE, .proto = s->proto,
		.ports = ports, .from = from, .addr = addr,
		.expected = "dropped: own address as source",
		.evidence = PW_EV_ANSWER,
		.text = "the host answered a packet that came over the wire from its own address",
		.section = PW_NO_SECTION,
	};

	if (!ports)
		return -ENOMEM;
	pw_addr_format(s->family, s->dst, from);
	pw_addr_format(s->family, s->src, addr);
	return pw_report_find(echo->stage->report, &finding);
}

/* The next one that came in over lo: each goes out there first. Its length */
static ssize_t next(struct pw_echo *echo, uint8_t *frame, size_t size)
{
	struct sockaddr_ll from;
	socklen_t from_len;
	ssize_t len;

	do {
		from_len = sizeof(from);
		len = recvfrom(echo->fd, frame, size, MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);
	} while (len > 0 && from.sll_pkttype == PACKET_OUTGOING);
	return len;
}

/* The kernel delivers over lo at once: what was answered is here by now */
int pw_echo_judge(struct pw_echo *echo)
{
	struct pw_report *to = echo->stage->report;
	int64_t of_case = pw_report_case(to, "held", PW_RES_PASS,
					 "nothing is answered to own addresses");
	uint8_t frame[PW_SEGMENT_MAX];
	struct pw_segment s;
	ssize_t len;
	int err = 0;

	if (of_case < 0)
		return (int)of_case;
	while (!err && (len = next(echo, frame, sizeof(frame))) > 0)
		if (pw_segment_read(frame, (size_t)len, &s) &&
		    s.proto == IPPROTO_TCP &&
		    s.flags == (TH_SYN | TH_ACK))
			err = report(echo, (uint32_t)of_case, &s);
	return err;
}
