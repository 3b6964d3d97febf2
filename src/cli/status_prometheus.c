// SPDX-License-Identifier: GPL-2.0-or-later
/* status in the text format that Prometheus reads (exposition format 0.0.4). */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/drift.h"
#include "cli/status.h"

#define CONNTRACK "/proc/sys/net/netfilter/nf_conntrack_"

void expose_label(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
}

static void head(const char *name, const char *type, const char *help,
		 FILE *out)
{
	fprintf(out, "# HELP portwall_%s %s\n# TYPE portwall_%s %s\n", name,
		help, name, type);
}

static void gauge(const char *name, const char *help, uint64_t value,
		  FILE *out)
{
	head(name, "gauge", help, out);
	fprintf(out, "portwall_%s %" PRIu64 "\n", name, value);
}

static bool is_section(enum counted what)
{
	return what == COUNT_SECTION || what == COUNT_GROUP ||
	       what == COUNT_BLOCK;
}

static void expose_sections(const struct status_view *view, FILE *out)
{
	static const char name[] = "section_connections_total";

	head(name, "counter",
	     "New connections by section; those of sections that are counted together carry all their names.",
	     out);
	for (size_t i = 0; i < view->num_lines; i++) {
		const struct status_line *line = &view->lines[i];

		if (!is_section(line->what))
			continue;
		fprintf(out, "portwall_%s{section=\"", name);
		expose_label(line->name, out);
		fprintf(out, "\",verdict=\"%s\"} %" PRIu64 "\n",
			status_verdict(line->what), line->packets);
	}
}

/* What no section let in or kept out */
static void expose_rest(const struct status_view *view, FILE *out)
{
	static const char name[] = "other_packets_total";

	head(name, "counter",
	     "New packets of no section: pings accepted, all else dropped or refused.",
	     out);
	for (size_t i = 0; i < view->num_lines; i++)
		if (!is_section(view->lines[i].what))
			fprintf(out, "portwall_%s{verdict=\"%s\"} %" PRIu64 "\n",
				name, status_verdict(view->lines[i].what),
				view->lines[i].packets);
}

static void expose_drift(const struct pw_drifts *drifts, FILE *out)
{
	head("drift", "gauge", "What is not as it was applied, by kind.", out);
	for (unsigned int i = 0; i < PW_NUM_DRIFT_KINDS; i++)
		fprintf(out, "portwall_drift{kind=\"%s\"} %zu\n",
			drift_word((enum pw_drift_kind)i),
			drift_count(drifts, (enum pw_drift_kind)i));
}

/* Nothing where connection tracking is not in use */
static void expose_conntrack(const char *file, const char *name,
			     const char *help, FILE *out)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char text[24];
	ssize_t len;

	if (fd < 0)
		return;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return;
	text[len] = '\0';
	gauge(name, help, strtoull(text, NULL, 10), out);
}

void status_expose(const struct status_view *view, FILE *out)
{
	const struct pw_kernel *kernel = view->status->kernel;
	const struct pw_openings *openings = view->status->openings;
	const struct pw_stamp *stamp = pw_kernel_stamp(kernel);

	gauge("in_force", "Whether a policy is in force.",
	      view->status->rules && !kernel->dormant, out);
	gauge("generation", "Generation of rules in force, 0: none.",
	      pw_kernel_in_force(kernel), out);
	gauge("applied_timestamp_seconds",
	      "When the policy in force was applied, 0: none is.",
	      stamp->time_ns / 1000000000, out);
	gauge("trial_left_seconds",
	      "Until a policy on trial ends, 0: none is on trial.",
	      (kernel->trial_left_ms + 999) / 1000, out);
	gauge("openings", "Temporary openings.", openings ? openings->num : 0,
	      out);
	expose_drift(view->drifts, out);
	expose_sections(view, out);
	expose_rest(view, out);
	expose_conntrack(CONNTRACK "count", "conntrack_entries",
			 "Connections that the kernel tracks.", out);
	expose_conntrack(CONNTRACK "max", "conntrack_limit",
			 "How many it can track.", out);
}
