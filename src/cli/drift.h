/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drift as documents have it. */
#ifndef CLI_DRIFT_H
#define CLI_DRIFT_H

#include <jansson.h>

#include "portwall/drift.h"

/* "added" */
const char *drift_word(enum pw_drift_kind kind);
/* How many of @kind */
size_t drift_count(const struct pw_drifts *drifts, enum pw_drift_kind kind);
json_t *drift_list(const struct pw_drifts *drifts);

#endif
