/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls that a job may make. */
#ifndef CONFINE_CALLS_H
#define CONFINE_CALLS_H

#include "portwall/confine.h"

/*
 * 0; -ENOSYS, -EINVAL: this kernel has no filters; -ENOMEM; others of
 * seccomp(2)
 */
int pw_calls_start(enum pw_job job);

#endif
