/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy for a boot whose own one is lost. */
#ifndef STATE_EMERGENCY_H
#define STATE_EMERGENCY_H

#include <stdio.h>

#include "portwall/model.h"

/* Begins the last line, which is a comment with the SHA-256 of all before */
#define PW_EMERGENCY_SEAL "; sha256 "

/* More ranges in blocks, or bytes in all, are left out */
#define PW_EMERGENCY_MAX_BLOCKED 4096u
#define PW_EMERGENCY_MAX_LEN (12u << 20)

/* Each prints whole lines of a section */
void pw_put_policy_keys(const struct pw_model *model, bool closed, FILE *out);
void pw_put_tcp(const struct pw_rangeset *ports, FILE *out);
/* False: cut at PW_EMERGENCY_MAX_LEN */
bool pw_put_addrs(const char *key, const struct pw_addrs *addrs, FILE *out);
/* to, on, rate, connections and until of @section, as far as they restrict */
void pw_put_limits(const struct pw_section *section, FILE *out);

#endif
