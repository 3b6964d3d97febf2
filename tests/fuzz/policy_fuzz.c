// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policies with the files that they name: see files.h. Whatever is taken has a
 * normal form, which means the same and is its own normal form; its rules are
 * sound, and proved.
 */
#include <errno.h>
#include <string.h>

#include "portwall/change.h"
#include "portwall/compile.h"
#include "portwall/nft.h"
#include "portwall/text.h"

#include "files.h"
#include "fuzz.h"
#include "grammar.h"
#include "messages.h"

struct reading {
	struct pw_policy *policy;
	struct pw_model *model;
	char *text;		/* its normal form */
	struct pw_ruleset *rules;
	char *nft;
};

static char *print(const struct reading *reading, bool nft)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	MUST(out);
	MUST(!(nft ? pw_nft_print(reading->rules, out)
		   : pw_policy_print(reading->policy, out)));
	MUST(!pw_text_close(out, &text));
	return text;
}

static int read_main(const struct input *input, struct reading *out)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	int err;

	MUST(diags);
	err = pw_policy_read_from(&input->files, INPUT_MAIN, &input_trust,
				  &input_host, &out->policy, &out->model,
				  diags);
	MUST(!err || err == -EINVAL);
	check_messages(diags, err);
	return err;
}

/* 0, or -E2BIG: more than the kernel takes */
static int compile(struct reading *reading)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	int err;

	MUST(diags);
	err = pw_compile(reading->model, 1, &reading->rules, diags);
	MUST(!err || err == -E2BIG);
	check_messages(diags, err);
	return err;
}

static void prove(struct reading *reading)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	MUST(diags);
	MUST(!pw_ruleset_check(reading->rules, diags));
	if (pw_prove(reading->model, reading->rules, diags)) {
		fprintf(stderr, "%s\n", pw_diags_get(diags, 0)->text);
		MUST(!"proved");
	}
	reading->nft = print(reading, true);
}

static void clear(struct reading *reading)
{
	free(reading->nft);
	pw_ruleset_free(reading->rules);
	free(reading->text);
	pw_model_free(reading->model);
	pw_policy_free(reading->policy);
}

static void must_be_same_text(const char *a, const char *b)
{
	if (strcmp(a, b)) {
		fprintf(stderr, "--- once\n%s--- twice\n%s", a, b);
		MUST(!"same text");
	}
}

/* Comments name lines of the file, rules do not */
static void must_be_same_rules(const struct reading *a,
			       const struct reading *b)
{
	char *what = NULL;

	if (pw_ruleset_diff(a->rules, b->rules, &what)) {
		fprintf(stderr, "%s\n", what ?: "no memory");
		MUST(!"same rules");
	}
}

static void must_not_change(const struct pw_model *a, const struct pw_model *b)
{
	pw_owned(pw_changes_free) struct pw_changes *changes = NULL;

	MUST(!pw_changes_find(a, b, &changes));
	if (changes->num)
		fprintf(stderr, "%s\n", changes->list[0].text ?: "a port");
	MUST(!changes->num);
}

static void check_normal_form(struct input *input,
			      const struct reading *first)
{
	struct reading again = { 0 };

	input_replace_main(input, first->text, strlen(first->text));
	MUST(!read_main(input, &again));
	again.text = print(&again, false);
	must_be_same_text(first->text, again.text);
	MUST(!memcmp(first->model->digest, again.model->digest,
		     sizeof(again.model->digest)));
	must_not_change(first->model, again.model);
	MUST(!compile(&again));
	must_be_same_rules(first, &again);
	clear(&again);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	return grammar_mutate(data, size, max_size, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading first = { 0 };
	struct input input;

	input_init(&input, data, size);
	if (!read_main(&input, &first)) {
		first.text = print(&first, false);
		if (!compile(&first)) {
			prove(&first);
			check_normal_form(&input, &first);
		}
	}
	clear(&first);
	input_clear(&input);
	return 0;
}
