// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of the emergency policy, in the words of the language. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "portwall/names.h"

#include "state/emergency.h"

#define LINE_LEN 72	/* a list goes on with its key again behind this */

/* Begins a list's next item; returns the column behind it */
static size_t put_item(const char *key, const char *text, size_t column,
		       FILE *out)
{
	size_t len = strlen(text);

	if (column && column + len + 2 <= LINE_LEN) {
		fprintf(out, ", %s", text);
		return column + len + 2;
	}
	fprintf(out, "%s%s = %s", column ? "\n" : "", key, text);
	return strlen(key) + len + 3;
}

void pw_put_tcp(const struct pw_rangeset *ports, FILE *out)
{
	char text[16];
	size_t column = 0;

	for (size_t i = 0; i < ports->num; i++) {
		const struct pw_range32 *r = &ports->r32[i];

		snprintf(text, sizeof(text), "%" PRIu32, r->first);
		if (r->first != r->last)
			snprintf(text, sizeof(text), "%" PRIu32 "-%" PRIu32,
				 r->first, r->last);
		column = put_item("tcp", text, column, out);
	}
	putc('\n', out);
}

bool pw_put_addrs(const char *key, const struct pw_addrs *addrs, FILE *out)
{
	char text[2 * PW_ADDR_STRLEN];
	bool whole = true;
	size_t column = 0;

	for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++) {
		for (size_t i = 0; whole && i < addrs->set[f]->num; i++) {
			struct pw_range r = pw_rangeset_get(addrs->set[f], i);

			pw_addr_range_format(f, &r, text);
			column = put_item(key, text, column, out);
			whole = ftell(out) < PW_EMERGENCY_MAX_LEN;
		}
	}
	putc('\n', out);
	return whole;
}

/* Of a value, byte @i from the highest */
static uint8_t byte_at(struct pw_value v, unsigned int i)
{
	return (uint8_t)((i < 8 ? v.hi : v.lo) >> (8 * (7 - i % 8)));
}

/* The end of the glob whose first @len bytes are those of @first */
static struct pw_value glob_end(struct pw_value first, unsigned int len)
{
	struct pw_value v = first;

	for (unsigned int i = len; i < 16; i++)
		*(i < 8 ? &v.hi : &v.lo) |= 0xffull << (8 * (7 - i % 8));
	return v;
}

/* The largest glob, or the one name, that begins at @range and lies in it */
static struct pw_range first_glob(const struct pw_range *range)
{
	struct pw_range glob = { range->first, range->first };
	unsigned int len = 0;

	for (unsigned int i = 0; i < 16; i++)
		if (byte_at(range->first, i))
			len = i + 1;
	if (len >= PW_IFNAME_MAX)
		return glob;
	glob.last = glob_end(range->first, len);
	if (pw_value_cmp(glob.last, range->last) > 0)
		glob.last = range->first;
	return glob;
}

/* Neighbours such as eth1* and eth2* have become one range */
static void put_ifnames(const char *key, const struct pw_rangeset *names,
			FILE *out)
{
	size_t column = 0;
	char text[17];

	for (size_t i = 0; i < names->num; i++) {
		struct pw_range rest = pw_rangeset_get(names, i), glob;

		for (;;) {
			glob = first_glob(&rest);
			column = put_item(key, pw_ifname_format(&glob, text),
					  column, out);
			if (!pw_value_cmp(glob.last, rest.last))
				break;
			rest.first = pw_value_next(glob.last);
		}
	}
	putc('\n', out);
}

static void put_until(uint64_t until_ns, FILE *out)
{
	time_t t = (time_t)(until_ns / 1000000000u);
	char text[32];
	struct tm tm;

	if (gmtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		fprintf(out, "until = %s\n", text);
}

void pw_put_limits(const struct pw_section *section, FILE *out)
{
	static const char per_source[] = " per source";

	if (!section->any_to && !section->to_local)
		pw_put_addrs("to", &section->to, out);
	if (!section->any_on)
		put_ifnames("on", section->on, out);
	if (section->rate.set) {
		fputs("rate = ", out);
		pw_rate_print(&section->rate.rate, out);
		fprintf(out, "%s\n", section->rate.per_source ? per_source : "");
	}
	if (section->connections.set)
		fprintf(out, "connections = %" PRIu32 "%s\n",
			section->connections.rate.count,
			section->connections.per_source ? per_source : "");
	if (section->until_ns)
		put_until(section->until_ns, out);
}

void pw_put_policy_keys(const struct pw_model *model, bool closed, FILE *out)
{
	fputs("[policy]\n", out);
	if (model->ping == PW_PING_NO)
		fputs("ping = no\n", out);
	if (model->ping == PW_PING_RATE) {
		fputs("ping = ", out);
		pw_rate_print(&model->ping_rate, out);
		putc('\n', out);
	}
	if (!model->dhcp)
		fputs("dhcp = no\n", out);
	if (!pw_rangeset_empty(model->bridges))
		put_ifnames("bridges", model->bridges, out);
	if (closed)
		fputs("closed = all\n", out);
}
