// SPDX-License-Identifier: GPL-2.0-or-later
/* Words that other firewalls use for what a policy says in another way. */
#include "policy/habits.h"

#include "portwall/array.h"

#include "policy/draft.h"

struct habit {
	const char *word, *here;
};

static const struct habit kinds[] = {
	{ "accept", "allow" }, { "permit", "allow" }, { "open", "allow" },
	{ "deny", "block" }, { "drop", "block" }, { "reject", "block" },
	{ "close", "block" },  { "ban", "block" },
};

static const struct habit keys[] = {
	{ "port", "the key is the transport: tcp, udp or sctp" },
	{ "ports", "the key is the transport: tcp, udp or sctp" },
	{ "dport", "the key is the transport: tcp, udp or sctp" },
	{ "service", "services are ports: tcp = ssh" },
	{ "proto", "write tcp, udp or sctp = PORTS; others: protocol = esp" },
	{ "icmp", "write ping = yes; errors always pass" },
	{ "source", "write from = ADDRESSES" },
	{ "src", "write from = ADDRESSES" },
	{ "saddr", "write from = ADDRESSES" },
	{ "address", "write from = ADDRESSES" },
	{ "destination", "write to = ADDRESSES" },
	{ "dest", "write to = ADDRESSES" },
	{ "dst", "write to = ADDRESSES" },
	{ "daddr", "write to = ADDRESSES" },
	{ "interface", "write on = INTERFACES" },
	{ "iface", "write on = INTERFACES" },
	{ "dev", "write on = INTERFACES" },
	{ "iif", "write on = INTERFACES" },
	{ "iifname", "write on = INTERFACES" },
	{ "limit", "write rate = RATE, or connections = N" },
	{ "expires", "write until = TIME" },
	{ "description", "write comment = TEXT" },
	{ "action", "the section says so: [allow NAME] or [block NAME]" },
	{ "policy", "write default, in [policy]" },
};

static const struct habit ports[] = {
	{ "any", "every port is: all" },
	{ "ping", "write the line: ping = yes" },
	{ "icmp", "write the line: ping = yes" },
};

static const char *find(const struct habit *habits, size_t num,
			const struct pw_loc *word)
{
	for (size_t i = 0; i < num; i++)
		if (pw_loc_is(word, habits[i].word))
			return habits[i].here;
	return NULL;
}

const char *pw_habit_kind(const struct pw_loc *word)
{
	return find(kinds, PW_ARRAY_SIZE(kinds), word);
}

const char *pw_habit_key(const struct pw_loc *word)
{
	return find(keys, PW_ARRAY_SIZE(keys), word);
}

const char *pw_habit_port(const struct pw_loc *word)
{
	return find(ports, PW_ARRAY_SIZE(ports), word);
}
