// SPDX-License-Identifier: GPL-2.0-or-later
/* A remembered policy, as if it had just been read. */
#include "cli/remembered.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/where.h"
#include "portwall/state.h"

/* "7", and nothing else */
static int parse_entry(struct cli *cli, const char *text, uint32_t *entry)
{
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 10);
	if (*text < '1' || *text > '9' || *end || n > UINT32_MAX)
		return pw_diag_error(cli->diags, NULL,
				     "'%s' is not the number of an entry; see: portwall history",
				     text);
	*entry = (uint32_t)n;
	return 0;
}

static int refuse_missing(struct cli *cli, uint32_t entry)
{
	if (entry)
		pw_diag_error(cli->diags, NULL,
			      "the history has no entry %u", entry);
	else
		pw_diag_error(cli->diags, NULL,
			      "no policy is remembered for the next boot");
	pw_diag_hint(cli->diags, "see: portwall history");
	return -EINVAL;
}

/* @entry: 0: the policy that boot loads */
static int read_entry(struct cli *cli, uint32_t entry, struct pw_state *state,
		      struct pw_bundle **out)
{
	int err = pw_state_read(state, entry ? PW_REMEMBERED_ENTRY :
					       PW_REMEMBERED_APPLIED,
				entry, out, cli->diags);

	return err == -ENOENT ? refuse_missing(cli, entry) : err;
}

static int load(struct cli *cli, uint32_t entry, struct pw_intent *intent)
{
	pw_owned(pw_state_close) struct pw_state *state = NULL;
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	int err = open_remembered(cli, &state);

	if (err)
		return err == -ENOENT ? refuse_missing(cli, entry) : err;
	err = read_entry(cli, entry, state, &bundle);
	if (!err)
		err = pw_host_gather(&intent->host, cli->diags);
	if (err)
		return err;
	return pw_bundle_load(state, bundle, intent->host, &intent->policy,
			      &intent->model, cli->diags);
}

int remembered_load(struct cli *cli, struct pw_intent **out)
{
	pw_owned(pw_intent_free) struct pw_intent *intent =
		calloc(1, sizeof(*intent));
	uint32_t entry = 0;
	int err = intent ? 0 : -ENOMEM;

	if (!err && cli->num_args)
		err = parse_entry(cli, cli->args[0], &entry);
	if (!err)
		err = load(cli, entry, intent);
	if (err)
		return err;
	*out = PW_TAKE(intent);
	return 0;
}
