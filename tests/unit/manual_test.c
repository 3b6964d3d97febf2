// SPDX-License-Identifier: GPL-2.0-or-later
/* portwall.ini(5) names every key of the policy language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "portwall/policy.h"

#define MANUAL "man/portwall.ini.5"

static int read_manual(void **state)
{
	FILE *in = fopen(MANUAL, "r");
	size_t len;
	char *text;

	if (!in)
		return -1;
	text = calloc(1, 1 << 20);
	if (!text)
		return -1;
	len = fread(text, 1, (1 << 20) - 1, in);
	fclose(in);
	*state = text;
	return len ? 0 : -1;
}

static int free_manual(void **state)
{
	free(*state);
	return 0;
}

/* The text between ".Ss" with @section in it and the next heading */
static char *section_of(const char *manual, const char *section)
{
	char head[64];
	const char *at = manual, *end;

	snprintf(head, sizeof(head), "[%s", section);
	while ((at = strstr(at, "\n.Ss "))) {
		end = strchr(at + 1, '\n');
		if (memmem(at, end - at, head, strlen(head)))
			break;
		at = end;
	}
	if (!at)
		return NULL;
	for (at = end; (end = strstr(end + 1, "\n.S"));)
		if (end[3] == 's' || end[3] == 'h')
			return strndup(at, end - at);
	return strdup(at);
}

/* Is there an item ".It Ic KEY", or one of several keys in a line? */
static bool has_item(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (; (text = strstr(text, "\n.It Ic ")); text++) {
		const char *word = text + 8;

		for (;;) {
			size_t n = strcspn(word, " \n");

			if (n == len && !memcmp(word, key, len))
				return true;
			if (strncmp(word + n, " , ", 3) != 0)
				break;
			word += n + 3;
		}
	}
	return false;
}

static void has_every_section(void **state)
{
	const char *section;

	for (size_t i = 0; pw_policy_key(i, &section); i++) {
		char *text = section_of(*state, section);

		if (!text)
			fail_msg("%s says nothing of [%s]", MANUAL, section);
		free(text);
	}
}

/* [block] takes the keys of [allow], except those that the manual names */
static void has_every_key(void **state)
{
	const char *key, *section;
	size_t num = 0;

	for (size_t i = 0; (key = pw_policy_key(i, &section)); i++) {
		const char *where = !strcmp(section, "block") ? "allow" :
								section;
		char *text = section_of(*state, where);

		assert_non_null(text);
		if (strcmp(key, "NAME") != 0 && !has_item(text, key))
			fail_msg("%s lacks '%s' in [%s]", MANUAL, key, section);
		free(text);
		num++;
	}
	assert_in_range(num, 30, 100);
}

static void misses_an_unknown_key(void **state)
{
	char *text = section_of(*state, "allow");

	assert_non_null(text);
	assert_true(has_item(text, "udp"));
	assert_false(has_item(text, "ud"));
	assert_false(has_item(text, "dhcp"));
	assert_false(has_item(text, "Ar"));
	assert_null(section_of(*state, "nosuch"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_section),
		cmocka_unit_test(has_every_key),
		cmocka_unit_test(misses_an_unknown_key),
	};

	return cmocka_run_group_tests_name("manual", tests, read_manual,
					   free_manual);
}
