// SPDX-License-Identifier: GPL-2.0-or-later
/* status as a document. */
#include <string.h>

#include "cli/drift.h"
#include "cli/json.h"
#include "cli/opening.h"
#include "cli/status.h"

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *line_object(const struct status_line *line)
{
	json_t *object = json_object();

	doc_set(object, line->what == COUNT_GROUP ? "sections" : "section",
		doc_text(line->name));
	doc_set(object, "packets", number(line->packets));
	doc_set(object, "bytes", number(line->bytes));
	return object;
}

static json_t *lines_of(const struct status_view *view, enum counted what)
{
	json_t *list = json_array();

	for (size_t i = 0; i < view->num_lines; i++)
		if (view->lines[i].what == what)
			doc_push(list, line_object(&view->lines[i]));
	return list;
}

static json_t *packets_of(const struct status_view *view, enum counted what)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < view->num_lines; i++)
		if (view->lines[i].what == what)
			packets += view->lines[i].packets;
	return number(packets);
}

static void describe_lines(json_t *doc, const struct status_view *view)
{
	doc_set(doc, "sections", lines_of(view, COUNT_SECTION));
	doc_set(doc, "groups", lines_of(view, COUNT_GROUP));
	doc_set(doc, "ping", packets_of(view, COUNT_PING));
	doc_set(doc, "blocks", lines_of(view, COUNT_BLOCK));
	doc_set(doc, "dropped", packets_of(view, COUNT_DROPPED));
	doc_set(doc, "refused", packets_of(view, COUNT_REFUSED));
}

static void describe_stamp(json_t *object, const struct pw_stamp *stamp)
{
	char name[40];

	doc_set(object, "policy", doc_text(stamp->source));
	doc_set(object, "applied", doc_time(stamp->time_ns));
	doc_set(object, "user", doc_text(status_user(stamp->uid, name)));
	doc_set(object, "sudo_user",
		stamp->sudo_uid == (uid_t)-1 ? json_null() :
		doc_text(status_user(stamp->sudo_uid, name)));
	doc_set(object, "generation", json_integer(stamp->generation));
	doc_set(object, "digest", doc_hex(stamp->digest,
					  sizeof(stamp->digest)));
	doc_set(object, "insecure_permissions", json_boolean(stamp->insecure));
}

/* @seconds_left 0: it is over */
static json_t *trial_object(const struct pw_kernel *kernel)
{
	json_t *object;

	if (!kernel->trial)
		return json_null();
	object = json_object();
	describe_stamp(object, &kernel->trial_stamp);
	doc_set(object, "seconds_left",
		number((kernel->trial_left_ms + 999) / 1000));
	return object;
}

static json_t *openings_list(const struct pw_openings *openings)
{
	json_t *list = json_array();

	for (size_t i = 0; openings && i < openings->num; i++)
		doc_push(list, opening_object(&openings->list[i]));
	return list;
}

void status_describe(struct cli *cli, const struct status_view *view)
{
	const struct pw_status *status = view->status;
	json_t *doc = cli->doc;

	doc_set(doc, "in_force", json_boolean(status->rules));
	doc_set(doc, "changed",
		json_boolean(status->changed ||
			     drift_count(view->drifts, PW_DRIFT_FLUSHED)));
	if (status->rules)
		describe_stamp(doc, pw_kernel_stamp(status->kernel));
	doc_set(doc, "trial", trial_object(status->kernel));
	doc_set(doc, "drift", drift_list(view->drifts));
	doc_set(doc, "openings", openings_list(status->openings));
	if (status->rules)
		describe_lines(doc, view);
}
