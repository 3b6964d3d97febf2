/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a policy: what is text, a space, a name, a number. */
#ifndef POLICY_BYTES_H
#define POLICY_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool pw_is_space(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool pw_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool pw_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* [A-Za-z_][A-Za-z0-9_.-]*, of any length */
bool pw_is_name(const char *text, size_t len);

/*
 * Offset of the first byte of a line that is not text: a control byte other
 * than TAB, or not of well-formed UTF-8; @len if there is none
 */
size_t pw_bytes_find_bad(const char *text, size_t len);

/**
 * pw_decimal() - Read plain decimal digits, all of @text
 * @max:	largest number taken
 *
 * Return: 0; -EINVAL not digits alone, or none, or a leading zero; -ERANGE
 *	   above @max
 */
int pw_decimal(const char *text, size_t len, uint64_t max, uint64_t *out);

#endif
