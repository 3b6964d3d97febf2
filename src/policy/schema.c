// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of sections and keys that parser, printer and manual go by. */
#include <string.h>

#include "portwall/names.h"
#include "portwall/own.h"
#include "portwall/policy.h"

#include "policy/schema.h"

#define BRIDGES \
	"docker0, docker_gwbridge, br-*, podman*, cni*, nerdctl*, virbr*, "   \
	"lxcbr*, lxdbr*, incusbr*, cali*, lxc*, flannel*, cilium_*, weave*"

#define WORDS(...) .choices = { __VA_ARGS__ }

/* A row: name, kind of value, and by name what not every key has */
#define KEY(word, kind, ...) \
	{ .name = (word), .value = PW_VALUE_##kind, ##__VA_ARGS__ }

static const struct pw_key policy_keys[] = {
	KEY("default", CHOICE, WORDS("drop", "reject"), .initial = "drop"),
	KEY("ping", CHOICE_OR_RATE, WORDS("yes", "no"), .initial = "yes"),
	KEY("dhcp", CHOICE, WORDS("yes", "no"), .initial = "yes"),
	KEY("log", CHOICE_OR_RATE, WORDS("no"), .initial = "no"),
	KEY("containers", CHOICE, WORDS("follow", "ignore"),
	    .initial = "follow"),
	KEY("bridges", IFACES, .initial = BRIDGES, .plain = true),
	KEY("established", CHOICE, WORDS("keep", "cut"), .initial = "keep"),
	KEY("guard", PORTS),
	KEY("closed", CHOICE, WORDS("all")),
	KEY("include", PATH, .repeats = true),
};

static const struct pw_key address_keys[] = { KEY(NULL, ADDRS) };
static const struct pw_key interface_keys[] = { KEY(NULL, IFACES) };
static const struct pw_key port_keys[] = { KEY(NULL, PORTS) };

/* The keys that [allow] and [block] share */
#define PORT_KEYS							\
	KEY("tcp", PORTS), KEY("udp", PORTS), KEY("sctp", PORTS),	\
	KEY("protocol", PROTOCOLS)
#define WHERE_KEYS							\
	KEY("from", ADDRS), KEY("except", ADDRS), KEY("to", ADDRS),	\
	KEY("on", IFACES)
#define END_KEYS							\
	KEY("log", CHOICE_OR_RATE, WORDS("no"), .initial = "no"),	\
	KEY("until", TIME), KEY("comment", TEXT)

static const struct pw_key allow_keys[] = {
	PORT_KEYS,
	KEY("ping", CHOICE, WORDS("yes")),
	WHERE_KEYS,
	KEY("rate", LIMIT),
	KEY("connections", CONNECTIONS),
	END_KEYS,
};

static const struct pw_key block_keys[] = { PORT_KEYS, WHERE_KEYS, END_KEYS };

#define KIND(word, is_named, table) \
	{ word, is_named, table, PW_ARRAY_SIZE(table) }

static const struct pw_kind_info kinds[] = {
	[PW_KIND_ADDRESSES]  = KIND("addresses", false, address_keys),
	[PW_KIND_INTERFACES] = KIND("interfaces", false, interface_keys),
	[PW_KIND_PORTS]      = KIND("ports", false, port_keys),
	[PW_KIND_POLICY]     = KIND("policy", false, policy_keys),
	[PW_KIND_ALLOW]      = KIND("allow", true, allow_keys),
	[PW_KIND_BLOCK]      = KIND("block", true, block_keys),
};
_Static_assert(PW_ARRAY_SIZE(kinds) == PW_NUM_KINDS, "a kind has no row");

#define MAX_KEYS 16
_Static_assert(PW_ARRAY_SIZE(allow_keys) <= MAX_KEYS, "too many keys");
_Static_assert(PW_ARRAY_SIZE(policy_keys) <= MAX_KEYS, "too many keys");

static bool same(const char *word, const char *text, size_t len)
{
	return strlen(word) == len && !memcmp(word, text, len);
}

const struct pw_kind_info *pw_kind_info(enum pw_kind kind)
{
	return &kinds[kind];
}

enum pw_kind pw_kind_by_name(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < PW_NUM_KINDS; i++) {
		if (same(kinds[i].name, text, len))
			break;
	}
	return i;
}

const struct pw_key *pw_key_by_name(enum pw_kind kind, const char *text,
				    size_t len)
{
	const struct pw_kind_info *info = &kinds[kind];

	for (size_t i = 0; i < info->num_keys; i++) {
		const struct pw_key *key = &info->keys[i];

		if (!key->name || same(key->name, text, len))
			return key;
	}
	return NULL;
}

const char *pw_kind_nearest(const char *text, size_t len)
{
	const char *names[PW_NUM_KINDS];

	for (size_t i = 0; i < PW_NUM_KINDS; i++)
		names[i] = kinds[i].name;
	return pw_nearest(text, len, names, PW_NUM_KINDS);
}

const char *pw_key_nearest(enum pw_kind kind, const char *text, size_t len)
{
	const struct pw_kind_info *info = &kinds[kind];
	const char *names[MAX_KEYS];

	for (size_t i = 0; i < info->num_keys; i++)
		names[i] = info->keys[i].name;
	return pw_nearest(text, len, names, info->num_keys);
}

const char *pw_policy_key(size_t i, const char **section)
{
	for (size_t kind = 0; kind < PW_NUM_KINDS; kind++) {
		if (i < kinds[kind].num_keys) {
			*section = kinds[kind].name;
			return kinds[kind].keys[i].name ?: "NAME";
		}
		i -= kinds[kind].num_keys;
	}
	return NULL;
}
