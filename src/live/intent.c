// SPDX-License-Identifier: GPL-2.0-or-later
/* A policy as read, resolved against this host, compiled and proved. */
#include "portwall/live.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/compile.h"

/* Takes @host, also on failure */
static int load(const char *path, const struct pw_trust *trust,
		struct pw_host *host, struct pw_intent **out,
		struct pw_diags *diags)
{
	pw_owned(pw_intent_free) struct pw_intent *intent =
		calloc(1, sizeof(*intent));
	int err;

	if (!intent) {
		pw_host_free(host);
		return -ENOMEM;
	}
	intent->host = host;
	err = pw_policy_read(path, trust, host, &intent->policy,
			     &intent->model, diags);
	if (err)
		return err;
	*out = PW_TAKE(intent);
	return 0;
}

int pw_intent_load(const char *path, const struct pw_trust *trust,
		   struct pw_intent **out, struct pw_diags *diags)
{
	struct pw_host *host;
	int err = pw_host_gather(&host, diags);

	return err ? err : load(path, trust, host, out, diags);
}

int pw_intent_load_blind(const char *path, const struct pw_trust *trust,
			 struct pw_intent **out, struct pw_diags *diags)
{
	struct pw_host *host;
	int err = pw_host_gather_blind(&host);

	return err ? err : load(path, trust, host, out, diags);
}

void pw_intent_free(struct pw_intent *intent)
{
	if (!intent)
		return;
	pw_model_free(intent->model);
	pw_policy_free(intent->policy);
	pw_host_free(intent->host);
	free(intent);
}

int pw_intent_compile(const struct pw_intent *intent, uint32_t generation,
		      struct pw_ruleset **out, struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	int err = pw_compile(intent->model, generation, &rs, diags);

	if (!err)
		err = pw_prove(intent->model, rs, diags);
	if (err)
		return err;
	*out = PW_TAKE(rs);
	return 0;
}
