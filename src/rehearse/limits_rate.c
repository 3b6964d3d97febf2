// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates: the burst passes, what is beyond does not, and then one does again. */
#include <errno.h>

#include "rehearse/limits.h"

#define BEYOND 14		/* "7th to 20th dropped" */
#define MAX_BURST 20000u
#define LOST "packets were lost: what was counted cannot be told"

/* What a bucket that was full at the start has let through at most */
static uint64_t most(const struct pw_limited *l, const struct pw_rate *rate,
		     uint64_t now_ns)
{
	return rate->burst +
	       (now_ns - l->start_ns) / pw_rate_interval_ns(rate);
}

/*
 * As many beyond the burst as show it. A fast bucket fills while packets are
 * sent, some 20 us each: the more of them, the more are beyond it in the end.
 */
static size_t beyond(const struct pw_rate *rate)
{
	uint64_t fill = rate->burst * 20000ull / pw_rate_interval_ns(rate);

	return BEYOND + 2 * (size_t)fill;
}

static int judge(struct pw_stage *stage, struct pw_limited *l,
		 const struct pw_rate *rate,
		 const struct pw_volley_count *count)
{
	l->start_ns = count->start_ns;
	l->passed = count->passed;
	if (!count->certain)
		return pw_limited_find(stage, l, PW_RES_UNKNOWN, LOST);
	if (count->passed < rate->burst)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "only %zu of the first %u packets were let through",
				       count->passed, rate->burst);
	if (l->passed > most(l, rate, count->end_ns))
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "%zu of %zu packets were let through, the limit is %u",
				       count->passed, count->sent,
				       rate->burst);
	if (count->refused && l->place.beyond == PW_EX_CLOSED)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "%zu packets beyond the limit were refused, not dropped",
				       count->refused);
	if (count->passed < count->sent) {
		l->empty_ns = count->end_ns;
		return 0;
	}
	l->over = true;
	stage->report->cases[l->of_case].result = PW_RES_SKIPPED;
	pw_limited_say(l, "it fills faster than packets can be sent here");
	return 0;
}

/* Another source, when this one's bucket is empty */
static int ask_other(struct pw_stage *stage, struct pw_limited *l,
		     const struct pw_rate *rate, struct pw_value src,
		     bool own_bucket)
{
	struct pw_volley_count count;
	int err = pw_limited_fire(stage, l, src, 1, &count);

	if (err)
		return err;
	l->empty_ns = count.end_ns;
	if (!count.certain)
		return pw_limited_find(stage, l, PW_RES_UNKNOWN, LOST);
	if (own_bucket && !count.passed)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "a source that sent nothing yet was not let through: it has no bucket of its own");
	l->passed += own_bucket ? 0 : count.passed;
	if (l->passed > most(l, rate, count.end_ns))
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "another source was let through when the limit that both share was reached");
	return 0;
}

static int ask_others(struct pw_stage *stage, struct pw_limited *l,
		      const struct pw_rate *rate, bool first)
{
	bool per_source = l->limit.per_source;
	int err = 0;

	if (l->place.has_near && !l->over)
		err = ask_other(stage, l, rate, l->place.near, false);
	if (err || l->over || !l->place.has_other)
		return err;
	err = ask_other(stage, l, rate, l->place.other, per_source);
	if (!err && !l->over && per_source && first)
		pw_limited_say(l, "another source has its own");
	return err;
}

int pw_limited_exhaust(struct pw_stage *stage, struct pw_limited *l,
		       const struct pw_rate *rate)
{
	struct pw_volley_count count;
	size_t num = rate->burst + beyond(rate);
	bool first = !*l->said;
	int err;

	if (rate->burst > MAX_BURST) {
		l->over = true;
		stage->report->cases[l->of_case].result = PW_RES_SKIPPED;
		pw_limited_say(l, "a burst of %u is more than is tried",
			       rate->burst);
		return 0;
	}
	err = pw_limited_fire(stage, l, l->place.probe.src, num, &count);
	if (!err)
		err = judge(stage, l, rate, &count);
	if (err || l->over)
		return err;
	if (first)
		pw_limited_say_beyond(l, &count);
	return ask_others(stage, l, rate, first);
}

int pw_limited_recover(struct pw_stage *stage, struct pw_limited *l,
		       const struct pw_rate *rate, bool quickened)
{
	struct pw_volley_count count;
	int err;

	pw_await_ns(l->empty_ns + pw_rate_interval_ns(rate));
	err = pw_limited_fire(stage, l, l->place.probe.src, BEYOND, &count);
	if (err)
		return err;
	if (!count.certain)
		return pw_limited_find(stage, l, PW_RES_UNKNOWN, LOST);
	if (!count.passed)
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "no packet was let through when its time had come again");
	l->passed += count.passed;
	if (l->passed > most(l, rate, count.end_ns))
		return pw_limited_find(stage, l, PW_RES_VIOLATION,
				       "%zu packets were let through when the time of one had come again",
				       count.passed);
	if (quickened)
		pw_limited_say(l, "recovery shown at %u/second", rate->count);
	else
		pw_limited_say(l, "recovered");
	return 0;
}
