// SPDX-License-Identifier: GPL-2.0-or-later
/* What is remembered of a policy, on disk before it is in force. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/put.h"

/* "-" stays; the working directory of today is not that of tomorrow */
static char *absolute(const char *path)
{
	char *dir, *whole;

	if (*path == '/' || !strcmp(path, "-"))
		return strdup(path);
	dir = getcwd(NULL, 0);
	if (!dir || asprintf(&whole, "%s/%s", strcmp(dir, "/") ? dir : "",
			     path) < 0)
		whole = NULL;
	free(dir);
	return whole;
}

static int make_bundle(const struct pw_put *put, struct pw_bundle **out)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle =
		calloc(1, sizeof(*bundle));

	if (!bundle)
		return -ENOMEM;
	bundle->path = absolute(put->path);
	bundle->source = strdup(put->intent->model->source);
	if (!bundle->path || !bundle->source)
		return -ENOMEM;
	*out = PW_TAKE(bundle);
	return 0;
}

static void fill_in(struct pw_bundle *bundle, const struct pw_put *put)
{
	bundle->origin = put->origin;
	bundle->time_ns = put->stamp.time_ns;
	bundle->uid = put->stamp.uid;
	bundle->sudo_uid = put->stamp.sudo_uid;
	bundle->insecure = put->stamp.insecure;
	bundle->allow_lockout = put->allow_lockout;
	bundle->num_sections = put->intent->model->num_sections;
	memcpy(bundle->digest, put->stamp.digest, sizeof(bundle->digest));
}

/* Where they cannot be told, which the guard has said, there are none */
static int find_ports(const struct pw_put *put, struct pw_rangeset **out)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	int err = unsaid ? pw_remotes_ports(put->remotes,
					    put->intent->model->guard, out,
					    unsaid) : -ENOMEM;

	if (!err || err == -ENOMEM)
		return err;
	*out = pw_rangeset_new(16);
	return *out ? 0 : -ENOMEM;
}

/* For a boot whose bundle is lost: the ways in of who administers this host */
static int make_emergency(const struct pw_put *put, char **text)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports = NULL;
	int err = find_ports(put, &ports);

	return err ? err : pw_emergency_text(put->intent->model, ports, text);
}

static int stage(struct pw_run *run, struct pw_put *put,
		 struct pw_bundle *bundle, struct pw_capture *capture,
		 const char *emergency)
{
	int err = pw_state_stage(run->state, bundle, capture,
				 put->intent->host, emergency, run->diags);

	if (!err && put->trial_ms)
		err = pw_state_commit(run->state, true, run->diags);
	if (!err) {
		put->staged = true;
		return 0;
	}
	if (err != -ENOMEM)
		pw_diag_hint(run->diags,
			     "what is applied is kept there for the next boot: make room, or name another directory with --state-dir");
	return err;
}

int pw_put_stage(struct pw_run *run, struct pw_put *put,
		 struct pw_capture *capture, struct pw_bundle *bundle)
{
	pw_owned(pw_bundle_free) struct pw_bundle *made = NULL;
	char *emergency = NULL;
	int err = 0;

	if (!run->state)
		return 0;
	if (!bundle)
		err = make_bundle(put, &made);
	if (!err)
		err = make_emergency(put, &emergency);
	if (!err) {
		fill_in(bundle ?: made, put);
		err = stage(run, put, bundle ?: made, capture, emergency);
	}
	free(emergency);
	return err;
}
