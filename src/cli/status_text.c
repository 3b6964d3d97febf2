// SPDX-License-Identifier: GPL-2.0-or-later
/* status for people. */
#include <inttypes.h>
#include <string.h>

#include "cli/opening.h"
#include "cli/output.h"
#include "cli/status.h"

#define MAX_NAME 44	/* columns */
#define MAX_DRIFTS 20	/* who wants more of them asks for --json */

static void put(const char *text)
{
	pw_escape_put(text, strlen(text), stdout);
}

/* Columns for names; sections' names fit, the lists of groups are cut */
static size_t name_width(const struct status_view *view)
{
	size_t width = strlen("section    ");

	for (size_t i = 0; i < view->num_lines; i++) {
		size_t len = strlen(view->lines[i].name);

		if (len > MAX_NAME)
			len = MAX_NAME;
		if (len > width)
			width = len;
	}
	return width;
}

static void put_padded(const char *name, size_t width)
{
	size_t len = strlen(name);

	if (len <= width) {
		pw_escape_put(name, len, stdout);
		printf("%*s", (int)(width - len), "");
	} else {
		pw_escape_put(name, width - 3, stdout);
		fputs("...", stdout);
	}
}

static void print_lines(const struct status_view *view)
{
	static const char title[] = "new connections";
	size_t width = name_width(view);
	char count[32];

	if (!view->num_lines)
		return;
	put_padded("section", width);
	printf("%s\n", title);
	for (size_t i = 0; i < view->num_lines; i++) {
		const struct status_line *line = &view->lines[i];
		const char *verdict = status_verdict(line->what);
		bool said = !strcmp(verdict, "accepted");

		put_padded(line->name, width);
		printf("%*s%s%s\n", (int)strlen(title),
		       format_count(line->packets, count), said ? "" : "   ",
		       said ? "" : verdict);
	}
}

static void put_user(const struct pw_stamp *stamp)
{
	char name[40];

	put(status_user(stamp->uid, name));
	if (stamp->sudo_uid == (uid_t)-1)
		return;
	fputs(" (", stdout);
	put(status_user(stamp->sudo_uid, name));
	putchar(')');
}

static void put_source(const struct pw_stamp *stamp)
{
	put(*stamp->source ? stamp->source : "unknown policy");
}

static void print_head(const struct cli *cli, const struct pw_status *status)
{
	const struct pw_stamp *stamp = pw_kernel_stamp(status->kernel);
	char when[32];

	put_source(stamp);
	printf(", applied %s by ", format_time(stamp->time_ns, when));
	put_user(stamp);
	printf(", generation %" PRIu32 ", ", stamp->generation);
	if (status->kernel->dormant)
		put_marked(cli, MARK_ERROR,
			   "put to sleep: none of it has an effect", stdout);
	else if (status->changed)
		put_marked(cli, MARK_ERROR, "changed by somebody since",
			   stdout);
	else
		fputs("unchanged since", stdout);
	putchar('\n');
	if (stamp->insecure)
		puts("who may write the policy was not checked (--insecure-permissions)");
}

/* "the rules of 2026-11-02 09:14:03", or that there are none */
static void put_base(const struct pw_kernel *kernel)
{
	char when[32];

	if (kernel->current)
		printf("the rules of %s",
		       format_time(kernel->stamp.time_ns, when));
	else
		fputs("no rules", stdout);
}

static void print_trial(const struct cli *cli, const struct pw_kernel *kernel)
{
	if (!kernel->trial)
		return;
	if (kernel->trial_left_ms) {
		put_marked(cli, MARK_WARNING, "on trial", stdout);
		printf(" for %" PRIu64 " s more, then ",
		       (kernel->trial_left_ms + 999) / 1000);
		put_base(kernel);
		puts("\nkeep it: portwall confirm; end it now: portwall rollback");
		return;
	}
	fputs("the trial of ", stdout);
	put_source(&kernel->trial_stamp);
	puts(" is over: what was before it is in force\n"
	     "what is left of it goes with the next command that changes something");
}

static void print_drift(const struct cli *cli, const struct pw_drift *drift)
{
	put_marked(cli, drift->note ? MARK_NOTE : MARK_ERROR,
		   drift->note ? "note" : "DRIFT", stdout);
	fputs(drift->note ? "   " : "  ", stdout);
	put(drift->text);
	putchar('\n');
}

static bool same_hint(const struct pw_drift *a, const struct pw_drift *b)
{
	return a->hint && b->hint && !strcmp(a->hint, b->hint);
}

/* What is to be done about several lines stands once, below the last */
static void print_drifts(const struct cli *cli, const struct pw_drifts *drifts)
{
	const size_t num = drifts->num < MAX_DRIFTS ? drifts->num : MAX_DRIFTS;

	for (size_t i = 0; i < num; i++) {
		const struct pw_drift *drift = &drifts->list[i];

		print_drift(cli, drift);
		if (!drift->hint ||
		    (i + 1 < num && same_hint(drift, drift + 1)))
			continue;
		fputs("       ", stdout);
		put(drift->hint);
		putchar('\n');
	}
	if (drifts->num > num)
		printf("       and %zu more, see: portwall status --json\n",
		       drifts->num - num);
}

static void print_opening(const struct pw_opening *o)
{
	char left[DURATION_LEN];

	fputs("open: ", stdout);
	opening_put(o, stdout);
	if (o->left_ms == UINT64_MAX)
		puts(", without an end");
	else
		printf(", %s left\n", duration_words(o->left_ms, left));
}

static void print_openings(const struct pw_openings *openings)
{
	for (size_t i = 0; openings && i < openings->num; i++)
		print_opening(&openings->list[i]);
}

/* A first apply that failed leaves no base chain, so somebody was at work */
static bool is_emptied(const struct pw_kernel *kernel)
{
	for (size_t i = 0; kernel->exists && i < kernel->rules->num_chains; i++)
		if (kernel->rules->chains[i].hook != PW_HOOK_NONE)
			return !kernel->trial;
	return false;
}

/* Why there is nothing in force */
static void print_nothing(const struct pw_kernel *kernel)
{
	if (kernel->exists && kernel->format != PW_FORMAT)
		puts("table inet " PW_TABLE " is there, but this portwall did not make it");
	else if (is_emptied(kernel))	/* the policy of its input is drop */
		puts("somebody emptied table inet " PW_TABLE ": no policy is in force, and ports that\n"
		     "should be open may be closed; apply a policy again, or: portwall clear");
	else
		puts("nothing is in force: portwall closes no port of this host");
}

void status_print(struct cli *cli, const struct status_view *view)
{
	const struct pw_status *status = view->status;

	if (status->rules)
		print_head(cli, status);
	else
		print_nothing(status->kernel);
	print_trial(cli, status->kernel);
	print_drifts(cli, view->drifts);
	if (status->rules)
		print_lines(view);
	print_openings(status->openings);
}
