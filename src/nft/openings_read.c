// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads temporary openings: a few small sets, and the time of each element. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "nft/kernel.h"
#include "nft/openings.h"
#include "portwall/array.h"

/* Elements of one transaction end within this, whenever they are asked */
#define SAME_TIME_MS 1000

struct dump {
	struct pw_openings *out;
	size_t set;
};

static int add(const struct pw_elems_span *span, uint64_t left_ms, void *arg)
{
	const struct dump *dump = arg;
	struct pw_openings *out = dump->out;
	struct pw_opening opening;
	int err = pw_opening_get(dump->set, span, &opening);

	if (err || !left_ms)
		return err;
	opening.left_ms = left_ms;
	return PW_ARRAY_PUSH(out->list, out->num, out->cap, opening);
}

static int read_elems(const struct nlmsghdr *nlh, void *arg)
{
	return pw_elems_read_spans(nlh, add, arg);
}

int pw_openings_dump(struct pw_nl *nl, uint32_t genid, struct pw_openings *out)
{
	int err = 0;

	out->num = 0;
	for (size_t i = 0; i < PW_NUM_OPENING_SETS && !err; i++) {
		struct dump dump = { out, i };
		struct nlmsghdr *nlh = pw_nl_request(nl, NFT_MSG_GETSETELEM,
						     NLM_F_DUMP, PW_TABLE);

		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET,
				  pw_opening_sets[i]);
		err = pw_nl_ask(nl, nlh, genid, read_elems, &dump);
	}
	return err;
}

/* Those that differ in the port alone, one after the other */
static int cmp_but_port(const struct pw_opening *a, const struct pw_opening *b)
{
	struct pw_opening x = *a, y = *b;

	x.first = y.first = 0;
	return pw_opening_cmp(&x, &y);
}

static int by_port(const void *pa, const void *pb)
{
	const struct pw_opening *a = pa, *b = pb;
	int order = cmp_but_port(a, b);

	return order ? order : (a->first > b->first) - (a->first < b->first);
}

/* What ends first comes first; else as they are */
static int by_time(const void *pa, const void *pb)
{
	const struct pw_opening *a = pa, *b = pb;

	if (a->left_ms != b->left_ms)
		return a->left_ms < b->left_ms ? -1 : 1;
	return pw_opening_cmp(a, b);
}

/* The same but for the port, which is the next one, and at the same time */
static bool continues(const struct pw_opening *a, const struct pw_opening *b)
{
	uint64_t early = a->left_ms < b->left_ms ? a->left_ms : b->left_ms;
	uint64_t late = a->left_ms < b->left_ms ? b->left_ms : a->left_ms;

	return b->first == a->last + 1 && !cmp_but_port(a, b) &&
	       late - early <= SAME_TIME_MS;
}

static void fold(struct pw_openings *openings)
{
	size_t num = 0;

	if (openings->num)
		qsort(openings->list, openings->num, sizeof(*openings->list),
		      by_port);
	for (size_t i = 0; i < openings->num; i++) {
		const struct pw_opening *next = &openings->list[i];
		struct pw_opening *open = num ? &openings->list[num - 1] : NULL;

		if (!open || !continues(open, next)) {
			openings->list[num++] = *next;
			continue;
		}
		open->last = next->last;
		if (next->left_ms < open->left_ms)
			open->left_ms = next->left_ms;
	}
	openings->num = num;
	if (num)
		qsort(openings->list, num, sizeof(*openings->list), by_time);
}

static int read_once(struct pw_nl *nl, struct pw_openings *out)
{
	uint32_t genid;
	int err = pw_nl_genid(nl, &genid);

	if (!err)
		err = pw_openings_dump(nl, genid, out);
	if (err == -ENOENT) {
		out->num = 0;
		err = 0;
	}
	return err;
}

int pw_openings_explain(int err, struct pw_diags *diags)
{
	if (err == -ENOMEM)
		return err;
	if (err == -EBADMSG) {
		pw_diag_system(diags, EOPNOTSUPP,
			       "a set of temporary openings (s.open*) holds what no portwall puts there");
		pw_diag_hint(diags,
			     "take it out with nft, or the whole table with: portwall clear");
		return -EOPNOTSUPP;
	}
	if (pw_nl_is_passing(err) || err == -ERESTART || err == -EINPROGRESS)
		return pw_diag_system(diags, EAGAIN,
				      "others kept changing the rules of this host for 5 seconds");
	return pw_diag_system(diags, -err,
			      "cannot read the openings of table inet " PW_TABLE);
}

int pw_openings_read(struct pw_nl *nl, struct pw_openings **out,
		     struct pw_diags *diags)
{
	pw_owned(pw_openings_free) struct pw_openings *openings =
		calloc(1, sizeof(*openings));
	struct pw_backoff backoff = { 0 };
	int err;

	if (!openings)
		return -ENOMEM;
	do {
		err = read_once(nl, openings);
	} while (pw_nl_is_passing(err) && !pw_backoff_wait(&backoff, nl));
	if (err)
		return pw_openings_explain(err, diags);
	fold(openings);
	*out = PW_TAKE(openings);
	return 0;
}

void pw_openings_free(struct pw_openings *openings)
{
	if (!openings)
		return;
	free(openings->list);
	free(openings);
}
