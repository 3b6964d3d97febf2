/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a policy: what is text, a name, a number. */
#include "policy/bytes.h"

#include <errno.h>

bool pw_is_name(const char *text, size_t len)
{
	if (!len || !pw_is_letter(text[0]))
		return false;
	for (size_t i = 1; i < len; i++) {
		char c = text[i];

		if (!pw_is_letter(c) && !pw_is_digit(c) && c != '.' && c != '-')
			return false;
	}
	return true;
}

/* Bytes that must follow @lead, or -1 if nothing starts with it */
static int followers(unsigned char lead)
{
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef)
		return 2;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 3;
	return -1;
}

/* Second bytes that would make an overlong form, a surrogate, or too much */
static bool bad_second(unsigned char lead, unsigned char second)
{
	return (lead == 0xe0 && second < 0xa0) ||
	       (lead == 0xed && second > 0x9f) ||
	       (lead == 0xf0 && second < 0x90) ||
	       (lead == 0xf4 && second > 0x8f);
}

/* Bytes of the character at @text, 0 if it is none */
static size_t char_len(const unsigned char *text, size_t len)
{
	int num = followers(text[0]);

	if (num < 0 || (size_t)num >= len || bad_second(text[0], text[1]))
		return 0;
	for (int i = 1; i <= num; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return num + 1;
}

size_t pw_bytes_find_bad(const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t at = 0;

	while (at < len) {
		size_t num = 1;

		if (bytes[at] >= 0x80)
			num = char_len(bytes + at, len - at);
		else if ((bytes[at] < ' ' && bytes[at] != '\t') ||
			 bytes[at] == 0x7f)
			num = 0;
		if (!num)
			break;
		at += num;
	}
	return at;
}

int pw_decimal(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!len || (len > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!pw_is_digit(text[i]))
			return -EINVAL;
	}
	for (size_t i = 0; i < len; i++) {
		n = n * 10 + (text[i] - '0');
		if (n > max)
			return -ERANGE;
	}
	*out = n;
	return 0;
}
