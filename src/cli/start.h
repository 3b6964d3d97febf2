/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_START_H
#define CLI_START_H

#include <stdbool.h>

/*
 * To be called first: opens descriptors 0 to 2, closes all others, clears the
 * environment but for what portwall(8) names, leaves no core file, ignores
 * SIGPIPE and SIGXFSZ. False, maybe with a message: this may not go on
 */
bool start(void);

#endif
