// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends requests and transactions, and believes only answers that fit. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>

#include "netlink/ack.h"
#include "netlink/answers.h"
#include "netlink/netlink.h"
#include "portwall/array.h"

#define GO_ON 1
#define MAX_TRIES 5

/* Answers to an earlier exchange must not be taken for those of the next */
static int send_anew(struct pw_nl *nl, const void *buf, size_t len)
{
	int err = 0;

	if (nl->dirty)
		err = nl->wire.reset(nl->wire.ctx, &nl->wire.port_id);
	if (err)
		return err;
	nl->dirty = true;
	return nl->wire.send(nl->wire.ctx, buf, len);
}

struct nlmsghdr *pw_nl_request(struct pw_nl *nl, uint16_t type, uint16_t flags,
			       const char *table)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->req);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | (flags ? flags : NLM_F_ACK);
	nlh->nlmsg_seq = nl->seq++;
	nfg->nfgen_family = table ? NFPROTO_INET : NFPROTO_UNSPEC;
	nfg->version = NFNETLINK_V0;
	if (table)
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	return nlh;
}

/**
 * struct ask - A request that waits for its answers
 * @dump:	only NLMSG_DONE may end it
 */
struct ask {
	struct pw_nl *nl;
	uint32_t seq, genid;
	bool dump;
	pw_nl_reader reader;
	void *arg;
};

static int take_data(const struct ask *ask, const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	int err;

	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return -EBADMSG;
	if (ask->genid && ntohs(nfg->res_id) != (ask->genid & 0xffff))
		return -EINTR;
	errno = 0;
	err = ask->reader(nlh, ask->arg);
	if (pw_nl_starved())
		return -ENOMEM;
	return err ? err : GO_ON;
}

static int take_end(const struct nlmsghdr *nlh)
{
	const int32_t *code = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*code))
		return -EBADMSG;
	return pw_ack_errno(*code);
}

/* GO_ON, 0 when that was the end, or an error */
static int take_answer(const struct ask *ask, const struct nlmsghdr *nlh)
{
	int err;

	if (nlh->nlmsg_seq != ask->seq ||
	    nlh->nlmsg_pid != ask->nl->wire.port_id)
		return -EBADMSG;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		return -EINTR;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return GO_ON;
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	case NLMSG_DONE:
		ask->nl->dirty = false;
		return take_end(nlh);
	case NLMSG_ERROR:
		ask->nl->dirty = false;
		err = pw_ack_code(nlh);
		return !err && ask->dump ? -EBADMSG : err;
	default:
		return take_data(ask, nlh);
	}
}

static int take_datagram(const struct ask *ask, int len)
{
	const struct nlmsghdr *nlh = (const void *)ask->nl->buf;
	int err;

	if (!pw_nlmsg_fits(nlh, len))
		return -EBADMSG;
	for (; pw_nlmsg_fits(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		err = take_answer(ask, nlh);
		if (err != GO_ON)
			return err;
	}
	return len > 0 ? -EBADMSG : GO_ON;
}

static int take_answers(const struct ask *ask)
{
	const struct pw_wire *wire = &ask->nl->wire;
	int err;

	do {
		ssize_t len = wire->recv(wire->ctx, ask->nl->buf,
					 PW_NL_BUF_LEN);

		if (len == -EAGAIN)
			return -EBADMSG;	/* ended before its end */
		err = len < 0 ? (int)len : take_datagram(ask, (int)len);
	} while (err == GO_ON);
	return err;
}

int pw_nl_ask(struct pw_nl *nl, struct nlmsghdr *nlh, uint32_t genid,
	      pw_nl_reader reader, void *arg)
{
	const struct ask ask = {
		.nl = nl, .seq = nlh->nlmsg_seq, .genid = genid,
		.dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP,
		.reader = reader, .arg = arg,
	};
	int err;

	err = send_anew(nl, nlh, nlh->nlmsg_len);
	return err ? err : take_answers(&ask);
}

static int read_genid(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	uint32_t *genid = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID &&
		    !mnl_attr_validate(attr, MNL_TYPE_U32))
			*genid = ntohl(mnl_attr_get_u32(attr));
	}
	return 0;
}

int pw_nl_genid(struct pw_nl *nl, uint32_t *genid)
{
	uint32_t got = 0;
	int err = -EINTR;

	for (int i = 0; pw_nl_is_passing(err) && i < MAX_TRIES; i++)
		err = pw_nl_ask(nl, pw_nl_request(nl, NFT_MSG_GETGEN, 0, NULL),
				0, read_genid, &got);
	if (err)
		return err;
	if (!got)
		return -EBADMSG;
	*genid = got;
	return 0;
}

int pw_nl_ask_rules(struct pw_nl *nl, pw_nl_reader on_table,
		    pw_nl_reader on_chain, pw_nl_reader on_rule, void *arg)
{
	const struct {
		uint16_t type;
		pw_nl_reader reader;
	} dumps[] = {
		{ NFT_MSG_GETTABLE, on_table }, { NFT_MSG_GETCHAIN, on_chain },
		{ NFT_MSG_GETRULE, on_rule },
	};
	uint32_t genid, after = 0;
	int err = pw_nl_genid(nl, &genid);

	for (size_t i = 0; i < PW_ARRAY_SIZE(dumps) && !err; i++)
		err = pw_nl_ask(nl, pw_nl_request(nl, dumps[i].type,
						  NLM_F_DUMP, NULL),
				genid, dumps[i].reader, arg);
	if (!err)
		err = pw_nl_genid(nl, &after);
	return err || genid == after ? err : -EINTR;
}

/**
 * struct outcome - What the answers to a transaction say
 * @err:	the first refusal, explained in @why
 * @acked:	the last message has its answer: none comes after it
 * @known:	nothing was lost or misshapen
 */
struct outcome {
	const struct pw_nl *nl;
	const struct pw_batch *batch;
	struct pw_nl_refusal *why;
	int err;
	bool acked, known;
};

static void note_answer(struct outcome *out, const struct nlmsghdr *nlh)
{
	const struct pw_batch *batch = out->batch;
	int code;

	if (nlh->nlmsg_type != NLMSG_ERROR ||
	    nlh->nlmsg_pid != out->nl->wire.port_id ||
	    nlh->nlmsg_seq - batch->first >= batch->next - batch->first ||
	    (code = pw_ack_code(nlh)) == -EBADMSG) {
		out->known = false;
		return;
	}
	if (code && !out->err) {
		out->err = code;
		pw_ack_read(nlh, out->why);
	}
	if (nlh->nlmsg_seq == batch->next - 2)
		out->acked = true;
}

static void note_datagram(struct outcome *out, int len)
{
	const struct nlmsghdr *nlh = (const void *)out->nl->buf;

	while (pw_nlmsg_fits(nlh, len)) {
		note_answer(out, nlh);
		nlh = mnl_nlmsg_next(nlh, &len);
	}
	if (len > 0)
		out->known = false;
}

static void note_answers(struct outcome *out)
{
	const struct pw_wire *wire = &out->nl->wire;

	for (size_t i = 0; !out->acked && i < out->batch->num + 3; i++) {
		ssize_t len = wire->recv(wire->ctx, out->nl->buf,
					 PW_NL_BUF_LEN);

		if (len == -EAGAIN)
			return;
		if (len > 0)
			note_datagram(out, (int)len);
		else
			out->known = false;
	}
}

/* Codes with which the kernel has certainly not looked at the datagram */
static bool is_unsent(int err)
{
	return err == -EMSGSIZE || err == -ENOMEM || err == -EPERM;
}

int pw_nl_commit(struct pw_nl *nl, struct pw_batch *batch,
		 struct pw_nl_refusal *why)
{
	struct outcome out = {
		.nl = nl, .batch = batch, .why = why, .known = true,
	};
	int err = pw_batch_close(batch);

	*why = (struct pw_nl_refusal){ .seq = batch->first };
	if (err)
		return err;
	nl->seq = batch->next;
	err = send_anew(nl, batch->buf, batch->len);
	if (err)
		return is_unsent(err) ? err : -EINPROGRESS;
	note_answers(&out);
	nl->dirty = !out.acked;
	if (out.err)
		return out.err;
	return out.acked && out.known ? 0 : -EINPROGRESS;
}
