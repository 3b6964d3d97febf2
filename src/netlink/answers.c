// SPDX-License-Identifier: GPL-2.0-or-later
/* Datagrams of the kernel, taken apart with distrust. */
#include "netlink/answers.h"

#include <errno.h>

#include "netlink/ack.h"

/* mnl_nlmsg_ok() takes lengths above 2 GB for negative ones, which fit */
bool pw_nlmsg_fits(const struct nlmsghdr *nlh, int len)
{
	return len >= (int)sizeof(*nlh) && nlh->nlmsg_len <= INT32_MAX &&
	       mnl_nlmsg_ok(nlh, len);
}

/* What a dump ended with, which libmnl does not read */
static int end_of(const struct nlmsghdr *nlh)
{
	const int32_t *code = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*code))
		return -EBADMSG;
	return pw_ack_errno(*code);
}

static int take(const struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	int ret;

	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 1;
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	case NLMSG_DONE:
		return end_of(nlh);
	case NLMSG_ERROR:
		return pw_ack_code(nlh);
	default:
		ret = cb ? cb(nlh, arg) : MNL_CB_OK;
		return ret < 0 ? -errno : ret > MNL_CB_STOP;
	}
}

int pw_answers_take(const void *buf, size_t len, uint32_t seq,
		    uint32_t port_id, mnl_cb_t cb, void *arg)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len, ret = 1;

	if (!pw_nlmsg_fits(nlh, left))
		return -EBADMSG;
	for (; ret > 0 && pw_nlmsg_fits(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != seq || nlh->nlmsg_pid != port_id)
			return -EBADMSG;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EINTR;
		ret = take(nlh, cb, arg);
	}
	return ret > 0 && left > 0 ? -EBADMSG : ret;
}
