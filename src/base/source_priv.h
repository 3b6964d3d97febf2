/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reading files and holding their bytes share. */
#ifndef BASE_SOURCE_PRIV_H
#define BASE_SOURCE_PRIV_H

#include <errno.h>

#include "portwall/source.h"

/* Without text; @dir may be NULL; NULL when memory is short */
struct pw_source *source_new(const char *name, const char *dir);

/* Fill @lines of a source whose text is complete: 0 or -ENOMEM */
int source_index(struct pw_source *src);

#endif
