/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the table, as docs/rules.md has them. */
#ifndef COMPILE_PARTS_H
#define COMPILE_PARTS_H

#include "compile/build.h"

/* Which destinations a chain sees, and so what `to` has to match there */
enum scope {
	SCOPE_LOCAL,	/* unicast addresses of the host */
	SCOPE_OTHER,	/* broadcast, multicast, anycast */
	SCOPE_ANY,	/* blocks: both */
};

/**
 * struct list - Sections of the model by index, in name order
 */
struct list {
	uint32_t *items;
	size_t num, cap;
};

void pw_list_push(struct build *b, struct list *list, size_t section);
void pw_list_clear(struct list *list);

/* Does any packet of @scope have a destination that @s admits? */
bool pw_section_in_scope(const struct pw_section *s, enum scope scope);
/* Can it match anything at all: a source, a time that is not over */
bool pw_section_alive(const struct pw_model *model, const struct pw_section *s);
/* "*": a condition that always holds, and that nft cannot write */
bool pw_is_every_name(const struct pw_rangeset *names);
bool pw_section_limited(const struct pw_section *s);
bool pw_section_public(const struct pw_section *s);

/* sections.c: all rules of @sections in @chain, ports being matched already */
void pw_emit_class(struct build *b, uint32_t chain, const struct list *sections,
		   enum scope scope);
/* "allow web (shop.ini:14)" with its comment, at most 127 bytes, in @buf */
const char *pw_section_comment(const struct pw_section *s,
			       char buf[static 128]);

/* limits.c: the chain that counts and limits @section, made when first used */
uint32_t pw_limiter_chain(struct build *b, size_t section);
/* Admit (or block): log, counter, verdict; appended to @chain for @d */
void pw_emit_admit(struct build *b, uint32_t chain, struct draft *d,
		   size_t section);
/* "limit name .. log prefix ..", a rule of its own */
void pw_emit_log(struct build *b, uint32_t chain, const char *limit_owner,
		 const struct pw_rate *rate, const char *prefix);

/* tree.c; what it uses of tree_public.c is in tree.h */
void pw_emit_tree(struct build *b, uint32_t chain, enum scope scope,
		  bool block);

/* gN.block, gN.block.ports: made when first used; PW_NONE without such blocks */
uint32_t pw_block_chain(struct build *b);
uint32_t pw_block_ports_chain(struct build *b);

/* arrival.c: gN.pre, gN.in, gN.fwd and the base chains */
void pw_emit_arrival(struct build *b);
/* judge.c: gN.local, gN.other, gN.ping, gN.ping.other, .end, .drop, .refuse */
void pw_emit_judge(struct build *b);

#endif
