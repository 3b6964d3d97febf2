/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that other firewalls use for what a policy says in another way. */
#ifndef POLICY_HABITS_H
#define POLICY_HABITS_H

#include "portwall/diag.h"

#include "policy/schema.h"

/* The kind of section that a word such as "deny" stands for, NULL: none */
const char *pw_habit_kind(const struct pw_loc *word);
/* What to write for a key or a service that nobody knows, NULL: no idea */
const char *pw_habit_key(const struct pw_loc *word);
const char *pw_habit_port(const struct pw_loc *word);

#endif
