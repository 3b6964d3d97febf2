/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which keys a policy knows: the one table of sections and their keys. */
#ifndef POLICY_SCHEMA_H
#define POLICY_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds that define names come first: they index pw_policy.names */
enum pw_kind {
	PW_KIND_ADDRESSES, PW_KIND_INTERFACES, PW_KIND_PORTS,
	PW_NUM_NAME_KINDS,
	PW_KIND_POLICY = PW_NUM_NAME_KINDS, PW_KIND_ALLOW, PW_KIND_BLOCK,
	PW_NUM_KINDS
};

/* What a key's value looks like; the last four are lists */
enum pw_value_kind {
	PW_VALUE_CHOICE,	/* one of its choices */
	PW_VALUE_CHOICE_OR_RATE,
	PW_VALUE_LIMIT,		/* N/UNIT [burst N] [per source] */
	PW_VALUE_CONNECTIONS,	/* N [per source] */
	PW_VALUE_TIME,
	PW_VALUE_TEXT,
	PW_VALUE_PATH,
	PW_VALUE_PORTS, PW_VALUE_PROTOCOLS, PW_VALUE_ADDRS, PW_VALUE_IFACES,
	PW_NUM_VALUE_KINDS
};

/**
 * struct pw_key - One key of one kind of section
 * @name:	NULL: any name (the kinds that define names)
 * @choices:	up to three words, NULL behind the last
 * @initial:	what holds when the key is absent, as written; NULL: none
 * @repeats:	may be given again although it is not a list
 * @plain:	of interfaces: names of [interfaces] are not meant
 */
struct pw_key {
	const char *name;
	enum pw_value_kind value;
	const char *choices[3];
	const char *initial;
	bool repeats, plain;
};

/**
 * struct pw_kind_info - One kind of section
 * @named:	[kind NAME], else [kind]
 */
struct pw_kind_info {
	const char *name;
	bool named;
	const struct pw_key *keys;
	size_t num_keys;
};

const struct pw_kind_info *pw_kind_info(enum pw_kind kind);
/* PW_NUM_KINDS if there is none */
enum pw_kind pw_kind_by_name(const char *text, size_t len);
/* NULL if @kind has no such key */
const struct pw_key *pw_key_by_name(enum pw_kind kind, const char *text,
				    size_t len);
/* Nearest known section or key, NULL if none is near */
const char *pw_kind_nearest(const char *text, size_t len);
const char *pw_key_nearest(enum pw_kind kind, const char *text, size_t len);

static inline bool pw_value_is_list(enum pw_value_kind value)
{
	return value >= PW_VALUE_PORTS;
}

#endif
