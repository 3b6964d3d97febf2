// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens ports for a while, and closes them before the time. */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netlink/version.h"
#include "nft/load_priv.h"
#include "nft/openings.h"
#include "portwall/array.h"
#include "portwall/names.h"

#define GATE_SLACK_MS 1000	/* it must not close before the last opening */

/*
 * Since Linux 6.12 an element that is added again takes the new time. Before, it
 * has to be deleted, which whoever closes a socket within the next hundredth of
 * a second has to wait for.
 */
#define RENEWS_SINCE 6, 12
#define AT_ONCE_MS 1
#define POLL_NS 200000
#define MAX_POLLS 500

/**
 * struct change - From what is open to what shall be
 * @list, @num:	what was asked for
 * @come:	to be added, one port each, sorted; nothing else is asked then
 * @ms:		for so long
 * @now:	what is open, one port each, sorted
 * @gone:	by index in @now: is taken away
 * @renews:	elements take a new time; what is to be closed ends at once then
 */
struct change {
	struct pw_nl *nl;
	struct pw_diags *diags;
	const struct pw_opening *list;
	size_t num;
	struct pw_openings come, now;
	uint64_t ms;
	bool *gone;
	size_t num_gone;
	uint32_t genid;
	bool renews;
};

static void clear_change(struct change *c)
{
	free(c->come.list);
	free(c->now.list);
	free(c->gone);
}

static int by_key(const void *a, const void *b)
{
	return pw_opening_cmp(a, b);
}

static void sort(struct pw_openings *openings)
{
	if (openings->num)
		qsort(openings->list, openings->num, sizeof(*openings->list),
		      by_key);
}

/* Port by port, each once */
static int spell_out(struct change *c)
{
	struct pw_openings *come = &c->come;
	size_t num = 0;
	int err = 0;

	for (size_t i = 0; i < c->num; i++)
		for (uint32_t port = c->list[i].first;
		     port <= c->list[i].last && !err; port++) {
			struct pw_opening one = c->list[i];

			one.first = one.last = port;
			err = PW_ARRAY_PUSH(come->list, come->num, come->cap,
					    one);
		}
	sort(come);
	for (size_t i = 0; i < come->num; i++)
		if (!num || pw_opening_cmp(&come->list[num - 1],
					   &come->list[i]))
			come->list[num++] = come->list[i];
	come->num = num;
	return err;
}

static void mark_gone(struct change *c, size_t i)
{
	c->num_gone += !c->gone[i];
	c->gone[i] = true;
}

static bool meet(const struct pw_opening *a, const struct pw_opening *b)
{
	return pw_value_cmp(a->from, b->to) <= 0 &&
	       pw_value_cmp(b->from, a->to) <= 0;
}

static int refuse_overlap(struct change *c, const struct pw_opening *opening)
{
	const struct pw_range range = { opening->from, opening->to };
	const char *proto = pw_proto_name(opening->proto);
	char text[2 * PW_ADDR_STRLEN];

	pw_addr_range_format(opening->family, &range, text);
	pw_diag_error(c->diags, NULL,
		      "%s/%u is open from %s: no other prefix that overlaps can have a time of its own",
		      proto ? proto : "?", opening->first, text);
	pw_diag_hint(c->diags, "close that first: portwall close %s/%u --from %s",
		     proto ? proto : "?", opening->first, text);
	return -EEXIST;
}

/* First of those open at the place of @opening, or behind it */
static size_t find_place(const struct change *c,
			 const struct pw_opening *opening)
{
	size_t low = 0, high = c->now.num;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (pw_opening_cmp_place(&c->now.list[mid], opening) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What is open already is taken away, to come with its new time */
static int replace(struct change *c, const struct pw_opening *opening)
{
	for (size_t i = find_place(c, opening); i < c->now.num; i++) {
		const struct pw_opening *open = &c->now.list[i];

		if (pw_opening_cmp_place(open, opening))
			break;
		if (!pw_opening_cmp(open, opening))
			mark_gone(c, i);
		else if (meet(open, opening))
			return refuse_overlap(c, open);
	}
	return 0;
}

/* Of any source, of any interface, unless it is named */
static bool is_meant(const struct pw_opening *open,
		     const struct pw_opening *asked)
{
	if (open->proto != asked->proto || open->first > asked->last ||
	    open->last < asked->first)
		return false;
	if (asked->iifname[0] &&
	    strncmp(open->iifname, asked->iifname, sizeof(open->iifname)))
		return false;
	return asked->any_from ||
	       (!open->any_from && open->family == asked->family &&
		!pw_value_cmp(open->from, asked->from) &&
		!pw_value_cmp(open->to, asked->to));
}

static void find_gone(struct change *c)
{
	for (size_t i = 0; i < c->now.num; i++) {
		bool meant = !c->num;

		for (size_t j = 0; j < c->num && !meant; j++)
			meant = is_meant(&c->now.list[i], &c->list[j]);
		if (meant)
			mark_gone(c, i);
	}
}

static int plan(struct change *c)
{
	int err = 0;

	free(c->gone);
	c->num_gone = 0;
	c->gone = calloc(c->now.num + 1, sizeof(*c->gone));
	if (!c->gone)
		return -ENOMEM;
	for (size_t i = 0; i < c->come.num && !err; i++)
		err = replace(c, &c->come.list[i]);
	if (!c->come.num)
		find_gone(c);
	return err;
}

static int look(struct change *c)
{
	int err = pw_nl_genid(c->nl, &c->genid);

	if (!err)
		err = pw_openings_dump(c->nl, c->genid, &c->now);
	if (err)
		return pw_nl_is_passing(err) ? -ERESTART : err;
	sort(&c->now);
	return plan(c);
}

/* Those of set @set in @openings, and if @only those flagged there */
static size_t pick(const struct pw_openings *openings, const bool *only,
		   size_t set, struct pw_elems_span *spans)
{
	size_t num = 0;

	for (size_t i = 0; i < openings->num; i++) {
		const struct pw_opening *opening = &openings->list[i];

		if (pw_opening_set_of(opening) == set && (!only || only[i]))
			pw_opening_put(opening, &spans[num++]);
	}
	return num;
}

/* Elements that are there go, or end; those to come come */
static int put_set(const struct change *c, struct pw_batch *batch, size_t set,
		   struct pw_elems_span *spans)
{
	const char *name = pw_opening_sets[set];
	size_t num = pick(&c->now, c->gone, set, spans);
	int err = 0;

	if (!c->renews)
		err = pw_elems_put_spans(batch, name, NFT_MSG_DELSETELEM,
					 spans, num, 0);
	else if (!c->come.num)
		err = pw_elems_put_spans(batch, name, NFT_MSG_NEWSETELEM,
					 spans, num, AT_ONCE_MS);
	if (err)
		return err;
	num = pick(&c->come, NULL, set, spans);
	return pw_elems_put_spans(batch, name, NFT_MSG_NEWSETELEM, spans, num,
				  c->ms);
}

/* Until the last opening ends, 0: there will be none */
static uint64_t last_ms(const struct change *c)
{
	uint64_t ms = c->come.num ? c->ms : 0;

	for (size_t i = 0; i < c->now.num; i++) {
		uint64_t left_ms = c->now.list[i].left_ms;

		/* what never ends is somebody else's, and not our promise */
		if (!c->gone[i] && left_ms != UINT64_MAX && left_ms > ms)
			ms = left_ms;
	}
	return ms;
}

/* Packets ask for openings while the last of them lives */
static int put_gate(const struct change *c, struct pw_batch *batch)
{
	static const uint32_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	uint64_t ms = last_ms(c);

	if (ms)
		ms += GATE_SLACK_MS;
	if (c->renews)
		return pw_elems_put_lives(batch, PW_OPENINGS_GATE,
					  PW_T_NFPROTO, families,
					  PW_ARRAY_SIZE(families),
					  ms ? ms : AT_ONCE_MS);
	if (!ms)
		return pw_elems_put_flush(batch, PW_OPENINGS_GATE);
	return pw_elems_put_timed(batch, PW_OPENINGS_GATE, PW_T_NFPROTO,
				  families, PW_ARRAY_SIZE(families), ms);
}

/* Do all that live have room? The kernel counts those that have ended, too */
static bool have_room(const struct change *c)
{
	size_t num[PW_NUM_OPENING_SETS] = { 0 };

	for (size_t i = 0; i < c->now.num; i++)
		num[pw_opening_set_of(&c->now.list[i])] += !c->gone[i];
	for (size_t i = 0; i < c->come.num; i++)
		num[pw_opening_set_of(&c->come.list[i])]++;
	for (size_t i = 0; i < PW_NUM_OPENING_SETS; i++)
		if (num[i] > PW_OPENING_SET_SIZE)
			return false;
	return true;
}

static int explain_refusal(const struct change *c, int err,
			   const struct pw_batch *batch,
			   const struct pw_nl_refusal *why)
{
	/* of nf_tables: as many elements as declared */
	if (err != -ENFILE)
		return pw_load_explain(err, batch, why, c->diags);
	pw_diag_error(c->diags, NULL,
		      "there are too many openings: %d of a kind fit",
		      PW_OPENING_SET_SIZE);
	pw_diag_hint(c->diags, "close some: portwall close --all, or wait until some have ended");
	return -ENOSPC;
}

static int commit(struct change *c)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	size_t most = c->now.num > c->come.num ? c->now.num : c->come.num;
	struct pw_elems_span *spans = calloc(most + 1, sizeof(*spans));
	struct pw_nl_refusal why;
	int err = spans ? pw_batch_open(&batch, c->nl->seq, c->genid) :
			  -ENOMEM;

	for (size_t i = 0; i < PW_NUM_OPENING_SETS && !err; i++)
		err = put_set(c, &batch, i, spans);
	if (!err)
		err = put_gate(c, &batch);
	free(spans);
	if (err)
		return err;
	err = pw_nl_commit(c->nl, &batch, &why);
	/* One has ended since it was read: it voids the transaction */
	if (err == -ENOENT)
		return -ERESTART;
	if (err == -ENFILE && have_room(c))
		return -ERESTART;
	return explain_refusal(c, err, &batch, &why);
}

static bool is_again(int err)
{
	return err == -ERESTART || err == -EINPROGRESS;
}

static int change_once(struct change *c)
{
	int err = look(c);

	return err || (!c->come.num && !c->num_gone) ? err : commit(c);
}

/* Sent twice it does no harm: it ends in the same state */
static int change_patiently(struct change *c, size_t *num_gone)
{
	struct pw_backoff backoff = { 0 };
	size_t unsure = 0;
	int err;

	do {
		err = change_once(c);
		if (err == -EINPROGRESS && c->num_gone > unsure)
			unsure = c->num_gone;
	} while (is_again(err) && !pw_backoff_wait(&backoff, c->nl));
	*num_gone = c->num_gone > unsure ? c->num_gone : unsure;
	return err;
}

/* What is closed has ended when we return: a tick of the kernel's clock, or so */
static int await_end(struct change *c)
{
	static const struct timespec pause = { .tv_nsec = POLL_NS };
	size_t num_gone;

	for (int i = 0; i < MAX_POLLS; i++) {
		int err = look(c);

		if (err && err != -ERESTART)
			return err;
		if (!err && !c->num_gone)
			return 0;
		nanosleep(&pause, NULL);
	}
	/* it had no time to begin with: somebody else put it there */
	c->renews = false;
	return change_patiently(c, &num_gone);
}

static int change(struct change *c, size_t *num_gone)
{
	size_t said = pw_diags_count(c->diags, PW_ERROR);
	int err;

	c->renews = pw_kernel_is_from(RENEWS_SINCE);
	err = change_patiently(c, num_gone);
	if (err && err != -EINPROGRESS)
		*num_gone = 0;
	if (!err && c->renews && !c->come.num && *num_gone)
		err = await_end(c);
	if (!err || err == -ENOENT ||
	    pw_diags_count(c->diags, PW_ERROR) > said)
		return err;
	return pw_openings_explain(err, c->diags);
}

int pw_openings_add(struct pw_nl *nl, const struct pw_opening *list,
		    size_t num, uint64_t ms, struct pw_diags *diags)
{
	struct change c = { .nl = nl, .diags = diags, .list = list, .num = num,
			    .ms = ms };
	size_t replaced;
	int err = spell_out(&c);

	if (!err && c.come.num)
		err = change(&c, &replaced);
	clear_change(&c);
	return err;
}

int pw_openings_remove(struct pw_nl *nl, const struct pw_opening *list,
		       size_t num, size_t *closed, struct pw_diags *diags)
{
	struct change c = { .nl = nl, .diags = diags, .list = list, .num = num };
	int err = change(&c, closed);

	clear_change(&c);
	return err;
}
