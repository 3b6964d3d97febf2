/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of a scene beside its interfaces. */
#ifndef VERIFY_PLACES_PRIV_H
#define VERIFY_PLACES_PRIV_H

#include "verify/places.h"

/* Addresses and groups that `to` names. 0; -ENOMEM */
int pw_places_add_addrs(struct pw_places *places, const struct pw_model *model);
/* Ports of the first bridge's container, if there is one. 0; -ENOMEM */
int pw_places_publish(struct pw_places *places, const struct pw_model *model);

#endif
