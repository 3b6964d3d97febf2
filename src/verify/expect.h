/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy says, asked of some of its sections only. */
#ifndef VERIFY_EXPECT_H
#define VERIFY_EXPECT_H

#include <portwall/expect.h>

/**
 * pw_expect_ports_of() - As pw_expect_ports(), by these sections alone
 * @sections:	ascending indices in the model, of allow and block sections: all
 *		that could match @arrival, more do no harm
 * @num:	of @sections
 */
void pw_expect_ports_of(const struct pw_model *model,
			const struct pw_arrival *arrival,
			const uint32_t *sections, size_t num,
			struct pw_ports_expected *out);

#endif
