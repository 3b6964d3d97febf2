// SPDX-License-Identifier: GPL-2.0-or-later
/* confirm and rollback, as commands and as answers to the prompt of a trial. */
#include "cli/settle.h"

#include <errno.h>
#include <string.h>

#include "cli/changes.h"
#include "cli/cut.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/where.h"

void put_stamp(const struct pw_stamp *stamp, FILE *out)
{
	char when[32];

	if (!stamp->generation) {
		fputs("nothing", out);
		return;
	}
	pw_escape_put(stamp->source, strlen(stamp->source), out);
	fprintf(out, " of %s", format_time(stamp->time_ns, when));
}

static struct pw_settle begin(const struct cli *cli)
{
	return (struct pw_settle){
		.where = where_of(cli), .sudo_uid = sudo_uid(),
		.allow_lockout = cli->allow_lockout, .cut = cli->cut,
	};
}

static void describe(struct cli *cli, const struct pw_settle *settle)
{
	const struct pw_stamp *stamp = &settle->stamp;

	doc_set(cli->doc, "in_force", json_boolean(stamp->generation));
	doc_set(cli->doc, "policy", stamp->generation ?
		doc_text(stamp->source) : json_null());
	doc_set(cli->doc, "generation", json_integer(stamp->generation));
	doc_set(cli->doc, "remembered", json_boolean(settle->remembered));
	describe_cut(cli->doc, &settle->cut_result);
}

/* After an error: the host may be another one all the same */
static int fail(struct cli *cli, const struct pw_settle *settle, int err)
{
	int status;

	messages_print(cli);
	cli->changed = settle->done;
	if (settle->done) {
		fputs("portwall: in force: ", stderr);
		put_stamp(&settle->stamp, stderr);
		fputs(settle->remembered || err == -EPROTO ?
		      "; but what the kernel holds could not be confirmed\n" :
		      "; not remembered for the next boot\n", stderr);
	}
	/* what was over has been taken away */
	cli->told = settle->done || settle->state == PW_LIVE_EXPIRED;
	status = status_of(cli, err);
	return status == STATUS_WRONG && settle->done ? STATUS_REFUSED : status;
}

/* At the prompt of a trial they stand above */
static int show_changes(struct cli *cli, const struct pw_settle *settle)
{
	if (cli->trial_ms)
		return 0;
	if (settle->before && settle->after)
		return changes_show(cli, settle->before->model,
				    settle->after->model, true, NULL);
	if (cli->doc)
		doc_set(cli->doc, "changes", json_null());
	return 0;
}

static void finish(struct pw_settle *settle)
{
	pw_intent_free(settle->before);
	pw_intent_free(settle->after);
}

static void print_confirmed(const struct pw_settle *settle)
{
	fputs("confirmed: ", stdout);
	put_stamp(&settle->stamp, stdout);
	puts(settle->remembered ? " stays in force, also over the next boot" :
				  " stays in force");
	print_cut(&settle->cut_result, settle->stamp.source);
}

static void print_rolled_back(const struct pw_settle *settle)
{
	char when[32];

	if (settle->taken_ns) {
		fputs("returned to ", stdout);
		pw_escape_put(settle->stamp.source,
			      strlen(settle->stamp.source), stdout);
		printf(" as applied %s\n",
		       format_time(settle->taken_ns, when));
		print_cut(&settle->cut_result, NULL);
		return;
	}
	fputs(settle->done ? "the trial has ended: in force is " :
			     "the trial was over already: in force is ",
	      stdout);
	put_stamp(&settle->stamp, stdout);
	putchar('\n');
	print_cut(&settle->cut_result, NULL);
}

/**
 * struct settling - A command that says what becomes of what was applied
 * @keeps:	for the next boot, so it has to say where it cannot
 */
struct settling {
	int (*act)(struct pw_settle *settle, struct pw_diags *diags);
	void (*print)(const struct pw_settle *settle);
	bool keeps;
};

static int run(struct cli *cli, const struct settling *how,
	       struct pw_settle *settle)
{
	int err = how->act(settle, cli->diags);

	if (err)
		return fail(cli, settle, err);
	cli->changed = settle->done;
	if (how->keeps)
		note_not_remembered(cli, &settle->where);
	messages_print(cli);
	err = show_changes(cli, settle);
	if (err)
		return fail(cli, settle, err);
	if (cli->doc)
		describe(cli, settle);
	else if (!cli->quiet)
		how->print(settle);
	return STATUS_OK;
}

static int settle_by(struct cli *cli, const struct settling *how)
{
	struct pw_settle settle = begin(cli);
	int status = run(cli, how, &settle);

	finish(&settle);
	return status;
}

int settle_confirm(struct cli *cli)
{
	static const struct settling how = {
		pw_confirm, print_confirmed, true,
	};

	return settle_by(cli, &how);
}

int settle_rollback(struct cli *cli)
{
	static const struct settling how = {
		pw_rollback, print_rolled_back, false,
	};

	return settle_by(cli, &how);
}

int settle_expired(struct cli *cli)
{
	struct pw_settle settle = begin(cli);
	int err = pw_tidy_trial(&settle, cli->diags);

	if (err)
		return fail(cli, &settle, err);
	messages_print(cli);
	fputs("the trial is over: the kernel has returned to ", stdout);
	put_stamp(&settle.stamp, stdout);
	putchar('\n');
	print_cut(&settle.cut_result, NULL);
	return STATUS_DIFFERENT;
}
