// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes of policies that a policy survives more often than flipped bits. */
#include "grammar.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/own.h"

#include "fuzz.h"

#define LINE_MAX_LEN 4096	/* of what is put in */

/* minstd_rand0, so that a seed gives the same change again */
struct dice {
	uint32_t state;
};

static uint32_t throw(struct dice *dice, uint32_t below)
{
	dice->state = (uint32_t)((uint64_t)dice->state * 16807 % 2147483647);
	return (dice->state >> 8) % below;
}

#define PICK(dice, list) ((list)[throw(dice, PW_ARRAY_SIZE(list))])

typedef void put_fn(struct dice *dice, FILE *out);

static void put_address(struct dice *dice, FILE *out)
{
	static const char *const words[] = {
		"192.0.2.1", "192.0.2.0/24", "192.0.2.0-192.0.2.9", "0.0.0.0",
		"255.255.255.255", "0.0.0.0/0", "10.0.0.0/8", "127.0.0.1",
		"2001:db8::1", "2001:db8::/32", "2001:db8::1-2001:db8::9",
		"::", "::/0", "::1", "::ffff:192.0.2.1", "fe80::/10",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private",
		"link-local", "a0", "a1", "a2", "file:l0", "file:l1",
		"224.0.0.251", "ff02::fb", "local", "broadcast", "multicast",
	};

	switch (throw(dice, 4)) {
	case 0:
		fprintf(out, "192.0.2.%u/%u", throw(dice, 256),
			throw(dice, 33));
		return;
	case 1:
		fprintf(out, "2001:db8:%x::%x/%u", throw(dice, 4),
			throw(dice, 65536), throw(dice, 129));
		return;
	}
	fputs(PICK(dice, words), out);
}

static void put_to(struct dice *dice, FILE *out)
{
	static const char *const words[] = {
		"local", "broadcast", "multicast", "224.0.0.251", "ff02::fb",
		"255.255.255.255", "192.0.2.255",
	};

	if (throw(dice, 2))
		fputs(PICK(dice, words), out);
	else
		put_address(dice, out);
}

static void put_port(struct dice *dice, FILE *out)
{
	static const char *const words[] = {
		"1", "2", "65534", "65535", "all", "1-65535", "ssh", "domain",
		"https", "ntp", "p0", "p1", "p2", "22", "80-90", "0", "65536",
	};

	if (throw(dice, 2))
		fputs(PICK(dice, words), out);
	else if (throw(dice, 2))
		fprintf(out, "%u", throw(dice, 65536));
	else
		fprintf(out, "%u-%u", throw(dice, 32768),
			32768 + throw(dice, 32768));
}

static void put_iface(struct dice *dice, FILE *out)
{
	static const char *const words[] = {
		"eth0", "eth1", "wlan0", "wl*", "e*", "br0", "br-*", "i0",
		"i1", "*", "abcdefghijklmno", "abcdefghijklmn*", "lo",
		"docker0", "\303\274*",
	};

	fputs(PICK(dice, words), out);
}

static void put_protocol(struct dice *dice, FILE *out)
{
	static const char *const words[] = {
		"esp", "gre", "ah", "ospf", "vrrp", "253", "0", "255", "41",
	};

	fputs(PICK(dice, words), out);
}

static void put_rate(struct dice *dice, FILE *out)
{
	static const char *const counts[] = {
		"1", "6", "10", "1000000", "999999", "0",
	};
	static const char *const units[] = {
		"second", "minute", "hour", "day",
	};

	fprintf(out, "%s/%s", PICK(dice, counts), PICK(dice, units));
	if (!throw(dice, 3))
		fprintf(out, " burst %s", PICK(dice, counts));
	if (!throw(dice, 3))
		fputs(" per source", out);
}

static void put_connections(struct dice *dice, FILE *out)
{
	fprintf(out, "%u%s", throw(dice, 1000),
		throw(dice, 2) ? "" : " per source");
}

static void put_until(struct dice *dice, FILE *out)
{
	fprintf(out, "%u-%02u-%02uT%02u:%02u%s%s", 1969 + throw(dice, 295),
		throw(dice, 14), throw(dice, 33), throw(dice, 25),
		throw(dice, 61), throw(dice, 2) ? "" : ":30.5",
		throw(dice, 2) ? "Z" : "+01:00");
}

static void put_choice(struct dice *dice, FILE *out)
{
	static const char *const words[] = {
		"yes", "no", "drop", "reject", "follow", "ignore", "keep",
		"cut", "all", "b.ini", "*.ini",
	};

	if (throw(dice, 6))
		fputs(PICK(dice, words), out);
	else
		put_rate(dice, out);
}

static void put_text(struct dice *dice, FILE *out)
{
	static const char *const words[] = {
		"a = b", ";", "; x", "\303\274 ;y", "[allow x]", "x\\", "%s",
	};

	fputs(PICK(dice, words), out);
}

/* Keys, and the values that may be theirs; lists have several */
static const struct form {
	const char *key;
	put_fn *put;
	bool list;
} forms[] = {
	{ "tcp", put_port, true },	{ "udp", put_port, true },
	{ "sctp", put_port, true },	{ "protocol", put_protocol, true },
	{ "from", put_address, true },	{ "except", put_address, true },
	{ "to", put_to, true },		{ "on", put_iface, true },
	{ "rate", put_rate, false },
	{ "connections", put_connections, false },
	{ "log", put_choice, false },	{ "until", put_until, false },
	{ "comment", put_text, false },	{ "ping", put_choice, false },
	{ "default", put_choice, false }, { "dhcp", put_choice, false },
	{ "containers", put_choice, false },
	{ "bridges", put_iface, true },
	{ "established", put_choice, false },
	{ "guard", put_port, true },	{ "closed", put_choice, false },
	{ "include", put_choice, false },
	{ "a0", put_address, true },	{ "a1", put_address, true },
	{ "i0", put_iface, true },	{ "i1", put_iface, true },
	{ "p0", put_port, true },	{ "p1", put_port, true },
};

/* One in twelve lists is longer than what libinih reads at once */
static void put_value(struct dice *dice, const struct form *form, FILE *out)
{
	static const char *const gaps[] = { ", ", " ", ",", ",\n    ", "\n\t" };
	uint32_t more = form->list ? throw(dice, throw(dice, 12) ? 4 : 60) : 0;

	form->put(dice, out);
	for (; more; more--) {
		fputs(PICK(dice, gaps), out);
		form->put(dice, out);
	}
	if (!throw(dice, 16))
		fputs(" ; why", out);
}

static void put_entry(struct dice *dice, FILE *out)
{
	const struct form *form = &PICK(dice, forms);

	fprintf(out, "%s = ", form->key);
	put_value(dice, form, out);
	putc('\n', out);
}

static void put_section(struct dice *dice, FILE *out)
{
	static const char *const heads[] = {
		"[policy]", "[addresses]", "[interfaces]", "[ports]",
		"=== l0", "=== l1", "=== b.ini", "=== old.ini", "# c", "",
	};

	if (throw(dice, 3))
		fprintf(out, "[%s n%u]\n", throw(dice, 4) ? "allow" : "block",
			throw(dice, 12));
	else
		fprintf(out, "%s\n", PICK(dice, heads));
	for (uint32_t more = throw(dice, 4); more; more--)
		put_entry(dice, out);
}

static void put_list_line(struct dice *dice, FILE *out)
{
	put_address(dice, out);
	putc('\n', out);
}

/* Begin of a line of the text, chosen by lot */
static size_t some_line(struct dice *dice, const char *text, size_t size)
{
	size_t at = size ? throw(dice, (uint32_t)size) : 0;

	while (at && text[at - 1] != '\n')
		at--;
	return at;
}

static size_t line_end(const char *text, size_t size, size_t at)
{
	while (at < size && text[at] != '\n')
		at++;
	return at < size ? at + 1 : size;
}

/* A copy of what stands from @at to @end is replaced by @len bytes of @by;
 * nothing is changed where that is too long */
static size_t splice(char *text, size_t size, size_t max, size_t at,
		     size_t end, const char *by, size_t len)
{
	if (size - (end - at) + len > max)
		return size;
	memmove(text + at + len, text + end, size - end);
	memcpy(text + at, by, len);
	return size - (end - at) + len;
}

static const struct form *form_of(const char *line, size_t len)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(forms); i++) {
		size_t n = strlen(forms[i].key);

		if (len > n && !memcmp(line, forms[i].key, n) &&
		    strchr(" =", line[n]))
			return &forms[i];
	}
	return NULL;
}

/* Gives the key of a line another value, or puts in a new line before it */
static size_t change_line(struct dice *dice, char *text, size_t size,
			  size_t max, size_t at, size_t end)
{
	static put_fn *const makers[] = {
		put_entry, put_entry, put_section, put_list_line,
	};
	const struct form *form = form_of(text + at, end - at);
	char buf[LINE_MAX_LEN];
	FILE *out = fmemopen(buf, sizeof(buf), "w");
	long len;

	MUST(out);
	if (form && throw(dice, 2)) {
		fprintf(out, "%s = ", form->key);
		put_value(dice, form, out);
		putc('\n', out);
	} else {
		end = at;
		PICK(dice, makers)(dice, out);
	}
	len = ftell(out);
	fclose(out);
	return len > 0 && len < LINE_MAX_LEN ?
	       splice(text, size, max, at, end, buf, (size_t)len) : size;
}

/* Takes a line out, doubles it, or moves it; it is shorter than a buffer */
static size_t move_line(struct dice *dice, char *text, size_t size, size_t max,
			size_t at, size_t end)
{
	size_t len = end - at, to;
	char line[LINE_MAX_LEN];

	memcpy(line, text + at, len);
	if (throw(dice, 3))
		size = splice(text, size, max, at, end, "", 0);
	if (!throw(dice, 2))
		return size;
	to = some_line(dice, text, size);
	return splice(text, size, max, to, to, line, len);
}

size_t grammar_mutate(uint8_t *data, size_t size, size_t max_size,
		      unsigned int seed)
{
	struct dice dice = { seed % 2147483646 + 1 };
	char *text = (char *)data;
	size_t at, end;

	throw(&dice, 2);
	if (!throw(&dice, 4))
		return LLVMFuzzerMutate(data, size, max_size);
	at = some_line(&dice, text, size);
	end = line_end(text, size, at);
	if (throw(&dice, 4) || end - at > LINE_MAX_LEN)
		return change_line(&dice, text, size, max_size, at, end);
	return move_line(&dice, text, size, max_size, at, end);
}
