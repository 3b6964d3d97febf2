// SPDX-License-Identifier: GPL-2.0-or-later
/* A trial, as apply begins it: what is said. */
#include "cli/trial.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/settle.h"

#define MAX_SESSIONS 8	/* that are listed */

/* "60 s", "5 min", "2 h" */
static void put_time(uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s >= 3600 && s % 3600 == 0)
		printf("%" PRIu64 " h", s / 3600);
	else if (s > 60 && s % 60 == 0)
		printf("%" PRIu64 " min", s / 60);
	else
		printf("%" PRIu64 " s", s);
}

static void put_session(const struct pw_session *session)
{
	char peer[PW_ADDR_STRLEN];

	/* who would not get in again was told in a warning */
	if (!session->section)
		return;
	printf("you are connected from %s to port %u; section '",
	       pw_addr_format(session->family, session->peer, peer),
	       session->port);
	pw_escape_put(session->section->name, strlen(session->section->name),
		      stdout);
	puts("' keeps that open");
}

/* To the minute, as one remembers it */
static void put_base(const struct pw_stamp *base)
{
	char when[32];

	if (base->generation)
		printf("then the kernel returns to the rules of %.16s\n",
		       format_time(base->time_ns, when));
	else
		puts("then every port is open again, as before");
}

void trial_print(const struct cli *cli, const struct pw_apply *apply)
{
	for (size_t i = 0; i < apply->num_sessions && i < MAX_SESSIONS; i++)
		put_session(&apply->sessions[i]);
	fputs(cli->dry_run ? "would try " : "trying ", stdout);
	put_policy(cli, stdout);
	fputs(" for ", stdout);
	put_time(apply->trial_ms);
	puts(";");
	put_base(&apply->returns_to);
	if (!cli->dry_run)
		puts("open a NEW connection to this host now; if it works:   portwall confirm");
}

json_t *trial_object(const struct pw_apply *apply)
{
	const struct pw_stamp *base = &apply->returns_to;
	json_t *object;

	if (!apply->trial_ms)
		return json_null();
	object = json_object();
	doc_set(object, "seconds",
		json_integer((json_int_t)(apply->trial_ms / 1000)));
	doc_set(object, "returns_to", base->generation ?
		doc_text(base->source) : json_null());
	return object;
}

bool trial_asks(const struct cli *cli)
{
	return !cli->doc && !cli->quiet && !cli->yes && !cli->dry_run &&
	       strcmp(cli->policy, "-") && isatty(STDIN_FILENO) &&
	       isatty(STDERR_FILENO);
}
