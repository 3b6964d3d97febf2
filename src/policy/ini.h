/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libinih, fed so that none of its limits can change what a policy says. */
#ifndef POLICY_INI_H
#define POLICY_INI_H

#include "policy/check.h"

/**
 * pw_ini_read() - Let libinih read the checked lines of @src
 *
 * Values go in by pieces far below libinih's line limit, each under its own
 * key, and each must come back under its section and key byte for byte,
 * exactly once. Bad lines, and the keys of bad sections, are left out.
 *
 * Return: 0; -EINVAL: libinih reads a line in another way (its options are
 *	   variables of the process), reported; -ENOMEM
 */
int pw_ini_read(const struct pw_source *src, const struct pw_lines *lines,
		struct pw_diags *diags);

#endif
