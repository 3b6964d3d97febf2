/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 3339 times. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "policy/bytes.h"
#include "policy/values.h"

#define NS_PER_S 1000000000u

/* What is left of the text */
struct scan {
	const char *at, *end;
};

static bool take(struct scan *scan, const char *any_of)
{
	if (scan->at == scan->end)
		return false;
	for (; *any_of; any_of++) {
		if (*scan->at == *any_of) {
			scan->at++;
			return true;
		}
	}
	return false;
}

/* Exactly @digits digits */
static bool take_number(struct scan *scan, int digits, int *out)
{
	int n = 0;

	for (; digits; digits--, scan->at++) {
		if (scan->at == scan->end || !pw_is_digit(*scan->at))
			return false;
		n = n * 10 + (*scan->at - '0');
	}
	*out = n;
	return true;
}

static bool take_date(struct scan *scan, struct tm *tm)
{
	if (!take_number(scan, 4, &tm->tm_year) || !take(scan, "-") ||
	    !take_number(scan, 2, &tm->tm_mon) || !take(scan, "-") ||
	    !take_number(scan, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

static bool take_fraction(struct scan *scan, uint32_t *ns)
{
	uint32_t unit = NS_PER_S;
	int digit;

	if (!take(scan, "."))
		return true;
	while (unit > 1 && take_number(scan, 1, &digit)) {
		unit /= 10;
		*ns += digit * unit;
	}
	return unit < NS_PER_S;
}

static bool take_clock(struct scan *scan, struct tm *tm, uint32_t *ns)
{
	if (!take(scan, "Tt") || !take_number(scan, 2, &tm->tm_hour) ||
	    !take(scan, ":") || !take_number(scan, 2, &tm->tm_min))
		return false;
	if (!take(scan, ":"))
		return true;
	return take_number(scan, 2, &tm->tm_sec) && take_fraction(scan, ns);
}

static int take_zone(struct scan *scan, int64_t *offset_s)
{
	int sign = scan->at < scan->end && *scan->at == '-' ? -1 : 1;
	int hours, minutes;

	*offset_s = 0;
	if (scan->at == scan->end)
		return -EDOM;
	if (take(scan, "Zz"))
		return 0;
	if (!take(scan, "+-") || !take_number(scan, 2, &hours) ||
	    !take(scan, ":") || !take_number(scan, 2, &minutes))
		return -EINVAL;
	if (hours > 23 || minutes > 59)
		return -ERANGE;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return 0;
}

/* timegm() would turn the 31st of June into the 1st of July */
static bool exists(const struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	int year = tm->tm_year + 1900;
	bool leap = (!(year % 4) && year % 100) || !(year % 400);

	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	       tm->tm_mday <= days[tm->tm_mon] + (leap && tm->tm_mon == 1) &&
	       tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

int pw_time_parse(const char *text, size_t len, uint64_t *ns)
{
	struct scan scan = { text, text + len };
	struct tm tm = { 0 };
	uint32_t fraction = 0;
	int64_t seconds, offset_s;
	int err;

	if (!take_date(&scan, &tm) || !take_clock(&scan, &tm, &fraction))
		return -EINVAL;
	err = take_zone(&scan, &offset_s);
	if (err)
		return err;
	if (scan.at != scan.end)
		return -EINVAL;
	if (!exists(&tm))
		return -ERANGE;
	seconds = (int64_t)timegm(&tm) - offset_s;
	/* the kernel's clock counts nanoseconds in 63 bits: until 2262 */
	if (seconds < 1 || seconds >= INT64_MAX / NS_PER_S)
		return -ERANGE;
	*ns = (uint64_t)seconds * NS_PER_S + fraction;
	return 0;
}

const char *pw_time_format(uint64_t ns, char buf[static PW_TIME_STRLEN])
{
	time_t seconds = ns / NS_PER_S;
	uint32_t fraction = ns % NS_PER_S;
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(buf, PW_TIME_STRLEN, "%Y-%m-%dT%H:%M", &tm);
	if (tm.tm_sec || fraction)
		len += snprintf(buf + len, 8, ":%02d", tm.tm_sec);
	if (fraction)
		len += snprintf(buf + len, 12, ".%09u", fraction);
	snprintf(buf + len, 2, "Z");
	return buf;
}
