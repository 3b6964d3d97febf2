/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules IR: one table of nf_tables as values, with one meaning (eval.h). */
#ifndef PORTWALL_RULESET_H
#define PORTWALL_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "names.h"
#include "own.h"
#include "rangeset.h"

#define PW_TABLE "portwall"	/* family inet */
#define PW_NONE UINT32_MAX	/* no index */

/*
 * Fields that a rule can match, in the order in which a rule evaluates them:
 * cheap and decisive first, look-ups in sets that change last.
 * Numbers in host order. Fields of a header that a packet does not have match
 * nothing, negated or not.
 */
enum pw_field {
	PW_F_IIFNAME,		/* 128 bits, see names.h */
	PW_F_OIFNAME,		/* 128 */
	PW_F_NFPROTO,		/* 8: NFPROTO_IPV4 2, NFPROTO_IPV6 10 */
	PW_F_L4PROTO,		/* 8: meta l4proto, behind extension headers */
	PW_F_CT_STATE,		/* 8: enum pw_ct_state */
	PW_F_CT_DNAT,		/* 8: 1 if ct status has dnat, else 0 */
	PW_F_TCP_SYNACK,	/* 8: TCP flags & (SYN | ACK): 0x02, 0x10, .. */
	PW_F_SOCKET_WILDCARD,	/* 8: 0 or 1; no socket: matches nothing */
	PW_F_ICMP_TYPE,		/* 8: implies l4proto icmp */
	PW_F_ICMPV6_TYPE,	/* 8: implies l4proto ipv6-icmp */
	PW_F_TTL,		/* 8: implies IPv4 */
	PW_F_HOPLIMIT,		/* 8: implies IPv6 */
	PW_F_SPORT,		/* 16: only beside L4PROTO tcp, udp or sctp */
	PW_F_DPORT,		/* 16: only beside L4PROTO tcp, udp or sctp */
	PW_F_SADDR4,		/* 32: implies IPv4 */
	PW_F_DADDR4,		/* 32 */
	PW_F_SADDR6,		/* 128: implies IPv6 */
	PW_F_DADDR6,		/* 128 */
	PW_F_FIB_DADDR,		/* 32: fib daddr type, RTN_* of rtnetlink.h */
	PW_F_FIB_SADDR,		/* 32: fib saddr type */
	PW_F_TIME,		/* 64: meta time, nanoseconds since 1970 */
	PW_F_CT_ORIG_DADDR4,	/* 32: ct original ip daddr */
	PW_F_CT_ORIG_DADDR6,	/* 128: ct original ip6 daddr */
	PW_NUM_FIELDS
};

/*
 * A packet has exactly one state; the order makes "new or untracked" one range.
 * Untracked packets and those without conntrack are PW_CT_UNTRACKED.
 */
enum pw_ct_state {
	PW_CT_ESTABLISHED, PW_CT_RELATED, PW_CT_NEW, PW_CT_UNTRACKED,
	PW_CT_INVALID, PW_NUM_CT_STATES
};

struct pw_field_info {
	const char *name;	/* for messages: as nft writes it */
	uint8_t bits;
	uint8_t nfproto;	/* family that the field implies, 0: none */
	uint8_t l4proto;	/* protocol that the field implies, 0: none */
};

const struct pw_field_info *pw_field_info(enum pw_field field);

/**
 * struct pw_match - One field against one range or one named set
 * @set:	index of the set, or PW_NONE: then @range is meant
 * @negated:	matches when the field is present and not in there
 *
 * A destination address in a set of type IIF_IPV4 or IIF_IPV6 is looked up
 * together with the interface: iif . ip daddr @set. PW_F_DPORT in a set whose
 * type begins with PORT_PROTO is looked up together with what the type names,
 * th dport . meta l4proto . iifname . ip saddr: this is never negated, names no
 * protocol beside it, and matches TCP, UDP and SCTP alone, of the family of the
 * address if there is one. Nobody puts other protocols into such a set.
 */
struct pw_match {
	enum pw_field field;
	bool negated;
	uint32_t set;
	struct pw_range range;
};

enum pw_effect_kind {
	PW_E_COUNTER,		/* counter name @obj */
	PW_E_COUNTER_MAP,	/* counter name by l4proto's dport, map @map */
	PW_E_LIMIT,		/* limit name @obj: beyond it the rule stops */
	PW_E_LIMIT_INLINE,	/* limit rate @rate, forgotten with the rule */
	PW_E_UPDATE,		/* update @set { .. }: see below */
	PW_E_LOG,		/* log prefix @text */
};

/**
 * struct pw_effect - What a matching rule does before its verdict, in order
 * @set:	PW_E_UPDATE: a dynamic set, keyed @key . source (MARK_IPV4,
 *		MARK_IPV6: the address is masked to its /64), by @key alone
 *		(MARK), or by the packet's destination (IPV4, IPV6), or by the
 *		interface it came in on . destination (IIF_IPV4, IIF_IPV6: the
 *		index, for what is forgotten within seconds). A key with
 *		an address implies its family: other packets stop the rule.
 * @key:	PW_E_UPDATE: the constant first part of the key
 * @add:	PW_E_UPDATE: add, not update: the time is not renewed
 * @timeout_ms:	PW_E_UPDATE: life of the element, 0: the set's
 * @rate:	PW_E_LIMIT_INLINE, PW_E_UPDATE: limit of the element, count 0:
 *		none. The rule goes on when within it.
 * @conns:	PW_E_UPDATE: ct count of the element, 0: none
 * @conns_over:	ct count over @conns: the rule goes on when there are more,
 *		else when there are not more
 *
 * The rule stops (as if not matched) when a limit says so, and when an element
 * is new and the set is full.
 */
struct pw_effect {
	enum pw_effect_kind kind;
	uint32_t obj, map, set;
	uint32_t key;
	bool add;
	uint64_t timeout_ms;
	struct pw_rate rate;
	uint32_t conns;
	bool conns_over;
	char *text;
};

enum pw_verdict_kind {
	PW_V_NONE,		/* the rule ends, the next one follows */
	PW_V_ACCEPT, PW_V_DROP, PW_V_RETURN,
	PW_V_JUMP, PW_V_GOTO,	/* @chain */
	PW_V_REJECT_RST,	/* beside L4PROTO tcp only */
	PW_V_REJECT_PORT,	/* ICMP and ICMPv6 port unreachable (icmpx);
				 * in rules for both families */
	PW_V_REJECT_PROTO,	/* ICMP protocol unreachable, IPv4 only */
	PW_V_MAP,		/* verdict of map @map; not in it: as V_NONE */
};

struct pw_verdict {
	enum pw_verdict_kind kind;
	uint32_t chain, map;
};

/**
 * struct pw_rule
 * @matches:	sorted by field, each field once
 * @comment:	printable ASCII, at most 127 bytes, or NULL; not part of the
 *		rule's identity
 * @handle:	of the kernel, 0 when compiled; not part of its identity
 * @section:	index in the model of the section that it speaks for, or
 *		PW_NONE; not part of its identity, PW_NONE when decoded
 */
struct pw_rule {
	struct pw_match *matches;
	size_t num_matches;
	struct pw_effect *effects;
	size_t num_effects;
	struct pw_verdict verdict;
	char *comment;
	uint64_t handle;
	uint32_t section;
};

enum pw_hook { PW_HOOK_NONE, PW_HOOK_PREROUTING, PW_HOOK_INPUT,
	       PW_HOOK_FORWARD };

/**
 * struct pw_chain
 * @hook:	PW_HOOK_NONE: a regular chain, @priority and @policy are 0
 * @policy:	PW_V_ACCEPT or PW_V_DROP
 * @userdata:	bytes kept with the chain (see live.h), NULL if none
 */
struct pw_chain {
	char *name;
	enum pw_hook hook;
	int32_t priority;
	enum pw_verdict_kind policy;
	struct pw_rule *rules;
	size_t num_rules, cap_rules;
	void *userdata;
	size_t userdata_len;
	uint64_t handle;
};

enum pw_set_type {
	PW_T_IPV4, PW_T_IPV6, PW_T_PORT, PW_T_IFNAME, PW_T_NFPROTO,
	PW_T_MARK, PW_T_MARK_IPV4, PW_T_MARK_IPV6,
	PW_T_IIF_IPV4, PW_T_IIF_IPV6,
	PW_T_PORT_PROTO, PW_T_PORT_PROTO_NAME,
	PW_T_PORT_PROTO_IPV4, PW_T_PORT_PROTO_IPV6,
	PW_T_PORT_PROTO_NAME_IPV4, PW_T_PORT_PROTO_NAME_IPV6,
	PW_NUM_SET_TYPES
};

/**
 * struct pw_set - A named set
 * @constant:	content known and final: @elems; else NULL, the kernel fills it
 * @interval:	ranges (rbtree, of several parts pipapo); without it single
 *		values (hash, bitmap)
 * @dynamic:	rules add elements
 * @timeout:	elements have a life; @timeout_ms is the default, 0: none
 * @size:	capacity declared, 0: none; of a constant set with elements the
 *		size that nft declares, counted by pw_ruleset_add_set()
 * @elems:	of the width of its type (ports 16, ifname 128, ..), shared.
 *		Without @interval each range is spelled out value by value.
 *		Ports of a bitmap set are spelled out too.
 * @comment:	or NULL; not part of its identity
 */
struct pw_set {
	char *name;
	enum pw_set_type type;
	bool constant, interval, dynamic, timeout;
	uint32_t size;
	uint64_t timeout_ms;
	struct pw_rangeset *elems;
	char *comment;
	uint64_t handle;
};

enum pw_map_key {
	PW_K_PORT,		/* th dport: type inet_service, port */
	PW_K_PROTO_PORT,	/* meta l4proto . th dport: proto << 16 | port */
	PW_K_PROTO,		/* meta l4proto: type inet_proto, proto */
	PW_K_FIB_DADDR,		/* fib daddr type: type fib_addrtype, RTN_* */
	PW_NUM_MAP_KEYS
};

/**
 * struct pw_map - A named map: key -> verdict, or key -> counter
 * @counters:	data are counter names (@obj); else verdicts: jump and goto to
 *		chains, accept, drop
 * @elems:	sorted by key, each key once; size declared is their number
 */
struct pw_map_elem {
	uint32_t key;
	uint32_t obj;
	struct pw_verdict verdict;
};

struct pw_map {
	char *name;
	enum pw_map_key key;
	bool counters;
	struct pw_map_elem *elems;
	size_t num_elems, cap_elems;
	uint64_t handle;
};

enum pw_obj_kind { PW_O_COUNTER, PW_O_LIMIT };

/* A named object; @packets and @bytes are read, never part of its identity */
struct pw_obj {
	char *name;
	enum pw_obj_kind kind;
	struct pw_rate rate;
	uint64_t packets, bytes;
	char *comment;
	uint64_t handle;
};

/**
 * struct pw_ruleset - Our table
 *
 * Arrays are in canonical order as pw_compile() makes it: base chains, chains,
 * sets, maps, objects, each sorted by name in byte order. References are
 * indices into these arrays.
 */
struct pw_ruleset {
	struct pw_chain *chains;
	size_t num_chains, cap_chains;
	struct pw_set *sets;
	size_t num_sets, cap_sets;
	struct pw_map *maps;
	size_t num_maps, cap_maps;
	struct pw_obj *objs;
	size_t num_objs, cap_objs;
};

struct pw_ruleset *pw_ruleset_new(void);
void pw_ruleset_free(struct pw_ruleset *rs);
PW_DEFINE_OWNED(struct pw_ruleset, pw_ruleset_free)

/*
 * Builders. Names are copied, sets referenced. Each returns the index of what
 * it added, or a negative error (-ENOMEM). Pointers into the arrays are valid
 * until the next builder call.
 */
int64_t pw_ruleset_add_chain(struct pw_ruleset *rs, const char *name);
int64_t pw_ruleset_add_base(struct pw_ruleset *rs, const char *name,
			    enum pw_hook hook, int32_t priority,
			    enum pw_verdict_kind policy);
int64_t pw_ruleset_add_set(struct pw_ruleset *rs, const struct pw_set *set);
int64_t pw_ruleset_add_map(struct pw_ruleset *rs, const char *name,
			   enum pw_map_key key, bool counters);
int64_t pw_ruleset_add_obj(struct pw_ruleset *rs, const char *name,
			   enum pw_obj_kind kind, const struct pw_rate *rate);
int pw_map_add(struct pw_map *map, const struct pw_map_elem *elem);

/*
 * Appends a copy of @rule (its arrays and strings too) to @chain, in the one
 * form that equal rules share: matches in order; NFPROTO and L4PROTO left out
 * where a match (or the key of an update) implies them, L4PROTO tcp put beside
 * TCP_SYNACK; CT_STATE and CT_DNAT not negated where a range says the same.
 * Sets that the rule updates are there before it. -ENOMEM; -EEXIST: a field
 * twice
 */
int pw_ruleset_add_rule(struct pw_ruleset *rs, uint32_t chain,
			const struct pw_rule *rule);

/* By name, in O(1) at any time; PW_NONE if there is none */
uint32_t pw_ruleset_find_chain(const struct pw_ruleset *rs, const char *name);
uint32_t pw_ruleset_find_set(const struct pw_ruleset *rs, const char *name);
uint32_t pw_ruleset_find_map(const struct pw_ruleset *rs, const char *name);
uint32_t pw_ruleset_find_obj(const struct pw_ruleset *rs, const char *name);

/* Canonical order; rewrites all references. -ENOMEM; -EEXIST: a name twice */
int pw_ruleset_sort(struct pw_ruleset *rs);

/**
 * pw_ruleset_check() - Is it one that can be encoded and has a meaning?
 *
 * Indices in range, fields of the right family and width, no match that is
 * always true, times in whole seconds, ports only beside a protocol, no jump
 * cycles, sets and maps of the type that their use asks.
 *
 * Return: 0; -EPROTO with a message that names chain and rule
 */
int pw_ruleset_check(const struct pw_ruleset *rs, struct pw_diags *diags);

/**
 * pw_ruleset_diff() - First difference between two canonical rulesets
 * @what:	set to a sentence that names chain and rule (caller frees), NULL
 *		when equal
 *
 * Comments, handles, userdata and counter values are ignored; sets that are
 * not constant are compared by their declaration. Sets above 4,096 ranges
 * whose elements one side lacks (not dumped) are compared by name, flags, size.
 *
 * Return: 0 equal; 1 different; -ENOMEM
 */
int pw_ruleset_diff(const struct pw_ruleset *want,
		    const struct pw_ruleset *got, char **what);

#endif
