// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No part of portwall: a target with a mistake for each first byte, which shows
 * that what runs the targets sees them.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

static volatile int sink;
static char *volatile lost;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int largest = INT_MAX;
	char *heap = malloc(8);

	MUST(heap);
	memset(heap, 0, 8);
	switch (size ? data[0] : 0) {
	case 'm':
		MUST(size == 0);
		break;
	case 'o':	/* behind the end of a block of the heap */
		sink = heap[7 + size];
		break;
	case 'u':	/* undefined */
		sink = largest + (int)size;
		break;
	case 'l':
		lost = malloc(16);
		lost = NULL;
		break;
	case 'r':	/* behind the input */
		sink = data[size];
		break;
	}
	free(heap);
	return 0;
}
