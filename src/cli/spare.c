// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory for jansson when there is no other. */
#include "cli/spare.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define SPARE_LEN (128u << 10)	/* a remembered policy takes 10 KB as JSON */
#define ALIGN 16u

static _Alignas(ALIGN) char spare[SPARE_LEN];
static size_t used, blocks;

static bool is_spare(const void *p)
{
	return (uintptr_t)p - (uintptr_t)spare < SPARE_LEN;
}

static void *spare_malloc(size_t len)
{
	void *p = malloc(len);

	if (p || len > SPARE_LEN - used)
		return p;
	p = spare + used;
	used += (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (used > SPARE_LEN)
		used = SPARE_LEN;
	blocks++;
	errno = ENOMEM;		/* whoever asks is told all the same */
	return p;
}

static void spare_free(void *p)
{
	if (!is_spare(p))
		free(p);
	else if (!--blocks)
		used = 0;
}

void spare_memory(void)
{
	json_set_alloc_funcs(spare_malloc, spare_free);
}
