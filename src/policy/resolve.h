/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was written to sets: state shared by the parts of resolving. */
#ifndef POLICY_RESOLVE_H
#define POLICY_RESOLVE_H

#include "policy/draft.h"

/**
 * struct pw_port_name - What a name of [ports] stands for
 * @set:	its ports, by transport
 * @missing:	word in it, or in what it uses, that is a service, but not of
 *		this transport; no place: none
 */
struct pw_port_name {
	struct pw_rangeset *set[PW_NUM_TRANSPORTS];
	struct pw_loc missing[PW_NUM_TRANSPORTS];
};

/**
 * struct pw_resolver - One run of pw_policy_resolve()
 * @addrs, @ifaces, @ports: what names stand for, by index in the policy's
 *		names; sets are NULL before a name is worked out
 */
struct pw_resolver {
	const struct pw_policy *policy;
	const struct pw_host *host;
	struct pw_diags *diags;
	struct pw_addrs *addrs;
	struct pw_rangeset **ifaces;
	struct pw_port_name *ports;
};

/* Work out all names; 0; -EINVAL reported; -ENOMEM */
int pw_resolver_init(struct pw_resolver *res);
void pw_resolver_clear(struct pw_resolver *res);

/* What `to` may name beside addresses */
enum pw_special {
	PW_TO_LOCAL = 1, PW_TO_BROADCAST = 2, PW_TO_MULTICAST = 4,
};

/**
 * pw_resolve_addrs() - The addresses of a key
 * @special:	set to enum pw_special of `to`; NULL for other keys
 * @out:	normal sets, possibly shared ones
 *
 * Return: 0; -EINVAL reported; -ENOMEM
 */
int pw_resolve_addrs(struct pw_resolver *res, const struct pw_entry *entry,
		     unsigned int *special, struct pw_addrs *out);

/* Ports of a key for @t, interfaces of a key: as above */
int pw_resolve_ports(struct pw_resolver *res, const struct pw_entry *entry,
		     enum pw_transport t, struct pw_rangeset **out);
int pw_resolve_ifaces(struct pw_resolver *res, const struct pw_entry *entry,
		      struct pw_rangeset **out);
/* Names of [ports] in the order of pw_names_order() */
int pw_resolve_port_names(struct pw_resolver *res, const size_t *order);
int pw_resolve_iface_names(struct pw_resolver *res, const size_t *order);

/* Adds "did you mean" with the name of @kind, or the one of @more, that is
 * nearest to the word at @loc; false if none is near */
bool pw_hint_name(const struct pw_resolver *res, enum pw_kind kind,
		  const struct pw_loc *loc, const char *const *more,
		  size_t num_more);

/* True if there is such a name; false too when enough was said already */
bool pw_near_name(const struct pw_resolver *res, enum pw_kind kind,
		  const struct pw_loc *loc);

/* One [allow] or [block]; 0, -EINVAL reported, -ENOMEM; @out is to be cleared
 * by pw_section_clear() in any case */
int pw_resolve_section(struct pw_resolver *res, const struct pw_block *block,
		       struct pw_section *out);
void pw_section_clear(struct pw_section *section);

/* SHA-256 of the normal form and of what lists hold; 0, -ENOMEM */
int pw_policy_digest(const struct pw_policy *policy, uint8_t digest[32]);

/* Warnings about what resolves but can hardly be meant; -ENOMEM */
int pw_lint(const struct pw_policy *policy, const struct pw_model *model,
	    struct pw_diags *diags);

#endif
