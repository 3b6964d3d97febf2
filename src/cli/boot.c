// SPDX-License-Identifier: GPL-2.0-or-later
/* boot: load what is remembered, before there is a network. */
#include <string.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/settle.h"
#include "cli/where.h"

static const struct booted_row {
	const char *word;	/* of the document */
	const char *text;	/* after an error; NULL: there was none */
} booted_rows[] = {
	[PW_BOOTED_NOTHING] = { "nothing", NULL },
	[PW_BOOTED_POLICY] = { "policy", NULL },
	[PW_BOOTED_EMERGENCY] = { "emergency",
		"the remembered policy could not be loaded: open is only how this host is administered" },
	[PW_BOOTED_CLOSED] = { "closed",
		"the remembered policy could not be loaded, nor the one for emergencies: everything is closed" },
	[PW_BOOTED_KEPT] = { "kept",
		"the remembered policy cannot be loaded; the one in force stays, until the next boot" },
};

static void report(const struct pw_settle *settle, enum pw_booted booted)
{
	if (booted == PW_BOOTED_NOTHING) {
		puts("nothing is remembered: nothing was loaded");
		return;
	}
	fputs(settle->done ? "loaded " : "in force already: ", stdout);
	put_stamp(&settle->stamp, stdout);
	putchar('\n');
}

static int fail(struct cli *cli, enum pw_booted booted)
{
	messages_print(cli);
	if (booted_rows[booted].text)
		fprintf(stderr, "portwall: %s\n          put a policy in force: portwall apply POLICY\n",
			booted_rows[booted].text);
	cli->told = cli->changed;
	return STATUS_REFUSED;
}

int cmd_boot(struct cli *cli)
{
	struct pw_settle settle = { .where = where_of(cli),
				    .sudo_uid = (uid_t)-1 };
	enum pw_booted booted = PW_BOOTED_NOTHING;
	int err = pw_boot(&settle, &booted, cli->diags);

	cli->changed = settle.done;
	if (cli->doc) {
		doc_set(cli->doc, "loaded",
			doc_text(booted_rows[booted].word));
		doc_set(cli->doc, "changed", json_boolean(settle.done));
	}
	if (err) {
		(void)status_of(cli, err);
		return fail(cli, booted);
	}
	messages_print(cli);
	if (!cli->doc && !cli->quiet)
		report(&settle, booted);
	return STATUS_OK;
}
