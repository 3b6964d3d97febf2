/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies out of the state directory, resolved on this host. */
#ifndef LIVE_REMEMBERED_H
#define LIVE_REMEMBERED_H

#include "portwall/live.h"

/**
 * pw_bundle_resolve() - What a bundle means on this host
 * @blind:	nothing of the network is read
 *
 * Warnings were given when it was applied, and are not given again.
 *
 * Return: as pw_bundle_load()
 */
int pw_bundle_resolve(struct pw_state *state, const struct pw_bundle *bundle,
		      bool blind, struct pw_intent **out,
		      struct pw_diags *diags);

/*
 * What the remembered policy with a digest means. NULL as @state: nothing is
 * remembered. As pw_bundle_resolve(), and -ENOENT without a message: none has
 * it; -EBADMSG: one that is damaged may be the one
 */
int pw_intent_find(struct pw_state *state, const uint8_t digest[32],
		   struct pw_intent **out, struct pw_diags *diags);

/* Errors of an attempt that turned out to matter */
void pw_diags_pass_errors(const struct pw_diags *from, struct pw_diags *to);

#endif
