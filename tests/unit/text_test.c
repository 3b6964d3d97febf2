// SPDX-License-Identifier: GPL-2.0-or-later
/* Streams into memory: all that is written, in whatever pieces; see nomem_test
 * for what happens without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/array.h>
#include <portwall/own.h>
#include <portwall/text.h>

static const struct size {
	const char *name;
	size_t num;
} sizes[] = {
	{ "nothing", 0 }, { "a byte", 1 }, { "a buffer", BUFSIZ },
	{ "a byte more", BUFSIZ + 1 }, { "many buffers", 100 * BUFSIZ + 7 },
};

static void holds_what_is_written(void **state)
{
	const struct size *size = *state;
	char *text = (char *)1;
	size_t len = 1;
	FILE *out = pw_text_open(&text, &len);

	assert_non_null(out);
	for (size_t i = 0; i < size->num; i++) {
		assert_int_equal(ftell(out), i);
		putc((int)(i % 251), out);
	}
	assert_int_equal(pw_text_close(out, &text), 0);
	assert_int_equal(len, size->num);
	for (size_t i = 0; i < size->num; i++)
		assert_int_equal((unsigned char)text[i], i % 251);
	assert_int_equal(text[len], '\0');
	free(text);
}

static void cannot_be_moved(void **state)
{
	char *text;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	(void)state;
	assert_non_null(out);
	fputs("one", out);
	assert_int_equal(fseek(out, 0, SEEK_SET), -1);
	assert_int_equal(fseek(out, 5, SEEK_CUR), -1);
	fputs(" two", out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "one two");
	free(text);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(sizes) + 1] = {
		[PW_ARRAY_SIZE(sizes)] = cmocka_unit_test(cannot_be_moved),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(sizes); i++) {
		tests[i].name = sizes[i].name;
		tests[i].test_func = holds_what_is_written;
		tests[i].initial_state = (void *)(uintptr_t)&sizes[i];
	}
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
