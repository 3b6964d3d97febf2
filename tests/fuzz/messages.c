// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages as the command prints them. */
#include "messages.h"

#include <string.h>

#include "cli/json.h"

#include "capture.h"
#include "fuzz.h"

static void check_diag(const struct pw_diag *diag)
{
	size_t len = diag->quote ? strlen(diag->quote) : 0;

	MUST(diag->text && *diag->text);
	MUST(!diag->where == !diag->quote);
	if (!diag->where || !diag->line)
		return;
	MUST(diag->col >= 1 && diag->len >= 1);
	MUST(diag->col - 1 + diag->len <= len + 1);
}

/* A terminal sees nothing but printable ASCII, whatever was read */
static void check_printed(struct pw_diags *diags)
{
	struct cli cli = { .diags = diags, .verbose = true };
	struct capture err;

	capture_begin(&err, &stderr);
	messages_print(&cli);
	capture_end(&err);
	MUST(!pw_diags_kept(diags) == !err.len);
	must_suit_terminal(err.text, err.len);
	free(err.text);
}

static void check_document(struct pw_diags *diags)
{
	struct cli cli = { .diags = diags, .doc = json_object() };
	struct capture out;
	json_t *read;

	capture_begin(&out, &stdout);
	MUST(!doc_end(&cli, STATUS_OK));
	capture_end(&out);
	read = json_loadb(out.text, out.len, JSON_REJECT_DUPLICATES, NULL);
	MUST(read && json_equal(read, cli.doc));
	json_decref(read);
	json_decref(cli.doc);
	free(out.text);
}

void check_messages(struct pw_diags *diags, int err)
{
	size_t errors = pw_diags_count(diags, PW_ERROR);

	MUST(!err == !errors);
	check_printed(diags);
	check_document(diags);
	for (size_t i = 0; i < pw_diags_kept(diags); i++)
		check_diag(pw_diags_get(diags, i));
}
