// SPDX-License-Identifier: GPL-2.0-or-later
/* A time on the command line: one number and its unit. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "portwall/array.h"

static const struct unit {
	char letter;
	uint64_t ms;
} units[] = {
	{ 's', 1000 },
	{ 'm', 60 * 1000 },
	{ 'h', 3600 * 1000 },
	{ 'd', 24 * 3600 * 1000 },
};

static uint64_t unit_ms(const char *text)
{
	for (size_t i = 0; text[0] && !text[1] && i < PW_ARRAY_SIZE(units); i++)
		if (text[0] == units[i].letter)
			return units[i].ms;
	return 0;
}

int duration_parse(const char *text, uint64_t max_ms, uint64_t *ms)
{
	const char *unit = text + strspn(text, "0123456789");
	uint64_t each = unit_ms(unit), n = 0;

	if (unit == text || *text == '0' || !each)
		return -EINVAL;
	for (; text < unit; text++) {
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > max_ms / each)
			return -ERANGE;
	}
	*ms = n * each;
	return 0;
}

void duration_format(uint64_t ms, char buf[DURATION_LEN])
{
	size_t i = PW_ARRAY_SIZE(units) - 1;

	while (i && ms % units[i].ms)
		i--;
	snprintf(buf, DURATION_LEN, "%llu%c",
		 (unsigned long long)(ms / units[i].ms), units[i].letter);
}

int duration_option(struct cli *cli, const char *name, const char *value,
		    uint64_t max_ms, uint64_t *ms)
{
	int err = duration_parse(value, max_ms, ms);
	char most[DURATION_LEN];

	if (err == -EINVAL) {
		pw_diag_error(cli->diags, NULL, "--%s=%s: not a time", name,
			      value);
		pw_diag_hint(cli->diags, "write 90s, 15m, 2h or 1d");
	} else if (err) {
		duration_format(max_ms, most);
		pw_diag_error(cli->diags, NULL, "--%s=%s: at most %s", name,
			      value, most);
	}
	return err ? -EINVAL : 0;
}

const char *duration_words(uint64_t ms, char buf[DURATION_LEN])
{
	static const struct {
		uint64_t below_s, s;
		const char *name;
	} rows[] = {
		{ 120, 1, "s" }, { 2 * 3600, 60, "min" },
		{ 48 * 3600, 3600, "h" }, { UINT64_MAX, 24 * 3600, "days" },
	};
	uint64_t s = ms / 1000 + !!(ms % 1000);
	size_t i = 0;

	while (s >= rows[i].below_s)
		i++;
	snprintf(buf, DURATION_LEN, "%llu %s",
		 (unsigned long long)(s / rows[i].s), rows[i].name);
	return buf;
}
