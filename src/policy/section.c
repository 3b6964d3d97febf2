/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One [allow] or [block] section: keys to sets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/print.h"
#include "policy/resolve.h"

/* The section being resolved */
struct making {
	struct pw_resolver *res;
	const struct pw_block *block;
	struct pw_section *to;
	unsigned int families;		/* bits of those in `from` */
};

static const struct pw_entry *get(const struct making *making, const char *key)
{
	return pw_block_entry(making->block, key);
}

static int set_ports(struct making *making)
{
	int err, result = 0;

	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		const struct pw_entry *entry = get(making,
						   pw_transport_name(t));
		struct pw_rangeset **set = &making->to->ports[t];

		if (!entry) {
			*set = pw_rangeset_new(16);
			err = *set ? 0 : -ENOMEM;
		} else {
			err = pw_resolve_ports(making->res, entry, t, set);
		}
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

static int set_protocols(struct making *making)
{
	const struct pw_entry *entry = get(making, "protocol");
	struct pw_rangeset *set = pw_rangeset_new(8);
	int err = 0;

	if (!set)
		return -ENOMEM;
	making->to->protocols = set;
	for (size_t i = 0; entry && i < entry->num_items && !err; i++)
		err = pw_rangeset_add32(set, entry->items[i].num.first,
					entry->items[i].num.last);
	return err ?: pw_rangeset_normalise(set);
}

static int check_port_keys(struct making *making)
{
	static const char *const keys[] = { "tcp", "udp", "sctp", "protocol",
					    "ping" };
	const struct pw_block *block = making->block;

	for (size_t i = 0; i < PW_ARRAY_SIZE(keys); i++) {
		if (get(making, keys[i]))
			return 0;
	}
	making->to->everything = block->kind == PW_KIND_BLOCK;
	if (making->to->everything || block->bad)
		return 0;
	pw_diag_error(making->res->diags, &block->loc,
		      "section '%s' opens nothing", block->name);
	pw_diag_hint(making->res->diags, "add tcp, udp, sctp, protocol or "
		     "ping; tcp = all is every port");
	return -EINVAL;
}

static int subtract(struct pw_addrs *from, const struct pw_addrs *except)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		struct pw_rangeset *rest;
		int err = pw_rangeset_subtract(from->set[f], except->set[f],
					       &rest);

		if (err)
			return err;
		pw_rangeset_free(from->set[f]);
		from->set[f] = rest;
	}
	return 0;
}

static unsigned int families_of(const struct pw_addrs *addrs)
{
	unsigned int families = 0;

	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		if (!pw_rangeset_empty(addrs->set[f]))
			families |= 1 << f;
	}
	return families;
}

static int set_from(struct making *making)
{
	const struct pw_entry *entry = get(making, "from");
	const struct pw_entry *except = get(making, "except");
	struct pw_addrs *from = &making->to->from, out = { 0 };
	int err, result = 0;

	making->to->any_from = !entry && !except;
	err = entry ? pw_resolve_addrs(making->res, entry, NULL, from) :
		      pw_addrs_init_all(from);
	if (err && pw_keep_going(&result, err))
		return err;
	if (!result)
		making->families = families_of(from);
	if (!except)
		return result;
	err = pw_resolve_addrs(making->res, except, NULL, &out);
	if (!err && !result)
		err = subtract(from, &out);
	pw_addrs_clear(&out);
	return err ?: result;
}

static int set_to(struct making *making)
{
	const struct pw_entry *entry = get(making, "to");
	struct pw_section *to = making->to;
	unsigned int special;
	int err;

	if (!entry) {
		to->any_to = to->block;
		to->to_local = !to->block;
		return pw_addrs_init(&to->to);
	}
	err = pw_resolve_addrs(making->res, entry, &special, &to->to);
	if (err)
		return err;
	to->to_local = special & PW_TO_LOCAL;
	to->to_broadcast = special & PW_TO_BROADCAST;
	to->to_multicast = special & PW_TO_MULTICAST;
	return 0;
}

static int set_on(struct making *making)
{
	const struct pw_entry *entry = get(making, "on");

	making->to->any_on = !entry;
	if (entry)
		return pw_resolve_ifaces(making->res, entry, &making->to->on);
	making->to->on = pw_rangeset_all(128);
	return making->to->on ? 0 : -ENOMEM;
}

/* Bits of the families that packets to these destinations may have */
static unsigned int families_to(const struct pw_section *section)
{
	unsigned int both = 1 << PW_IPV4 | 1 << PW_IPV6;

	if (section->any_to || section->to_local || section->to_multicast)
		return both;
	return families_of(&section->to) |
	       (section->to_broadcast ? 1 << PW_IPV4 : 0);
}

/* Lists that have become empty are another matter: the linter warns */
static int check_families(struct making *making)
{
	const struct pw_entry *entry = get(making, "from");
	unsigned int to = families_to(making->to), from = making->families;

	if (!entry || !from || !to || (from & to) || making->block->bad)
		return 0;
	pw_diag_error(making->res->diags, &entry->value,
		      "`from` has only %s addresses, `to` only %s",
		      from == 1 << PW_IPV4 ? "IPv4" : "IPv6",
		      to == 1 << PW_IPV4 ? "IPv4" : "IPv6");
	pw_diag_hint(making->res->diags, "no packet can match: name a family "
		     "in both");
	return -EINVAL;
}

static bool is_all(const struct pw_addrs *addrs)
{
	return pw_rangeset_is_all(addrs->set[PW_IPV4]) &&
	       pw_rangeset_is_all(addrs->set[PW_IPV6]);
}

static int check_block(struct making *making)
{
	const struct pw_section *section = making->to;

	if (!section->everything || making->block->bad ||
	    !pw_rangeset_is_all(section->on) || !is_all(&section->from))
		return 0;
	if (!section->any_to && !is_all(&section->to) &&
	    !(section->to_local && section->to_broadcast &&
	      section->to_multicast))
		return 0;
	pw_diag_error(making->res->diags, &making->block->loc,
		      "block '%s' would match every packet", section->name);
	pw_diag_hint(making->res->diags, "restrict it by from, on, or a port");
	pw_diag_hint(making->res->diags, "what no section allows is closed "
		     "anyway");
	return -EINVAL;
}

static void set_limit(const struct making *making, const char *key,
		      struct pw_limit *limit)
{
	const struct pw_entry *entry = get(making, key);

	if (entry)
		*limit = (struct pw_limit){ true, entry->per_source,
					    entry->rate };
}

static void set_scalars(struct making *making)
{
	const struct pw_entry *entry;
	struct pw_section *to = making->to;

	to->ping = get(making, "ping");
	set_limit(making, "rate", &to->rate);
	set_limit(making, "connections", &to->connections);
	entry = get(making, "log");
	if (entry && entry->choice == PW_NO_CHOICE) {
		to->log_set = true;
		to->log = entry->rate;
	}
	entry = get(making, "until");
	if (entry)
		/* what nft lists are whole seconds: closed before, not after */
		to->until_ns = entry->time_ns - entry->time_ns % 1000000000;
}

static int set_texts(struct making *making)
{
	const struct pw_entry *comment = get(making, "comment");
	const struct pw_entry *from = get(making, "from");
	const struct pw_entry *except = get(making, "except");
	const struct pw_entry *on = get(making, "on");
	struct pw_section *to = making->to;

	to->name = strdup(making->block->name);
	to->file = strdup(to->loc.src->name);
	if (comment)
		to->comment = strndup(pw_loc_text(&comment->value),
				      comment->value.len);
	if (from || except)
		to->from_text = pw_source_text(making->res->policy, from,
					       except);
	if (on)
		to->on_text = pw_source_text(making->res->policy, on, NULL);
	if (!to->name || !to->file || (comment && !to->comment) ||
	    ((from || except) && !to->from_text) || (on && !to->on_text))
		return -ENOMEM;
	return 0;
}

static int set_sets(struct making *making)
{
	int (*const steps[])(struct making *) = {
		set_texts, set_ports, set_protocols, check_port_keys, set_from,
		set_to, set_on,
	};
	int err, result = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(steps); i++) {
		err = steps[i](making);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

int pw_resolve_section(struct pw_resolver *res, const struct pw_block *block,
		       struct pw_section *out)
{
	struct making making = { .res = res, .block = block, .to = out };
	int err;

	out->block = block->kind == PW_KIND_BLOCK;
	out->loc = block->loc;
	out->line = block->loc.line;
	set_scalars(&making);
	err = set_sets(&making);
	if (err)
		return err;
	return check_families(&making) ?: check_block(&making);
}
