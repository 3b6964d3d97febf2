// SPDX-License-Identifier: GPL-2.0-or-later
/* test: load a policy into a private network and send packets at all ports. */
#include <errno.h>

#include "cli/findings.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "portwall/rehearse.h"

/* What is played, and by which rules; @intent and @rules are the caller's */
static int prepare(struct cli *cli, struct pw_intent **intent,
		   struct pw_ruleset **rules, struct pw_report **report)
{
	const struct pw_trust nobody_asks = { .sudo_uid = (uid_t)-1 };
	int err = pw_intent_load_blind(cli->policy, &nobody_asks, intent,
				       cli->diags);

	if (!err)
		err = pw_intent_compile(*intent, 1, rules, cli->diags);
	if (err)
		return err;
	*report = pw_report_new(cli->command->name, (*intent)->model);
	return *report ? 0 : -ENOMEM;
}

static int rehearse(struct cli *cli, const struct pw_model *model,
		    const struct pw_ruleset *rules,
		    const struct pw_rehearsal *how, struct pw_report *report)
{
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(PW_CAPS_PACKETS);

	return pw_rehearse(model, rules, how, report, cli->diags);
}

int cmd_test(struct cli *cli)
{
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rules = NULL;
	pw_owned(pw_report_free) struct pw_report *report = NULL;
	struct progress progress = progress_begin(cli);
	const struct pw_rehearsal how = {
		.all = cli->full, .computed = cli->computed,
		.seed = cli->seed, .progress = progress_tell,
		.progress_arg = &progress,
	};
	int err = findings_check_files(cli);

	if (err)
		return status_of(cli, err);
	err = prepare(cli, &intent, &rules, &report);
	if (!err) {
		messages_print(cli);
		err = rehearse(cli, intent->model, rules, &how, report);
	}
	progress_end(&progress);
	return findings_end(cli, report, err);
}
