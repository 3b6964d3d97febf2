/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evidence against expectation: ports of like verdicts become one finding. */
#ifndef VERIFY_JUDGE_H
#define VERIFY_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/expect.h"
#include "portwall/report.h"

/**
 * struct pw_judgement - One source against many ports, and what came of it
 * @of_case:	case of @report that findings go to
 * @from:	source for people, NULL: not told
 * @addr:	destination for people, NULL: the interface's own
 * @ports:	by place; NULL: all by number, @num_ports 65,536
 * @evidence:	enum pw_evidence by place
 * @expected:	by port
 * @listens:	by port, whether something does; NULL: not known
 * @refusal:	what a refusal is where the policy is silent
 * @afar:	seen from another host: it may refuse where nothing listens, and
 *		keep silent over UDP
 * @blame:	who let @port in: a sentence that the caller of it frees, NULL
 *		when it cannot be told; may be NULL itself
 * @hint_open, @hint_shut: what to do about a port that is wrongly reachable, or
 *		not; @blame may know better; NULL: nothing
 */
struct pw_judgement {
	const struct pw_model *model;
	struct pw_report *report;
	uint32_t of_case;
	uint8_t proto;
	const char *iface;
	const char *from, *addr;
	const uint16_t *ports;
	size_t num_ports;
	const uint8_t *evidence;
	const struct pw_ports_expected *expected;
	const bool *listens;
	enum pw_result refusal;
	bool afar;
	char *(*blame)(void *arg, uint16_t port, const char **hint);
	void *blame_arg;
	const char *hint_open, *hint_shut;
};

/**
 * pw_judge() - Append what is wrong to the report
 * @reachable:	grows by the number of ports that were reached
 */
int pw_judge(const struct pw_judgement *j, uint64_t *reachable);

#endif
