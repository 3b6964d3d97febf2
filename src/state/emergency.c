// SPDX-License-Identifier: GPL-2.0-or-later
/* The policy for a boot whose own one is lost: remote access, and no more. */
#include "state/emergency.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/escape.h"
#include "portwall/text.h"

#include "state/bundle.h"

/* A block, and its sources among those that are let in */
struct block {
	const struct pw_section *section;
	struct pw_addrs from;
};

/**
 * struct rescue - What of a model the emergency policy says
 * @from:	sources that any section lets in
 * @blocks:	few enough ranges to be written, @num_ranges in all
 * @taken:	sources of the other blocks: taken out of what is let in, but
 *		where that is anyone, who then would be half a list
 * @num_left_out: how many of these there are
 * @num_allowed: sections written
 */
struct rescue {
	const struct pw_model *model;
	const struct pw_rangeset *guard;
	struct pw_addrs from, taken;
	struct block *blocks;
	size_t num_blocks, cap_blocks, num_ranges;
	size_t num_left_out, num_allowed;
	FILE *out;
};

/* Is there a packet of remote access that @section is about? */
static bool concerns(const struct rescue *r, const struct pw_section *section,
		     bool block)
{
	bool arrives = section->any_to || section->to_local ||
		       !pw_addrs_empty(&section->to);
	bool over = section->until_ns && section->until_ns <= r->model->now_ns;

	return section->block == block && arrives && !over &&
	       !pw_addrs_empty(&section->from) &&
	       (section->everything ||
		pw_rangeset_overlaps(section->ports[PW_TCP], r->guard));
}

static int gather_sources(struct rescue *r)
{
	int err = pw_addrs_init(&r->from) ?: pw_addrs_init(&r->taken);

	for (size_t i = 0; !err && i < r->model->num_sections; i++) {
		const struct pw_section *section = &r->model->sections[i];

		if (concerns(r, section, false))
			err = pw_addrs_add_all(&r->from, &section->from);
	}
	return err ?: pw_addrs_normalise(&r->from);
}

/* Those of @a that are in @b as well, or that are not */
static int combine(const struct pw_addrs *a, const struct pw_addrs *b,
		   int (*how)(const struct pw_rangeset *a,
			      const struct pw_rangeset *b,
			      struct pw_rangeset **out),
		   struct pw_addrs *out)
{
	struct pw_addrs made = { 0 };
	int err = 0;

	for (unsigned int f = 0; !err && f < PW_NUM_FAMILIES; f++)
		err = how(a->set[f], b->set[f], &made.set[f]);
	if (err)
		pw_addrs_clear(&made);
	else
		*out = made;
	return err;
}

static size_t num_ranges(const struct pw_addrs *addrs)
{
	return addrs->set[PW_IPV4]->num + addrs->set[PW_IPV6]->num;
}

/* Takes @hit, also on failure */
static int add_block(struct rescue *r, const struct pw_section *section,
		     struct pw_addrs hit)
{
	struct block block = { section, hit };
	size_t num = num_ranges(&hit);
	int err = 0;

	if (!num) {
		pw_addrs_clear(&hit);
	} else if (r->num_ranges + num <= PW_EMERGENCY_MAX_BLOCKED) {
		err = PW_ARRAY_PUSH(r->blocks, r->num_blocks, r->cap_blocks,
				    block);
		if (err)
			pw_addrs_clear(&hit);
		r->num_ranges += num;
	} else {
		r->num_left_out++;
		err = pw_addrs_add_all(&r->taken, &hit) ?:
		      pw_addrs_normalise(&r->taken);
		pw_addrs_clear(&hit);
	}
	return err;
}

static int gather_blocks(struct rescue *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->model->num_sections; i++) {
		const struct pw_section *section = &r->model->sections[i];
		struct pw_addrs hit;

		if (!concerns(r, section, true))
			continue;
		err = combine(&section->from, &r->from, pw_rangeset_intersect,
			      &hit);
		if (!err)
			err = add_block(r, section, hit);
	}
	return err;
}

static int put_ports(const struct rescue *r, const struct pw_section *section)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports = NULL;
	int err;

	if (section->everything)
		return 0;
	err = pw_rangeset_intersect(section->ports[PW_TCP], r->guard, &ports);
	if (!err)
		pw_put_tcp(ports, r->out);
	return err;
}

static int put_blocks(const struct rescue *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->num_blocks; i++) {
		fprintf(r->out, "\n[block blocked-%zu]\n", i + 1);
		err = put_ports(r, r->blocks[i].section);
		pw_put_addrs("from", &r->blocks[i].from, r->out);
		pw_put_limits(r->blocks[i].section, r->out);
	}
	return err;
}

static void put_left_out(const struct rescue *r)
{
	fprintf(r->out, "\n; anyone, also the sources of %zu block%s, which hold too many addresses",
		r->num_left_out, r->num_left_out == 1 ? "" : "s");
}

static int put_allow(struct rescue *r, const struct pw_section *section,
		     const struct pw_addrs *from)
{
	int err;

	if (section->any_from && r->num_left_out)
		put_left_out(r);
	fprintf(r->out, "\n[allow guard-%zu]\n", ++r->num_allowed);
	err = put_ports(r, section);
	if (!section->any_from && !pw_put_addrs("from", from, r->out))
		fputs("; the list was longer\n", r->out);
	pw_put_limits(section, r->out);
	return err;
}

static int put_allows(struct rescue *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->model->num_sections; i++) {
		const struct pw_section *section = &r->model->sections[i];
		struct pw_addrs from = { 0 };

		if (!concerns(r, section, false))
			continue;
		err = combine(&section->from, &r->taken, pw_rangeset_subtract,
			      &from);
		if (!err && (section->any_from || !pw_addrs_empty(&from)))
			err = put_allow(r, section, &from);
		pw_addrs_clear(&from);
	}
	return err;
}

/* The key closed depends on what was written: [policy] comes last */
static int put_all(struct rescue *r)
{
	int err;

	fputs("; For a boot where the policy that was applied cannot be read: remote access\n"
	      "; alone. Written by portwall at each apply, from ", r->out);
	pw_escape_put(r->model->source, strlen(r->model->source), r->out);
	putc('\n', r->out);
	err = put_blocks(r) ?: put_allows(r);
	putc('\n', r->out);
	pw_put_policy_keys(r->model, !r->num_allowed, r->out);
	return err;
}

static void rescue_clear(struct rescue *r)
{
	for (size_t i = 0; i < r->num_blocks; i++)
		pw_addrs_clear(&r->blocks[i].from);
	free(r->blocks);
	pw_addrs_clear(&r->from);
	pw_addrs_clear(&r->taken);
}

static int write_text(struct rescue *r, char **text)
{
	int err, lost;
	size_t len;

	r->out = pw_text_open(text, &len);
	if (!r->out)
		return -ENOMEM;
	err = put_all(r);
	lost = pw_text_close(r->out, text);
	if (err) {
		free(*text);
		*text = NULL;
	}
	return err ?: lost;
}

int pw_emergency_text(const struct pw_model *model,
		      const struct pw_rangeset *guard, char **out)
{
	struct rescue r = { .model = model, .guard = guard };
	char *text = NULL, *sealed = NULL;
	size_t len;
	int err = gather_sources(&r) ?: gather_blocks(&r) ?:
		  write_text(&r, &text);

	if (!err)
		sealed = pw_seal(text, strlen(text), PW_EMERGENCY_SEAL, &len);
	free(text);
	rescue_clear(&r);
	if (err)
		return err;
	if (!sealed)
		return -ENOMEM;
	*out = sealed;
	return 0;
}
