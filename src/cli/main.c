// SPDX-License-Identifier: GPL-2.0-or-later
/* Start, the table of commands, and the end of a run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/settle.h"
#include "cli/spare.h"
#include "cli/start.h"

const struct command commands[] = {
	{ "check", "[POLICY]", 1, POLICY_DEFAULT, false, false,
	  OPT_STRICT | OPT_JSON, cmd_check, PW_JOB_READ,
	  "report every error of a policy, compile it and prove the rules",
	  "Needs no privilege and changes nothing. Exits with 2 when the policy is wrong." },
	{ "show", "[POLICY | --applied [N]]", 1, POLICY_DEFAULT, false, false,
	  OPT_AS | OPT_APPLIED | OPT_STATE_DIR | OPT_JSON, cmd_show, PW_JOB_READ,
	  "print what a policy lets in",
	  "Needs no privilege and changes nothing. With --applied: the policy that the\n"
	  "next boot loads, or entry N of history." },
	{ "test", "[POLICY]", 1, POLICY_DEFAULT, false, false,
	  OPT_FULL | OPT_COMPUTED | OPT_REPORT | OPT_SEED | OPT_JSON, cmd_test, PW_JOB_TEST,
	  "load a policy into a private network and send packets at all ports",
	  "Needs no privilege where user namespaces are allowed, and changes nothing.\n"
	  "Exits with 1 when a port is not as the policy says, 4 when one is not known." },
	{ "plan", "[POLICY]", 1, POLICY_DEFAULT, false, false,
	  OPT_PLAN | OPT_STATE_DIR | OPT_JSON, cmd_plan, PW_JOB_PLAN,
	  "say which ports apply would open and close",
	  "Compares with what is in force, which needs CAP_NET_ADMIN, or with a file.\n"
	  "With --exit-code it exits with 1 when there is a change." },
	{ "apply", "[POLICY]", 1, POLICY_DEFAULT, true, true,
	  OPT_DRY_RUN | OPT_TRIAL | OPT_CUT | OPT_LOCKOUT | OPT_INSECURE |
	  OPT_YES | OPT_RUN_DIR | OPT_STATE_DIR | OPT_JSON, cmd_apply, PW_JOB_CHANGE,
	  "put a policy in force, in one step and without a gap",
	  "The rules are proved, loaded, read back and compared before they count.\n"
	  "If somebody connected by SSH could not connect again, nothing is changed.\n"
	  "With --trial the kernel returns to the rules before, unless: portwall confirm" },
	{ "confirm", "", 0, POLICY_NEVER, true, true,
	  OPT_CUT | OPT_RUN_DIR | OPT_STATE_DIR | OPT_JSON, settle_confirm, PW_JOB_CHANGE,
	  "keep the policy that is on trial",
	  "Fails when the kernel has ended the trial already." },
	{ "rollback", "", 0, POLICY_NEVER, true, true,
	  OPT_CUT | OPT_LOCKOUT | OPT_RUN_DIR | OPT_STATE_DIR | OPT_JSON,
	  settle_rollback, PW_JOB_CHANGE,
	  "end a trial, or return to the policy applied before",
	  "Each one outside a trial goes one policy further back." },
	{ "status", "", 0, POLICY_NEVER, true, false,
	  OPT_RUN_DIR | OPT_STATE_DIR | OPT_FORMAT | OPT_JSON, cmd_status, PW_JOB_LOOK,
	  "say what is in force, since when, and what it let in",
	  "Exits with 1 when something is not as it was applied, or nothing is in force.\n"
	  "With --format=prometheus the metrics say so, and the exit status is 0." },
	{ "verify", "[POLICY]", 1, POLICY_IF_NAMED, false, false,
	  OPT_FULL | OPT_TARGET | OPT_REPORT | OPT_SEED | OPT_YES |
	  OPT_STATE_DIR | OPT_JSON, cmd_verify, PW_JOB_VERIFY,
	  "probe this host, or another, and say what can be reached",
	  "Without POLICY: compares with the policy in force, as far as it is known.\n"
	  "Exits with 1 when a port is not as the policy says, 4 when one is not known.\n"
	  "Without CAP_NET_ADMIN only loopback is looked at, and the rest is not known." },
	{ "watch", "", 0, POLICY_NEVER, true, false,
	  OPT_HEAL | OPT_RUN_DIR | OPT_STATE_DIR | OPT_JSON, cmd_watch, PW_JOB_WATCH,
	  "tell of changes of the rules, and of new listeners, as they happen",
	  "Runs until it is told to end (SIGTERM, Ctrl-C)." },
	{ "boot", "", 0, POLICY_NEVER, true, true,
	  OPT_RUN_DIR | OPT_STATE_DIR | OPT_JSON, cmd_boot, PW_JOB_CHANGE,
	  "load what was applied last; for the boot unit",
	  "Reads nothing in /etc. What is lost is replaced by something that closes." },
	{ "open", "PROTO/PORT...", OPEN_MAX_PORTS, POLICY_NEVER, true, true,
	  OPT_FOR | OPT_FROM | OPT_RUN_DIR | OPT_STATE_DIR | OPT_JSON, cmd_open, PW_JOB_CHANGE,
	  "let ports be reached for a while; the kernel ends it",
	  "PORT is a number, a range or the name of a service. --for is needed; --from\n"
	  "and --on may be given several times; without: anyone, everywhere. A [block]\n"
	  "beats an opening." },
	{ "close", "PROTO/PORT... | --all", OPEN_MAX_PORTS, POLICY_NEVER, true, true,
	  OPT_FROM | OPT_ALL | OPT_RUN_DIR | OPT_STATE_DIR | OPT_JSON, cmd_close, PW_JOB_CHANGE,
	  "end what was opened for a while",
	  "Without --from and --on whoever it was opened for. What the policy allows stays\n"
	  "open. Exits with 1 when none of it was open." },
	{ "clear", "", 0, POLICY_NEVER, true, true,
	  OPT_YES | OPT_RUN_DIR | OPT_STATE_DIR | OPT_JSON, cmd_clear, PW_JOB_CHANGE,
	  "remove portwall's table and nothing else: every port is open then",
	  "Asks on a terminal; elsewhere it needs --yes." },
	{ "history", "", 0, POLICY_NEVER, false, false,
	  OPT_STATE_DIR | OPT_JSON, cmd_history, PW_JOB_RECALL,
	  "list the policies that were applied",
	  "Exits with 3 when one of them is damaged." },
	{ "install", "[POLICY]", 1, POLICY_IF_NAMED, false, true,
	  OPT_ROOT | OPT_JSON, cmd_install, PW_JOB_IMAGE,
	  "prepare the file system of an image, so that it boots closed",
	  "Needs --root=DIR. Runs nothing that is in there. Without POLICY: the image's\n"
	  "own /etc/portwall/policy.ini. Refuses what would not boot closed." },
	{ "help", "[COMMAND]", 1, POLICY_NEVER, false, false,
	  0, cmd_help, PW_JOB_READ,
	  "explain a command", NULL },
	{ .name = NULL },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

int status_of(struct cli *cli, int err)
{
	if (!err)
		return STATUS_OK;
	/* what lacked memory may have blamed something else */
	if (!pw_diags_count(cli->diags, PW_ERROR) || err == -ENOMEM)
		pw_diag_system(cli->diags, -err, "%s",
			       cli->command ? cli->command->name : "start");
	return err == -EINVAL ? STATUS_WRONG : STATUS_REFUSED;
}

static int refuse_privilege(struct cli *cli)
{
	const struct command *command = cli->command;

	pw_diag_error(cli->diags, NULL, "%s needs CAP_NET_ADMIN%s",
		      command->name,
		      command->writes ? "; nothing was changed" : "");
	if (cli->policy)
		pw_diag_hint(cli->diags,
			     "run it with sudo, or rehearse it without: portwall test %s",
			     cli->policy);
	else
		pw_diag_hint(cli->diags, "run it with sudo");
	cli->told = true;
	return STATUS_REFUSED;
}

/* Who names no policy may not know that there is one by default */
static void hint_policy(const struct cli *cli)
{
	if (cli->policy && !cli->num_args && access(cli->policy, F_OK) &&
	    errno == ENOENT)
		pw_diag_hint(cli->diags,
			     "write it, or name another file: portwall %s FILE",
			     cli->command->name);
}

static int run_command(struct cli *cli)
{
	int status = cli->command->run(cli);

	if (status == STATUS_WRONG)
		hint_policy(cli);
	return status;
}

static int run(struct cli *cli)
{
	int err = confine_start(cli);

	if (err)
		return status_of(cli, err);
	if (cli->version) {
		printf("portwall %s\n", PW_VERSION);
		return STATUS_OK;
	}
	if (!cli->command && cli->help) {
		help_overview(stdout);
		return STATUS_OK;
	}
	if (!cli->command) {
		help_overview(stderr);
		return STATUS_WRONG;
	}
	if (cli->help) {
		help_command(cli->command, stdout);
		return STATUS_OK;
	}
	if (cli->json)
		err = doc_begin(cli);
	if (err)
		return status_of(cli, err);
	if (cli->command->privileged && !has_net_admin())
		return refuse_privilege(cli);
	return run_command(cli);
}

/* What is printed last, on both streams; the status may become worse */
static int finish(struct cli *cli, int status)
{
	int written;

	messages_print(cli);
	if (pw_diags_lost(cli->diags))
		fputs("portwall: out of memory\n", stderr);
	if (status == STATUS_WRONG && cli->policy)
		messages_close(cli);
	else if (status >= STATUS_REFUSED && cli->command &&
		 cli->command->writes && !cli->changed && !cli->told)
		fputs("portwall: nothing was changed\n", stderr);
	if (cli->doc && doc_end(cli, status))
		status = STATUS_REFUSED;
	written = output_finish(cli);
	return written ? written : status;
}

static uint64_t monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t cli_elapsed_ns(const struct cli *cli)
{
	return monotonic_ns() - cli->start_ns;
}

static void cli_clear(struct cli *cli)
{
	json_decref(cli->doc);
	pw_diags_free(cli->diags);
	free(cli->args);
	free(cli->targets.list);
	free(cli->reports.list);
	free(cli->from.list);
	free(cli->on.list);
}

int main(int argc, char **argv)
{
	struct cli cli = {
		.run_dir = PW_RUN_DIR, .start_ns = monotonic_ns(),
		.umask = umask(077),
	};
	int status;

	if (!start())
		return STATUS_REFUSED;
	spare_memory();
	cli.diags = pw_diags_new();
	if (!cli.diags) {
		fputs("portwall: out of memory\n", stderr);
		return STATUS_REFUSED;
	}
	status = options_parse(&cli, argc, argv);
	if (!status)
		status = run(&cli);
	else
		cli.policy = NULL;
	status = finish(&cli, status);
	cli_clear(&cli);
	return status;
}
