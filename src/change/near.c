/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections that are the same on both sides and far from what is not. */
#include "change/near.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int make_room(void *array, size_t *num, size_t want, size_t size)
{
	void **place = array;
	void *grown;

	if (want <= *num)
		return 0;
	want += want / 2;
	grown = realloc(*place, want * size);
	if (!grown)
		return -ENOMEM;
	memset((char *)grown + *num * size, 0, (want - *num) * size);
	*place = grown;
	*num = want;
	return 0;
}

/* From now on it is asked what overlaps @with; 0 or -ENOMEM */
static int aim(struct pw_overlaps *overlaps, const struct pw_sets *sets,
	       uint32_t with)
{
	if (overlaps->with != with && overlaps->num)
		memset(overlaps->known, 0, overlaps->num);
	overlaps->with = with;
	return make_room(&overlaps->known, &overlaps->num, sets->num,
			 sizeof(*overlaps->known));
}

static bool overlaps(struct pw_overlaps *o, const struct pw_sets *sets,
		     uint32_t set)
{
	if (!set || !o->with)
		return false;
	if (!o->known[set])
		o->known[set] = 1 + pw_rangeset_overlaps(sets->list[set],
							 sets->list[o->with]);
	return o->known[set] == 2;
}

static const struct pw_term *term_of(const struct pw_near *n,
				     const struct pw_member *m)
{
	return &n->terms->list[m->entry];
}

/* The sources, or with @family PW_NUM_FAMILIES the interfaces, that differ */
static uint32_t union_of(struct pw_near *n, const struct pw_member *members,
			 size_t num, unsigned int family)
{
	size_t found = 0;

	for (size_t i = 0; i < num; i++) {
		const struct pw_term *term = term_of(n, &members[i]);

		if (n->counts[members[i].rest])
			n->scratch[found++] = family < PW_NUM_FAMILIES ?
					      term->from[family] : term->on;
	}
	return pw_sets_union_of(&n->terms->sets, n->scratch, found);
}

static int aim_all(struct pw_near *n, const struct pw_member *members,
		   size_t num)
{
	struct pw_sets *sets = &n->terms->sets;
	uint32_t with[PW_NUM_FAMILIES + 1];
	int err = 0;

	for (unsigned int f = 0; f <= PW_NUM_FAMILIES; f++)
		with[f] = union_of(n, members, num, f);
	for (unsigned int f = 0; !err && f < PW_NUM_FAMILIES; f++)
		err = aim(&n->from[f], sets, with[f]);
	return err ? err : aim(&n->on, sets, with[PW_NUM_FAMILIES]);
}

static bool matters(struct pw_near *n, const struct pw_member *m)
{
	const struct pw_sets *sets = &n->terms->sets;
	const struct pw_term *term = term_of(n, m);

	return overlaps(&n->on, sets, term->on) &&
	       (overlaps(&n->from[PW_IPV4], sets, term->from[PW_IPV4]) ||
		overlaps(&n->from[PW_IPV6], sets, term->from[PW_IPV6]));
}

static void count(struct pw_near *n, const struct pw_member *members,
		  size_t num)
{
	for (size_t i = 0; i < num; i++)
		n->counts[members[i].rest] +=
			members[i].side == SIDE_AFTER ? 1 : -1;
}

static void forget(struct pw_near *n, const struct pw_member *members,
		   size_t num)
{
	for (size_t i = 0; i < num; i++)
		n->counts[members[i].rest] = 0;
}

int pw_near_keep(struct pw_near *n, struct pw_member *members,
		      size_t *num, size_t num_rests)
{
	int err = make_room(&n->counts, &n->num_counts, num_rests,
			    sizeof(*n->counts));
	size_t kept = 0;

	if (!err)
		err = make_room(&n->scratch, &n->num_scratch, *num,
				sizeof(*n->scratch));
	if (err)
		return err;
	count(n, members, *num);
	err = aim_all(n, members, *num);
	forget(n, members, *num);
	for (size_t i = 0; !err && i < *num; i++)
		if (matters(n, &members[i]))
			members[kept++] = members[i];
	if (!err)
		*num = kept;
	return err;
}

void pw_near_clear(struct pw_near *n)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		free(n->from[f].known);
	free(n->on.known);
	free(n->counts);
	free(n->scratch);
}
