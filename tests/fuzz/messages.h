/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as the command prints them. */
#ifndef FUZZ_MESSAGES_H
#define FUZZ_MESSAGES_H

#include "portwall/diag.h"

/*
 * There are errors among them if and only if @err is one, their places are in
 * the lines that they quote, and what is printed of them suits a terminal
 */
void check_messages(struct pw_diags *diags, int err);

#endif
