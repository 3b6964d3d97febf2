/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program or library asks of its loader. */
#ifndef IMAGE_ELF_H
#define IMAGE_ELF_H

#include "portwall/source.h"

/*
 * Calls @visit for the loader (by its path) and each library (by its name) that
 * @src names; a name ends with a NUL or after @max_len bytes. What visit()
 * returns ends it. -ENOEXEC: not ELF of 64 bits and of the byte order here.
 */
int pw_elf_needs(const struct pw_source *src,
		 int (*visit)(void *arg, const char *name, size_t max_len),
		 void *arg);

#endif
