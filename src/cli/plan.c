// SPDX-License-Identifier: GPL-2.0-or-later
/* plan: what apply would change, in ports and not in rules. */
#include <errno.h>
#include <string.h>

#include "cli/changes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/where.h"

static const struct pw_trust nobody_asks = { .sudo_uid = (uid_t)-1 };

/**
 * struct plan - What is compared
 * @before:	NULL: nothing is in force, or it is @after itself
 * @same:	what is in force is @after, though it is not remembered
 */
struct plan {
	struct cli *cli;
	struct pw_intent *before, *after;
	bool same;
};

static int refuse(struct cli *cli)
{
	pw_diag_error(cli->diags, NULL,
		      "plan needs CAP_NET_ADMIN to see what is in force");
	pw_diag_hint(cli->diags,
		     "run it with sudo, or name what to compare with: portwall plan --against FILE %s",
		     cli->policy);
	return STATUS_REFUSED;
}

/* What the kernel has is not what any policy says */
static int undecided(struct cli *cli, const char *why)
{
	pw_diag_error(cli->diags, NULL, "%s", why);
	pw_diag_hint(cli->diags,
		     "apply a policy again, or name what to compare with: portwall plan --against FILE %s",
		     cli->policy);
	return STATUS_UNDECIDED;
}

static int not_remembered(struct plan *plan, const struct pw_stamp *stamp)
{
	const struct pw_model *after = plan->after->model;

	plan->same = !memcmp(stamp->digest, after->digest,
			     sizeof(after->digest));
	if (plan->same)
		return STATUS_OK;
	return undecided(plan->cli,
			 "the policy in force is not remembered here, so what would change is not known");
}

static void note_state(struct cli *cli, const struct pw_status *status)
{
	if (status->state == PW_LIVE_TRIAL)
		pw_diag_note(cli->diags, NULL,
			     "a policy is on trial: compared with that");
	if (status->changed || pw_diags_kept(status->strange))
		pw_diag_warning(cli->diags, NULL,
				"somebody changed the rules since: compared with what was applied");
}

/* The policy that the rules are of, as it was applied */
static int read_remembered(struct plan *plan, const struct pw_status *status)
{
	struct cli *cli = plan->cli;
	const struct pw_stamp *stamp = pw_kernel_stamp(status->kernel);
	const struct pw_where where = where_of(cli);
	int err = pw_intent_in_force(&where, stamp, &plan->before, cli->diags);

	note_state(cli, status);
	if (err == -ENOENT)
		return not_remembered(plan, stamp);
	if (err == -EBADMSG)
		return undecided(cli, "the policy in force cannot be read any more");
	return status_of(cli, err);
}

static int read_in_force(struct plan *plan)
{
	struct cli *cli = plan->cli;
	pw_owned(pw_status_free) struct pw_status *status = NULL;
	int err;

	if (!has_net_admin())
		return refuse(cli);
	err = pw_status_read(&status, cli->diags);
	if (err)
		return status_of(cli, err);
	if (status->state == PW_LIVE_FOREIGN)
		return undecided(cli,
				 "table inet portwall is there, but this portwall did not make it");
	if (status->state == PW_LIVE_EMPTIED)
		return undecided(cli,
				 "somebody emptied table inet portwall: what is let in now is not known");
	if (status->state == PW_LIVE_NONE || status->kernel->dormant)
		return STATUS_OK;
	return read_remembered(plan, status);
}

static int read_against(struct plan *plan)
{
	struct cli *cli = plan->cli;

	if (!strcmp(cli->against, "-") && !strcmp(cli->policy, "-")) {
		pw_diag_error(cli->diags, NULL,
			      "standard input cannot be both policies");
		return STATUS_WRONG;
	}
	return status_of(cli, pw_intent_load(cli->against, &nobody_asks,
					     &plan->before, cli->diags));
}

static int show(struct plan *plan)
{
	struct cli *cli = plan->cli;
	const struct pw_model *after = plan->after->model;
	const struct pw_model *before = plan->before ? plan->before->model :
					plan->same ? after : NULL;
	size_t num = 0;
	int err;

	messages_print(cli);
	if (cli->doc) {
		doc_set(cli->doc, "against", cli->against ?
			doc_text(cli->against) : json_null());
		doc_set(cli->doc, "in_force",
			json_boolean(!cli->against && before));
		doc_set(cli->doc, "digest", doc_hex(after->digest,
						    sizeof(after->digest)));
	}
	err = changes_show(cli, before, after, !cli->against, &num);
	if (err)
		return status_of(cli, err);
	return cli->exit_code && num ? STATUS_DIFFERENT : STATUS_OK;
}

int cmd_plan(struct cli *cli)
{
	struct plan plan = { .cli = cli };
	int status = status_of(cli, pw_intent_load(cli->policy, &nobody_asks,
						   &plan.after, cli->diags));

	if (!status)
		status = cli->against ? read_against(&plan) :
					read_in_force(&plan);
	/* what listens is asked for later, unless two files are compared */
	if (!status && cli->against)
		status = status_of(cli, confine_settle(cli));
	if (!status)
		status = show(&plan);
	pw_intent_free(plan.before);
	pw_intent_free(plan.after);
	return status;
}
