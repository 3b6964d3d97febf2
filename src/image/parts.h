/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image needs to boot closed, each part asked for itself. */
#ifndef IMAGE_PARTS_H
#define IMAGE_PARTS_H

#include "image/root.h"
#include "portwall/image.h"
#include "portwall/ruleset.h"

/*
 * Each reports what is missing as an error, and goes on: 0 also then. An error
 * that is returned is one of the system.
 */

/* unit.c: systemd, the unit, and its program; sets @image->unit and others */
int pw_image_find_unit(const struct root *root, struct pw_image *image,
		       struct pw_diags *diags);
/* libraries.c: all that the program is linked with */
int pw_image_check_libraries(const struct root *root, const char *program,
			     struct pw_diags *diags);
/* kernels.c: modules that the rules need; sets @image->kernels */
int pw_image_check_kernels(const struct root *root, const struct pw_ruleset *rs,
			   struct pw_image *image, struct pw_diags *diags);
/* fstab.c: what is remembered is there when the unit starts, and no later */
int pw_image_check_fstab(const struct root *root, struct pw_diags *diags);
/* managers.c: warnings of other firewalls */
void pw_image_warn_managers(const struct root *root, struct pw_diags *diags);

/**
 * struct image_files - Where a policy for an image is read from
 * @policy:	as in struct pw_image
 * @globs:	set: it includes by a glob
 */
struct image_files {
	const struct root *root;
	const char *policy;
	struct pw_files files;
	bool globs;
};

/* files.c: @files->files reads from there from now on */
void pw_image_files_init(struct image_files *files, const struct root *root,
			 const char *policy);
/* @policy does not stand alone: -EINVAL */
int pw_image_refuse_more(const struct image_files *files,
			 const struct pw_loc *at, struct pw_diags *diags);

#endif
