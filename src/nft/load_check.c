// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks the kernel for single keys of a set that was just filled. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <string.h>

#include "nft/elements.h"
#include "nft/load_priv.h"
#include "portwall/addr.h"
#include "portwall/names.h"

#define LARGE 4096		/* ranges; sets above it are not read back */
#define LARGE_SAMPLES 250	/* four look-ups each */
#define SMALL_SAMPLES 2
#define MAX_TRIES 5

static int ignore(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	(void)arg;
	return 0;
}

static const char *value_text(const struct pw_set *set, struct pw_value value,
			      char text[static PW_ADDR_STRLEN])
{
	const struct pw_range range = { value, value };

	switch (set->type) {
	case PW_T_IPV4:
		return pw_addr_format(PW_IPV4, value, text);
	case PW_T_IPV6:
		return pw_addr_format(PW_IPV6, value, text);
	case PW_T_IFNAME:
		return pw_ifname_format(&range, text);
	default:
		snprintf(text, PW_ADDR_STRLEN, "%llu",
			 (unsigned long long)value.lo);
		return text;
	}
}

/* 0: it is there; -ENOENT: it is not; other errors */
static int ask_key(struct pw_nl *nl, const struct pw_set *set,
		   struct pw_value value)
{
	int err = -EINTR;

	for (int i = 0; pw_nl_is_passing(err) && i < MAX_TRIES; i++) {
		struct nlmsghdr *nlh = pw_nl_request(nl, NFT_MSG_GETSETELEM,
						     0, PW_TABLE);

		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
		pw_elems_put_key(nlh, set->type, value);
		err = pw_nl_ask(nl, nlh, 0, ignore, NULL);
	}
	return err;
}

/* Is @value in the kernel's set exactly if @inside? */
static int look_up(struct pw_nl *nl, const struct pw_set *set,
		   struct pw_value value, bool inside, struct pw_diags *diags)
{
	char text[PW_ADDR_STRLEN];
	int err = ask_key(nl, set, value);

	if (err == (inside ? 0 : -ENOENT))
		return 0;
	if (err && err != -ENOENT)
		return pw_diag_system(diags, -err,
				      "cannot look up elements of set %s",
				      set->name);
	return pw_diag_system(diags, EPROTO,
			      "the kernel %s %s in set %s, which was sent %s it",
			      inside ? "does not find" : "finds",
			      value_text(set, value, text), set->name,
			      inside ? "with" : "without");
}

static int check_range(struct pw_nl *nl, const struct pw_set *set, size_t i,
		       struct pw_diags *diags)
{
	const struct pw_range range = pw_rangeset_get(set->elems, i);
	const struct pw_value max = pw_value_max(set->elems->bits);
	int err = look_up(nl, set, range.first, true, diags);

	if (!err)
		err = look_up(nl, set, range.last, true, diags);
	if (!err && (range.first.hi || range.first.lo))
		err = look_up(nl, set, pw_value_prev(range.first), false,
			      diags);
	if (!err && pw_value_cmp(range.last, max))
		err = look_up(nl, set, pw_value_next(range.last), false,
			      diags);
	return err;
}

int pw_load_check_set(struct pw_nl *nl, const struct pw_set *set,
		      struct pw_diags *diags)
{
	const size_t num = set->elems->num;
	size_t samples = num > LARGE ? LARGE_SAMPLES : SMALL_SAMPLES;
	int err = 0;

	if (samples > num)
		samples = num;
	for (size_t i = 0; i < samples && !err; i++) {
		/* evenly, the first and the last among them */
		size_t at = samples > 1 ? i * (num - 1) / (samples - 1) : 0;

		err = check_range(nl, set, at, diags);
	}
	return err;
}
