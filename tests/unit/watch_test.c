// SPDX-License-Identifier: GPL-2.0-or-later
/* The watch: announcements, the limit of putting back, what is new, frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch/events.h"
#include "watch/frame.h"
#include "watch/limit.h"
#include "watch/ports.h"

/* ---- announcements ---- */

static const struct news_case {
	const char *name;
	uint8_t type, family;
	const char *table;
	bool ours, others;
} news_cases[] = {
	{ "a rule of ours", NFT_MSG_NEWRULE, NFPROTO_INET, "portwall", true,
	  false },
	{ "our table goes", NFT_MSG_DELTABLE, NFPROTO_INET, "portwall", true,
	  false },
	{ "a set of ours", NFT_MSG_NEWSET, NFPROTO_INET, "portwall", true,
	  false },
	{ "an element of ours", NFT_MSG_NEWSETELEM, NFPROTO_INET, "portwall",
	  false, false },
	{ "our name in another family", NFT_MSG_NEWRULE, NFPROTO_IPV4,
	  "portwall", false, true },
	{ "a name that ours begins", NFT_MSG_NEWRULE, NFPROTO_INET,
	  "portwall2", false, true },
	{ "a rule of others", NFT_MSG_DELRULE, NFPROTO_IPV4, "filter", false,
	  true },
	{ "a set of others", NFT_MSG_NEWSET, NFPROTO_IPV4, "filter", false,
	  false },
	{ "elements of others", NFT_MSG_DELSETELEM, NFPROTO_INET, "filter",
	  false, false },
	{ "no table", NFT_MSG_NEWRULE, NFPROTO_INET, NULL, false, true },
};

static struct nlmsghdr *message(char *buf, uint8_t type, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nfg->nfgen_family = family;
	return nlh;
}

static void take_end(struct pw_transaction *begun, struct pw_news *news)
{
	char buf[256];
	struct nlmsghdr *nlh = message(buf, NFT_MSG_NEWGEN, NFPROTO_UNSPEC);

	mnl_attr_put_u32(nlh, NFTA_GEN_ID, htonl(7));
	mnl_attr_put_u32(nlh, NFTA_GEN_PROC_PID, htonl(4711));
	mnl_attr_put_strz(nlh, NFTA_GEN_PROC_NAME, "nft");
	pw_events_take(nlh, begun, news);
}

static void takes_news(void **state)
{
	const struct news_case *tc = *state;
	struct pw_transaction begun = { 0 };
	struct pw_news news = { 0 };
	char buf[256];
	struct nlmsghdr *nlh = message(buf, tc->type, tc->family);

	if (tc->table)
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, tc->table);
	pw_events_take(nlh, &begun, &news);
	assert_false(news.ours || news.others);	/* not before its end */
	take_end(&begun, &news);
	assert_int_equal(news.ours, tc->ours);
	assert_int_equal(news.others, tc->others);
	assert_int_equal(news.pid, tc->ours || tc->others ? 4711 : 0);
	assert_string_equal(news.comm, tc->ours || tc->others ? "nft" : "");
	take_end(&begun, &news);	/* of a transaction that does nothing */
	assert_int_equal(news.ours, tc->ours);
}

/* What is no message of nf_tables, or none at all */
static void ignores_strangers(void **state)
{
	struct pw_transaction begun = { 0 };
	struct pw_news news = { 0 };
	char buf[256];
	struct nlmsghdr *nlh = message(buf, NFT_MSG_NEWRULE, NFPROTO_INET);

	(void)state;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, "portwall");
	nlh->nlmsg_type = NFNL_SUBSYS_IPSET << 8 | NFT_MSG_NEWRULE;
	pw_events_take(nlh, &begun, &news);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
	pw_events_take(nlh, &begun, &news);
	take_end(&begun, &news);
	assert_false(news.ours || news.others || news.lost);
}

/* ---- the limit ---- */

/* Each letter a try, seconds apart: y allowed, G first refusal, n refused */
static const struct limit_case {
	const char *name;
	unsigned int apart_s, from;
	const char *answers;
} limit_cases[] = {
	{ "five in a minute", 1, 1, "yyyyyGnnnn" },
	{ "one a minute", 60, 1, "yyyyyyyyyyyy" },
	{ "one in 13 s", 13, 1, "yyyyyyyyyyyy" },
	{ "one in 11 s", 11, 1, "yyyyyGnnnn" },
	{ "afresh after ten minutes", 11, 1,
	  "yyyyyGnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnyyyyyGn" },
};

static void limits_heals(void **state)
{
	const struct limit_case *tc = *state;
	struct pw_heal_limit limit = { 0 };
	uint64_t now_ms = tc->from;

	for (const char *c = tc->answers; *c; c++) {
		bool gave_up, allowed = pw_heal_allow(&limit, now_ms,
						      &gave_up);

		assert_int_equal(allowed ? 'y' : gave_up ? 'G' : 'n', *c);
		now_ms += tc->apart_s * 1000u;
	}
}

/* ---- listeners ---- */

/* Ports below 1000 are of TCP, others of UDP; sorted, ends with 0 */
static struct pw_ports ports_of(const uint16_t *list)
{
	struct pw_ports ports = { .list = calloc(8, sizeof(*ports.list)) };

	assert_non_null(ports.list);
	for (; list[ports.num]; ports.num++)
		ports.list[ports.num].listener = (struct pw_listener){
			.port = list[ports.num],
			.proto = list[ports.num] < 1000 ? IPPROTO_TCP :
							  IPPROTO_UDP,
		};
	ports.known = true;
	return ports;
}

/* 40000 is among the ports that the kernel hands out, 5353 is not */
static const struct ports_case {
	const char *name;
	uint16_t before[4], then[4], now[4], fresh[4];
} ports_cases[] = {
	{ "nothing new", { 22, 80 }, { 22, 80 }, { 22, 80 }, { 0 } },
	{ "one more", { 22 }, { 22 }, { 22, 80 }, { 80 } },
	{ "one less", { 22, 80 }, { 22, 80 }, { 22 }, { 0 } },
	{ "told once", { 22 }, { 22, 80 }, { 22, 80 }, { 0 } },
	{ "back again", { 22, 80 }, { 22 }, { 22, 80 }, { 80 } },
	{ "of UDP", { 22 }, { 22 }, { 22, 5353 }, { 5353 } },
	{ "for a moment", { 22 }, { 22 }, { 22, 40000 }, { 0 } },
	{ "longer", { 22 }, { 22, 40000 }, { 22, 40000 }, { 40000 } },
	{ "from the first", { 40000 }, { 40000 }, { 40000 }, { 0 } },
};

static void finds_new_ports(void **state)
{
	const struct ports_case *tc = *state;
	struct pw_ports ports = { 0 };
	struct pw_ports seen[] = { ports_of(tc->before), ports_of(tc->then),
				   ports_of(tc->now) };
	struct pw_listener *fresh = NULL;
	size_t num = 0;

	for (size_t i = 0; i < 3; i++) {
		free(fresh);
		assert_int_equal(pw_ports_compare(&ports, &seen[i], &fresh,
						  &num), 0);
	}
	for (size_t i = 0; i < num; i++)
		assert_int_equal(fresh[i].port, tc->fresh[i]);
	assert_int_equal(tc->fresh[num], 0);
	free(fresh);
	pw_ports_clear(&ports);
}

/* ---- frames ---- */

struct taken {
	size_t events, results;
};

static char *writable(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int on_event(void *arg, const struct pw_event *event)
{
	struct taken *taken = arg;

	taken->events++;
	assert_int_equal(event->kind, PW_EVENT_CHANGED);
	assert_string_equal(event->text, "what happened");
	assert_string_equal(event->comm, "nft");
	assert_int_equal(event->pid, 5);
	assert_int_equal(event->drifts->num, 2);
	assert_string_equal(event->drifts->list[0].text, "one");
	assert_null(event->drifts->list[0].hint);
	assert_string_equal(event->drifts->list[1].hint, "do it");
	assert_true(event->drifts->list[1].note);
	assert_int_equal(event->listener->port, 80);
	return 0;
}

static int on_result(void *arg, const void *result, size_t len)
{
	struct taken *taken = arg;

	taken->results++;
	assert_int_equal(len, 6);
	assert_string_equal(result, "bytes");
	return 0;
}

static void send_all(int fd)
{
	struct pw_drift list[] = {
		{ PW_DRIFT_GONE, writable("one"), NULL, false },
		{ PW_DRIFT_FILE, writable("two"), writable("do it"), true },
	};
	const struct pw_drifts drifts = { list, 2, 2 };
	const struct pw_listener listener = { .port = 80 };
	const struct pw_event event = {
		.kind = PW_EVENT_CHANGED, .text = "what happened", .pid = 5,
		.comm = "nft", .drifts = &drifts, .listener = &listener,
	};

	assert_int_equal(pw_frame_send(fd, &event), 0);
	assert_int_equal(pw_frame_send_result(fd, "bytes", 6), 0);
	assert_int_equal(pw_frame_send(fd, &event), 0);
}

/* However it is cut: @state is the length of the pieces */
static void frames_arrive(void **state)
{
	const size_t piece = *(const size_t *)*state;
	struct taken taken = { 0 };
	const struct pw_frame_reader reader = { on_event, on_result, &taken };
	struct pw_frames frames = { 0 };
	char buf[4096];
	ssize_t len;
	int fds[2], in[2];

	assert_int_equal(pipe(fds), 0);
	send_all(fds[1]);
	len = read(fds[0], buf, sizeof(buf));
	assert_true(len > 0);
	for (size_t at = 0; at < (size_t)len; at += piece) {
		size_t n = (size_t)len - at < piece ? (size_t)len - at : piece;

		assert_int_equal(pipe(in), 0);
		assert_int_equal(write(in[1], buf + at, n), n);
		assert_int_equal(pw_frames_read(&frames, in[0]), 1);
		assert_int_equal(pw_frames_take(&frames, &reader), 0);
		close(in[1]);
		assert_int_equal(pw_frames_read(&frames, in[0]), 0);
		close(in[0]);
	}
	assert_int_equal(taken.events, 2);
	assert_int_equal(taken.results, 1);
	pw_frames_clear(&frames);
	close(fds[0]);
	close(fds[1]);
}

/* A length that cannot be, and a kind that there is not */
static void refuses_nonsense(void **state)
{
	struct taken taken = { 0 };
	const struct pw_frame_reader reader = { on_event, on_result, &taken };

	(void)state;
	for (int byte = 0; byte < 256; byte += 255) {
		struct pw_frames frames = { calloc(1, 4096), 4096, 4096 };

		memset(frames.buf, byte, 4096);
		assert_int_equal(pw_frames_take(&frames, &reader), -EBADMSG);
		pw_frames_clear(&frames);
	}
}

#define ROWS(array) (sizeof(array) / sizeof((array)[0]))
#define ROW(title, function, row) \
	((struct CMUnitTest){ (title), (function), NULL, NULL, \
			      (void *)(uintptr_t)(row) })

int main(void)
{
	static const size_t pieces[] = { 1, 7, 100, 4096 };
	static struct CMUnitTest tests[ROWS(news_cases) + ROWS(limit_cases) +
				       ROWS(ports_cases) + ROWS(pieces) + 2];
	size_t num = 0;

	for (size_t i = 0; i < ROWS(news_cases); i++)
		tests[num++] = ROW(news_cases[i].name, takes_news,
				   &news_cases[i]);
	for (size_t i = 0; i < ROWS(limit_cases); i++)
		tests[num++] = ROW(limit_cases[i].name, limits_heals,
				   &limit_cases[i]);
	for (size_t i = 0; i < ROWS(ports_cases); i++)
		tests[num++] = ROW(ports_cases[i].name, finds_new_ports,
				   &ports_cases[i]);
	for (size_t i = 0; i < ROWS(pieces); i++)
		tests[num++] = ROW("frames in pieces", frames_arrive,
				   &pieces[i]);
	tests[num++] = ROW("strangers", ignores_strangers, NULL);
	tests[num++] = ROW("nonsense", refuses_nonsense, NULL);
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
