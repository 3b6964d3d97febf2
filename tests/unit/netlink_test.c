// SPDX-License-Identifier: GPL-2.0-or-later
/* Exchanges with nf_tables over a wire that replays what a row says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/netlink.h"
#include "portwall/own.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

#define PORT 77
#define GENID 0x10007
#define RULE (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE)
#define MAX_CANNED 4

/**
 * struct canned - One answer of the kernel
 * @seq:	added to the sequence number asked for
 * @pid, @res_id: added to the right ones
 * @code:	of NLMSG_ERROR and NLMSG_DONE
 * @text:	extended ACK
 * @say_len:	nlmsg_len to claim, 0: the true one
 * @cut:	bytes taken off the end of the datagram
 * @recv:	what receiving returns instead, negative
 * @more:	the next one is in the same datagram
 */
struct canned {
	uint16_t type, flags;
	int seq, pid, res_id, code;
	const char *text;
	uint32_t say_len;
	size_t cut;
	int recv;
	bool more;
};

struct fake {
	const struct canned *answers;
	size_t next;
	int send_err;
	uint32_t seq;
	unsigned int resets, sends;
	uint64_t now_ms;
};

static size_t put_answer(const struct fake *fake, const struct canned *c,
			 char *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;
	size_t len;

	nlh->nlmsg_type = c->type;
	nlh->nlmsg_flags = c->flags;
	nlh->nlmsg_seq = fake->seq + (uint32_t)c->seq;
	nlh->nlmsg_pid = PORT + (uint32_t)c->pid;
	if (c->type == NLMSG_ERROR) {
		struct nlmsgerr *ack =
			mnl_nlmsg_put_extra_header(nlh, sizeof(*ack));

		ack->error = c->code;
		if (c->text)
			mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, c->text);
	} else if (c->type == NLMSG_DONE) {
		*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = c->code;
	} else if (c->type >= NLMSG_MIN_TYPE) {
		nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
		nfg->res_id = htons((uint16_t)((GENID & 0xffff) + c->res_id));
	}
	len = MNL_ALIGN(nlh->nlmsg_len);
	if (c->say_len)
		nlh->nlmsg_len = c->say_len;
	return len - c->cut;
}

static int fake_send(void *ctx, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	struct fake *fake = ctx;

	assert_true(len >= sizeof(*nlh));
	fake->seq = nlh->nlmsg_seq;
	fake->sends++;
	return fake->send_err;
}

static ssize_t fake_recv(void *ctx, void *buf, size_t cap)
{
	struct fake *fake = ctx;
	const struct canned *c;
	size_t len = 0;

	ASAN_UNPOISON_MEMORY_REGION(buf, cap);
	do {
		c = &fake->answers[fake->next];
		if (fake->next == MAX_CANNED || (!c->type && !c->recv))
			return len ? (ssize_t)len : -EAGAIN;
		fake->next++;
		if (c->recv)
			return c->recv;
		len += put_answer(fake, c, (char *)buf + len);
	} while (c->more);
	ASAN_POISON_MEMORY_REGION((char *)buf + len, cap - len);
	return (ssize_t)len;
}

static int fake_reset(void *ctx, uint32_t *port_id)
{
	struct fake *fake = ctx;

	*port_id = PORT;
	fake->resets++;
	return 0;
}

static uint64_t fake_now_ms(void *ctx)
{
	return ((struct fake *)ctx)->now_ms;
}

static void fake_pause_ms(void *ctx, unsigned int ms)
{
	((struct fake *)ctx)->now_ms += ms;
}

static void fake_close(void *ctx)
{
	(void)ctx;
}

static struct pw_nl *fake_nl(struct fake *fake)
{
	const struct pw_wire wire = {
		.ctx = fake, .port_id = PORT, .send = fake_send,
		.recv = fake_recv, .reset = fake_reset,
		.now_ms = fake_now_ms, .pause_ms = fake_pause_ms,
		.close = fake_close,
	};
	struct pw_nl *nl = pw_nl_new(&wire);

	assert_non_null(nl);
	return nl;
}

static void fake_nl_close(struct pw_nl *nl)
{
	ASAN_UNPOISON_MEMORY_REGION(nl->buf, PW_NL_BUF_LEN);
	pw_nl_close(nl);
}

static int count(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	return ++*(int *)arg == 3 ? -E2BIG : 0;
}

static const struct dump_case {
	const char *name;
	int err, read;
	bool clean;		/* ended as the protocol has it: no reset */
	struct canned answers[MAX_CANNED];
} dump_cases[] = {
	{ "dump of two", 0, 2, true, {
		{ .type = RULE, .more = true }, { .type = RULE },
		{ .type = NLMSG_DONE } } },
	{ "empty dump", 0, 0, true, { { .type = NLMSG_DONE } } },
	{ "nothing to do is passed over", 0, 1, true, {
		{ .type = NLMSG_NOOP, .more = true }, { .type = RULE },
		{ .type = NLMSG_DONE } } },
	{ "no answer", -EBADMSG, 0, false, { { 0 } } },
	{ "dump without its end", -EBADMSG, 2, false, {
		{ .type = RULE, .flags = NLM_F_MULTI },
		{ .type = RULE, .flags = NLM_F_MULTI } } },
	{ "half a header", -EBADMSG, 0, false, {
		{ .type = NLMSG_NOOP, .cut = 8 } } },
	{ "empty datagram", -EBADMSG, 0, false, {
		{ .type = NLMSG_NOOP, .cut = 16 } } },
	{ "longer than its datagram", -EBADMSG, 0, false, {
		{ .type = RULE, .say_len = 4096 } } },
	{ "length of nearly 4 GB", -EBADMSG, 0, false, {
		{ .type = RULE, .say_len = UINT32_MAX } } },
	{ "shorter than its header", -EBADMSG, 0, false, {
		{ .type = RULE, .say_len = 8 } } },
	{ "length zero does not loop", -EBADMSG, 1, false, {
		{ .type = RULE, .more = true },
		{ .type = RULE, .say_len = 1 } } },
	{ "no room for family and generation", -EBADMSG, 0, false, {
		{ .type = RULE, .say_len = 16, .cut = 4 } } },
	{ "rest behind the last message", -EBADMSG, 1, false, {
		{ .type = RULE, .more = true },
		{ .type = NLMSG_NOOP, .cut = 4 } } },
	{ "other sequence number", -EBADMSG, 0, false, {
		{ .type = RULE, .seq = -1 } } },
	{ "for another port", -EBADMSG, 0, false, {
		{ .type = RULE, .pid = 1 } } },
	{ "other subsystem", -EBADMSG, 0, false, {
		{ .type = NFNL_SUBSYS_IPSET << 8 } } },
	{ "overrun", -ENOBUFS, 0, false, { { .type = NLMSG_OVERRUN } } },
	{ "datagrams lost", -ENOBUFS, 1, false, {
		{ .type = RULE }, { .recv = -ENOBUFS } } },
	{ "does not fit", -EBADMSG, 0, false, { { .recv = -EBADMSG } } },
	{ "interrupted", -EINTR, 0, false, {
		{ .type = RULE, .flags = NLM_F_DUMP_INTR } } },
	{ "interrupted at the end", -EINTR, 1, false, {
		{ .type = RULE },
		{ .type = NLMSG_DONE, .flags = NLM_F_DUMP_INTR } } },
	{ "other generation", -EINTR, 1, false, {
		{ .type = RULE }, { .type = RULE, .res_id = 1 } } },
	{ "refused", -ENOENT, 0, true, {
		{ .type = NLMSG_ERROR, .code = -ENOENT } } },
	{ "ACK is no end of a dump", -EBADMSG, 0, true, {
		{ .type = NLMSG_ERROR } } },
	{ "positive code", -EBADMSG, 0, true, {
		{ .type = NLMSG_ERROR, .code = 1 } } },
	{ "code out of range", -EBADMSG, 0, true, {
		{ .type = NLMSG_ERROR, .code = -5000 } } },
	{ "code cut off", -EBADMSG, 0, true, {
		{ .type = NLMSG_ERROR, .say_len = 20, .cut = 16 } } },
	{ "end with an error", -ENOMEM, 1, true, {
		{ .type = RULE },
		{ .type = NLMSG_DONE, .code = -ENOMEM } } },
	{ "end with a code out of range", -EBADMSG, 0, true, {
		{ .type = NLMSG_DONE, .code = -5000 } } },
	{ "end without its code", -EBADMSG, 0, true, {
		{ .type = NLMSG_DONE, .say_len = 16, .cut = 4 } } },
	{ "reader ends it", -E2BIG, 3, false, {
		{ .type = RULE, .more = true }, { .type = RULE, .more = true },
		{ .type = RULE, .more = true }, { .type = RULE } } },
};

static void dumps(void **state)
{
	static const struct canned empty[] = { { .type = NLMSG_DONE }, { 0 } };
	const struct dump_case *tc = *state;
	struct fake fake = { .answers = tc->answers };
	struct pw_nl *nl = fake_nl(&fake);
	int read = 0;

	assert_int_equal(pw_nl_ask(nl, pw_nl_request(nl, NFT_MSG_GETRULE,
						     NLM_F_DUMP, "portwall"),
				   GENID, count, &read), tc->err);
	assert_int_equal(read, tc->read);

	/* late answers must not reach the next exchange */
	fake.answers = empty;
	fake.next = 0;
	assert_int_equal(pw_nl_ask(nl, pw_nl_request(nl, NFT_MSG_GETRULE,
						     NLM_F_DUMP, "portwall"),
				   GENID, count, &read), 0);
	assert_int_equal(fake.resets, tc->clean ? 0 : 1);
	fake_nl_close(nl);
}

/* Transactions of three messages: the last has sequence number 3 */
static const struct commit_case {
	const char *name;
	int err;
	uint32_t seq;		/* refused message, from BATCH_BEGIN */
	const char *text;
	int send_err;
	struct canned answers[MAX_CANNED];
} commit_cases[] = {
	{ "committed", 0, 0, "", 0, { { .type = NLMSG_ERROR, .seq = 3 } } },
	{ "stale", -ERESTART, 0, "", 0, {
		{ .type = NLMSG_ERROR, .code = -ERESTART } } },
	{ "no privilege", -EPERM, 0, "", 0, {
		{ .type = NLMSG_ERROR, .code = -EPERM } } },
	{ "refused", -EEXIST, 2, "exists", 0, {
		{ .type = NLMSG_ERROR, .seq = 2, .code = -EEXIST,
		  .flags = NLM_F_CAPPED | NLM_F_ACK_TLVS, .text = "exists" },
		{ .type = NLMSG_ERROR, .seq = 3 } } },
	{ "the first refusal counts", -ENOENT, 1, "", 0, {
		{ .type = NLMSG_ERROR, .seq = 1, .code = -ENOENT },
		{ .type = NLMSG_ERROR, .seq = 2, .code = -EEXIST },
		{ .type = NLMSG_ERROR, .seq = 3, .code = -EEXIST } } },
	{ "last message refused", -EINVAL, 3, "", 0, {
		{ .type = NLMSG_ERROR, .seq = 3, .code = -EINVAL } } },
	{ "commit failed behind good messages", -ENOMEM, 0, "", 0, {
		{ .type = NLMSG_ERROR, .code = -ENOMEM },
		{ .type = NLMSG_ERROR, .seq = 3 } } },
	{ "ACK lost", -EINPROGRESS, 0, "", 0, { { 0 } } },
	{ "ACKs lost, a refusal came through", -EEXIST, 2, "", 0, {
		{ .recv = -ENOBUFS },
		{ .type = NLMSG_ERROR, .seq = 2, .code = -EEXIST } } },
	{ "something lost before the ACK", -EINPROGRESS, 0, "", 0, {
		{ .recv = -ENOBUFS }, { .type = NLMSG_ERROR, .seq = 3 } } },
	{ "ACK of something else", -EINPROGRESS, 0, "", 0, {
		{ .type = NLMSG_ERROR, .seq = 9 } } },
	{ "ACK for another port", -EINPROGRESS, 0, "", 0, {
		{ .type = NLMSG_ERROR, .seq = 3, .pid = 1 } } },
	{ "not an ACK", -EINPROGRESS, 0, "", 0, {
		{ .type = RULE, .seq = 3 } } },
	{ "ACK cut off", -EINPROGRESS, 0, "", 0, {
		{ .type = NLMSG_ERROR, .seq = 3, .cut = 4 } } },
	{ "rest behind the ACK", -EINPROGRESS, 0, "", 0, {
		{ .type = NLMSG_ERROR, .seq = 3, .more = true },
		{ .type = NLMSG_NOOP, .cut = 8 } } },
	{ "text without its end is not read", -EEXIST, 2, "", 0, {
		{ .type = NLMSG_ERROR, .seq = 2, .code = -EEXIST,
		  .flags = NLM_F_CAPPED | NLM_F_ACK_TLVS, .text = "1234567",
		  .say_len = 16 + 20 + 8, .cut = 4 } } },
	{ "text behind a header that lies", -EEXIST, 2, "", 0, {
		{ .type = NLMSG_ERROR, .seq = 2, .code = -EEXIST,
		  .flags = NLM_F_ACK_TLVS, .text = "exists" } } },
	{ "too large for the socket", -EMSGSIZE, 0, "", -EMSGSIZE, { { 0 } } },
	{ "sending was interrupted", -EINPROGRESS, 0, "", -EINTR, { { 0 } } },
};

static void commits(void **state)
{
	const struct commit_case *tc = *state;
	struct fake fake = {
		.answers = tc->answers, .send_err = tc->send_err,
	};
	struct pw_nl *nl = fake_nl(&fake);
	struct pw_nl_refusal why;
	struct pw_batch batch;

	nl->seq = 1000;
	assert_int_equal(pw_batch_open(&batch, nl->seq, GENID), 0);
	for (int i = 0; i < 3; i++)
		assert_non_null(pw_batch_add(&batch, NFT_MSG_NEWRULE, 0));
	assert_int_equal(pw_nl_commit(nl, &batch, &why), tc->err);
	assert_string_equal(why.text, tc->text);
	if (tc->err)
		assert_int_equal(why.seq, 1000 + tc->seq);
	assert_int_equal(fake.sends, 1);
	assert_int_equal(nl->seq, 1005);
	pw_batch_clear(&batch);
	fake_nl_close(nl);
}

static void batch_is_framed(void **state)
{
	const struct nlmsghdr *nlh;
	const struct nfgenmsg *nfg;
	struct pw_batch batch;

	(void)state;
	assert_int_equal(pw_batch_open(&batch, 5, GENID), 0);
	for (int i = 0; i < 2; i++) {
		struct nlmsghdr *add = pw_batch_add(&batch, NFT_MSG_NEWTABLE,
						    NLM_F_CREATE);

		mnl_attr_put_strz(add, NFTA_TABLE_NAME, i ? "ab" : "abcd");
	}
	assert_int_equal(pw_batch_close(&batch), 0);
	assert_int_equal(pw_batch_close(&batch), 0);
	assert_int_equal(batch.num, 2);
	assert_int_equal(batch.next, 9);

	nlh = pw_batch_find(&batch, 5);
	assert_int_equal(nlh->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
	nfg = mnl_nlmsg_get_payload(nlh);
	assert_int_equal(ntohs(nfg->res_id), NFNL_SUBSYS_NFTABLES);
	assert_int_equal(ntohl(mnl_attr_get_u32(
			mnl_nlmsg_get_payload_offset(nlh, sizeof(*nfg)))),
			 GENID);
	assert_int_equal(pw_batch_find(&batch, 6)->nlmsg_flags,
			 NLM_F_REQUEST | NLM_F_CREATE);
	nlh = pw_batch_find(&batch, 7);
	assert_int_equal(nlh->nlmsg_flags,
			 NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK);
	assert_string_equal(mnl_attr_get_str(
			mnl_nlmsg_get_payload_offset(nlh, sizeof(*nfg))),
			    "ab");
	assert_int_equal(pw_batch_find(&batch, 8)->nlmsg_type,
			 NFNL_MSG_BATCH_END);
	assert_null(pw_batch_find(&batch, 4));
	assert_null(pw_batch_find(&batch, 9));
	pw_batch_clear(&batch);
}

static void batch_grows(void **state)
{
	static const char filler[60000];
	struct pw_batch batch;

	(void)state;
	assert_int_equal(pw_batch_open(&batch, 1, GENID), 0);
	for (int i = 0; i < 200; i++) {
		struct nlmsghdr *nlh = pw_batch_add(&batch, NFT_MSG_NEWRULE,
						    0);

		mnl_attr_put(nlh, 1, sizeof(filler), filler);
		mnl_attr_put(nlh, 2, sizeof(filler), filler);
	}
	assert_int_equal(pw_batch_close(&batch), 0);
	assert_true(batch.len > 200 * 2 * sizeof(filler));
	assert_int_equal(pw_batch_find(&batch, 201)->nlmsg_len,
			 16 + 4 + 2 * (4 + sizeof(filler)));
	pw_batch_clear(&batch);
}

static void patience_ends_after_five_seconds(void **state)
{
	struct fake fake = { .now_ms = 123456 };
	struct pw_nl *nl = fake_nl(&fake);
	struct pw_backoff backoff = { 0 };
	unsigned int tries = 0;

	(void)state;
	while (!pw_backoff_wait(&backoff, nl))
		tries++;
	assert_in_range(tries, 100, 500);
	assert_in_range(fake.now_ms - 123456, 5000, 5200);
	fake_nl_close(nl);
}

static void genid_is_read(void **state)
{
	static const struct canned none[] = {
		{ .type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN },
		{ .type = NLMSG_ERROR }, { 0 },
	};
	struct fake fake = { .answers = none };
	struct pw_nl *nl = fake_nl(&fake);
	uint32_t genid = 1;

	(void)state;
	assert_int_equal(pw_nl_genid(nl, &genid), -EBADMSG);
	assert_int_equal(genid, 1);
	fake_nl_close(nl);
}

#define ROWS(cases, fn) do {						\
	for (size_t i_ = 0; i_ < PW_ARRAY_SIZE(cases); i_++)		\
		tests[num++] = (struct CMUnitTest){			\
			.name = cases[i_].name, .test_func = fn,	\
			.initial_state = (void *)(uintptr_t)&cases[i_],	\
		};							\
} while (0)

/* Ten messages of 20 bytes, each of which tells its place */
static const struct cut_case {
	const char *name;
	size_t max_len;
	uint32_t whole;		/* the first that stays with those behind it */
	int pieces[11];		/* messages of each */
} cut_cases[] = {
	{ "each alone", 0, 10, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
	{ "three at once", 60, 10, { 3, 3, 3, 1 } },
	{ "a byte too few for three", 59, 10, { 2, 2, 2, 2, 2 } },
	{ "all", 200, 10, { 10 } },
	{ "what stays together has a piece of its own", 60, 7, { 3, 3, 1, 3 } },
	{ "or goes with others", 80, 8, { 4, 4, 2 } },
	{ "however long it is", 20, 3, { 1, 1, 1, 7 } },
	{ "everything stays together", 20, 0, { 10 } },
};

static void cuts(void **state)
{
	const struct cut_case *tc = *state;
	struct pw_batch batch;
	uint32_t place = 0;
	size_t at = 0, i;

	assert_int_equal(pw_batch_open(&batch, UINT32_MAX - 3, GENID), 0);
	for (uint16_t type = 0; type < 10; type++)
		assert_non_null(pw_batch_add(&batch, type, 0));
	assert_int_equal(pw_batch_close(&batch), 0);
	for (i = 0;; i++) {
		struct pw_batch piece;
		int got;

		assert_int_equal(pw_batch_open(&piece, 70, GENID), 0);
		got = pw_batch_cut(&batch, &at, batch.first + 1 + tc->whole,
				   tc->max_len, &piece);
		assert_int_equal(got, tc->pieces[i] != 0);
		assert_int_equal(pw_batch_close(&piece), 0);
		assert_int_equal(piece.num, tc->pieces[i]);
		for (uint32_t n = 0; n < piece.num; n++)
			assert_int_equal(pw_batch_find(&piece, 71 + n)->
						 nlmsg_type & 0xff, place++);
		pw_batch_clear(&piece);
		if (!got)
			break;
	}
	assert_int_equal(place, 10);
	pw_batch_clear(&batch);
}

int main(void)
{
	static struct CMUnitTest tests[PW_ARRAY_SIZE(dump_cases) +
				       PW_ARRAY_SIZE(commit_cases) +
				       PW_ARRAY_SIZE(cut_cases) + 4];
	size_t num = 0;

	ROWS(dump_cases, dumps);
	ROWS(commit_cases, commits);
	ROWS(cut_cases, cuts);
	tests[num++] = (struct CMUnitTest)cmocka_unit_test(batch_is_framed);
	tests[num++] = (struct CMUnitTest)cmocka_unit_test(batch_grows);
	tests[num++] = (struct CMUnitTest)cmocka_unit_test(
			patience_ends_after_five_seconds);
	tests[num++] = (struct CMUnitTest)cmocka_unit_test(genid_is_read);
	return _cmocka_run_group_tests("netlink", tests, num, NULL, NULL);
}
