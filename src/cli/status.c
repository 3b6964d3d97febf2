// SPDX-License-Identifier: GPL-2.0-or-later
/* status: what is in force since when, what it let in, and what differs. */
#include "cli/status.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/where.h"

static const struct counted_row {
	const char *prefix;	/* of the name */
	bool exact;		/* it is the whole name */
	const char *shown;	/* instead of the rest of the name */
	const char *verdict;
} counted[NUM_COUNTED] = {
	[COUNT_SECTION] = { "n.", false, NULL, "accepted" },
	[COUNT_GROUP] = { "q.", false, NULL, "accepted" },
	[COUNT_PING] = { "e.ping", true, "ping", "accepted" },
	[COUNT_BLOCK] = { "b.", false, NULL, "dropped" },
	[COUNT_DROPPED] = { "e.dropped", true, "everything else", "dropped" },
	[COUNT_REFUSED] = { "e.refused", true, "everything else", "refused" },
};

const char *status_verdict(enum counted what)
{
	return counted[what].verdict;
}

/* Not by getpwuid(3), which loads plug-ins and aborts when memory is short */
const char *status_user(uid_t uid, char buf[static 40])
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *pw = NULL;

	while (file && (pw = fgetpwent(file)))
		if (pw->pw_uid == uid)
			break;
	if (pw)
		snprintf(buf, 40, "%s", pw->pw_name);
	else
		snprintf(buf, 40, "user %u", uid);
	if (file)
		fclose(file);
	return buf;
}

static bool find_counted(const char *name, enum counted *out)
{
	for (unsigned int i = 0; i < NUM_COUNTED; i++) {
		const struct counted_row *row = &counted[i];
		size_t len = strlen(row->prefix);

		if (strncmp(name, row->prefix, len) || (row->exact && name[len]))
			continue;
		*out = i;
		return true;
	}
	return false;
}

/* A group's comment names its sections */
static const char *shown_name(const struct pw_obj *obj, enum counted what)
{
	if (counted[what].shown)
		return counted[what].shown;
	if (what == COUNT_GROUP && obj->comment)
		return obj->comment;
	return obj->name + strlen(counted[what].prefix);
}

static int line_cmp(const void *a, const void *b)
{
	const struct status_line *x = a, *y = b;

	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	if (x->packets != y->packets)
		return x->packets > y->packets ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int gather_lines(const struct pw_ruleset *rules,
			struct status_view *view)
{
	struct status_line *lines = calloc(rules->num_objs + 1,
					   sizeof(*lines));
	size_t num = 0;

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < rules->num_objs; i++) {
		const struct pw_obj *obj = &rules->objs[i];
		struct status_line line = { .packets = obj->packets,
					    .bytes = obj->bytes };

		if (obj->kind != PW_O_COUNTER ||
		    !find_counted(obj->name, &line.what))
			continue;
		line.name = shown_name(obj, line.what);
		lines[num++] = line;
	}
	qsort(lines, num, sizeof(*lines), line_cmp);
	view->lines = lines;
	view->num_lines = num;
	return 0;
}

/* Reading a policy of a million addresses takes time: only if need be */
static int find_drift(struct cli *cli, struct status_view *view)
{
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	const struct pw_where where = where_of(cli);
	int err = 0;

	if (view->status->changed && view->status->rules && where.state_dir)
		err = pw_intent_in_force(&where,
					 pw_kernel_stamp(view->status->kernel),
					 &intent, cli->diags);
	if (err == -ENOMEM)
		return err;
	return pw_drift_find(view->status, intent, &where, &view->drifts,
			     cli->diags);
}

static int gather(struct cli *cli, struct status_view *view)
{
	int err = pw_status_read(&view->status, cli->diags);

	if (!err)
		err = find_drift(cli, view);
	if (!err && view->status->rules)
		err = gather_lines(view->status->rules, view);
	return err;
}

static bool differs(const struct status_view *view)
{
	const struct pw_drifts *drifts = view->drifts;

	if (!view->status->rules || view->status->changed)
		return true;
	for (size_t i = 0; i < drifts->num; i++)
		if (!drifts->list[i].note)
			return true;
	return false;
}

/* Returns the exit status */
static int present(struct cli *cli, const struct status_view *view)
{
	if (cli->as == SHOW_PROMETHEUS) {
		status_expose(view, stdout);
		return STATUS_OK;
	}
	if (cli->doc)
		status_describe(cli, view);
	else
		status_print(cli, view);
	return differs(view) ? STATUS_DIFFERENT : STATUS_OK;
}

int cmd_status(struct cli *cli)
{
	struct status_view view = { 0 };
	int err, status;

	if (cli->as == SHOW_PROMETHEUS && cli->doc)
		return status_of(cli, pw_diag_error(cli->diags, NULL,
			"--format=prometheus and --json exclude each other"));
	err = gather(cli, &view);
	if (!err)
		messages_print(cli);
	status = err ? status_of(cli, err) : present(cli, &view);
	free(view.lines);
	pw_drifts_free(view.drifts);
	pw_status_free(view.status);
	return status;
}
