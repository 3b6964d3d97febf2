/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: what is kept, what is counted, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "portwall/diag.h"
#include "portwall/source.h"

static struct pw_source *source(const char *name, const char *text)
{
	struct pw_source *src = pw_source_from_text(name, NULL, text,
						    strlen(text));

	assert_non_null(src);
	return src;
}

static void a_message_outlives_its_source(void **state)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_source *src = source("shop.ini", "[allow web]\r\ntcp = x\x1b\n");
	struct pw_loc loc = { src, 2, 7, 2 };
	const struct pw_diag *diag;

	(void)state;
	assert_int_equal(pw_diag_error(diags, &loc, "unknown service '%s'",
				       "x\x1b"), -EINVAL);
	pw_diag_hint(diags, "did you mean '%s'?", "ssh");
	pw_diag_hint(diags, "or write a %s", "num\nber");
	pw_source_free(src);
	assert_int_equal(pw_diags_kept(diags), 1);
	diag = pw_diags_get(diags, 0);
	assert_int_equal(diag->severity, PW_ERROR);
	assert_string_equal(diag->where, "shop.ini");
	assert_string_equal(diag->quote, "tcp = x\x1b");
	assert_string_equal(diag->text, "unknown service 'x\x1b'");
	assert_string_equal(diag->hint,
			    "did you mean 'ssh'?\nor write a num\\x0aber");
	assert_int_equal(diag->line, 2);
	assert_int_equal(diag->col, 7);
	assert_int_equal(diag->len, 2);
	pw_diags_free(diags);
}

static void a_message_needs_no_place(void **state)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_loc nowhere = { NULL, 3, 3, 3 };

	(void)state;
	pw_diag_hint(diags, "to nothing");
	pw_diag_warning(diags, NULL, "one");
	pw_diag_warning(diags, &nowhere, "two");
	assert_int_equal(pw_diags_kept(diags), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_null(pw_diags_get(diags, i)->where);
		assert_null(pw_diags_get(diags, i)->quote);
		assert_null(pw_diags_get(diags, i)->hint);
		assert_int_equal(pw_diags_get(diags, i)->line, 0);
	}
	pw_diags_free(diags);
}

static void system_errors_say_their_cause(void **state)
{
	struct pw_diags *diags = pw_diags_new();
	char want[100];

	(void)state;
	assert_int_equal(pw_diag_system(diags, EIO, "cannot read %s", "x"),
			 -EIO);
	assert_int_equal(pw_diag_system(diags, EINVAL, "no"), -EPROTO);
	assert_int_equal(pw_diags_count(diags, PW_ERROR), 2);
	snprintf(want, sizeof(want), "cannot read x: %s", strerror(EIO));
	assert_string_equal(pw_diags_get(diags, 0)->text, want);
	snprintf(want, sizeof(want), "no: %s", strerror(EINVAL));
	assert_string_equal(pw_diags_get(diags, 1)->text, want);
	pw_diags_free(diags);
}

/* All are counted, twenty errors and twenty warnings are kept */
static void too_many_are_counted(void **state)
{
	struct pw_diags *diags = pw_diags_new();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		pw_diag_warning(diags, NULL, "warning %d", i);
		assert_int_equal(pw_diag_error(diags, NULL, "error %d", i),
				 -EINVAL);
		pw_diag_note(diags, NULL, "note %d", i);
		pw_diag_hint(diags, "hint %d", i);
	}
	assert_int_equal(pw_diags_count(diags, PW_ERROR), 1000);
	assert_int_equal(pw_diags_count(diags, PW_WARNING), 1000);
	assert_int_equal(pw_diags_count(diags, PW_NOTE), 1000);
	assert_int_equal(pw_diags_kept(diags), 60);
	for (size_t i = 0; i < 60; i++) {
		const struct pw_diag *diag = pw_diags_get(diags, i);
		char want[20];

		snprintf(want, sizeof(want), "hint %zu", i / 3);
		assert_int_equal(diag->severity,
				 i % 3 == 0 ? PW_WARNING :
				 i % 3 == 1 ? PW_ERROR : PW_NOTE);
		if (i % 3 == 2)
			assert_string_equal(diag->hint, want);
		else
			assert_null(diag->hint);
	}
	pw_diags_free(diags);
}

/* What belongs to a message that was dropped must not stick to an older one */
static void notes_go_with_their_message(void **state)
{
	struct pw_diags *diags = pw_diags_new();

	(void)state;
	for (int i = 0; i < 21; i++)
		pw_diag_error(diags, NULL, "error");
	pw_diag_note(diags, NULL, "of the last error");
	pw_diag_hint(diags, "for the last note");
	assert_int_equal(pw_diags_kept(diags), 20);
	assert_null(pw_diags_get(diags, 19)->hint);
	pw_diag_warning(diags, NULL, "kept");
	pw_diag_note(diags, NULL, "kept as well");
	assert_int_equal(pw_diags_kept(diags), 22);
	pw_diags_free(diags);
}

static void sorted_by_file_line_column(void **state)
{
	static const char *const want[] = {
		"a 1:1", "a 1:5 first", "a 1:5 second", "a 3:1",
		"note of a 3:1", "second note", "nowhere", "b 2:1", "b 9:1",
	};
	struct pw_source *a = source("a.ini", "one\ntwo\nthree\n");
	struct pw_source *b = source("b.ini", "");
	struct pw_source *again = source("a.ini", "one\n");
	struct pw_diags *diags = pw_diags_new();

	(void)state;
	pw_diags_sort(diags);
	pw_diag_error(diags, &(struct pw_loc){ a, 3, 1, 1 }, "a 3:1");
	pw_diag_note(diags, &(struct pw_loc){ a, 1, 2, 1 }, "note of a 3:1");
	pw_diag_note(diags, &(struct pw_loc){ a, 1, 1, 1 }, "second note");
	pw_diag_error(diags, NULL, "nowhere");
	pw_diag_error(diags, &(struct pw_loc){ b, 9, 1, 1 }, "b 9:1");
	pw_diag_error(diags, &(struct pw_loc){ a, 1, 5, 1 }, "a 1:5 first");
	pw_diag_warning(diags, &(struct pw_loc){ again, 1, 5, 1 },
			"a 1:5 second");
	pw_diag_error(diags, &(struct pw_loc){ b, 2, 1, 1 }, "b 2:1");
	pw_diag_warning(diags, &(struct pw_loc){ a, 1, 1, 1 }, "a 1:1");
	pw_diags_sort(diags);
	assert_int_equal(pw_diags_kept(diags), PW_ARRAY_SIZE(want));
	for (size_t i = 0; i < PW_ARRAY_SIZE(want); i++)
		assert_string_equal(pw_diags_get(diags, i)->text, want[i]);
	pw_diags_free(diags);
	pw_source_free(a);
	pw_source_free(b);
	pw_source_free(again);
}

static void a_place_past_the_end_quotes_nothing(void **state)
{
	struct pw_source *src = source("a.ini", "one\n");
	struct pw_diags *diags = pw_diags_new();

	(void)state;
	pw_diag_error(diags, &(struct pw_loc){ src, 2, 1, 1 }, "ends early");
	assert_string_equal(pw_diags_get(diags, 0)->quote, "");
	pw_diags_free(diags);
	pw_source_free(src);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_outlives_its_source),
		cmocka_unit_test(a_message_needs_no_place),
		cmocka_unit_test(system_errors_say_their_cause),
		cmocka_unit_test(too_many_are_counted),
		cmocka_unit_test(notes_go_with_their_message),
		cmocka_unit_test(sorted_by_file_line_column),
		cmocka_unit_test(a_place_past_the_end_quotes_nothing),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
