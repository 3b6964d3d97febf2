// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP errors that the kernel hands to the socket which caused them. */
#include "probe/refusal.h"

#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

static const struct meaning {
	uint8_t origin, type, code;
	enum pw_evidence evidence;
	bool absent;
} meanings[] = {
	/* RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 */
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH,
	  PW_EV_UNREACHABLE, false },
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH,
	  PW_EV_UNREACHABLE, false },
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_NET_ANO,
	  PW_EV_PROHIBITED, false },
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_HOST_ANO,
	  PW_EV_PROHIBITED, false },
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED,
	  PW_EV_PROHIBITED, false },
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_PREC_VIOLATION,
	  PW_EV_PROHIBITED, false },
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_PREC_CUTOFF,
	  PW_EV_PROHIBITED, false },
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_NET_UNREACH,
	  PW_EV_UNKNOWN, true },
	{ SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,
	  PW_EV_UNKNOWN, true },
	/* RFC 4443, 3.1 and 3.4 */
	{ SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT,
	  PW_EV_UNREACHABLE, false },
	{ SO_EE_ORIGIN_ICMP6, ICMP6_PARAM_PROB, ICMP6_PARAMPROB_NEXTHEADER,
	  PW_EV_UNREACHABLE, false },
	{ SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADMIN,
	  PW_EV_PROHIBITED, false },
	{ SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, 5 /* source policy */,
	  PW_EV_PROHIBITED, false },
	{ SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, 6 /* reject route */,
	  PW_EV_PROHIBITED, false },
	{ SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE,
	  PW_EV_UNKNOWN, true },
	{ SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR,
	  PW_EV_UNKNOWN, true },
};

int pw_refusals_want(int fd, enum pw_family family)
{
	const int one = 1;
	int err = family == PW_IPV4 ?
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)) :
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));

	return err ? -errno : 0;
}

static void judge(struct pw_refusal *out, const struct sock_extended_err *ee)
{
	struct pw_sockaddr by = { 0 };

	memcpy(&by.in6, SO_EE_OFFENDER(ee), sizeof(by.in6));
	out->by = pw_sockaddr_addr(&by);
	out->is_local = ee->ee_origin == SO_EE_ORIGIN_LOCAL;
	out->evidence = PW_EV_UNKNOWN;
	out->absent = false;
	for (size_t i = 0; i < PW_ARRAY_SIZE(meanings); i++) {
		const struct meaning *m = &meanings[i];

		if (m->origin == ee->ee_origin && m->type == ee->ee_type &&
		    m->code == ee->ee_code) {
			out->evidence = m->evidence;
			out->absent = m->absent;
		}
	}
}

static const struct sock_extended_err *error_of(struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if ((c->cmsg_level == IPPROTO_IP &&
		     c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		     c->cmsg_type == IPV6_RECVERR))
			return (const void *)CMSG_DATA(c);
	return NULL;
}

bool pw_refusal_next(int fd, struct pw_refusal *out)
{
	/* the error, and behind it who sent it */
	_Alignas(struct cmsghdr) char control[512];
	struct iovec iov = { out->data, sizeof(out->data) };
	struct msghdr msg = {
		.msg_name = &out->about, .msg_namelen = sizeof(out->about.in6),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	const struct sock_extended_err *ee;
	ssize_t len = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (len < 0)
		return false;
	out->about.len = msg.msg_namelen;
	out->data_len = (size_t)len;
	ee = error_of(&msg);
	if (!ee)
		return false;
	judge(out, ee);
	return true;
}
