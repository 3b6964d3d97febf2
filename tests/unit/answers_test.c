// SPDX-License-Identifier: GPL-2.0-or-later
/* Datagrams that a kernel might send, and some that none should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/answers.h"
#include "portwall/own.h"

#define SEQ 5
#define PORT 77
#define DATA NLMSG_MIN_TYPE
#define LEN 16		/* of a message without what it carries */

/**
 * struct message
 * @len:	to claim, 0: the true one
 * @seq, @port:	added to the right ones
 * @code:	the four bytes that it carries; @bare: it does not
 */
struct message {
	uint16_t type, flags;
	uint32_t len;
	uint32_t seq, port;
	int code;
	bool bare;
};

static const struct answer_case {
	const char *name;
	int ret, read;
	size_t cut;		/* bytes off the end of the datagram */
	struct message messages[3];
} cases[] = {
	{ "more to come", 1, 1, 0, { { .type = DATA } } },
	{ "two and the end", 0, 2, 0,
	  { { .type = DATA }, { .type = DATA }, { .type = NLMSG_DONE } } },
	{ "an end that failed", -ENOSPC, 0, 0,
	  { { .type = NLMSG_DONE, .code = -ENOSPC } } },
	{ "an end without code", -EBADMSG, 0, 0,
	  { { .type = NLMSG_DONE, .bare = true } } },
	{ "an end with a count", -EBADMSG, 0, 0,
	  { { .type = NLMSG_DONE, .code = 3 } } },
	{ "an end of no errno", -EBADMSG, 0, 0,
	  { { .type = NLMSG_DONE, .code = INT_MIN } } },
	{ "half an error", -EBADMSG, 0, 0,
	  { { .type = NLMSG_ERROR, .code = -EPERM } } },
	{ "nothing to do", 1, 1, 0,
	  { { .type = NLMSG_NOOP }, { .type = DATA } } },
	{ "lost", -ENOBUFS, 0, 0, { { .type = NLMSG_OVERRUN } } },
	{ "interrupted", -EINTR, 0, 0,
	  { { .type = DATA, .flags = NLM_F_DUMP_INTR } } },
	{ "of another question", -EBADMSG, 0, 0,
	  { { .type = DATA, .seq = 1 } } },
	{ "for somebody else", -EBADMSG, 0, 0,
	  { { .type = DATA, .port = 1 } } },
	{ "cut off", -EBADMSG, 0, 1, { { .type = DATA } } },
	{ "cut off after one", -EBADMSG, 1, 9,
	  { { .type = DATA }, { .type = DATA } } },
	{ "half a header", -EBADMSG, 0, 12, { { .type = DATA } } },
	{ "longer than it is", -EBADMSG, 0, 0,
	  { { .type = DATA, .len = 24 } } },
	{ "shorter than its header", -EBADMSG, 0, 0,
	  { { .type = DATA, .len = 15 } } },
	{ "of nearly 4 GB", -EBADMSG, 0, 0,
	  { { .type = DATA, .len = UINT32_MAX } } },
	{ "of 2 GB", -EBADMSG, 0, 0,
	  { { .type = DATA, .len = 0x80000000u } } },
};

static int count(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(int *)arg;
	return MNL_CB_OK;
}

static size_t put(const struct message *m, char *buf)
{
	struct nlmsghdr head = {
		.nlmsg_len = m->bare ? LEN : LEN + sizeof(m->code),
		.nlmsg_type = m->type, .nlmsg_flags = m->flags,
		.nlmsg_seq = SEQ + m->seq, .nlmsg_pid = PORT + m->port,
	};
	const size_t len = head.nlmsg_len;

	if (m->len)
		head.nlmsg_len = m->len;
	memcpy(buf, &head, LEN);
	memcpy(buf + LEN, &m->code, sizeof(m->code));
	return len;
}

static void is_taken(void **state)
{
	const struct answer_case *tc = *state;
	char buf[3 * (LEN + 4)], *datagram;
	size_t len = 0;
	int read = 0;

	for (size_t i = 0; i < 3 && tc->messages[i].type; i++)
		len += put(&tc->messages[i], buf + len);
	len -= tc->cut;
	datagram = malloc(len);		/* whoever reads behind it is caught */
	assert_non_null(datagram);
	memcpy(datagram, buf, len);
	assert_int_equal(pw_answers_take(datagram, len, SEQ, PORT, count,
					 &read), tc->ret);
	assert_int_equal(read, tc->read);
	free(datagram);
}

static int stop(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	return MNL_CB_STOP;
}

static int refuse(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static void reader_decides(void **state)
{
	const struct message data = { .type = DATA };
	_Alignas(struct nlmsghdr) char buf[LEN + 4];
	size_t len = put(&data, buf);

	(void)state;
	assert_int_equal(pw_answers_take(buf, len, SEQ, PORT, stop, NULL), 0);
	assert_int_equal(pw_answers_take(buf, len, SEQ, PORT, refuse, NULL),
			 -ENOMEM);
	assert_int_equal(pw_answers_take(buf, 0, SEQ, PORT, refuse, NULL),
			 -EBADMSG);
}

int main(void)
{
	static struct CMUnitTest tests[PW_ARRAY_SIZE(cases) + 1] = {
		cmocka_unit_test(reader_decides),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		tests[i + 1] = (struct CMUnitTest){
			cases[i].name, is_taken, NULL, NULL,
			(void *)(uintptr_t)&cases[i] };
	return _cmocka_run_group_tests("answers", tests,
				       PW_ARRAY_SIZE(tests), NULL, NULL);
}
