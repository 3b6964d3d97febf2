/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the command: what was asked, and how it ends. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "portwall/confine.h"
#include "portwall/diag.h"
#include "portwall/live.h"

#define DEFAULT_POLICY "/etc/portwall/policy.ini"

/* Exit statuses, the same for every command; portwall(8) lists them */
enum exit_status {
	STATUS_OK = 0,		/* as wanted */
	STATUS_DIFFERENT = 1,	/* a difference or a violation was found */
	STATUS_WRONG = 2,	/* wrong usage or wrong policy */
	STATUS_REFUSED = 3,	/* privilege, kernel, memory, input or output */
	STATUS_UNDECIDED = 4,	/* could not decide */
};

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum show_as { SHOW_TABLE, SHOW_NFT, SHOW_JSON, SHOW_PROMETHEUS };

/* Texts of an option that may be given several times, in order */
struct cli_list {
	const char **list;
	size_t num, cap;
};

/**
 * struct cli - One run of the command
 * @args:	what follows the command and is no option
 * @policy:	the POLICY argument, or what is read without one; NULL: nothing
 * @full, @computed, @udp, @seed, @rate, @source, @targets, @reports: options of
 *		test and verify; @source NULL, @seed and @rate 0: not given
 * @applied:	the argument is no policy but a number, see remembered.h
 * @exit_code, @against: options of plan; @against NULL: what is in force
 * @trial_ms:	0: not given
 * @state_dir:	NULL: not given, see where.h
 * @root:	file system of an image, NULL: not given
 * @all, @from, @on, @for_ms: options of open and close; @for_ms 0: not given
 * @umask:	of the caller, for files that are results
 * @doc:	the document of --json, printed at the end; NULL without --json
 * @num_shown:	messages of @diags that have been printed already
 * @changed:	the host is no longer as it was
 * @told:	how the host was left has been said
 * @start_ns:	monotonic clock at the start
 */
struct cli {
	const struct command *command;
	const char **args;
	size_t num_args, cap_args;
	const char *policy;
	bool json, strict, dry_run, allow_lockout, insecure, yes;
	bool quiet, verbose, help, version;
	bool full, computed, udp, applied, cut, all, heal;
	bool exit_code;
	const char *against;
	uint64_t seed, rate, trial_ms;
	const char *source;
	struct cli_list targets, reports, from, on;
	uint64_t for_ms;
	mode_t umask;
	enum show_as as;
	enum color_mode color;
	const char *run_dir, *state_dir, *root;
	struct pw_diags *diags;
	json_t *doc;
	size_t num_shown;
	bool changed, told;
	uint64_t start_ns;
};

/* What a command does without POLICY */
enum policy_use { POLICY_NEVER, POLICY_DEFAULT, POLICY_IF_NAMED };

/**
 * struct command - A row of the table of commands
 * @args:	as help shows them
 * @max_args:	how many at most
 * @reads_policy: the first one is POLICY
 * @privileged:	needs CAP_NET_ADMIN, but with --target
 * @writes:	changes the host
 * @options:	bits of enum option_bit that it takes beside OPT_COMMON
 * @run:	returns an exit status
 * @job:	what it may do
 * @help:	one line
 * @more:	what `portwall help NAME` adds
 */
struct command {
	const char *name, *args;
	size_t max_args;
	enum policy_use reads_policy;
	bool privileged, writes;
	unsigned int options;
	int (*run)(struct cli *cli);
	enum pw_job job;
	const char *help, *more;
};

enum option_bit {
	OPT_COMMON = 0,
	OPT_JSON = 1 << 0,
	OPT_STRICT = 1 << 1,
	OPT_AS = 1 << 2,
	OPT_DRY_RUN = 1 << 3,
	OPT_LOCKOUT = 1 << 4,
	OPT_INSECURE = 1 << 5,
	OPT_RUN_DIR = 1 << 6,
	OPT_YES = 1 << 7,
	OPT_FULL = 1 << 8,
	OPT_COMPUTED = 1 << 9,
	OPT_REPORT = 1 << 10,
	OPT_SEED = 1 << 11,
	OPT_TARGET = 1 << 12,	/* and what goes with it */
	OPT_STATE_DIR = 1 << 13,
	OPT_FOR = 1 << 21,
	OPT_FROM = 1 << 22,	/* and --on */
	OPT_ALL = 1 << 23,
	OPT_APPLIED = 1 << 20,
	OPT_FORMAT = 1 << 14,
	OPT_PLAN = 1 << 15,
	OPT_ROOT = 1 << 27,
	OPT_TRIAL = 1 << 17,
	OPT_CUT = 1 << 18,
	OPT_HEAL = 1 << 19,
};

/* main.c: ends with a row without a name */
extern const struct command commands[];
/* NULL when there is none of this name */
const struct command *command_find(const char *name);

int cmd_check(struct cli *cli);
int cmd_show(struct cli *cli);
int cmd_test(struct cli *cli);
int cmd_plan(struct cli *cli);
int cmd_apply(struct cli *cli);
int cmd_boot(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_verify(struct cli *cli);
int cmd_watch(struct cli *cli);
int cmd_clear(struct cli *cli);
#define OPEN_MAX_PORTS 1024	/* of one call, times sources and interfaces */
int cmd_open(struct cli *cli);
int cmd_close(struct cli *cli);
int cmd_history(struct cli *cli);
int cmd_install(struct cli *cli);
int cmd_help(struct cli *cli);

/* options.c: 0, or STATUS_WRONG with a message in @cli->diags */
int options_parse(struct cli *cli, int argc, char **argv);
/* Prints a line for each option that @options allow (OPT_COMMON: the others) */
void options_print(unsigned int options, FILE *out);
/* -EINVAL, with a message that names the nearest command */
int unknown_command(struct cli *cli, const char *name);

/*
 * duration.c: "90s", "15m", "2h" or "1d" as milliseconds, at least a second.
 * -EINVAL: nothing of that shape; -ERANGE: above @max_ms
 */
int duration_parse(const char *text, uint64_t max_ms, uint64_t *ms);
/* The same for the value of option @name. -EINVAL with a message */
int duration_option(struct cli *cli, const char *name, const char *value,
		    uint64_t max_ms, uint64_t *ms);
#define DURATION_LEN 24
/* In the largest unit that fits; parts of a second are cut off */
void duration_format(uint64_t ms, char buf[DURATION_LEN]);
/* About how long, rounded up to seconds: "45 s", "21 min", "3 h", "2 days" */
const char *duration_words(uint64_t ms, char buf[DURATION_LEN]);

/* help.c */
void help_overview(FILE *out);
void help_command(const struct command *command, FILE *out);

/* Since the start of the run, nanoseconds */
uint64_t cli_elapsed_ns(const struct cli *cli);

/* privilege.c: may this process administer its network? */
bool has_net_admin(void);
/* SUDO_UID, (uid_t)-1: there is none */
uid_t sudo_uid(void);

/*
 * confine.c: as little as the command can need, before the first file is opened
 * (messages in @cli->diags), and what is left once all has been read
 */
int confine_start(struct cli *cli);
int confine_settle(struct cli *cli);

/*
 * STATUS_WRONG for -EINVAL, STATUS_REFUSED for other errors, 0 for 0. An error
 * that nobody has explained gets a message.
 */
int status_of(struct cli *cli, int err);

/*
 * message.c: messages that were not printed yet, on standard error. Each is
 * `file:line:col: error: text`, the quoted line, a caret and what to do.
 */
void messages_print(struct cli *cli);
/* The line that ends a refused policy: "shop.ini: 2 errors; .." */
void messages_close(const struct cli *cli);

#endif
