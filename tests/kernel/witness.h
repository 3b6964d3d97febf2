/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second reader of policies, in another language, as a witness. */
#ifndef TESTS_KERNEL_WITNESS_H
#define TESTS_KERNEL_WITNESS_H

#include "shots.h"

/**
 * struct witness - A process that runs tests/reader/witness.py
 */
struct witness {
	FILE *to, *from;
	int pid;
};

void witness_open(struct witness *witness);
/* The test fails if the process did */
void witness_close(struct witness *witness);

/* Does the second reader know of such packets? It reads policies, and nothing
 * of connections and of what is forwarded */
bool witness_knows(const struct shot *shot);

/*
 * Sets @words[i] to what it says of each packet that it knows of, to -1 for
 * others. Fails the test if the policy is wrong by its reading.
 */
void witness_ask(struct witness *witness, const struct pw_scene *scene,
		 const char *policy, uint64_t now_ns, const struct shot *shots,
		 size_t num, int *words);

#endif
