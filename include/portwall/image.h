/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file system of an image, prepared from outside to boot closed. */
#ifndef PORTWALL_IMAGE_H
#define PORTWALL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"
#include "live.h"

#define PW_IMAGE_POLICY "/etc/portwall/policy.ini"

/**
 * struct pw_image - An image, and what was found and done in it
 * @root:	directory that is / of the image
 * @policy:	file of this host that becomes PW_IMAGE_POLICY there, NULL: it
 *		is there already, with what it includes
 *
 * Set by pw_image_install(); pw_image_clear() frees:
 * @intent:	what will be in force
 * @num_rules:	of it
 * @unit:	path of the unit, in the image
 * @target:	that the unit is wanted by
 * @program:	that the unit starts, in the image
 * @kernels:	versions that have what the rules need; @num_kernels
 * @begun:	something was written to it
 */
struct pw_image {
	const char *root, *policy;

	struct pw_intent *intent;
	size_t num_rules;
	char *unit, *target, *program;
	char **kernels;
	size_t num_kernels, cap_kernels;
	bool begun;
};

/**
 * pw_image_install() - Remember a policy in the image, and enable the unit
 *
 * Nothing of the image is run, and no link in it is followed to the outside.
 * The policy is read, compiled and proved; nothing of this host counts but its
 * clock and, in names of services, its database. All that would keep the image
 * from booting closed is reported: no unit, a masked one, no program, a library
 * or a kernel module that is missing.
 *
 * Return: 0; -EINVAL: the policy is wrong; -ENOPKG: the image would not boot
 *	   closed, @diags says why; errors of the system. After an error nothing
 *	   boots otherwise than before.
 */
int pw_image_install(struct pw_image *image, struct pw_diags *diags);
void pw_image_clear(struct pw_image *image);

#endif
