/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of policies that a policy survives more often than flipped bits. */
#ifndef FUZZ_GRAMMAR_H
#define FUZZ_GRAMMAR_H

#include <stddef.h>
#include <stdint.h>

/*
 * libFuzzer's own change, in place; returns the new size. driver.c has one that
 * changes nothing
 */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* What libFuzzer asks for, if a target has it; as LLVMFuzzerMutate() */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed);

/*
 * Puts in, takes out, doubles, or moves a line of a policy, or gives a key
 * another value of its kind; often enough it leaves the change to libFuzzer
 */
size_t grammar_mutate(uint8_t *data, size_t size, size_t max_size,
		      unsigned int seed);

#endif
