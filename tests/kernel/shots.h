/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random packets for a private host, and what every witness has to know. */
#ifndef TESTS_KERNEL_SHOTS_H
#define TESTS_KERNEL_SHOTS_H

#include <stdbool.h>
#include <stddef.h>

#include <portwall/eval.h>
#include <portwall/expect.h>
#include <portwall/probe.h>
#include <portwall/scene.h>

/**
 * struct shot - A packet as it is sent, as policies and as rules see it
 * @passes:	it goes on to somewhere else: only prerouting and forward meet it,
 *		of which the evaluator of packets knows nothing
 * @elsewhere:	that is not behind `bridges`, and nobody judges it
 * @incomplete:	the kernel waits for the rest of it
 */
struct shot {
	struct pw_probe probe;
	struct pw_arrival arrival;
	struct pw_packet packet;
	bool passes, elsewhere, incomplete;
};

/* Numbers that are the same for a seed */
void shots_seed(uint64_t seed);
uint32_t shots_draw(uint32_t below);

/* Interfaces, addresses and published ports that the policies speak of */
struct pw_scene *shots_scene(void);

/* A random packet, and what @model calls its interface and destination */
void shots_make(const struct pw_scene *scene, const struct pw_model *model,
		struct shot *out);

/* For people; the caller frees */
char *shots_text(const struct pw_scene *scene, const struct shot *shot);

#endif
