// SPDX-License-Identifier: GPL-2.0-or-later
/* check: every error of a policy at once; compile and prove what is right. */
#include <inttypes.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/section.h"

static size_t num_rules(const struct pw_ruleset *rs)
{
	size_t num = 0;

	for (size_t i = 0; i < rs->num_chains; i++)
		num += rs->chains[i].num_rules;
	return num;
}

static void print_ok(const struct cli *cli, const struct pw_model *model,
		     const struct pw_ruleset *rs)
{
	uint64_t addresses = model_num_addresses(model);
	char count[32];

	put_policy(cli, stdout);
	printf(": ok: %zu section%s, ", model->num_sections,
	       plural(model->num_sections));
	printf("%s address%s, ", format_count(addresses, count),
	       addresses == 1 ? "" : "es");
	printf("%s rules, proved\n", format_count(num_rules(rs), count));
}

static void describe(struct cli *cli, const struct pw_model *model,
		     const struct pw_ruleset *rs)
{
	uint64_t addresses = model_num_addresses(model);

	doc_set(cli->doc, "sections", json_integer((json_int_t)
						   model->num_sections));
	doc_set(cli->doc, "addresses", json_integer((json_int_t)addresses));
	doc_set(cli->doc, "rules", json_integer((json_int_t)num_rules(rs)));
	doc_set(cli->doc, "proved", json_true());
	doc_set(cli->doc, "digest", doc_hex(model->digest,
					    sizeof(model->digest)));
}

static int refuse_warnings(struct cli *cli, size_t num)
{
	messages_print(cli);
	put_policy(cli, stderr);
	fprintf(stderr, ": %zu warning%s, and --strict was given\n", num,
		plural(num));
	cli->policy = NULL;	/* said already: no closing line */
	return STATUS_WRONG;
}

int cmd_check(struct cli *cli)
{
	const struct pw_trust nobody_asks = { .sudo_uid = (uid_t)-1 };
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	size_t warnings;
	int err = pw_intent_load(cli->policy, &nobody_asks, &intent,
				 cli->diags);

	if (!err)
		err = confine_settle(cli);
	if (!err)
		err = pw_intent_compile(intent, 1, &rs, cli->diags);
	if (err)
		return status_of(cli, err);
	if (cli->doc)
		describe(cli, intent->model, rs);
	warnings = pw_diags_count(cli->diags, PW_WARNING);
	if (cli->strict && warnings)
		return refuse_warnings(cli, warnings);
	messages_print(cli);
	if (!cli->doc && !cli->quiet)
		print_ok(cli, intent->model, rs);
	return STATUS_OK;
}
