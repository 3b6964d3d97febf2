// SPDX-License-Identifier: GPL-2.0-or-later
/* Help: the tables of commands and options, printed. */

#include "cli/cli.h"

void help_overview(FILE *out)
{
	fputs("usage: portwall COMMAND [OPTION...] [POLICY]\n\n"
	      "Closes every port of this host that a policy does not open.\n\n",
	      out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-10s%s\n", c->name, c->help);
	fputs("\nPOLICY is " DEFAULT_POLICY " unless given; - is standard input.\n\n"
	      "Every command takes:\n", out);
	options_print(OPT_COMMON, out);
	fputs("\nExit status: 0 as wanted; 1 a difference was found; 2 wrong usage or policy;\n"
	      "3 the system refused; 4 could not decide.\n", out);
}

void help_command(const struct command *command, FILE *out)
{
	fprintf(out, "usage: portwall %s [OPTION...]%s%s\n\n%s\n",
		command->name, command->args[0] ? " " : "", command->args,
		command->help);
	if (command->more)
		fprintf(out, "%s\n", command->more);
	putc('\n', out);
	if (command->options)
		options_print(command->options, out);
	options_print(OPT_COMMON, out);
}

int cmd_help(struct cli *cli)
{
	const struct command *command;

	if (!cli->num_args) {
		help_overview(stdout);
		return STATUS_OK;
	}
	command = command_find(cli->args[0]);
	if (!command)
		return status_of(cli, unknown_command(cli, cli->args[0]));
	help_command(command, stdout);
	return STATUS_OK;
}
