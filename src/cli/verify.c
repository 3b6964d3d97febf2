// SPDX-License-Identifier: GPL-2.0-or-later
/* verify: probe this host, or another, and say what can be reached. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/findings.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/where.h"
#include "portwall/inspect.h"
#include "portwall/own.h"

#define TABLE "table inet " PW_TABLE
#define RATE 1000		/* probes of another host a second */
#define ALL_WAYS ((1u << PW_NUM_INJECT_WAYS) - 1)

/**
 * struct verify - What is compared with what
 * @intent:	NULL: no policy is known
 * @status:	of portwall's table; NULL: it is not to be understood
 * @foreign:	why not: somebody changed it
 */
struct verify {
	struct cli *cli;
	struct pw_intent *intent;
	struct pw_status *status;
	struct pw_diags *foreign;
	struct pw_report *report;
	struct progress progress;
};

static const struct pw_trust nobody_asks = { .sudo_uid = (uid_t)-1 };

/* A table that somebody changed beyond recognition is a finding, no error */
static int read_status(struct verify *v)
{
	pw_owned(pw_status_free) struct pw_status *status = NULL;
	int err;

	if (!has_net_admin())
		return 0;
	err = pw_status_read(&status, v->cli->diags);
	if (err)
		return err;
	if (pw_diags_kept(status->strange))
		v->foreign = PW_TAKE(status->strange);
	else
		v->status = PW_TAKE(status);
	return 0;
}

static bool is_in_force(const struct verify *v, const struct pw_intent *intent)
{
	const struct pw_kernel *kernel = v->status ? v->status->kernel : NULL;

	return kernel && pw_kernel_in_force(kernel) && !kernel->dormant &&
	       !memcmp(pw_kernel_stamp(kernel)->digest, intent->model->digest,
		       sizeof(intent->model->digest));
}

/* What is remembered of it; that it is not, or damaged, is said elsewhere */
static int try_remembered(struct verify *v, const struct pw_stamp *stamp)
{
	pw_owned(pw_diags_free) struct pw_diags *unheard = pw_diags_new();
	const struct pw_where where = where_of(v->cli);
	int err = unheard ? pw_intent_in_force(&where, stamp, &v->intent,
					       unheard) : -ENOMEM;

	return err == -ENOMEM ? err : 0;
}

/* The policy of @path if that is what is in force; its errors are nobody's */
static int try_policy(struct verify *v, const char *path)
{
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	pw_owned(pw_diags_free) struct pw_diags *unheard = pw_diags_new();
	int err = unheard ? pw_intent_load(path, &nobody_asks, &intent, unheard)
			  : -ENOMEM;

	if (!err && is_in_force(v, intent))
		v->intent = PW_TAKE(intent);
	return err == -ENOMEM ? err : 0;
}

/* What was applied by a path that leads there from everywhere, or the default */
static int find_policy(struct verify *v)
{
	const struct pw_kernel *kernel = v->status ? v->status->kernel : NULL;
	bool any = kernel && pw_kernel_in_force(kernel);
	const char *source = any ? pw_kernel_stamp(kernel)->source : "";
	int err = any ? try_remembered(v, pw_kernel_stamp(kernel)) : 0;

	if (!err && !v->intent && *source == '/')
		err = try_policy(v, source);
	if (!err && !v->intent && *source)
		err = try_policy(v, DEFAULT_POLICY);
	if (err || v->intent)
		return err;
	if (!has_net_admin())
		pw_diag_note(v->cli->diags, NULL,
			     "the policy in force is not to be seen without CAP_NET_ADMIN: compared with none");
	else if (*source)
		pw_diag_note(v->cli->diags, NULL,
			     "the policy in force is not known here (applied as '%s'): compared with none",
			     source);
	else
		pw_diag_note(v->cli->diags, NULL,
			     "no policy of portwall is in force: compared with none");
	pw_diag_hint(v->cli->diags, "name it: portwall verify POLICY");
	return 0;
}

static int read_policy(struct verify *v)
{
	if (!v->cli->policy)
		return find_policy(v);
	return pw_intent_load(v->cli->policy, &nobody_asks, &v->intent,
			      v->cli->diags);
}

/* Large lists of the policy in force stay in the kernel: it knows them, too */
static int complete_rules(struct verify *v)
{
	if (!v->intent || !is_in_force(v, v->intent))
		return 0;
	return pw_status_complete(v->status, v->intent, v->cli->diags);
}

static int new_report(struct verify *v)
{
	v->report = pw_report_new(v->cli->command->name,
				  v->intent ? v->intent->model : NULL);
	return v->report ? 0 : -ENOMEM;
}

static int add_case(struct verify *v, enum pw_result result,
		    const char *name, const char *text)
{
	int64_t i = pw_report_case(v->report, "rules", result, "%s", name);

	return i < 0 ? (int)i : pw_report_say(v->report, (uint32_t)i, "%s",
					      text);
}

/* Then everything is told, and nothing judged */
static int judge_policy(struct verify *v)
{
	if (v->intent)
		return 0;
	return add_case(v, PW_RES_UNKNOWN, "policy", v->status &&
			pw_kernel_in_force(v->status->kernel) ?
			"that in force is not known here: nothing was judged" :
			"none is in force, and none was named: nothing was judged");
}

/* What `status` would say of the table */
static int judge_table(struct verify *v)
{
	const struct pw_kernel *kernel = v->status ? v->status->kernel : NULL;

	if (v->foreign)
		return add_case(v, PW_RES_VIOLATION, TABLE,
				pw_diags_kept(v->foreign) ?
				pw_diags_get(v->foreign, 0)->text :
				"it holds what no portwall makes");
	if (kernel && kernel->dormant)
		return add_case(v, PW_RES_VIOLATION, TABLE,
				"somebody put it to sleep: it has no effect");
	if (kernel && v->status->changed)
		return add_case(v, PW_RES_WARNING, TABLE,
				"somebody changed it since it was applied");
	return 0;
}

static void list_foreign(const struct pw_foreign *list, size_t num)
{
	fputs("portwall: these rules of others will notice the probes:\n",
	      stderr);
	for (size_t i = 0; i < num; i++) {
		fputs("          ", stderr);
		pw_escape_put(list[i].chain, strlen(list[i].chain), stderr);
		fprintf(stderr, ", handle %" PRIu64 ": %s", list[i].handle,
			list[i].what);
		if (list[i].comment) {
			fputs(", ", stderr);
			pw_escape_put(list[i].comment, strlen(list[i].comment),
				      stderr);
		}
		putc('\n', stderr);
	}
}

/* Logs fill, limits are used up, sets of offenders learn our addresses */
static bool agree(void *arg, const struct pw_foreign *list, size_t num)
{
	const struct cli *cli = arg;
	char answer[8] = "";

	if (!cli->yes || !cli->quiet)
		list_foreign(list, num);
	if (cli->yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return false;
	fputs("Send the probes? [y/N] ", stderr);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int inspect(struct verify *v, const struct pw_inspection *how)
{
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(PW_CAPS_PACKETS);

	return pw_inspect(how, v->report, v->cli->diags);
}

static int probe_host(struct verify *v)
{
	struct cli *cli = v->cli;
	const struct pw_inspection how = {
		.model = v->intent ? v->intent->model : NULL,
		.rules = v->status ? v->status->rules : NULL,
		.in_force = v->intent && is_in_force(v, v->intent),
		.openings = v->status ? v->status->openings : NULL,
		.ways = has_net_admin() ? ALL_WAYS : 0,
		.all = cli->full, .seed = cli->seed,
		.agree = agree, .agree_arg = cli,
		.progress = progress_tell, .progress_arg = &v->progress,
	};
	int err = inspect(v, &how);

	if (err != -ECANCELED)
		return err;
	pw_diag_error(cli->diags, NULL,
		      "rules of others would notice the probes; nothing was sent");
	pw_diag_hint(cli->diags, "to send them all the same: --yes");
	return err;
}

static int verify_host(struct verify *v)
{
	int err = read_status(v);

	if (!err)
		err = read_policy(v);
	if (!err)
		err = complete_rules(v);
	if (!err)
		err = new_report(v);
	messages_print(v->cli);
	if (!err)
		err = judge_policy(v);
	if (!err)
		err = judge_table(v);
	return err ? err : probe_host(v);
}

static int parse_addr(struct cli *cli, const char *name, const char *text,
		      enum pw_family *family, struct pw_value *out)
{
	struct pw_addr_range addr;

	if (pw_addr_range_parse(text, strlen(text), &addr) ||
	    pw_value_cmp(addr.range.first, addr.range.last))
		return pw_diag_error(cli->diags, NULL,
				     "--%s=%s: not an address", name, text);
	*family = addr.family;
	*out = addr.range.first;
	return 0;
}

/* Nobody, everybody, or somebody on a link that is not named */
static const char *const no_hosts[] = {
	"0.0.0.0/8", "224.0.0.0/4", "255.255.255.255", "::", "fe80::/10",
	"ff00::/8",
};

static int check_target(struct cli *cli, const char *text,
			const struct pw_distance *how)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(no_hosts); i++) {
		struct pw_addr_range no;
		int err = pw_addr_range_parse(no_hosts[i], strlen(no_hosts[i]),
					      &no);

		if (!err && no.family == how->family &&
		    pw_value_cmp(how->target, no.range.first) >= 0 &&
		    pw_value_cmp(how->target, no.range.last) <= 0)
			return pw_diag_error(cli->diags, NULL,
					     "--target=%s: not the address of one host (%s)",
					     text, no_hosts[i]);
	}
	return 0;
}

static int set_distance(struct verify *v, const char *target,
			struct pw_distance *out)
{
	struct cli *cli = v->cli;
	enum pw_family family;
	int err = parse_addr(cli, "target", target, &out->family,
			     &out->target);

	if (!err)
		err = check_target(cli, target, out);
	if (err || !cli->source)
		return err;
	err = parse_addr(cli, "source", cli->source, &family, &out->source);
	if (err || family == out->family)
		return err;
	return pw_diag_error(cli->diags, NULL,
			     "--source=%s: %s is of the other family",
			     cli->source, target);
}

static int probe_targets(struct verify *v, bool only_parse)
{
	struct cli *cli = v->cli;
	struct pw_distance how = {
		.model = v->intent ? v->intent->model : NULL,
		.rate = cli->rate ? (uint32_t)cli->rate : RATE,
		.udp = cli->udp, .progress = progress_tell,
		.progress_arg = &v->progress,
	};
	int err = 0;

	for (size_t i = 0; !err && i < cli->targets.num; i++) {
		err = set_distance(v, cli->targets.list[i], &how);
		if (!err && !only_parse)
			err = pw_inspect_target(&how, v->report, cli->diags);
	}
	return err;
}

/* Without POLICY nothing is known of what another host should let in */
static int verify_targets(struct verify *v)
{
	struct cli *cli = v->cli;
	int err = probe_targets(v, true);

	if (!err && cli->policy)
		err = pw_intent_load_blind(cli->policy, &nobody_asks,
					   &v->intent, cli->diags);
	if (!err)
		err = new_report(v);
	if (err)
		return err;
	pw_diag_note(cli->diags, NULL,
		     "probing with at most %" PRIu64 " packets a second",
		     cli->rate ? cli->rate : RATE);
	pw_diag_hint(cli->diags, "only for hosts that you administer");
	messages_print(cli);
	return probe_targets(v, false);
}

static int check_usage(struct cli *cli)
{
	if (cli->targets.num && (cli->full || cli->yes || cli->seed))
		return pw_diag_error(cli->diags, NULL,
				     "verify: --%s does not go with --target",
				     cli->full ? "full" :
				     cli->yes ? "yes" : "seed");
	if (!cli->targets.num && (cli->udp || cli->rate || cli->source))
		return pw_diag_error(cli->diags, NULL,
				     "verify: --%s needs --target",
				     cli->udp ? "udp" :
				     cli->rate ? "rate" : "source");
	return findings_check_files(cli);
}

int cmd_verify(struct cli *cli)
{
	struct verify v = { .cli = cli, .progress = progress_begin(cli) };
	int err = check_usage(cli), status;

	if (err)
		return status_of(cli, err);
	err = cli->targets.num ? verify_targets(&v) : verify_host(&v);
	progress_end(&v.progress);
	status = findings_end(cli, v.report, err);
	pw_report_free(v.report);
	pw_intent_free(v.intent);
	pw_status_free(v.status);
	pw_diags_free(v.foreign);
	return status;
}
