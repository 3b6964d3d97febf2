// SPDX-License-Identifier: GPL-2.0-or-later
/* What a section of a policy says, as text for tables and sentences. */
#include "cli/section.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"

#define EXCEPT "except "	/* in the text of a source list */
#define MAX_LISTED 4	/* destinations that are spelled out */

bool section_reaches(const struct pw_section *s, unsigned int reach)
{
	if (reach == REACH_PING)
		return s->ping;
	if (reach == REACH_PROTOCOLS)
		return !pw_rangeset_empty(s->protocols);
	return !pw_rangeset_empty(s->ports[reach]);
}

static void put_separator(bool *first, FILE *out)
{
	fputs(*first ? "" : ", ", out);
	*first = false;
}

void put_ports(const struct pw_rangeset *ports, FILE *out)
{
	if (pw_rangeset_count(ports) == UINT16_MAX) {
		fputs("all", out);
		return;
	}
	for (size_t i = 0; i < ports->num; i++) {
		const struct pw_range32 *r = &ports->r32[i];

		fprintf(out, "%s%" PRIu32, i ? ", " : "", r->first);
		if (r->last != r->first)
			fprintf(out, "-%" PRIu32, r->last);
	}
}

static void put_protocols(const struct pw_rangeset *protocols, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < protocols->num; i++) {
		uint32_t proto = protocols->r32[i].first;

		for (; proto <= protocols->r32[i].last; proto++) {
			const char *name = pw_proto_name((uint8_t)proto);

			put_separator(&first, out);
			if (name)
				fputs(name, out);
			else
				fprintf(out, "protocol %" PRIu32, proto);
		}
	}
}

uint64_t addrs_num(const struct pw_addrs *addrs)
{
	return (uint64_t)addrs->set[PW_IPV4]->num + addrs->set[PW_IPV6]->num;
}

static void put_addrs(const struct pw_addrs *addrs, bool *first, FILE *out)
{
	char buf[2 * PW_ADDR_STRLEN], count[32];

	if (addrs_num(addrs) > MAX_LISTED) {
		put_separator(first, out);
		fprintf(out, "%s ranges", format_count(addrs_num(addrs), count));
		return;
	}
	for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++) {
		for (size_t i = 0; i < addrs->set[f]->num; i++) {
			struct pw_range r = pw_rangeset_get(addrs->set[f], i);

			put_separator(first, out);
			fputs(pw_addr_range_format(f, &r, buf), out);
		}
	}
}

/* Nothing for what a section without `to` means */
static void put_to(const struct pw_section *s, FILE *out)
{
	const struct { bool is; const char *word; } kinds[] = {
		{ s->to_local, "local" }, { s->to_broadcast, "broadcast" },
		{ s->to_multicast, "multicast" },
	};
	bool plain = s->to_local && !s->to_broadcast && !s->to_multicast;
	bool first = true;

	if (s->any_to || (plain && pw_addrs_empty(&s->to)))
		return;
	fputs(" -> ", out);
	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].is)
			continue;
		put_separator(&first, out);
		fputs(kinds[i].word, out);
	}
	put_addrs(&s->to, &first, out);
}

static void put_what(const struct pw_section *s, unsigned int reach, FILE *out)
{
	if (reach == REACH_PING) {
		fputs("ping", out);
	} else if (reach == REACH_PROTOCOLS) {
		put_protocols(s->protocols, out);
	} else {
		fprintf(out, "%s ", pw_transport_name(reach));
		put_ports(s->ports[reach], out);
	}
}

void put_reach(const struct pw_section *s, unsigned int reach, FILE *out)
{
	put_what(s, reach, out);
	put_to(s, out);
}

/* Does @text hold a word that stands for addresses that it does not show? */
static bool has_name(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ", \t");
		struct pw_addr_range range;

		if (len && pw_addr_range_parse(text, len, &range))
			return true;
		text += len;
		text += strspn(text, ", \t");
	}
	return false;
}

/* What is behind the words of a `from`, in brackets */
static void put_ranges(const struct pw_section *s, const char *except,
		       FILE *out)
{
	uint64_t num = addrs_num(&s->from);
	char count[32];

	if (!num)
		fputs(" (empty: nobody", out);
	else
		fprintf(out, " (%s range%s", format_count(num, count),
			plural(num));
	if (except) {
		fputs(", except ", out);
		pw_escape_put(except, strlen(except), out);
	}
	putc(')', out);
}

/* Where "except LIST" begins in the text of a source list; NULL: nowhere */
static const char *find_except(const char *text)
{
	const char *at = strstr(text, EXCEPT);

	while (at && at > text && at[-1] != ' ')
		at = strstr(at + 1, EXCEPT);
	return at;
}

void put_from(const struct pw_section *s, unsigned int reach, FILE *out)
{
	const char *text = s->from_text ? s->from_text : "anyone";
	const char *except = find_except(text);
	size_t len = except ? (size_t)(except - text) : strlen(text);

	(void)reach;
	while (len && text[len - 1] == ' ')
		len--;
	if (len)
		pw_escape_put(text, len, out);
	else
		fputs("anyone", out);
	if (!s->any_from && (except || has_name(text) ||
			     pw_addrs_empty(&s->from)))
		put_ranges(s, except ? except + strlen(EXCEPT) : NULL, out);
}

void put_ifnames(const struct pw_rangeset *names, FILE *out)
{
	char buf[17];

	for (size_t i = 0; i < names->num; i++) {
		const char *name = pw_ifname_format(&names->r128[i], buf);

		fputs(i ? ", " : "", out);
		pw_escape_put(name, strlen(name), out);
	}
}

void put_on(const struct pw_section *s, unsigned int reach, FILE *out)
{
	(void)reach;
	if (s->any_on)
		fputs("any", out);
	else if (s->on_text)
		pw_escape_put(s->on_text, strlen(s->on_text), out);
	else
		put_ifnames(s->on, out);
}

void put_name(const struct pw_section *s, unsigned int reach, FILE *out)
{
	(void)reach;
	pw_escape_put(s->name, strlen(s->name), out);
}

void put_line(const struct pw_section *s, unsigned int reach, FILE *out)
{
	(void)reach;
	fprintf(out, "%" PRIu32, s->line);
}

static void put_until(uint64_t until_ns, FILE *out)
{
	time_t t = (time_t)(until_ns / 1000000000u);
	char buf[32];
	struct tm tm;

	if (gmtime_r(&t, &tm) &&
	    strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M", &tm))
		fprintf(out, "until %s", buf);
	if (t % 60)
		fprintf(out, ":%02d", (int)(t % 60));
	putc('Z', out);
}

void put_limits(const struct pw_section *s, unsigned int reach, FILE *out)
{
	const char *per_source = " per source";
	bool first = true;

	(void)reach;
	if (s->connections.set) {
		put_separator(&first, out);
		fprintf(out, "%" PRIu32 " connection%s%s",
			s->connections.rate.count,
			plural(s->connections.rate.count),
			s->connections.per_source ? per_source : "");
	}
	if (s->rate.set) {
		put_separator(&first, out);
		pw_rate_print(&s->rate.rate, out);
		fputs(s->rate.per_source ? per_source : "", out);
	}
	if (s->until_ns) {
		put_separator(&first, out);
		put_until(s->until_ns, out);
	}
	if (s->log_set) {
		put_separator(&first, out);
		fputs("logged ", out);
		pw_rate_print(&s->log, out);
	}
}

void put_block(const struct pw_section *s, FILE *out)
{
	bool first = true;

	for (unsigned int reach = 0; !s->everything && reach < REACH_PING;
	     reach++) {
		if (!section_reaches(s, reach))
			continue;
		put_separator(&first, out);
		put_what(s, reach, out);
	}
	if (!first) {
		put_to(s, out);
		fputs(" from ", out);
	}
	put_from(s, 0, out);
	if (first)
		put_to(s, out);
	if (!s->any_on) {
		fputs(" on ", out);
		put_on(s, 0, out);
	}
}

uint64_t model_num_addresses(const struct pw_model *model)
{
	uint64_t num = 0;

	for (size_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *s = &model->sections[i];

		num += addrs_num(&s->to);
		if (!s->any_from)
			num += addrs_num(&s->from);
	}
	return num;
}
