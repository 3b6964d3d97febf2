// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections: so many at once, not more, and one again when one has ended. */
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "probe/sandbox_priv.h"
#include "rehearse/conversation_frame.h"
#include "rehearse/limits.h"
#include "verify/run.h"

#define BEYOND 8
#define MAX_CONNECTIONS 10000u
#define BY_HAND_PORT 777	/* below all that the sandbox chooses */
#define ANSWER_MS 1000
#define LOST "packets were lost: what was counted cannot be told"

/* nf_conncount.c looks for what has ended once in a tick, and eight at most */
#define TICK_NS 10000000u
#define ENDED_NS 2000000000u

/**
 * struct by_hand - A connection of TCP whose end the wire can write
 * @opened:	the host has answered
 * @answer:	how
 */
struct by_hand {
	bool opened;
	struct pw_segment answer;
	uint8_t frame[PW_SEGMENT_MAX];
};

static int send_segment(struct pw_stage *stage, const struct pw_probe *probe,
			uint8_t flags, uint32_t seq)
{
	const struct pw_wire_end *end = &stage->sb->ends[probe->iface];
	const struct pw_segment segment = {
		.family = probe->family, .src = probe->src, .dst = probe->dst,
		.proto = IPPROTO_TCP, .sport = BY_HAND_PORT,
		.dport = probe->dport, .flags = flags, .seq = seq,
	};
	uint8_t eth[ETH_HLEN], frame[PW_SEGMENT_MAX];
	uint16_t type = probe->family == PW_IPV4 ? ETHERTYPE_IP :
						   ETHERTYPE_IPV6;
	size_t len;

	/* as of a frame from the host, which is answered */
	memcpy(eth, end->wire_mac, ETH_ALEN);
	memcpy(eth + ETH_ALEN, end->host_mac, ETH_ALEN);
	eth[12] = (uint8_t)(type >> 8);
	eth[13] = (uint8_t)type;
	len = pw_segment_write(&segment, eth, frame);
	return pw_sandbox_send_frame(stage->sb, probe->iface, frame, len);
}

static bool is_answer(const struct pw_segment *s, const struct pw_probe *probe)
{
	return s->proto == IPPROTO_TCP && s->family == probe->family &&
	       s->sport == probe->dport && s->dport == BY_HAND_PORT &&
	       !pw_value_cmp(s->dst, probe->src) &&
	       s->flags == (TH_SYN | TH_ACK);
}

/* What is published leads to a container, where nobody answers */
static bool can_answer(const struct pw_stage *stage,
		       const struct pw_probe *probe)
{
	struct pw_arrival arrival;

	pw_try_arrival(stage, probe, PW_CONN_NEW, &arrival);
	return probe->proto == IPPROTO_TCP && !arrival.published;
}

static int open_by_hand(struct pw_stage *stage, const struct pw_probe *probe,
			struct by_hand *out)
{
	uint64_t end = pw_clock_ns(CLOCK_MONOTONIC) + ANSWER_MS * 1000000ull;
	uint32_t iface;
	int64_t len;
	int err;

	out->opened = false;
	if (!can_answer(stage, probe))
		return 0;
	err = send_segment(stage, probe, TH_SYN, 1);
	while (!err && !out->opened && pw_clock_ns(CLOCK_MONOTONIC) < end) {
		len = pw_sandbox_next_frame(stage->sb, ANSWER_MS, &iface,
					    out->frame, sizeof(out->frame));
		if (len < 0)
			err = (int)len;
		else
			out->opened = pw_segment_read(out->frame, (size_t)len,
						      &out->answer) &&
				      is_answer(&out->answer, probe);
	}
	return err;
}

/* The one by the wire's RST, or all of them at once */
static int end_some(struct pw_stage *stage, const struct pw_limited *l,
		    const struct by_hand *hand)
{
	if (!hand->opened)
		return pw_sandbox_forget(stage->sb, stage->diags);
	return send_segment(stage, &l->place.probe, TH_RST, hand->answer.ack);
}

static int judge(struct pw_stage *stage, struct pw_limited *l,
		 const struct pw_volley_count *count)
{
	uint32_t limit = l->limit.rate.count;

	if (!count->certain)
		return pw_limited_find(stage, l, PW_RES_UNKNOWN, LOST);
	if (count->passed < limit)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "only %zu of %u connections were let through",
				       count->passed, limit);
	if (count->passed > limit)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "%zu connections at once were let through, the limit is %u",
				       count->passed, limit);
	if (count->refused && l->place.beyond == PW_EX_CLOSED)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "%zu connections beyond the limit were refused, not dropped",
				       count->refused);
	pw_limited_say_beyond(l, count);
	return 0;
}

static int fill(struct pw_stage *stage, struct pw_limited *l,
		const struct by_hand *hand)
{
	struct pw_volley_count count;
	int err = pw_limited_fire(stage, l, l->place.probe.src,
				  l->limit.rate.count + BEYOND - hand->opened,
				  &count);

	if (err)
		return err;
	count.sent += hand->opened;
	count.passed += hand->opened;
	return judge(stage, l, &count);
}

static int ask_other(struct pw_stage *stage, struct pw_limited *l)
{
	struct pw_volley_count count;
	int err;

	if (!l->place.has_other)
		return 0;
	err = pw_limited_fire(stage, l, l->place.other, 1, &count);
	if (err)
		return err;
	if (!count.certain)
		return pw_limited_find(stage, l, PW_RES_UNKNOWN, LOST);
	if (!count.passed != !l->limit.per_source)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       l->limit.per_source ?
				       "a source without connections was not let through: it is not counted by itself" :
				       "another source was let through beyond the limit that all share");
	if (l->limit.per_source)
		pw_limited_say(l, "another source is counted by itself");
	return 0;
}

/* One that is tried and fails leaves nothing behind, so it is tried again */
static int await_one(struct pw_stage *stage, struct pw_limited *l,
		     struct pw_volley_count *count)
{
	uint64_t end = pw_clock_ns(CLOCK_MONOTONIC) + ENDED_NS;
	int err;

	do {
		pw_await_ns(pw_clock_ns(CLOCK_MONOTONIC) + TICK_NS);
		err = pw_limited_fire(stage, l, l->place.probe.src, 1, count);
	} while (!err && count->certain && !count->passed &&
		 pw_clock_ns(CLOCK_MONOTONIC) < end);
	return err;
}

static int ask_again(struct pw_stage *stage, struct pw_limited *l,
		     const struct by_hand *hand)
{
	struct pw_volley_count count, more;
	int err = end_some(stage, l, hand);

	if (!err)
		err = await_one(stage, l, &count);
	if (err)
		return err;
	if (!count.certain)
		return pw_limited_find(stage, l, PW_RES_UNKNOWN, LOST);
	if (!count.passed)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "no connection was let through after one had ended");
	if (!hand->opened) {
		pw_limited_say(l, "after all had ended, again");
		return 0;
	}
	err = pw_limited_fire(stage, l, l->place.probe.src, 1, &more);
	if (!err && more.passed)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "two connections were let through after one had ended");
	pw_limited_say(l, "after one had ended, one more");
	return err;
}

int pw_limited_connect(struct pw_stage *stage, struct pw_limited *l)
{
	struct by_hand hand;
	int err;

	if (l->limit.rate.count > MAX_CONNECTIONS) {
		l->over = true;
		stage->report->cases[l->of_case].result = PW_RES_SKIPPED;
		pw_limited_say(l, "%u at once are more than is tried",
			       l->limit.rate.count);
		return 0;
	}
	err = open_by_hand(stage, &l->place.probe, &hand);
	if (!err)
		err = fill(stage, l, &hand);
	if (!err && !l->over)
		err = ask_other(stage, l);
	if (!err && !l->over)
		err = ask_again(stage, l, &hand);
	return err;
}
