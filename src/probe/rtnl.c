// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends changes to rtnetlink in bulk: a thousand interfaces are 700 KB. */
#include "probe/rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/ack.h"
#include "netlink/answers.h"
#include "probe/frame.h"

#define SEND_LEN (64u << 10)	/* below half the smallest send buffer */
#define MESSAGE_ROOM 512
#define MAX_MESSAGES 1024	/* in one datagram */
#define RECEIVE_LEN (32u << 10)	/* what the kernel fills at most in a dump */

/**
 * struct pw_rtnl
 * @buf:	messages, complete up to @len, then perhaps one unfinished
 * @newest:	offset of the unfinished message, or of the last finished one
 * @first:	sequence number of the first message in @buf
 * @num:	messages in @buf
 * @about:	of each of them
 * @flushed:	@err has been told: what is added next has none
 * @err:	the first error, 0 or negative
 * @failed:	what it is about
 * @kind:	of the interface that it wanted to make, NULL: none
 * @why:	what the kernel says of it
 */
struct pw_rtnl {
	struct mnl_socket *sock;
	char buf[SEND_LEN];
	char answer[RECEIVE_LEN];
	size_t len, newest;
	uint32_t first, num;
	const char *about[MAX_MESSAGES];
	bool flushed;
	int err;
	const char *failed, *kind;
	struct pw_nl_refusal why;
};

/* Kinds of interfaces that kernels have as modules; names of those are equal */
static const struct kind {
	const char *name, *config;
} kinds[] = {
	{ "veth",   "VETH" },
	{ "bridge", "BRIDGE" },
};

int pw_rtnl_open(struct pw_rtnl **out)
{
	pw_owned(pw_rtnl_close) struct pw_rtnl *rt = calloc(1, sizeof(*rt));
	int on = 1;

	if (!rt)
		return -ENOMEM;
	rt->first = 1;
	rt->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rt->sock || mnl_socket_bind(rt->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	/* both spare memory and give texts; without them all works as well */
	(void)mnl_socket_setsockopt(rt->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(rt->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	*out = PW_TAKE(rt);
	return 0;
}

void pw_rtnl_close(struct pw_rtnl *rt)
{
	if (!rt)
		return;
	if (rt->sock)
		mnl_socket_close(rt->sock);
	free(rt);
}

/* The newest message is complete: count its bytes */
static void complete(struct pw_rtnl *rt)
{
	const struct nlmsghdr *nlh = (const void *)(rt->buf + rt->newest);

	if (rt->num && rt->newest == rt->len)
		rt->len += MNL_ALIGN(nlh->nlmsg_len);
}

static void fail(struct pw_rtnl *rt, int err, const char *about)
{
	if (rt->err)
		return;
	rt->err = err;
	rt->failed = about;
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

/* Kind of the interface that message @seq makes */
static const char *kind_of(const struct pw_rtnl *rt, uint32_t seq)
{
	const struct nlmsghdr *nlh = (const void *)rt->buf;
	const struct nlattr *attr, *kind = NULL;

	while (nlh->nlmsg_seq != seq)
		nlh = (const void *)((const char *)nlh +
				     MNL_ALIGN(nlh->nlmsg_len));
	if (nlh->nlmsg_type != RTM_NEWLINK)
		return NULL;
	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			kind = find(attr, IFLA_INFO_KIND);
	}
	return kind ? mnl_attr_get_str(kind) : NULL;
}

/* Returns true when @nlh answers the last message */
static bool take_answer(struct pw_rtnl *rt, const struct nlmsghdr *nlh)
{
	uint32_t at = nlh->nlmsg_seq - rt->first;
	int code;

	if (nlh->nlmsg_type != NLMSG_ERROR || at >= rt->num)
		return false;
	code = pw_ack_code(nlh);
	if (code && !rt->err) {
		fail(rt, code, rt->about[at]);
		rt->kind = kind_of(rt, nlh->nlmsg_seq);
		pw_ack_read(nlh, &rt->why);
	}
	return at == rt->num - 1;
}

/* The kernel has answered all before it returned from the sending */
static int take_answers(struct pw_rtnl *rt)
{
	for (;;) {
		ssize_t len = recv(mnl_socket_get_fd(rt->sock), rt->answer,
				   sizeof(rt->answer), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const void *)rt->answer;
		int left = (int)len;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? -EBADMSG : -errno;
		for (; pw_nlmsg_fits(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (take_answer(rt, nlh))
				return 0;
		}
	}
}

/* Sends complete messages */
static int exchange(struct pw_rtnl *rt)
{
	struct nlmsghdr *nlh = (void *)(rt->buf + rt->newest);

	nlh->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(rt->sock, rt->buf, rt->len) < 0)
		return -errno;
	return take_answers(rt);
}

static void send_all(struct pw_rtnl *rt)
{
	int err = 0;

	complete(rt);
	if (rt->num && !rt->err)
		err = exchange(rt);
	if (err)
		fail(rt, err, rt->about[0]);
	rt->first += rt->num;
	rt->num = 0;
	rt->len = 0;
	rt->newest = 0;
}

static void forget(struct pw_rtnl *rt)
{
	rt->flushed = false;
	rt->err = 0;
	rt->failed = rt->kind = NULL;
	rt->why = (struct pw_nl_refusal){ 0 };
}

struct nlmsghdr *pw_rtnl_add(struct pw_rtnl *rt, uint16_t type, uint16_t flags,
			     const char *about)
{
	struct nlmsghdr *nlh;

	if (rt->flushed)
		forget(rt);
	complete(rt);
	if (rt->num == MAX_MESSAGES || rt->len + MESSAGE_ROOM > SEND_LEN)
		send_all(rt);
	rt->newest = rt->len;
	rt->about[rt->num] = about;
	nlh = mnl_nlmsg_put_header(rt->buf + rt->newest);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = rt->first + rt->num++;
	return nlh;
}

void pw_rtnl_put_addr(struct nlmsghdr *nlh, uint16_t type,
		      enum pw_family family, struct pw_value addr)
{
	uint8_t be[16];
	size_t len = (size_t)(pw_put_addr(be, family, addr) - be);

	mnl_attr_put(nlh, type, len, be);
}

int pw_rtnl_flush(struct pw_rtnl *rt)
{
	send_all(rt);
	rt->flushed = true;
	return rt->err;
}

/* The kind that this kernel does not know */
static const struct kind *missing_kind(const struct pw_rtnl *rt)
{
	if (rt->err != -EOPNOTSUPP || !rt->kind)
		return NULL;
	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, rt->kind))
			return &kinds[i];
	return NULL;
}

int pw_rtnl_failed(const struct pw_rtnl *rt, struct pw_diags *diags)
{
	const struct kind *missing = missing_kind(rt);

	if (missing) {
		pw_diag_system(diags, EOPNOTSUPP,
			       "this kernel has no %s, which interface %s needs",
			       missing->name, rt->failed);
		pw_diag_hint(diags,
			     "load the module %s, or boot a kernel with CONFIG_%s",
			     missing->name, missing->config);
		return -EOPNOTSUPP;
	}
	return pw_diag_system(diags, -rt->err, "interface %s%s%s%s", rt->failed,
			      rt->why.text[0] ? ": " : "", rt->why.text,
			      rt->why.text[0] ? "" : " cannot be set up");
}

int pw_rtnl_dump(struct pw_rtnl *rt, struct nlmsghdr *nlh, mnl_cb_t reader,
		 void *arg)
{
	unsigned int port_id = mnl_socket_get_portid(rt->sock);
	int ret = 1;

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = rt->first++;
	if (mnl_socket_sendto(rt->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (ret > 0) {
		ssize_t len = mnl_socket_recvfrom(rt->sock, rt->answer,
						  sizeof(rt->answer));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		ret = pw_answers_take(rt->answer, (size_t)len, nlh->nlmsg_seq,
				      port_id, reader, arg);
	}
	return ret;
}
