// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What show and plan print of a policy, and of what it changes: the input is
 * that of the policy target, and its file old.ini is the policy before.
 */
#include "../../src/cli/show.c"

#include "cli/changes.h"

#include "capture.h"
#include "files.h"
#include "fuzz.h"
#include "grammar.h"

/* Words that cannot be broken may be as long as a line of the policy */
static void must_fit(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		MUST(len <= OUTPUT_WIDTH ||
		     !memchr(text + len - OUTPUT_WIDTH / 2, ' ',
			     OUTPUT_WIDTH / 2));
		text += len + !!text[len];
	}
}

static int read_file(const struct input *input, const char *path,
		     struct pw_intent *out)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	MUST(diags);
	return pw_policy_read_from(&input->files, path, &input_trust,
				   &input_host, &out->policy, &out->model,
				   diags);
}

static void clear(struct pw_intent *intent)
{
	pw_model_free(intent->model);
	pw_policy_free(intent->policy);
}

static void print_texts(struct cli *cli, const struct pw_intent *before,
			const struct pw_intent *after)
{
	struct capture out;

	capture_begin(&out, &stdout);
	MUST(!print_as(cli, after));
	MUST(!changes_show(cli, NULL, after->model, false, NULL));
	if (before->model)
		MUST(!changes_show(cli, before->model, after->model, false,
				   NULL));
	capture_end(&out);
	must_suit_terminal(out.text, out.len);
	must_fit(out.text);
	free(out.text);
}

static void print_document(struct cli *cli, const struct pw_intent *before,
			   const struct pw_intent *after)
{
	char *text;
	json_t *read;

	cli->doc = json_object();
	MUST(!print_as(cli, after));
	MUST(!changes_show(cli, before->model, after->model, false, NULL));
	text = json_dumps(cli->doc, JSON_INDENT(2));
	MUST(text);
	read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	MUST(read && json_equal(read, cli->doc));
	free(text);
	json_decref(read);
	json_decref(cli->doc);
	cli->doc = NULL;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	return grammar_mutate(data, size, max_size, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct cli cli = { .diags = diags, .policy = INPUT_MAIN };
	struct pw_host host = input_host;
	struct pw_intent after = { .host = &host }, before = { 0 };
	struct input input;

	MUST(diags);
	input_init(&input, data, size);
	if (!read_file(&input, INPUT_MAIN, &after)) {
		read_file(&input, INPUT_DIR "/old.ini", &before);
		print_texts(&cli, &before, &after);
		print_document(&cli, &before, &after);
	}
	clear(&before);
	clear(&after);
	input_clear(&input);
	return 0;
}
