// SPDX-License-Identifier: GPL-2.0-or-later
/* Equal packets to one limit, and what is said of it. */
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rehearse/limits.h"
#include "verify/run.h"

/* Above those that the sandbox chooses itself, as long as this act plays */
enum { FIRST_SPORT = 20000, NUM_SPORTS = 45000 };

void pw_await_ns(uint64_t monotonic_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(monotonic_ns / 1000000000u),
		.tv_nsec = (long)(monotonic_ns % 1000000000u),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
	       EINTR)
		;
}

static void count(const uint8_t *evidence, struct pw_volley_count *out)
{
	for (size_t i = 0; i < out->sent; i++) {
		out->passed += pw_evidence_reached(evidence[i]);
		out->refused += evidence[i] == PW_EV_RESET ||
				evidence[i] == PW_EV_UNREACHABLE ||
				evidence[i] == PW_EV_PROHIBITED;
		out->certain &= evidence[i] > PW_EV_UNKNOWN;
	}
}

/* What was sent again may have been charged twice */
static int fire(struct pw_stage *stage, const struct pw_probe *probes,
		uint8_t *evidence, struct pw_volley_count *out)
{
	uint64_t lost = pw_sandbox_count(stage->sb)->lost;
	int err;

	out->start_ns = pw_clock_ns(CLOCK_MONOTONIC);
	err = pw_sandbox_fire(stage->sb, probes, out->sent, evidence,
			      stage->diags);
	out->end_ns = pw_clock_ns(CLOCK_MONOTONIC);
	out->certain = pw_sandbox_count(stage->sb)->lost == lost;
	return err;
}

int pw_limited_fire(struct pw_stage *stage, struct pw_limited *limited,
		    struct pw_value src, size_t num,
		    struct pw_volley_count *out)
{
	struct pw_probe *probes = calloc(num, sizeof(*probes));
	uint8_t *evidence = calloc(num, 1);
	int err = -ENOMEM;

	*out = (struct pw_volley_count){ .sent = num };
	for (size_t i = 0; probes && i < num; i++) {
		probes[i] = limited->place.probe;
		probes[i].src = src;
		probes[i].sport = (uint16_t)(FIRST_SPORT +
			limited->num_sent++ % NUM_SPORTS);
	}
	if (probes && evidence)
		err = fire(stage, probes, evidence, out);
	if (!err) {
		count(evidence, out);
		stage->report->cases[limited->of_case].probes += num;
		pw_stage_tell(stage, "limits", num);
	}
	free(evidence);
	free(probes);
	return err;
}

void pw_limited_say(struct pw_limited *limited, const char *fmt, ...)
{
	size_t len = strlen(limited->said);
	va_list args;

	if (len && len + 2 < sizeof(limited->said)) {
		memcpy(limited->said + len, "; ", 3);
		len += 2;
	}
	va_start(args, fmt);
	vsnprintf(limited->said + len, sizeof(limited->said) - len, fmt, args);
	va_end(args);
}

static const char *ordinal(size_t n)
{
	static const char *const ends[] = { "th", "st", "nd", "rd" };

	return n % 10 > 3 || n % 100 / 10 == 1 ? ends[0] : ends[n % 10];
}

void pw_limited_say_beyond(struct pw_limited *limited,
			   const struct pw_volley_count *count)
{
	const char *fate = limited->place.beyond == PW_EX_REFUSED ?
			   "refused" : "dropped";
	size_t next = count->passed + 1;

	if (next == count->sent)
		pw_limited_say(limited, "%zu let through, %zu%s %s",
			       count->passed, next, ordinal(next), fate);
	else
		pw_limited_say(limited, "%zu let through, %zu%s to %zu%s %s",
			       count->passed, next, ordinal(next),
			       count->sent, ordinal(count->sent), fate);
}

static int report(struct pw_stage *stage, const struct pw_limited *limited,
		  enum pw_result result, const char *text)
{
	const struct pw_probe *probe = &limited->place.probe;
	const struct pw_value port = pw_value32(probe->dport);
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_of(16, port, port);
	char from[PW_ADDR_STRLEN];
	struct pw_finding finding = {
		.of_case = limited->of_case, .result = result,
		.state = PW_STATE_UNKNOWN, .proto = probe->proto,
		.ports = pw_proto_has_ports(probe->proto) ? ports : NULL,
		.from = from, .text = text,
		.section = limited->place.section,
	};

	if (!ports)
		return -ENOMEM;
	pw_addr_format(probe->family, probe->src, from);
	snprintf(finding.iface, sizeof(finding.iface), "%s",
		 stage->plan->scene->ifaces[probe->iface].name);
	return pw_report_find(stage->report, &finding);
}

int pw_limited_find(struct pw_stage *stage, struct pw_limited *limited,
		    enum pw_result result, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int err;

	va_start(args, fmt);
	err = vasprintf(&text, fmt, args) < 0 ? -ENOMEM : 0;
	va_end(args);
	if (err)
		return err;
	limited->over = true;
	err = report(stage, limited, result, text);
	free(text);
	return err;
}
