// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host sent, and which probe it is about: also what is about none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>

#include "portwall/own.h"
#include "probe/fire.h"

enum { SYN_A, SYN_B, ACK_A, UDP_A, ECHO_A, SYN6, UDP6, NUM };

/* So that the cookie of SYN_B is 0, which resets begin at */
#define BASE ((uint32_t)0 - PW_COOKIE_STRIDE)
#define COOKIE(i) (BASE + (uint32_t)(i) * PW_COOKIE_STRIDE)
#define NOBODY COOKIE(NUM)

#define HOST { 0, 0xc6120001 }
#define BOX { 0, 0xc6120012 }
#define A { 0, 0xcb007109 }
#define B { 0, 0xcb00710a }
#define HOST6 { 0x2001000200000000, 1 }
#define A6 { 0x20010db800000000, 9 }

static const struct pw_probe probes[NUM] = {
	[SYN_A] = { .proto = IPPROTO_TCP, .src = A, .dst = HOST },
	[SYN_B] = { .proto = IPPROTO_TCP, .src = B, .dst = HOST },
	[ACK_A] = { .proto = IPPROTO_TCP, .src = A, .dst = HOST,
		    .tcp_flags = TH_ACK },
	[UDP_A] = { .proto = IPPROTO_UDP, .src = A, .dst = HOST },
	[ECHO_A] = { .proto = IPPROTO_ICMP, .src = A, .dst = HOST,
		     .type = ICMP_ECHO },
	[SYN6] = { .family = PW_IPV6, .proto = IPPROTO_TCP, .src = A6,
		   .dst = HOST6 },
	[UDP6] = { .family = PW_IPV6, .proto = IPPROTO_UDP, .src = A6,
		   .dst = HOST6 },
};

/* Reads a frame, and expects @index (NUM: no probe) to have seen @want */
static void check(const struct pw_frame *frame, size_t index,
		  enum pw_evidence want)
{
	static struct pw_sandbox sb;
	uint8_t evidence[NUM] = { 0 };
	struct pw_salvo salvo = {
		.sb = &sb, .probes = probes, .num = NUM,
		.evidence = evidence, .base = BASE,
	};

	for (size_t len = 0; len <= frame->len; len++)
		pw_salvo_read(&salvo, frame->data, len);
	for (size_t i = 0; i < NUM; i++)
		assert_int_equal(evidence[i], i == index ? want : PW_EV_NONE);
}

static const struct tcp_case {
	const char *name;
	struct pw_value src, dst;
	uint8_t flags;
	uint32_t seq, ack;
	size_t index;
	enum pw_evidence want;
} tcp_cases[] = {
	{ "SYN-ACK", HOST, A, TH_SYN | TH_ACK, NOBODY, COOKIE(SYN_A) + 1,
	  SYN_A, PW_EV_ANSWER },
	{ "SYN-ACK of what had a payload", HOST, A, TH_SYN | TH_ACK, NOBODY,
	  COOKIE(SYN_A) + 257, SYN_A, PW_EV_ANSWER },
	{ "SYN-ACK that begins as another probe", HOST, A, TH_SYN | TH_ACK,
	  COOKIE(SYN_B), COOKIE(SYN_A) + 1, SYN_A, PW_EV_ANSWER },
	{ "SYN-ACK of an old probe", HOST, A, TH_SYN | TH_ACK, COOKIE(SYN_B),
	  NOBODY + 1, NUM, 0 },
	{ "SYN-ACK to another", HOST, B, TH_SYN | TH_ACK, NOBODY,
	  COOKIE(SYN_A) + 1, NUM, 0 },
	{ "reset of a SYN", HOST, A, TH_RST | TH_ACK, 0, COOKIE(SYN_A) + 1,
	  SYN_A, PW_EV_RESET },
	{ "reset of an old SYN", HOST, B, TH_RST | TH_ACK, 0, NOBODY + 1, NUM,
	  0 },
	{ "reset of an ACK", HOST, A, TH_RST, COOKIE(ACK_A), 0, ACK_A,
	  PW_EV_RESET },
	{ "data of a connection", HOST, A, TH_ACK, COOKIE(SYN_B),
	  NOBODY + 1, NUM, 0 },
	{ "at a container", A, BOX, TH_SYN, COOKIE(SYN_A), 0, SYN_A,
	  PW_EV_FORWARDED },
	{ "ACK at a container", A, BOX, TH_ACK, COOKIE(ACK_A), COOKIE(ACK_A),
	  ACK_A, PW_EV_FORWARDED },
	{ "at its own container", A, A, TH_SYN, COOKIE(SYN_A), 0, SYN_A,
	  PW_EV_FORWARDED },
	{ "with flags that were never sent", A, BOX, TH_FIN, COOKIE(SYN_A), 0,
	  NUM, 0 },
	{ "to a container by the host itself", HOST, BOX, TH_SYN,
	  COOKIE(SYN_A), 0, NUM, 0 },
};

static void reads_tcp(void **state)
{
	const struct tcp_case *tc = *state;
	struct pw_probe sent = {
		.proto = IPPROTO_TCP, .src = tc->src, .dst = tc->dst,
		.tcp_flags = tc->flags,
	};
	struct pw_frame_how how = { .cookie = tc->seq };
	struct pw_frame frames[PW_FRAME_PIECES];

	pw_frame_build(&sent, &how, frames);
	pw_put32(frames[0].data + ETHER_HDR_LEN + 20 + 8, tc->ack);
	check(&frames[0], tc->index, tc->want);
}

static const struct error_case {
	const char *name;
	size_t index;
	uint8_t type, code;
	enum pw_evidence want;
} error_cases[] = {
	{ "net unreachable", UDP_A, 3, 0, PW_EV_PROHIBITED },
	{ "protocol unreachable", UDP_A, 3, 2, PW_EV_UNREACHABLE },
	{ "port unreachable", UDP_A, 3, 3, PW_EV_UNREACHABLE },
	{ "port unreachable for TCP", SYN_A, 3, 3, PW_EV_UNREACHABLE },
	{ "net prohibited", UDP_A, 3, 9, PW_EV_PROHIBITED },
	{ "host prohibited", ECHO_A, 3, 10, PW_EV_PROHIBITED },
	{ "prohibited", SYN_A, 3, 13, PW_EV_PROHIBITED },
	{ "time exceeded", UDP_A, 11, 0, PW_EV_NONE },
	{ "no route", UDP6, 1, 0, PW_EV_PROHIBITED },
	{ "prohibited over IPv6", SYN6, 1, 1, PW_EV_PROHIBITED },
	{ "port unreachable over IPv6", UDP6, 1, 4, PW_EV_UNREACHABLE },
	{ "policy", UDP6, 1, 5, PW_EV_PROHIBITED },
	{ "reject route", SYN6, 1, 6, PW_EV_PROHIBITED },
	{ "unknown next header", UDP6, 4, 1, PW_EV_UNREACHABLE },
	{ "broken header", UDP6, 4, 0, PW_EV_NONE },
	{ "too big", UDP6, 2, 0, PW_EV_NONE },
};

/* Quotes the whole of a probe */
static void reads_errors(void **state)
{
	const struct error_case *tc = *state;
	const struct pw_probe *about = &probes[tc->index];
	struct pw_frame_how how = { .cookie = COOKIE(tc->index) };
	struct pw_frame quoted[PW_FRAME_PIECES], frames[PW_FRAME_PIECES];
	uint8_t rest[4 + 256] = { 0 };
	struct pw_probe error = {
		.family = about->family,
		.proto = about->family == PW_IPV4 ? IPPROTO_ICMP :
						    IPPROTO_ICMPV6,
		.src = about->dst, .dst = about->src, .type = tc->type,
		.code = tc->code, .payload = rest,
	};
	size_t len;

	pw_frame_build(about, &how, quoted);
	len = quoted[0].len - (size_t)ETHER_HDR_LEN;
	memcpy(rest + 4, quoted[0].data + ETHER_HDR_LEN, len);
	error.payload_len = (uint16_t)(4 + len);
	pw_frame_build(&error, &how, frames);
	check(&frames[0], tc->want ? tc->index : NUM, tc->want);
	error.dst.lo++;			/* to somebody else */
	pw_frame_build(&error, &how, frames);
	check(&frames[0], NUM, 0);
}

static const struct other_case {
	const char *name;
	uint8_t proto, type;
	struct pw_value src, dst;
	uint32_t cookie;
	size_t index;
	enum pw_evidence want;
} other_cases[] = {
	{ "echo reply", IPPROTO_ICMP, ICMP_ECHOREPLY, HOST, A, COOKIE(ECHO_A),
	  ECHO_A, PW_EV_ANSWER },
	{ "echo reply to another", IPPROTO_ICMP, ICMP_ECHOREPLY, HOST, B,
	  COOKIE(ECHO_A), NUM, 0 },
	{ "old echo reply", IPPROTO_ICMP, ICMP_ECHOREPLY, HOST, A, NOBODY,
	  NUM, 0 },
	{ "echo request at a container", IPPROTO_ICMP, ICMP_ECHO, A, BOX,
	  COOKIE(ECHO_A), ECHO_A, PW_EV_FORWARDED },
	{ "datagram at a container", IPPROTO_UDP, 0, A, BOX, COOKIE(UDP_A),
	  UDP_A, PW_EV_FORWARDED },
	{ "datagram of the host's own", IPPROTO_UDP, 0, HOST, BOX,
	  COOKIE(UDP_A), NUM, 0 },
	{ "another protocol", IPPROTO_UDPLITE, 0, A, BOX, COOKIE(UDP_A), NUM,
	  0 },
};

static void reads_others(void **state)
{
	const struct other_case *tc = *state;
	struct pw_probe sent = {
		.proto = tc->proto, .type = tc->type, .src = tc->src,
		.dst = tc->dst,
	};
	struct pw_frame_how how = { .cookie = tc->cookie };
	struct pw_frame frames[PW_FRAME_PIECES];

	pw_frame_build(&sent, &how, frames);
	check(&frames[0], tc->index, tc->want);
}

/* Each row is a test of its own */
#define FILL(tests, rows, fn) \
	for (size_t i_ = 0; i_ < PW_ARRAY_SIZE(rows); i_++) \
		(tests)[i_] = (struct CMUnitTest){ \
			.name = (rows)[i_].name, .test_func = (fn), \
			.initial_state = (void *)(uintptr_t)&(rows)[i_], \
		}

int main(void)
{
	struct CMUnitTest tcp[PW_ARRAY_SIZE(tcp_cases)] = { 0 };
	struct CMUnitTest errors[PW_ARRAY_SIZE(error_cases)] = { 0 };
	struct CMUnitTest others[PW_ARRAY_SIZE(other_cases)] = { 0 };
	int failed;

	FILL(tcp, tcp_cases, reads_tcp);
	FILL(errors, error_cases, reads_errors);
	FILL(others, other_cases, reads_others);
	failed = cmocka_run_group_tests_name("TCP", tcp, NULL, NULL);
	failed += cmocka_run_group_tests_name("errors", errors, NULL, NULL);
	return failed + cmocka_run_group_tests_name("others", others, NULL,
						    NULL);
}
