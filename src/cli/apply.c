// SPDX-License-Identifier: GPL-2.0-or-later
/* apply: put a policy in force. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cut.h"
#include "cli/changes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/section.h"
#include "cli/trial.h"
#include "cli/where.h"

#define SYSTEM_UIDS 1000	/* below: users that are no people */

static void print_applied(const struct cli *cli, const struct pw_apply *apply)
{
	const struct pw_model *model = apply->intent->model;
	uint64_t addresses = model_num_addresses(model);
	char count[32];

	fputs(cli->dry_run ? "would apply " : "applied ", stdout);
	put_policy(cli, stdout);
	printf(": %zu section%s, %s address%s, %s, %" PRIu64 " ms\n",
	       model->num_sections, plural(model->num_sections),
	       format_count(addresses, count), addresses == 1 ? "" : "es",
	       cli->dry_run ? "proved" : "proved and read back",
	       cli_elapsed_ns(cli) / 1000000);
}

static void print_more(const struct pw_apply *apply)
{
	char count[32];

	printf("generation %" PRIu32 ", %s rules\n", apply->generation,
	       format_count(apply->num_rules, count));
}

static void describe(struct cli *cli, const struct pw_apply *apply)
{
	const struct pw_model *model = apply->intent->model;
	uint64_t addresses = model_num_addresses(model);

	doc_set(cli->doc, "applied", json_boolean(!cli->dry_run));
	doc_set(cli->doc, "trial", trial_object(apply));
	doc_set(cli->doc, "remembered", json_boolean(apply->remembered));
	doc_set(cli->doc, "unchanged", json_boolean(apply->unchanged));
	doc_set(cli->doc, "generation", json_integer(apply->generation));
	doc_set(cli->doc, "sections",
		json_integer((json_int_t)model->num_sections));
	doc_set(cli->doc, "addresses", json_integer((json_int_t)addresses));
	doc_set(cli->doc, "rules", json_integer((json_int_t)apply->num_rules));
	doc_set(cli->doc, "digest", doc_hex(model->digest,
					    sizeof(model->digest)));
	doc_set(cli->doc, "elapsed_ms",
		json_integer((json_int_t)(cli_elapsed_ns(cli) / 1000000)));
	describe_cut(cli->doc, &apply->cut_result);
}

/* What was in force is not known where it is not remembered */
static int show_changes(struct cli *cli, const struct pw_apply *apply)
{
	const struct pw_model *after = apply->intent->model;
	const struct pw_model *before = apply->before ? apply->before->model :
					apply->unchanged ? after : NULL;

	if (before || apply->state == PW_LIVE_NONE ||
	    apply->state == PW_LIVE_EMPTIED)
		return changes_show(cli, before, after, true, NULL);
	if (cli->doc)
		doc_set(cli->doc, "changes", json_null());
	else if (!cli->quiet)
		puts("what changes is not known: the policy before is not remembered");
	return 0;
}

/* The rules count, but something that follows the switch went wrong */
static void report_in_force(struct cli *cli, const struct pw_apply *apply)
{
	messages_print(cli);
	put_policy(cli, stderr);
	fputs(apply->trial_ms || apply->remembered || !apply->where.state_dir ?
	      ": in force, but what the kernel holds could not be confirmed\n" :
	      ": in force, not remembered for the next boot\n", stderr);
	cli->told = true;
}

static struct pw_trust trust_of(const struct cli *cli)
{
	return (struct pw_trust){
		.check = !geteuid() && !cli->insecure,
		.sudo_uid = isatty(STDIN_FILENO) ? sudo_uid() : (uid_t)-1,
		.system_uids = SYSTEM_UIDS,
	};
}

static void print(struct cli *cli, const struct pw_apply *apply)
{
	if (cli->trial_ms)
		trial_print(cli, apply);
	else
		print_applied(cli, apply);
	if (cli->verbose)
		print_more(apply);
	if (!cli->trial_ms)
		print_cut(&apply->cut_result, cli->policy);
}

/* Returns the exit status */
static int report(struct cli *cli, const struct pw_apply *apply)
{
	int err;

	if (!cli->dry_run)
		note_not_remembered(cli, &apply->where);
	messages_print(cli);
	err = show_changes(cli, apply);
	if (err)
		return status_of(cli, err);
	if (cli->doc)
		describe(cli, apply);
	else if (!cli->quiet)
		print(cli, apply);
	return cli->trial_ms && trial_asks(cli) ?
	       trial_ask(cli, apply->generation) : STATUS_OK;
}

static int fail(struct cli *cli, const struct pw_apply *apply, int err)
{
	int status;

	if (!apply->in_force)
		return status_of(cli, err);
	report_in_force(cli, apply);
	status = status_of(cli, err);
	return status == STATUS_WRONG ? STATUS_REFUSED : status;
}

static int refuse_cut(struct cli *cli)
{
	pw_diag_error(cli->diags, NULL,
		      "a trial ends no connections before it is confirmed");
	pw_diag_hint(cli->diags, "end them then: portwall confirm --cut");
	return STATUS_WRONG;
}

int cmd_apply(struct cli *cli)
{
	struct pw_apply apply = {
		.path = cli->policy,
		.trust = trust_of(cli),
		.where = where_of(cli),
		.trial_ms = cli->trial_ms,
		.cut = cli->cut,
		.dry_run = cli->dry_run,
		.allow_lockout = cli->allow_lockout,
		.insecure = cli->insecure,
		.sudo_uid = sudo_uid(),
	};
	int err, status;

	if (cli->trial_ms && cli->cut)
		return refuse_cut(cli);
	err = pw_apply(&apply, cli->diags);
	cli->changed = apply.in_force;
	status = err ? fail(cli, &apply, err) : report(cli, &apply);
	free(apply.sessions);
	pw_intent_free(apply.before);
	pw_intent_free(apply.intent);
	return status;
}
