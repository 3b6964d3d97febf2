/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drafts of rules, and the named things that they refer to. */
#ifndef COMPILE_BUILD_H
#define COMPILE_BUILD_H

#include "portwall/model.h"
#include "portwall/ruleset.h"

#define INLINE_MAX 8	/* source ranges of a section that become rules */
#define BITMAP_MAX 2048	/* ports of a plain set */
#define WIDE_MIN 513	/* ports of one protocol that make a section wide */

/**
 * struct named_set - A constant set by its content
 * @digest:	of the elements; with @type and @interval the set's identity
 */
struct named_set {
	uint8_t digest[32];
	enum pw_set_type type;
	bool interval;
	uint32_t set;
};

/**
 * struct build - One compilation
 * @err:	first error; every step after it does nothing
 * @sets:	named constant sets; @slots: open hash of their index + 1 by
 *		digest, @num_slots a power of two, 0 is free
 * @bridges:	set of bridge names, PW_NONE: none, or every name
 * @counters:	by section of the model: its counter, PW_NONE until used
 * @limiters:	by section: the chain that holds its limits, likewise
 * @tails:	by section: the chain that logs and decides, likewise
 */
struct build {
	const struct pw_model *model;
	struct pw_ruleset *rs;
	struct pw_diags *diags;
	uint32_t generation;
	bool follow;
	int err;
	struct named_set *sets;
	size_t num_sets, cap_sets;
	uint32_t *slots;
	size_t num_slots;
	uint32_t bridges;
	uint32_t *counters, *limiters, *tails;
};

/* A rule being put together; reset by pw_draft() */
struct draft {
	struct pw_match matches[PW_NUM_FIELDS];
	size_t num_matches;
	struct pw_effect effects[4];
	size_t num_effects;
	struct pw_verdict verdict;
	const char *comment;
	uint32_t section;
};

struct draft pw_draft(void);
void pw_match_range(struct draft *d, enum pw_field field, struct pw_value first,
		    struct pw_value last);
void pw_match_is(struct draft *d, enum pw_field field, uint32_t value);
void pw_match_span(struct draft *d, enum pw_field field, uint32_t first,
		   uint32_t last);
void pw_match_set(struct draft *d, enum pw_field field, uint32_t set);
void pw_do_count(struct draft *d, uint32_t obj);
void pw_do_limit(struct draft *d, uint32_t obj);
void pw_do_effect(struct draft *d, const struct pw_effect *effect);

/* Append the draft to @chain with a verdict */
void pw_emit(struct build *b, uint32_t chain, const struct draft *d,
	     enum pw_verdict_kind kind);
void pw_emit_to(struct build *b, uint32_t chain, const struct draft *d,
		enum pw_verdict_kind jump_or_goto, uint32_t target);
void pw_emit_map(struct build *b, uint32_t chain, const struct draft *d,
		 uint32_t map);

/* "g7." and the name: existing or new */
__attribute__((format(printf, 2, 3)))
uint32_t pw_gen_chain(struct build *b, const char *fmt, ...);
/* "m.7." and the name; new */
uint32_t pw_gen_map(struct build *b, const char *name, enum pw_map_key key);
void pw_map_put(struct build *b, uint32_t map, uint32_t key,
		enum pw_verdict_kind kind, uint32_t chain);

/* Existing or new, by name */
__attribute__((format(printf, 2, 3)))
uint32_t pw_counter_obj(struct build *b, const char *fmt, ...);
/* "l." @owner "." hex of the limit @suffix */
uint32_t pw_limit_obj(struct build *b, const char *owner,
		      const struct pw_rate *rate, const char *suffix);
/* n.<section> or b.<section> */
uint32_t pw_section_counter(struct build *b, size_t section);

/*
 * Constant set of @elems: one of equal content or a new one. @label: middle of
 * the name ("web.4"); @prefix: "a", "p", "i".
 */
uint32_t pw_const_set(struct build *b, char prefix, const char *label,
		      enum pw_set_type type, bool interval,
		      struct pw_rangeset *elems);
/* Dynamic set by its name, made when first used */
uint32_t pw_dynamic_set(struct build *b, const char *name);

/* First @len bytes of SHA-256 of @text as hex */
void pw_hex_of(const char *text, size_t bytes, char *hex);

void pw_fail(struct build *b, int err);

#endif
