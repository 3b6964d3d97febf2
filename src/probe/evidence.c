// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of what a probe saw. */
#include <assert.h>

#include "portwall/own.h"
#include "portwall/probe.h"

static const struct evidence_row {
	const char *name, *text;
} rows[] = {
	[PW_EV_NONE] = { "none", "not sent" },
	[PW_EV_UNKNOWN] = { "unknown", "lost" },
	[PW_EV_SILENCE] = { "silence", "silence" },
	[PW_EV_RPFILTER] = { "rpfilter", "reverse-path filter" },
	[PW_EV_PROHIBITED] = { "prohibited", "ICMP prohibited" },
	[PW_EV_UNREACHABLE] = { "unreachable", "ICMP unreachable" },
	[PW_EV_RESET] = { "reset", "RST" },
	[PW_EV_DELIVERED] = { "delivered", "passed every rule" },
	[PW_EV_FORWARDED] = { "forwarded", "passed on to a container" },
	[PW_EV_ANSWER] = { "answer", "answer" },
};

static_assert(PW_ARRAY_SIZE(rows) == PW_NUM_EVIDENCE, "every evidence");

const char *pw_evidence_text(enum pw_evidence evidence)
{
	return rows[evidence].text;
}

const char *pw_evidence_name(enum pw_evidence evidence)
{
	return rows[evidence].name;
}
