// SPDX-License-Identifier: GPL-2.0-or-later
/* clear: remove portwall's table and nothing else. */
#include <unistd.h>

#include "cli/json.h"
#include "cli/where.h"

static bool confirmed(void)
{
	char answer[8] = "";

	fputs("Remove table inet portwall? Every port of this host is open then. [y/N] ",
	      stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	return answer[0] == 'y' || answer[0] == 'Y';
}

static int ask(struct cli *cli)
{
	if (cli->yes)
		return STATUS_OK;
	if (!isatty(STDIN_FILENO)) {
		pw_diag_error(cli->diags, NULL,
			      "clear opens every port: it needs --yes where it cannot ask");
		return STATUS_WRONG;
	}
	if (confirmed())
		return STATUS_OK;
	fputs("portwall: nothing was changed\n", stderr);
	return STATUS_DIFFERENT;
}

int cmd_clear(struct cli *cli)
{
	struct pw_settle settle = { .where = where_of(cli),
				    .sudo_uid = sudo_uid() };
	int status = ask(cli), err;

	if (status)
		return status;
	err = pw_clear(&settle, cli->diags);
	cli->changed = settle.done;
	if (err && settle.done) {
		messages_print(cli);
		fputs("portwall: cleared, but the next boot may load the policy again\n",
		      stderr);
	}
	if (err)
		return status_of(cli, err);
	if (cli->doc)
		doc_set(cli->doc, "existed", json_boolean(settle.done));
	else if (!cli->quiet)
		puts(settle.done ? "cleared: portwall closes no port of this host" :
				   "nothing to clear: there is no table inet portwall");
	return STATUS_OK;
}
