/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for jansson when there is no other. */
#ifndef CLI_SPARE_H
#define CLI_SPARE_H

/*
 * jansson 2.14 aborts in its lexer, by an assertion, when memory is short. From
 * here on it has a little of its own then; errno is ENOMEM after it was used,
 * so that what was read is not believed. For the start of the program. What
 * jansson returns for free() must not be asked for: it may be of this memory.
 */
void spare_memory(void);

#endif
