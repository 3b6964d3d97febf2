// SPDX-License-Identifier: GPL-2.0-or-later
/* history: the policies that were applied, the newest first. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/status.h"
#include "cli/table.h"
#include "cli/where.h"
#include "portwall/array.h"
#include "portwall/state.h"

#define HASH_LEN 8	/* digits shown */

static const char *const heading[] = {
	"entry", "applied", "by", "policy", "hash", "sections",
};

/**
 * struct past - One entry
 * @bundle:	NULL: damaged
 * @in_force:	the kernel's rules are of it
 * @at_boot:	boot would load it
 */
struct past {
	uint32_t entry;
	struct pw_bundle *bundle;
	bool in_force, at_boot;
};

/**
 * struct view - All that is to be said
 * @kernel_known: the kernel said what is in force
 */
struct view {
	struct past *list;
	size_t num;
	bool kernel_known;
};

static void view_clear(struct view *view)
{
	for (size_t i = 0; i < view->num; i++)
		pw_bundle_free(view->list[i].bundle);
	free(view->list);
}

/* A damaged entry is shown as such, and its message makes the exit status */
static int read_entries(struct cli *cli, struct pw_state *state,
			struct view *view)
{
	uint32_t *entries;
	size_t num;
	int err = pw_state_history(state, &entries, &num, cli->diags);

	if (err)
		return err;
	view->list = calloc(num + 1, sizeof(*view->list));
	if (!view->list)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < num; i++) {
		struct past *past = &view->list[view->num];

		past->entry = entries[i];
		err = pw_state_read(state, PW_REMEMBERED_ENTRY, entries[i],
				    &past->bundle, cli->diags);
		/* another run may have removed the oldest since */
		view->num += err != -ENOENT;
		if (err == -ENOENT || err == -EBADMSG)
			err = 0;
	}
	free(entries);
	return err;
}

static int mark_boot(struct cli *cli, struct pw_state *state,
		     struct view *view)
{
	pw_owned(pw_bundle_free) struct pw_bundle *applied = NULL;
	int err = pw_state_read(state, PW_REMEMBERED_APPLIED, 0, &applied,
				cli->diags);

	for (size_t i = 0; applied && i < view->num; i++)
		view->list[i].at_boot = view->list[i].entry == applied->entry;
	return err == -ENOENT || err == -EBADMSG ? 0 : err;
}

/* The newest that the kernel's rules may be of */
static void mark_digest(struct view *view, const uint8_t digest[32])
{
	for (size_t i = 0; i < view->num; i++) {
		struct past *past = &view->list[i];

		if (past->bundle && pw_bundle_is(past->bundle, digest)) {
			past->in_force = true;
			return;
		}
	}
}

/* Who may not ask the kernel sees the history all the same. 0 or -ENOMEM */
static int mark_in_force(struct view *view)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	int err = unsaid ? pw_nl_open(&nl, unsaid) : -ENOMEM;

	if (!err)
		err = pw_kernel_read(nl, 0, &kernel, unsaid);
	if (err)
		return err == -ENOMEM ? err : 0;
	view->kernel_known = true;
	if (pw_kernel_in_force(kernel))
		mark_digest(view, pw_kernel_stamp(kernel)->digest);
	return 0;
}

static int gather(struct cli *cli, struct view *view)
{
	pw_owned(pw_state_close) struct pw_state *state = NULL;
	int err = open_remembered(cli, &state);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = read_entries(cli, state, view);
	if (!err)
		err = mark_boot(cli, state, view);
	if (!err && view->num)
		err = mark_in_force(view);
	return err;
}

static char *user_text(const struct pw_bundle *bundle)
{
	char user[40], sudo[40], *text, *escaped;
	int len;

	status_user(bundle->uid, user);
	if (bundle->sudo_uid == (uid_t)-1)
		return pw_escape(user);
	status_user(bundle->sudo_uid, sudo);
	len = asprintf(&text, "%s (%s)", user, sudo);
	if (len < 0)
		return NULL;
	escaped = pw_escape(text);
	free(text);
	return escaped;
}

static char *number_text(uint64_t n)
{
	char *text;

	return asprintf(&text, "%" PRIu64, n) < 0 ? NULL : text;
}

static char *hash_text(const uint8_t digest[32])
{
	char hash[HASH_LEN + 1];

	for (size_t i = 0; i < HASH_LEN / 2; i++)
		snprintf(hash + 2 * i, 3, "%02x", digest[i]);
	return strdup(hash);
}

static const char *note_of(const struct past *past)
{
	if (past->in_force)
		return past->at_boot ? "in force" : "until boot";
	return past->at_boot ? "at boot" : NULL;
}

/* 0 or -ENOMEM */
static int set_cells(const struct past *past, const char *note,
		     struct table_row *row)
{
	const struct pw_bundle *bundle = past->bundle;
	char when[32];
	bool complete = true;

	row->cell[0] = number_text(past->entry);
	row->cell[1] = strdup(bundle ? format_time(bundle->time_ns, when)
				     : "damaged");
	if (bundle) {
		row->cell[2] = user_text(bundle);
		row->cell[3] = pw_escape(bundle->source);
		row->cell[4] = hash_text(bundle->digest);
		row->cell[5] = number_text(bundle->num_sections);
	}
	for (size_t i = 0; i < (bundle ? PW_ARRAY_SIZE(heading) : 2); i++)
		complete &= row->cell[i] != NULL;
	if (note) {
		row->note = strdup(note);
		complete &= row->note != NULL;
	}
	return complete ? 0 : -ENOMEM;
}

static int print_view(const struct view *view)
{
	struct table table = {
		.heading = heading, .num_cols = PW_ARRAY_SIZE(heading),
		.right = true,
	};
	int err = 0;

	if (!view->num) {
		puts("nothing is remembered");
		return 0;
	}
	for (size_t i = 0; !err && i < view->num; i++) {
		struct table_row row = { 0 };

		err = set_cells(&view->list[i], note_of(&view->list[i]), &row);
		err = table_add(&table, &row) ?: err;
	}
	if (!err)
		table_print(&table, stdout);
	table_clear(&table);
	return err;
}

static void describe_bundle(json_t *object, const struct pw_bundle *bundle)
{
	char name[40];

	doc_set(object, "policy", doc_text(bundle->source));
	doc_set(object, "applied", doc_time(bundle->time_ns));
	doc_set(object, "user", doc_text(status_user(bundle->uid, name)));
	doc_set(object, "sudo_user", bundle->sudo_uid == (uid_t)-1 ?
		json_null() : doc_text(status_user(bundle->sudo_uid, name)));
	doc_set(object, "digest", doc_hex(bundle->digest,
					  sizeof(bundle->digest)));
	doc_set(object, "sections",
		json_integer((json_int_t)bundle->num_sections));
	doc_set(object, "origin", json_integer(bundle->origin));
	doc_set(object, "insecure_permissions", json_boolean(bundle->insecure));
}

static void describe(struct cli *cli, const struct view *view)
{
	json_t *list = json_array();

	for (size_t i = 0; i < view->num; i++) {
		const struct past *past = &view->list[i];
		json_t *object = json_object();

		doc_set(object, "entry", json_integer(past->entry));
		doc_set(object, "damaged", json_boolean(!past->bundle));
		doc_set(object, "in_force", view->kernel_known ?
			json_boolean(past->in_force) : json_null());
		doc_set(object, "at_boot", json_boolean(past->at_boot));
		if (past->bundle)
			describe_bundle(object, past->bundle);
		doc_push(list, object);
	}
	doc_set(cli->doc, "entries", list);
}

int cmd_history(struct cli *cli)
{
	struct view view = { 0 };
	int err = gather(cli, &view);

	messages_print(cli);
	if (!err && cli->doc)
		describe(cli, &view);
	else if (!err)
		err = print_view(&view);
	view_clear(&view);
	if (!err && pw_diags_count(cli->diags, PW_ERROR))
		return STATUS_REFUSED;
	return status_of(cli, err);
}
