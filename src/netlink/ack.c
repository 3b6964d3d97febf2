// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads NLMSG_ERROR with the extended ACK behind it. */
#include "netlink/ack.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>

#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#define NLM_F_ACK_TLVS 0x200
#endif

int pw_ack_errno(int32_t code)
{
	return code > 0 || code < -4095 ? -EBADMSG : code;
}

int pw_ack_code(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ack))
		return -EBADMSG;
	return pw_ack_errno(ack->error);
}

/* Bytes of payload before the attributes; 0: there are none */
static size_t text_offset(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);
	size_t len = sizeof(*ack);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return 0;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (ack->msg.nlmsg_len < sizeof(ack->msg))
			return 0;
		len += MNL_ALIGN((size_t)ack->msg.nlmsg_len) -
		       sizeof(ack->msg);
	}
	return len < mnl_nlmsg_get_payload_len(nlh) ? len : 0;
}

void pw_ack_read(const struct nlmsghdr *nlh, struct pw_nl_refusal *why)
{
	const struct nlattr *attr;
	size_t offset = text_offset(nlh);

	*why = (struct pw_nl_refusal){ .seq = nlh->nlmsg_seq };
	if (!offset)
		return;
	mnl_attr_for_each(attr, nlh, offset) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == NLMSGERR_ATTR_MSG &&
		    !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
			snprintf(why->text, sizeof(why->text), "%s",
				 mnl_attr_get_str(attr));
		if (type == NLMSGERR_ATTR_OFFS &&
		    !mnl_attr_validate(attr, MNL_TYPE_U32))
			why->offset = mnl_attr_get_u32(attr);
	}
}
