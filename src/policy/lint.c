/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warns of what is right by the language and can hardly be meant. */
#include "policy/lint.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values.h"
#include "portwall/text.h"

#define WIDE 512		/* ports of a range that names none of them */

bool pw_lint_enough(const struct pw_linter *lint)
{
	return pw_diags_count(lint->diags, PW_WARNING) > PW_KEPT_MESSAGES;
}

static unsigned int families_of(const struct pw_addrs *addrs)
{
	return (unsigned int)!pw_rangeset_empty(addrs->set[PW_IPV4]) |
	       (unsigned int)!pw_rangeset_empty(addrs->set[PW_IPV6]) << 1;
}

/* Bits of the families that packets to this section may have */
static unsigned int families_to(const struct pw_section *section)
{
	if (section->any_to || section->to_local || section->to_multicast)
		return 3;
	return families_of(&section->to) | section->to_broadcast;
}

bool pw_section_matches_nothing(const struct pw_section *section)
{
	return pw_rangeset_empty(section->on) ||
	       !(families_of(&section->from) & families_to(section));
}

const struct pw_rangeset *pw_section_numbers(const struct pw_section *section,
					     int k)
{
	return k < PW_NUM_TRANSPORTS ? section->ports[k] : section->protocols;
}

char *pw_ports_text(enum pw_transport t, const struct pw_rangeset *ports)
{
	char *text = NULL;
	size_t size;
	FILE *out = pw_text_open(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s ", pw_transport_name(t));
	for (size_t i = 0; i < ports->num; i++) {
		const struct pw_range32 *range = &ports->r32[i];

		if (i == 4) {
			fprintf(out, ", ...");
			break;
		}
		fprintf(out, "%s%u", i ? ", " : "", range->first);
		if (range->last > range->first)
			fprintf(out, "-%u", range->last);
	}
	return fclose(out) ? NULL : text;
}

static void warn_empty(const struct pw_linter *lint, size_t at)
{
	const struct pw_section *section = &lint->model->sections[at];
	const struct pw_block *block = &lint->policy->sections[at];
	const struct pw_entry *from = pw_block_entry(block, "from");
	const struct pw_entry *to = pw_block_entry(block, "to");
	const char *key = "to", *why = "names nothing";
	const struct pw_loc *loc = to ? &to->value : &section->loc;

	if (!families_of(&section->from)) {
		key = "from";
		if (pw_block_entry(block, "except"))
			why = "holds nothing after `except`";
		loc = from ? &from->value : &section->loc;
	} else if (families_to(section)) {
		key = "from";
		why = "keeps no family of `to` after `except`";
	}
	pw_diag_warning(lint->diags, loc, "`%s` %s: section '%s' %s nothing",
			key, why, section->name,
			section->block ? "blocks" : "opens");
}

/* Of 127.0.0.0/8, ::1 or ::ffff:0:0/96, which the rules drop on any wire */
static bool never_arrives(enum pw_family family, const struct pw_range *range)
{
	static const struct pw_range v4 = { { 0, 0x7f000000 },
					    { 0, 0x7fffffff } };
	static const struct pw_range v6[] = {
		{ { 0, 1 }, { 0, 1 } },
		{ { 0, 0xffff00000000 }, { 0, 0xffffffffffff } },
	};
	const struct pw_range *dropped = family == PW_IPV4 ? &v4 : v6;
	size_t num = family == PW_IPV4 ? 1 : PW_ARRAY_SIZE(v6);

	for (size_t i = 0; i < num; i++)
		if (pw_value_cmp(range->first, dropped[i].first) >= 0 &&
		    pw_value_cmp(range->last, dropped[i].last) <= 0)
			return true;
	return false;
}

static bool all_never_arrive(const struct pw_addrs *addrs)
{
	for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++) {
		for (size_t i = 0; i < addrs->set[f]->num; i++) {
			struct pw_range range =
				pw_rangeset_get(addrs->set[f], i);

			if (!never_arrives(f, &range))
				return false;
		}
	}
	return !pw_addrs_empty(addrs);
}

static void check_loopback(const struct pw_linter *lint, size_t at)
{
	const struct pw_section *section = &lint->model->sections[at];
	const struct pw_entry *from =
		pw_block_entry(&lint->policy->sections[at], "from");

	if (section->block || !all_never_arrive(&section->from))
		return;
	pw_diag_warning(lint->diags, &from->value,
			"`from` holds only addresses that are always dropped: section '%s' opens nothing",
			section->name);
	pw_diag_hint(lint->diags,
		     "loopback needs no section; for ::ffff:192.0.2.1 write 192.0.2.1");
}

static void warn_until(const struct pw_linter *lint, size_t at)
{
	const struct pw_section *section = &lint->model->sections[at];
	const struct pw_entry *until =
		pw_block_entry(&lint->policy->sections[at], "until");

	pw_diag_warning(lint->diags, &until->value,
			"`until` is in the past: section '%s' %s nothing",
			section->name, section->block ? "blocks" : "opens");
	pw_diag_hint(lint->diags, "remove the section, or give it a later "
		     "time");
}

/* What mostly arrives by broadcast or multicast, and at which addresses */
struct group {
	uint16_t number;
	const char *name, *to;
};

static const struct group udp_groups[] = {
	{ 67, "DHCP", "broadcast" },
	{ 137, "NetBIOS", "broadcast" },
	{ 138, "NetBIOS", "broadcast" },
	{ 547, "DHCPv6", "ff02::1:2" },
	{ 1900, "SSDP", "239.255.255.250, ff02::c" },
	{ 3702, "WS-Discovery", "239.255.255.250, ff02::c" },
	{ 5353, "mDNS", "224.0.0.251, ff02::fb" },
	{ 5355, "LLMNR", "224.0.0.252, ff02::1:3" },
};

static const struct group protocol_groups[] = {
	{ IPPROTO_IGMP, "igmp", "multicast" },
	{ 88, "eigrp", "224.0.0.10, ff02::a" },
	{ 89, "ospf", "224.0.0.5, 224.0.0.6, ff02::5, ff02::6" },
	{ IPPROTO_PIM, "pim", "224.0.0.13, ff02::d" },
	{ 112, "vrrp", "224.0.0.18, ff02::12" },
};

/* Does the set hold a number from @first to the largest of its width? */
static bool reaches(const struct pw_rangeset *set, struct pw_value first)
{
	return set->num && pw_value_cmp(pw_rangeset_get(set, set->num - 1).last,
					first) >= 0;
}

/* Multicast, and the broadcast of every link, are the last addresses there are
 * but for those nobody has */
static bool to_groups(const struct pw_section *section)
{
	const struct pw_value v6_groups = { 0xffull << 56, 0 };

	return section->to_broadcast || section->to_multicast ||
	       section->any_to ||
	       reaches(section->to.set[PW_IPV4], pw_value32(0xe0000000)) ||
	       reaches(section->to.set[PW_IPV6], v6_groups);
}

/* In a range so narrow that the number was thought of */
static bool names_number(const struct pw_rangeset *set, uint32_t number)
{
	for (size_t i = 0; i < set->num; i++) {
		const struct pw_range32 *range = &set->r32[i];

		if (range->first <= number && number <= range->last)
			return range->last - range->first < WIDE;
	}
	return false;
}

static void warn_group(const struct pw_linter *lint, size_t at,
		       const char *key, const struct group *group)
{
	const struct pw_block *block = &lint->policy->sections[at];
	const struct pw_entry *entry = pw_block_entry(block, key);
	char name[32];

	snprintf(name, sizeof(name), "%s", group->name);
	if (!strcmp(key, "udp"))
		snprintf(name, sizeof(name), "udp %u (%s)",
			 (unsigned int)group->number, group->name);
	pw_diag_warning(lint->diags, &entry->value,
			"%s comes by %s, which `to` does not name", name,
			strcmp(group->to, "broadcast") ? "multicast" :
							 "broadcast");
	if (pw_block_entry(block, "to"))
		pw_diag_hint(lint->diags, "add to its `to`: %s", group->to);
	else
		pw_diag_hint(lint->diags, "add the line: to = local, %s",
			     group->to);
}

static void check_groups(const struct pw_linter *lint, size_t at)
{
	const struct pw_section *section = &lint->model->sections[at];

	if (section->block || to_groups(section))
		return;
	for (size_t i = 0; i < PW_ARRAY_SIZE(udp_groups); i++) {
		if (names_number(section->ports[PW_UDP], udp_groups[i].number))
			warn_group(lint, at, "udp", &udp_groups[i]);
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(protocol_groups); i++) {
		if (names_number(section->protocols, protocol_groups[i].number))
			warn_group(lint, at, "protocol", &protocol_groups[i]);
	}
}

/* Ports that the language has no key for are opened all together */
static void check_ported(const struct pw_linter *lint, size_t at)
{
	static const uint8_t ported[] = { IPPROTO_DCCP, IPPROTO_UDPLITE };
	const struct pw_section *section = &lint->model->sections[at];
	const struct pw_entry *entry =
		pw_block_entry(&lint->policy->sections[at], "protocol");

	for (size_t i = 0; i < PW_ARRAY_SIZE(ported) && !section->block; i++) {
		if (pw_rangeset_contains32(section->protocols, ported[i]))
			pw_diag_warning(lint->diags, &entry->value,
					"%s has ports: this opens all of them",
					pw_proto_name(ported[i]));
	}
}

static void check_section(const struct pw_linter *lint, size_t at)
{
	const struct pw_section *section = &lint->model->sections[at];

	if (pw_section_matches_nothing(section))
		warn_empty(lint, at);
	if (section->until_ns && section->until_ns <= lint->model->now_ns)
		warn_until(lint, at);
	check_loopback(lint, at);
	check_groups(lint, at);
	check_ported(lint, at);
}

int pw_lint(const struct pw_policy *policy, const struct pw_model *model,
	    struct pw_diags *diags)
{
	const struct pw_linter lint = { policy, model, diags };

	bool *gone = calloc(model->num_sections + 1, sizeof(*gone));
	int err;

	if (!gone)
		return -ENOMEM;
	for (size_t i = 0; i < model->num_sections; i++)
		check_section(&lint, i);
	err = pw_lint_shadowed(&lint) ?: pw_lint_redundant(&lint, gone) ?:
	      pw_lint_covered(&lint, gone);
	free(gone);
	return err;
}
