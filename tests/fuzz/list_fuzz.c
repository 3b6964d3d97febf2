// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * List files: the input is one. Each address that a line names is in the set,
 * and the order of the lines makes no difference.
 */
#include <errno.h>
#include <string.h>

#include "policy/bytes.h"

#include "files.h"
#include "fuzz.h"
#include "messages.h"

/* NULL: it was refused */
static struct pw_model *read_list(const char *list, size_t len)
{
	static const char text[] = "[allow a]\ntcp = 1\nfrom = file:list\n";
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	struct pw_model *model = NULL;
	struct input input;
	int err;

	MUST(diags);
	input_init(&input, (const uint8_t *)text, strlen(text));
	input_add(&input, "list", strlen("list"), list, len);
	err = pw_policy_read_from(&input.files, INPUT_MAIN, &input_trust,
				  &input_host, &policy, &model, diags);
	MUST(!err || err == -EINVAL);
	check_messages(diags, err);
	input_clear(&input);
	return model;
}

static void must_be_normal(const struct pw_rangeset *set)
{
	MUST(set->normal);
	for (size_t i = 0; i < set->num; i++) {
		struct pw_range range = pw_rangeset_get(set, i);
		struct pw_value next;

		MUST(pw_value_cmp(range.first, range.last) <= 0);
		if (!i)
			continue;
		next = pw_value_next(pw_rangeset_get(set, i - 1).last);
		/* not even side by side: they would be one */
		MUST(pw_value_cmp(next, range.first) < 0);
	}
}

/* A word of a line as the language has it, less lenient than its reader */
static void must_hold_line(const struct pw_addrs *addrs, const char *line,
			   size_t len)
{
	struct pw_addr_range got;

	while (len && pw_is_space(*line)) {
		line++;
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		if (pw_is_space(line[i]) || line[i] == '\r')
			len = i;
	}
	if (pw_addr_range_parse(line, len, &got))
		return;
	MUST(pw_rangeset_contains(addrs->set[got.family], got.range.first));
	MUST(pw_rangeset_contains(addrs->set[got.family], got.range.last));
}

static void must_hold_lines(const struct pw_addrs *addrs, const char *text,
			    size_t len)
{
	const char *end = text + len;

	for (const char *newline; text < end; text = newline + 1) {
		newline = memchr(text, '\n', end - text) ?: end;
		must_hold_line(addrs, text, newline - text);
		if (newline == end)
			break;
	}
}

/* The last line first; the caller frees */
static char *reverse_lines(const char *text, size_t len, size_t *out_len)
{
	char *out = malloc(len + 1), *to = out;
	size_t end = len;

	MUST(out);
	while (end) {
		size_t start = end;

		while (start && text[start - 1] != '\n')
			start--;
		memcpy(to, text + start, end - start);
		to += end - start;
		*to++ = '\n';
		end = start ? start - 1 : 0;
		if (start && !end)	/* an empty first line */
			break;
	}
	*out_len = to - out;
	MUST(*out_len <= len + 1);
	return out;
}

static void must_be_same(const struct pw_addrs *a, const struct pw_addrs *b)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		MUST(pw_rangeset_equal(a->set[f], b->set[f]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	pw_owned(pw_model_free) struct pw_model *model =
		read_list(text, size);
	pw_owned(pw_model_free) struct pw_model *reversed = NULL;
	const struct pw_addrs *from = model ? &model->sections[0].from : NULL;
	bool marked = size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3);
	char *lines;
	size_t len;

	if (!model)
		return 0;
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		must_be_normal(from->set[f]);
	must_hold_lines(from, text, size);
	if (marked)		/* a byte order mark is none elsewhere */
		return 0;
	lines = reverse_lines(text, size, &len);
	reversed = read_list(lines, len);
	free(lines);
	MUST(reversed);
	must_be_same(from, &reversed->sections[0].from);
	return 0;
}
