// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command lines: the input is the words behind "portwall", each ended by a
 * newline. They are read, and for open and close the ports as well; nothing is
 * executed.
 */
#include "../../src/cli/open.c"

#include "capture.h"
#include "fuzz.h"
#include "messages.h"

#define MAX_WORDS 64

struct words {
	char *list[MAX_WORDS + 2];
	int num;
};

static void take_words(struct words *words, const uint8_t *data, size_t size)
{
	static char name[] = "portwall";
	struct bytes in = { data, data + size };
	size_t len;

	words->list[0] = name;
	words->num = 1;
	while (in.at < in.end && words->num <= MAX_WORDS)
		words->list[words->num++] = take_text(&in, '\n', &len);
}

static void free_words(struct words *words)
{
	while (--words->num)
		free(words->list[words->num]);
}

/* A copy of its services, which the command would read from the system */
static struct pw_host *make_host(void)
{
	struct pw_host *host = calloc(1, sizeof(*host));
	struct pw_service *ssh = calloc(1, sizeof(*ssh));

	MUST(host && ssh);
	*ssh = (struct pw_service){ strdup("ssh"), 22, IPPROTO_TCP };
	host->services = ssh;
	host->num_services = 1;
	return host;
}

static void must_be_opening(const struct pw_opening *opening)
{
	struct capture out;

	MUST(opening->first && opening->first <= opening->last);
	MUST(opening->any_from ||
	     pw_value_cmp(opening->from, opening->to) <= 0);
	capture_begin(&out, &stdout);
	opening_put(opening, stdout);
	capture_end(&out);
	must_suit_terminal(out.text, out.len);
	free(out.text);
	json_decref(opening_object(opening));
}

/* As cmd_open(), less the opening itself */
static int read_ports(struct cli *cli)
{
	struct asked asked = { .cli = cli, .host = make_host() };
	int err = cli->command->run == cmd_open ? check_open(cli)
						: check_close(cli);

	if (!err)
		err = read_asked(&asked);
	if (!err)
		err = check_count(&asked);
	for (size_t i = 0; !err && i < asked.num; i++)
		must_be_opening(&asked.list[i]);
	clear_asked(&asked);
	return err;
}

static bool takes_ports(const struct cli *cli)
{
	return cli->command && (cli->command->run == cmd_open ||
				cli->command->run == cmd_close);
}

/* What is read of the command line alone, whatever the command */
static void must_be_usage(const struct cli *cli)
{
	MUST(!cli->command || cli->num_args <= cli->command->max_args);
	MUST(cli->trial_ms <= PW_TRIAL_MAX_MS);
	MUST(cli->for_ms <= PW_OPENING_MAX_MS);
	MUST(cli->rate <= 1000000);
}

static void print_help(const struct cli *cli)
{
	struct capture out;

	capture_begin(&out, &stdout);
	if (cli->command)
		help_command(cli->command, stdout);
	else
		help_overview(stdout);
	capture_end(&out);
	must_suit_terminal(out.text, out.len);
	free(out.text);
}

static void clear(struct cli *cli)
{
	pw_diags_free(cli->diags);
	free(cli->args);
	free(cli->targets.list);
	free(cli->reports.list);
	free(cli->from.list);
	free(cli->on.list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cli cli = { .diags = pw_diags_new() };
	struct words words = { 0 };
	int status;

	MUST(cli.diags);
	take_words(&words, data, size);
	status = options_parse(&cli, words.num, words.list);
	MUST(status == STATUS_OK || status == STATUS_WRONG);
	if (!status) {
		must_be_usage(&cli);
		if (takes_ports(&cli) && !cli.help)
			status = status_of(&cli, read_ports(&cli));
	}
	if (!status && cli.help)
		print_help(&cli);
	check_messages(cli.diags, status);
	clear(&cli);
	free_words(&words);
	return 0;
}
