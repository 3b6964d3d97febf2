// SPDX-License-Identifier: GPL-2.0-or-later
/* Boot: what is remembered, before there is a network; or what closes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/changed.h"
#include "live/put.h"
#include "live/remembered.h"

/* What is loaded when nothing else can be: everything is closed */
static const char closed_text[] = "[policy]\nclosed = all\n";

struct boot {
	struct pw_settle *settle;
	struct pw_run run;
	enum pw_booted booted;
};

/* Where a policy is remembered the name is ours, whoever loaded the table */
static int take_over(struct boot *b)
{
	const struct pw_kernel *kernel = b->run.kernel;
	int err;

	if (!kernel->exists || kernel->format)
		return 0;
	err = pw_load_clear_stray(b->run.nl, b->run.diags);
	if (err)
		return err;
	pw_diag_warning(b->run.diags, NULL,
			"table inet " PW_TABLE " that was there was not made by portwall: it is replaced");
	pw_diag_hint(b->run.diags,
		     "a saved ruleset may hold a copy: take it out, say of /etc/nftables.conf");
	return pw_run_read(&b->run);
}

/* Compile, and load unless it is in force already */
static int load(struct boot *b, struct pw_put *put, enum pw_booted what)
{
	bool unchanged = false;
	int err = pw_put_compile(&b->run, put);

	if (!err)
		err = pw_put_find_unchanged(&b->run, put, &unchanged);
	if (!err && !unchanged)
		err = take_over(b);
	if (!err && !unchanged)
		err = pw_put_in_force(&b->run, put);
	if (unchanged || put->in_force) {
		b->booted = what;
		b->settle->done = put->in_force;
		b->settle->stamp = unchanged ? *pw_kernel_stamp(b->run.kernel) :
					       put->stamp;
	}
	return err;
}

/* -ENOENT without a message: nothing is remembered */
static int load_remembered(struct boot *b)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	struct pw_put put = { 0 };
	int err = pw_state_read(b->run.state, PW_REMEMBERED_APPLIED, 0,
				&bundle, b->run.diags);

	if (err)
		return err;
	err = pw_bundle_resolve(b->run.state, bundle, true, &intent,
				b->run.diags);
	if (!err) {
		pw_put_take(&put, bundle, intent);
		err = load(b, &put, PW_BOOTED_POLICY);
	}
	pw_put_clear(&put);
	/* the file was there: whatever is missing behind it is lost */
	return err == -ENOENT ? -EBADMSG : err;
}

static int parse(const struct pw_source *src, struct pw_intent *intent,
		 struct pw_diags *diags)
{
	int err = pw_host_gather_blind(&intent->host);

	if (!err)
		err = pw_policy_parse(src, &intent->policy, diags);
	return err ? err : pw_policy_resolve(intent->policy, intent->host,
					     &intent->model, diags);
}

static int load_text(struct boot *b, const char *name, const char *text,
		     size_t len, enum pw_booted what)
{
	pw_owned(pw_source_free) struct pw_source *src =
		pw_source_from_text(name, NULL, text, len);
	pw_owned(pw_intent_free) struct pw_intent *intent =
		calloc(1, sizeof(*intent));
	struct pw_put put = { .intent = intent };
	int err = src && intent ? parse(src, intent, b->run.diags) : -ENOMEM;

	if (!err) {
		put.stamp = (struct pw_stamp){
			.time_ns = intent->host->now_ns, .uid = getuid(),
			.sudo_uid = (uid_t)-1,
		};
		err = load(b, &put, what);
	}
	pw_put_clear(&put);
	return err;
}

static int load_emergency(struct boot *b)
{
	char *text = NULL;
	size_t len = 0;
	int err = b->run.state ? pw_state_emergency(b->run.state, &text, &len,
						    b->run.diags) : -ENOENT;

	if (err)
		return err;
	err = load_text(b, "emergency.ini", text, len, PW_BOOTED_EMERGENCY);
	free(text);
	return err;
}

/* What was tried before may have left its traces in the table */
static int load_closed(struct boot *b)
{
	int err = pw_run_read(&b->run);

	return err ? err : load_text(b, "closed", closed_text,
				     strlen(closed_text), PW_BOOTED_CLOSED);
}

/* Rules that were loaded when it could still be read, and are whole */
static bool keep(struct boot *b)
{
	const struct pw_kernel *kernel = b->run.kernel;
	bool changed = true;

	if (b->run.found != PW_LIVE_ONE || pw_kernel_changed(kernel, &changed) ||
	    changed)
		return false;
	b->booted = PW_BOOTED_KEPT;
	b->settle->stamp = *pw_kernel_stamp(kernel);
	return true;
}

/* The reason is an error also when something closes all the same */
static void fall_back(struct boot *b)
{
	if (!b->run.state_err && !pw_run_read(&b->run))
		(void)load_emergency(b);
	if (b->booted == PW_BOOTED_NOTHING)
		(void)load_closed(b);
}

/* Of a newer portwall: its rules are left to it */
static bool is_newer(const struct pw_kernel *kernel)
{
	return kernel->exists && kernel->format && kernel->format != PW_FORMAT;
}

static int boot(struct boot *b)
{
	int err = b->run.state_err;

	if (!err && !b->run.state)
		return 0;
	if (is_newer(b->run.kernel))
		return pw_load_refuse_format(true, b->run.kernel->format,
					     b->run.diags);
	if (!err)
		err = load_remembered(b);
	if (err == -ENOENT)
		return 0;
	if (err && b->booted == PW_BOOTED_NOTHING && !keep(b))
		fall_back(b);
	return err;
}

int pw_boot(struct pw_settle *settle, enum pw_booted *booted,
	    struct pw_diags *diags)
{
	struct boot b = {
		.settle = settle, .booted = PW_BOOTED_NOTHING,
		.run = { .where = &settle->where, .diags = diags,
			 .command = PW_DO_BOOT },
	};
	int err = pw_run_begin(&b.run);

	if (b.run.kernel)
		settle->state = b.run.found;
	if (!err)
		err = boot(&b);
	if (!err)
		err = b.run.lock_err;
	settle->remembered = b.booted == PW_BOOTED_POLICY;
	*booted = b.booted;
	pw_run_end(&b.run);
	return err;
}
