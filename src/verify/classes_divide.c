/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All sets are walked at once from end to end. Each has a random number, and
 * the sum of those that hold the moving point tells its class.
 */
#include "verify/classes_divide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "verify/plan_dice.h"

/* Sections in the lists of all classes together: 8 MB */
#define LISTED_MAX 2000000

struct tag {
	uint64_t a, b;
};

/* Sections whose sets are equal: owners [@first, @first + @num) */
struct stream {
	const struct pw_rangeset *set;
	size_t first, num;
	size_t next;		/* end that comes next: 2 * range, + 1: last */
	struct tag tag;
	size_t at;		/* in @active, SIZE_MAX: not there */
};

struct owner {
	uint64_t hash;
	const struct pw_rangeset *set;
	uint32_t section;
};

struct end {
	struct pw_value value;
	uint32_t stream;
};

struct bucket {
	struct tag tag;
	uint32_t class;		/* + 1; 0: free */
};

/**
 * struct walk
 * @heap:	the next end of each stream, lowest first
 * @active:	streams by which the point differs from class 0
 * @apart:	index of the stream that makes no classes
 * @buckets:	classes by tag, a power of two
 */
struct walk {
	struct pw_division *out;
	unsigned int bits;
	struct owner *owners;
	struct stream *streams;
	size_t num_streams;
	struct end *heap;
	size_t num_heap;
	uint32_t *active;
	size_t num_active;
	uint32_t apart;
	bool is_apart;
	struct tag tag;
	struct bucket *buckets;
	size_t num_buckets;
	size_t listed;
};

static uint64_t mix(uint64_t hash, struct pw_value v)
{
	hash = pw_dice_mix(hash ^ v.hi);
	return pw_dice_mix(hash ^ v.lo);
}

static uint64_t hash_set(const struct pw_rangeset *set)
{
	uint64_t hash = set->num;

	for (size_t i = 0; i < set->num; i++) {
		struct pw_range range = pw_rangeset_get(set, i);

		hash = mix(mix(hash, range.first), range.last);
	}
	return hash;
}

/* More than half of all numbers? */
static bool is_most(const struct pw_rangeset *set, unsigned int bits)
{
	double sum = 0, all = 1;

	for (size_t i = 0; i < set->num; i++) {
		struct pw_range r = pw_rangeset_get(set, i);

		sum += ((double)r.last.hi - (double)r.first.hi) * 0x1p64 +
		       ((double)r.last.lo - (double)r.first.lo) + 1;
	}
	for (unsigned int i = 0; i < bits; i++)
		all *= 2;
	return sum > all / 2;
}

static int owner_cmp(const void *pa, const void *pb)
{
	const struct owner *a = pa, *b = pb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->section > b->section) - (a->section < b->section);
}

static bool same_set(const struct pw_rangeset *a, const struct pw_rangeset *b)
{
	return a == b || pw_rangeset_equal(a, b);
}

static void push_stream(struct walk *w, const struct pw_rangeset *set,
			size_t first, size_t num)
{
	uint64_t seed = pw_dice_mix(w->num_streams + 1);

	w->streams[w->num_streams++] = (struct stream){
		.set = set, .first = first, .num = num, .at = SIZE_MAX,
		.tag = { seed, pw_dice_mix(~seed) },
	};
}

/* Equal sets are one stream; the list of a thousand sections is walked once */
static void make_streams(struct walk *w, const struct pw_cover *covers,
			 size_t num)
{
	for (size_t i = 0; i < num; i++)
		w->owners[i] = (struct owner){
			i && covers[i].set == covers[i - 1].set ?
				w->owners[i - 1].hash : hash_set(covers[i].set),
			covers[i].set, covers[i].section,
		};
	if (num)
		qsort(w->owners, num, sizeof(*w->owners), owner_cmp);
	for (size_t i = 0, first; i < num;) {
		for (first = i++; i < num; i++)
			if (w->owners[i].hash != w->owners[first].hash ||
			    !same_set(w->owners[i].set, w->owners[first].set))
				break;
		push_stream(w, w->owners[first].set, first, i - first);
	}
}

static bool end_before(const struct end *a, const struct end *b)
{
	return pw_value_cmp(a->value, b->value) < 0;
}

static void sift_down(struct walk *w, size_t at)
{
	for (;;) {
		size_t low = at;

		for (size_t kid = 2 * at + 1; kid <= 2 * at + 2; kid++)
			if (kid < w->num_heap &&
			    end_before(&w->heap[kid], &w->heap[low]))
				low = kid;
		if (low == at)
			return;
		struct end swap = w->heap[at];

		w->heap[at] = w->heap[low];
		w->heap[low] = swap;
		at = low;
	}
}

/* Where the stream's membership changes next; false: nowhere */
static bool next_end(const struct walk *w, uint32_t stream, struct end *out)
{
	const struct stream *s = &w->streams[stream];
	struct pw_range range;

	if (s->next / 2 >= s->set->num)
		return false;
	range = pw_rangeset_get(s->set, s->next / 2);
	*out = (struct end){ range.first, stream };
	if (!(s->next & 1))
		return true;
	if (!pw_value_cmp(range.last, pw_value_max(w->bits)))
		return false;
	out->value = pw_value_next(range.last);
	return true;
}

static void toggle(struct walk *w, uint32_t stream)
{
	struct stream *s = &w->streams[stream];

	if (stream == w->apart) {
		w->is_apart = !w->is_apart;
		return;
	}
	w->tag.a ^= s->tag.a;
	w->tag.b ^= s->tag.b;
	if (s->at == SIZE_MAX) {
		s->at = w->num_active;
		w->active[w->num_active++] = stream;
		return;
	}
	w->active[s->at] = w->active[--w->num_active];
	w->streams[w->active[s->at]].at = s->at;
	s->at = SIZE_MAX;
}

static void start_streams(struct walk *w)
{
	for (uint32_t i = 0; i < w->num_streams; i++) {
		const struct stream *s = &w->streams[i];

		if (next_end(w, i, &w->heap[w->num_heap]))
			w->num_heap++;
		if (i == w->apart || !is_most(s->set, w->bits))
			continue;
		toggle(w, i);
		for (size_t k = 0; k < s->num; k++)
			w->out->common[w->owners[s->first + k].section] = true;
	}
	for (size_t i = w->num_heap; i-- > 0;)
		sift_down(w, i);
}

static int section_cmp(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static int list_sections(struct walk *w, struct pw_divided *class)
{
	size_t num = 0;

	for (size_t i = 0; i < w->num_active; i++)
		num += w->streams[w->active[i]].num;
	class->listed = num <= LISTED_MAX - w->listed;
	if (!class->listed)
		return 0;
	class->sections = malloc((num + 1) * sizeof(*class->sections));
	if (!class->sections)
		return -ENOMEM;
	for (size_t i = 0; i < w->num_active; i++) {
		const struct stream *s = &w->streams[w->active[i]];

		for (size_t k = 0; k < s->num; k++)
			class->sections[class->num++] =
				w->owners[s->first + k].section;
	}
	if (num)
		qsort(class->sections, num, sizeof(*class->sections),
		      section_cmp);
	w->listed += num;
	return 0;
}

static struct bucket *find_bucket(struct walk *w, struct tag tag)
{
	size_t i = (size_t)tag.a & (w->num_buckets - 1);

	while (w->buckets[i].class && (w->buckets[i].tag.a != tag.a ||
				       w->buckets[i].tag.b != tag.b))
		i = (i + 1) & (w->num_buckets - 1);
	return &w->buckets[i];
}

static int grow_buckets(struct walk *w)
{
	struct bucket *old = w->buckets;
	size_t num = w->num_buckets;

	w->buckets = calloc(num ? 2 * num : 64, sizeof(*w->buckets));
	if (!w->buckets) {
		w->buckets = old;
		return -ENOMEM;
	}
	w->num_buckets = num ? 2 * num : 64;
	for (size_t i = 0; i < num; i++)
		if (old[i].class)
			*find_bucket(w, old[i].tag) = old[i];
	free(old);
	return 0;
}

static int push_class(struct walk *w, struct bucket *bucket)
{
	struct pw_divided class = { 0 };
	int err = list_sections(w, &class);

	if (!err)
		err = PW_ARRAY_PUSH(w->out->classes, w->out->num, w->out->cap,
				    class);
	if (err) {
		free(class.sections);
		return err;
	}
	*bucket = (struct bucket){ w->tag, (uint32_t)w->out->num };
	return 0;
}

/* The class of the point; a new one if nothing was like it so far */
static int this_class(struct walk *w, uint32_t *out)
{
	struct bucket *bucket;
	int err = 0;

	if (2 * (w->out->num + 1) > w->num_buckets)
		err = grow_buckets(w);
	if (err)
		return err;
	bucket = find_bucket(w, w->tag);
	if (!bucket->class)
		err = push_class(w, bucket);
	if (!err)
		*out = bucket->class - 1;
	return err;
}

/* Every set that begins or ends at @value does so */
static void pass_ends(struct walk *w, struct pw_value value)
{
	while (w->num_heap && !pw_value_cmp(w->heap[0].value, value)) {
		uint32_t stream = w->heap[0].stream;

		toggle(w, stream);
		w->streams[stream].next++;
		if (!next_end(w, stream, &w->heap[0]))
			w->heap[0] = w->heap[--w->num_heap];
		sift_down(w, 0);
	}
}

static int walk(struct walk *w, pw_on_stretch on_stretch, void *arg)
{
	struct pw_range range = { { 0, 0 }, pw_value_max(w->bits) };
	bool more = true;
	uint32_t class;
	int err = 0;

	while (more && !err) {
		pass_ends(w, range.first);
		more = w->num_heap;
		range.last = more ? pw_value_prev(w->heap[0].value) :
				    pw_value_max(w->bits);
		err = this_class(w, &class);
		if (!err)
			err = on_stretch(arg, &range, class, w->is_apart);
		range.first = pw_value_next(range.last);
	}
	return err;
}

static void walk_clear(struct walk *w)
{
	free(w->owners);
	free(w->streams);
	free(w->heap);
	free(w->active);
	free(w->buckets);
}

static int walk_init(struct walk *w, size_t num, size_t num_sections)
{
	w->owners = calloc(num + 1, sizeof(*w->owners));
	w->streams = calloc(num + 1, sizeof(*w->streams));
	w->heap = calloc(num + 1, sizeof(*w->heap));
	w->active = calloc(num + 1, sizeof(*w->active));
	w->out->common = calloc(num_sections + 1, sizeof(*w->out->common));
	return w->owners && w->streams && w->heap && w->active &&
	       w->out->common ? 0 : -ENOMEM;
}

int pw_divide(const struct pw_cover *covers, size_t num, size_t num_sections,
	      unsigned int bits, const struct pw_rangeset *apart,
	      pw_on_stretch on_stretch, void *arg, struct pw_division *out)
{
	struct pw_division division = { 0 };
	struct walk w = { .out = &division, .bits = bits, .apart = UINT32_MAX };
	uint32_t class;
	int err = walk_init(&w, num, num_sections);

	if (!err) {
		make_streams(&w, covers, num);
		/* class 0, whether or not anything is of it */
		err = this_class(&w, &class);
	}
	if (!err && apart) {
		w.apart = (uint32_t)w.num_streams;
		push_stream(&w, apart, num, 0);
	}
	if (!err) {
		start_streams(&w);
		err = walk(&w, on_stretch, arg);
	}
	walk_clear(&w);
	if (err) {
		pw_division_clear(&division);
		return err;
	}
	*out = division;
	return 0;
}

void pw_division_clear(struct pw_division *division)
{
	for (size_t i = 0; i < division->num; i++)
		free(division->classes[i].sections);
	free(division->classes);
	free(division->common);
	*division = (struct pw_division){ 0 };
}
