// SPDX-License-Identifier: GPL-2.0-or-later
/* The options: one table, read by the parser and by help. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "portwall/array.h"
#include "portwall/names.h"
#include "portwall/own.h"

#define MAX_COMMANDS 32	/* that a wrong one is compared with */

/**
 * struct option_row - One option
 * @bit:	OPT_COMMON: every command takes it
 * @arg:	name of its value as help shows it, NULL: none
 * @flag:	without a value: offset of the bool in struct cli that it sets
 * @set:	with a value: -EINVAL when it is none of its values
 */
struct option_row {
	const char *name;
	char letter;
	unsigned int bit;
	const char *arg;
	size_t flag;
	int (*set)(struct cli *cli, const char *value);
	const char *help;
};

struct word_row {
	const char *word;
	int value;
};

static int word_find(const struct word_row *rows, const char *word, int *out)
{
	for (; rows->word; rows++) {
		if (!strcmp(rows->word, word)) {
			*out = rows->value;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_as(struct cli *cli, const char *value)
{
	static const struct word_row rows[] = {
		{ "table", SHOW_TABLE }, { "nft", SHOW_NFT },
		{ "json", SHOW_JSON }, { NULL, 0 },
	};
	int as, err = word_find(rows, value, &as);

	if (!err)
		cli->as = (enum show_as)as;
	return err;
}

static int set_format(struct cli *cli, const char *value)
{
	static const struct word_row rows[] = {
		{ "text", SHOW_TABLE }, { "prometheus", SHOW_PROMETHEUS },
		{ NULL, 0 },
	};
	int as, err = word_find(rows, value, &as);

	if (!err)
		cli->as = (enum show_as)as;
	return err;
}

static int set_color(struct cli *cli, const char *value)
{
	static const struct word_row rows[] = {
		{ "auto", COLOR_AUTO }, { "always", COLOR_ALWAYS },
		{ "never", COLOR_NEVER }, { NULL, 0 },
	};
	int mode, err = word_find(rows, value, &mode);

	if (!err)
		cli->color = (enum color_mode)mode;
	return err;
}

static int set_run_dir(struct cli *cli, const char *value)
{
	if (!*value)
		return -EINVAL;
	cli->run_dir = value;
	return 0;
}

static int set_state_dir(struct cli *cli, const char *value)
{
	cli->state_dir = value;
	return 0;
}

static int set_root(struct cli *cli, const char *value)
{
	cli->root = value;
	return 0;
}

static int set_trial(struct cli *cli, const char *value)
{
	return duration_option(cli, "trial", value, PW_TRIAL_MAX_MS,
			       &cli->trial_ms);
}

static int set_number(struct cli *cli, const char *name, const char *value,
		      uint64_t max, uint64_t *out)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || !n || n > max)
		return pw_diag_error(cli->diags, NULL,
				     "--%s=%s: not a number from 1 to %llu",
				     name, value, (unsigned long long)max);
	*out = n;
	return 0;
}

static int set_seed(struct cli *cli, const char *value)
{
	return set_number(cli, "seed", value, UINT64_MAX, &cli->seed);
}

static int set_rate(struct cli *cli, const char *value)
{
	return set_number(cli, "rate", value, 1000000, &cli->rate);
}

static int set_source(struct cli *cli, const char *value)
{
	cli->source = value;
	return 0;
}

static int set_against(struct cli *cli, const char *value)
{
	cli->against = value;
	return 0;
}

static int add_text(struct cli_list *texts, const char *text)
{
	return PW_ARRAY_PUSH(texts->list, texts->num, texts->cap, text);
}

static int add_target(struct cli *cli, const char *value)
{
	return add_text(&cli->targets, value);
}

static int add_report(struct cli *cli, const char *value)
{
	return add_text(&cli->reports, value);
}

static int set_for(struct cli *cli, const char *value)
{
	return duration_option(cli, "for", value, PW_OPENING_MAX_MS,
			       &cli->for_ms);
}

static int add_from(struct cli *cli, const char *value)
{
	return add_text(&cli->from, value);
}

static int add_on(struct cli *cli, const char *value)
{
	return add_text(&cli->on, value);
}

#define FLAG(field) NULL, offsetof(struct cli, field), NULL

static const struct option_row options[] = {
	{ "strict", 0, OPT_STRICT, FLAG(strict),
	  "treat warnings as errors" },
	{ "as", 0, OPT_AS, "table|nft|json", 0, set_as,
	  "a table (default), or text or JSON for nft" },
	{ "format", 0, OPT_FORMAT, "text|prometheus", 0, set_format,
	  "lines (default), or metrics for node_exporter" },
	{ "applied", 0, OPT_APPLIED, FLAG(applied),
	  "a policy that was applied: entry N of history" },
	{ "heal", 0, OPT_HEAL, FLAG(heal),
	  "put the rules back when somebody changes them" },
	{ "full", 0, OPT_FULL, FLAG(full),
	  "all ports from every class of source" },
	{ "computed", 0, OPT_COMPUTED, FLAG(computed),
	  "proof and evaluator only: nothing is sent" },
	{ "target", 0, OPT_TARGET, "ADDR", 0, add_target,
	  "probe another host that you administer" },
	{ "source", 0, OPT_TARGET, "ADDR", 0, set_source,
	  "with --target: own address to probe from" },
	{ "udp", 0, OPT_TARGET, FLAG(udp),
	  "with --target: UDP ports of POLICY, too" },
	{ "rate", 0, OPT_TARGET, "N", 0, set_rate,
	  "with --target: at most N probes a second" },
	{ "report", 0, OPT_REPORT, "FILE", 0, add_report,
	  "write FILE.xml, FILE.tap or FILE.sarif" },
	{ "seed", 0, OPT_SEED, "N", 0, set_seed,
	  "choose the same random ports again" },
	{ "against", 0, OPT_PLAN, "FILE", 0, set_against,
	  "compare with FILE, not with what is in force" },
	{ "exit-code", 0, OPT_PLAN, FLAG(exit_code),
	  "exit with 1 when there is a change" },
	{ "for", 0, OPT_FOR, "TIME", 0, set_for,
	  "how long: 90s, 15m, 2h, 1d; at most 30d" },
	{ "from", 0, OPT_FROM, "ADDR", 0, add_from,
	  "only for this address or prefix" },
	{ "on", 0, OPT_FROM, "IF", 0, add_on,
	  "only for what comes in on this interface" },
	{ "all", 0, OPT_ALL, FLAG(all), "all that is open for a while" },
	{ "dry-run", 'n', OPT_DRY_RUN, FLAG(dry_run),
	  "do everything but change the rules" },
	{ "trial", 0, OPT_TRIAL, "TIME", 0, set_trial,
	  "return to the rules before after TIME" },
	{ "cut", 0, OPT_CUT, FLAG(cut),
	  "end connections that are not let in now" },
	{ "allow-lockout", 0, OPT_LOCKOUT, FLAG(allow_lockout),
	  "apply even if you could not connect again" },
	{ "insecure-permissions", 0, OPT_INSECURE, FLAG(insecure),
	  "do not check who may write the policy" },
	{ "yes", 'y', OPT_YES, FLAG(yes), "do not ask" },
	{ "run-dir", 0, OPT_RUN_DIR, "DIR", 0, set_run_dir,
	  "directory of the lock, default " PW_RUN_DIR },
	{ "state-dir", 0, OPT_STATE_DIR, "DIR", 0, set_state_dir,
	  "of what is kept, default " PW_STATE_DIR },
	{ "root", 0, OPT_ROOT, "DIR", 0, set_root,
	  "the file system of an image" },
	{ "json", 0, OPT_JSON, FLAG(json), "print one JSON document" },
	{ "quiet", 'q', OPT_COMMON, FLAG(quiet), "print errors only" },
	{ "verbose", 'v', OPT_COMMON, FLAG(verbose), "say more" },
	{ "color", 0, OPT_COMMON, "auto|always|never", 0, set_color,
	  "when to use colours; NO_COLOR is heeded" },
	{ "help", 'h', OPT_COMMON, FLAG(help), "print help and exit" },
	{ "version", 'V', OPT_COMMON, FLAG(version),
	  "print the version and exit" },
};

static bool is_taken(const struct option_row *row,
		     const struct command *command)
{
	return row->bit == OPT_COMMON || (command->options & row->bit);
}

static const struct option_row *find_long(const char *name, size_t len)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == len &&
		    !memcmp(options[i].name, name, len))
			return &options[i];
	return NULL;
}

static const struct option_row *find_letter(char letter)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(options); i++)
		if (options[i].letter && options[i].letter == letter)
			return &options[i];
	return NULL;
}

/* The options met so far, judged once the command is known */
struct parse {
	struct cli *cli;
	const struct option_row *used[PW_ARRAY_SIZE(options)];
	size_t num_used;
	int argc, at;
	char **argv;
};

static void note_used(struct parse *p, const struct option_row *row)
{
	for (size_t i = 0; i < p->num_used; i++)
		if (p->used[i] == row)
			return;
	p->used[p->num_used++] = row;
}

static int unknown_option(struct parse *p, const char *name, size_t len)
{
	const char *names[PW_ARRAY_SIZE(options)];
	const char *near;

	for (size_t i = 0; i < PW_ARRAY_SIZE(options); i++)
		names[i] = options[i].name;
	near = pw_nearest(name, len, names, PW_ARRAY_SIZE(names));
	pw_diag_error(p->cli->diags, NULL, "unknown option --%.*s", (int)len,
		      name);
	if (near)
		pw_diag_hint(p->cli->diags, "did you mean --%s?", near);
	else
		pw_diag_hint(p->cli->diags, "see: portwall help");
	return -EINVAL;
}

static int set_value(struct parse *p, const struct option_row *row,
		     const char *value)
{
	size_t before = pw_diags_count(p->cli->diags, PW_ERROR);
	int err = row->set(p->cli, value);

	if (err != -EINVAL ||
	    before != pw_diags_count(p->cli->diags, PW_ERROR))
		return err;
	pw_diag_error(p->cli->diags, NULL, "--%s=%s: not one of %s", row->name,
		      value, row->arg);
	if (!strcmp(value, "json"))
		pw_diag_hint(p->cli->diags, "for JSON write --json");
	return err;
}

static void set_flag(struct parse *p, const struct option_row *row)
{
	*(bool *)((char *)p->cli + row->flag) = true;
}

/* @value: what follows in the same word, NULL: nothing */
static int use_option(struct parse *p, const struct option_row *row,
		      const char *value)
{
	note_used(p, row);
	if (!row->arg && value)
		return pw_diag_error(p->cli->diags, NULL,
				     "--%s takes no value", row->name);
	if (!row->arg) {
		set_flag(p, row);
		return 0;
	}
	if (!value && p->at + 1 < p->argc)
		value = p->argv[++p->at];
	if (!value || !*value)
		return pw_diag_error(p->cli->diags, NULL, "--%s needs %s",
				     row->name, row->arg);
	return set_value(p, row, value);
}

static int parse_long(struct parse *p, const char *word)
{
	size_t len = strcspn(word, "=");
	const struct option_row *row = find_long(word, len);

	if (!row)
		return unknown_option(p, word, len);
	return use_option(p, row, word[len] ? word + len + 1 : NULL);
}

static int parse_letters(struct parse *p, const char *letters)
{
	int err = 0;

	for (; !err && *letters; letters++) {
		const struct option_row *row = find_letter(*letters);

		if (!row)
			return pw_diag_error(p->cli->diags, NULL,
					     "unknown option -%c", *letters);
		err = use_option(p, row, NULL);
	}
	return err;
}

int unknown_command(struct cli *cli, const char *name)
{
	const char *names[32], *near;
	size_t num = 0;

	for (const struct command *c = commands; c->name &&
	     num < PW_ARRAY_SIZE(names); c++)
		names[num++] = c->name;
	near = pw_nearest(name, strlen(name), names, num);
	pw_diag_error(cli->diags, NULL, "unknown command '%s'", name);
	if (near)
		pw_diag_hint(cli->diags, "did you mean '%s'?", near);
	else
		pw_diag_hint(cli->diags, "see: portwall help");
	return -EINVAL;
}

static int take_word(struct cli *cli, const char *word)
{
	if (cli->command)
		return PW_ARRAY_PUSH(cli->args, cli->num_args, cli->cap_args,
				     word);
	cli->command = command_find(word);
	return cli->command ? 0 : unknown_command(cli, word);
}

static int parse_words(struct parse *p)
{
	bool only_words = false;
	int err = 0;

	for (p->at = 1; !err && p->at < p->argc; p->at++) {
		const char *word = p->argv[p->at];

		if (only_words || word[0] != '-' || !word[1])
			err = take_word(p->cli, word);
		else if (!strcmp(word, "--"))
			only_words = true;
		else if (word[1] == '-')
			err = parse_long(p, word + 2);
		else
			err = parse_letters(p, word + 1);
	}
	return err;
}

/* What was used and is not taken; NULL: nothing */
static const struct option_row *find_refused(const struct parse *p)
{
	for (size_t i = 0; i < p->num_used; i++)
		if (!is_taken(p->used[i], p->cli->command))
			return p->used[i];
	return NULL;
}

static int check_usage(const struct parse *p)
{
	const struct option_row *refused = find_refused(p);
	struct cli *cli = p->cli;
	const struct command *command = cli->command;

	if (refused)
		pw_diag_error(cli->diags, NULL, "%s does not take --%s",
			      command->name, refused->name);
	else if (cli->num_args > command->max_args)
		pw_diag_error(cli->diags, NULL,
			      "%s: '%s' is one argument too many",
			      command->name, cli->args[command->max_args]);
	else
		return 0;
	pw_diag_hint(cli->diags, "see: portwall help %s", command->name);
	return -EINVAL;
}

static const char *without_policy(const struct cli *cli)
{
	return cli->command->reads_policy == POLICY_DEFAULT ? DEFAULT_POLICY :
							      NULL;
}

int options_parse(struct cli *cli, int argc, char **argv)
{
	struct parse p = { .cli = cli, .argc = argc, .argv = argv };
	int err = parse_words(&p);

	if (!err && cli->command)
		err = check_usage(&p);
	if (!err && cli->command && cli->command->reads_policy && !cli->applied)
		cli->policy = cli->num_args ? cli->args[0] : without_policy(cli);
	return status_of(cli, err);
}

static void print_row(const struct option_row *row, FILE *out)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", row->name,
		 row->arg ? "=" : "", row->arg ? row->arg : "");
	if (row->letter)
		fprintf(out, "  -%c, ", row->letter);
	else
		fputs("      ", out);
	fprintf(out, "%-27s%s\n", left, row->help);
}

void options_print(unsigned int bits, FILE *out)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(options); i++)
		if (bits ? options[i].bit & bits : options[i].bit == OPT_COMMON)
			print_row(&options[i], out);
}
