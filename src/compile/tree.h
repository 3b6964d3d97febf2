/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports to sections: what anyone may reach, and classes of ports. */
#ifndef COMPILE_TREE_H
#define COMPILE_TREE_H

#include "compile/parts.h"

#define PAIR_PROTO 0x1000000u	/* key is a protocol without ports */

/* Protocol << 16 | port, or PAIR_PROTO | protocol; and a section with it */
struct pair {
	uint32_t key, section;
};

struct pairs {
	struct pair *items;
	size_t num, cap;
};

void pw_pairs_push(struct build *b, struct pairs *pairs, uint32_t key,
		   size_t section);
void pw_pairs_clear(struct pairs *pairs);

struct port_class {
	struct list sections;
	uint32_t chain;		/* PW_NONE until pw_class_chain() */
};

struct class_key {
	uint32_t key, class_index;
};

/**
 * struct classes - The partition of keys by their sections
 * @items:	in any order; @num_chains of them have a chain
 * @keys:	every key, ascending, with its class
 */
struct classes {
	struct port_class *items;
	size_t num, cap;
	unsigned int num_chains;
	struct class_key *keys;
	size_t num_keys, cap_keys;
};

void pw_classes_make(struct build *b, const struct pairs *pairs,
		     struct classes *out);
void pw_classes_clear(struct classes *classes);
/* "@name.<k>", k counted in order of the first call for each class */
uint32_t pw_class_chain(struct build *b, struct classes *classes,
			uint32_t class_index, const char *name);

/* dport of @t in @ports: one range inline, more as a set */
void pw_match_ports(struct build *b, struct draft *d, enum pw_transport t,
		    struct pw_rangeset *ports);
/* What the sections of @list let anyone in to, without limits */
void pw_emit_public(struct build *b, uint32_t chain, const struct list *list);

#endif
