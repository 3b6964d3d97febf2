// SPDX-License-Identifier: GPL-2.0-or-later
/* Capabilities of this thread, and of what it starts. */
#include "confine/caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Of capget(2), which unlike libcap-ng needs no /proc */
static int permitted(uint64_t *out)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	*out = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	return 0;
}

/* Hands libcap-ng the set of all that is left */
static int choose(uint64_t left)
{
	const capng_type_t types =
		(capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED |
			       CAPNG_BOUNDING_SET);

	if (capng_get_caps_process())
		return -EIO;
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int cap = 0; cap < 64; cap++)
		if (left & CAP_BIT(cap) && capng_update(CAPNG_ADD, types, cap))
			return -EIO;
	return 0;
}

/* Who has no more, as in the units of systemd, has no CAP_SETPCAP to narrow the
 * bounding set with, of which capng_apply() would complain to the system log */
int pw_caps_keep(uint64_t keep)
{
	uint64_t have;
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	err = permitted(&have);
	if (err || !(have & ~keep))
		return err;
	err = choose(have & keep);
	if (err)
		return err;
	(void)capng_apply(CAPNG_SELECT_ALL);
	err = permitted(&have);
	return err ? err : have & ~keep ? -EPERM : 0;
}
