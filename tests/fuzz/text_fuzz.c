// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words that people write: addresses, interfaces, protocols, times, numbers.
 * The input is one word. What a parser takes, its printer writes so that the
 * parser takes it for the same.
 */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "policy/bytes.h"
#include "policy/values.h"
#include "portwall/addr.h"
#include "portwall/array.h"
#include "portwall/escape.h"
#include "portwall/names.h"

#include "fuzz.h"

static void try_addr(const char *text, size_t len)
{
	struct pw_addr_range got, again;
	char buf[2 * PW_ADDR_STRLEN];
	int err = pw_addr_range_parse(text, len, &got);

	MUST(!err || err == -EINVAL || err == -ERANGE || err == -EDOM ||
	     err == -EXDEV);
	if (err)
		return;
	pw_addr_range_format(got.family, &got.range, buf);
	MUST(strlen(buf) < sizeof(buf));
	MUST(!pw_addr_range_parse(buf, strlen(buf), &again));
	MUST(again.family == got.family && !again.host_bits);
	MUST(!memcmp(&again.range, &got.range, sizeof(got.range)));
}

static void try_ifname(const char *text, size_t len)
{
	struct pw_range got, again;
	char buf[17];
	int err = pw_ifname_range(text, len, &got);

	MUST(!err || err == -EINVAL);
	if (err)
		return;
	pw_ifname_format(&got, buf);
	MUST(strlen(buf) == len && !memcmp(buf, text, len));
	MUST(!pw_ifname_range(buf, strlen(buf), &again));
	MUST(!memcmp(&again, &got, sizeof(got)));
}

static void try_proto(const char *text, size_t len)
{
	uint8_t proto;
	int err = pw_proto_by_name(text, len, &proto);

	MUST(!err || err == -ENOENT);
	MUST(err || pw_proto_name(proto));
}

static void try_time(const char *text, size_t len)
{
	char buf[PW_TIME_STRLEN];
	uint64_t ns, again;
	int err = pw_time_parse(text, len, &ns);

	MUST(!err || err == -EINVAL || err == -EDOM || err == -ERANGE);
	if (err)
		return;
	pw_time_format(ns, buf);
	MUST(!pw_time_parse(buf, strlen(buf), &again) && again == ns);
}

/* Against the C library's reading of what is digits alone */
static void try_decimal(const char *text, size_t len, uint64_t max)
{
	char copy[32];
	uint64_t n;
	int err = pw_decimal(text, len, max, &n);

	MUST(!err || err == -EINVAL || err == -ERANGE);
	if (err || len >= sizeof(copy))
		return;
	memcpy(copy, text, len);
	copy[len] = '\0';
	MUST(n <= max && strtoull(copy, NULL, 10) == n);
	snprintf(copy, sizeof(copy), "%llu", (unsigned long long)n);
	MUST(strlen(copy) == len && !memcmp(copy, text, len));
}

static void try_duration(const char *text, uint64_t max_ms)
{
	char buf[DURATION_LEN];
	uint64_t ms, again;
	int err = duration_parse(text, max_ms, &ms);

	MUST(!err || err == -EINVAL || err == -ERANGE);
	if (err)
		return;
	MUST(ms >= 1000 && ms <= max_ms);
	duration_format(ms, buf);
	MUST(!duration_parse(buf, max_ms, &again) && again == ms);
	MUST(duration_words(ms, buf)[0] != '0');
}

/* Up to the byte that is found bad all is text, and stays so */
static void try_bytes(const char *text, size_t len)
{
	size_t bad = pw_bytes_find_bad(text, len);

	MUST(bad <= len);
	MUST(pw_bytes_find_bad(text, bad) == bad);
	for (size_t i = 0; i < bad; i++)
		MUST((unsigned char)text[i] >= ' ' || text[i] == '\t');
	if (pw_is_name(text, len))
		MUST(bad == len && !memchr(text, ' ', len));
}

static void try_escape(const char *text)
{
	char *got = pw_escape(text);
	size_t width = 0;

	MUST(got);
	for (const char *p = text; *p; p++)
		width += pw_escape_width(*p);
	MUST(strlen(got) == width);
	for (const char *p = got; *p; p++)
		MUST(*p >= ' ' && *p <= '~');
	free(got);
}

static void try_nearest(const char *text, size_t len)
{
	static const char *const known[] = {
		"check", "show", "test", "plan", "apply", "confirm", "a", "",
	};
	const char *near = pw_nearest(text, len, known, PW_ARRAY_SIZE(known));
	bool found = !near;

	for (size_t i = 0; near && i < PW_ARRAY_SIZE(known); i++)
		found |= near == known[i];
	MUST(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, data + size };
	size_t len;
	/* as long as it is, so that a byte too far is seen; and with a NUL */
	const char *word = (const char *)data;
	char *text = take_text(&in, '\0', &len);

	try_addr(word, size);
	try_ifname(word, size);
	try_proto(word, size);
	try_time(word, size);
	try_decimal(word, size, 65535);
	try_decimal(word, size, UINT32_MAX);
	try_bytes(word, size);
	try_nearest(word, size);
	try_duration(text, PW_TRIAL_MAX_MS);
	try_duration(text, UINT64_MAX);
	try_escape(text);
	free(text);
	return 0;
}
