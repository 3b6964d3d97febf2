/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy was read from, while it is read. */
#ifndef STATE_CAPTURE_H
#define STATE_CAPTURE_H

#include "state/store.h"

/* Gives the files to @bundle; reports what could not be stored. 0 or -errno */
int pw_capture_take(struct pw_capture *capture, struct pw_bundle *bundle,
		    struct pw_diags *diags);

#endif
