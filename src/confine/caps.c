// SPDX-License-Identifier: GPL-2.0-or-later
/* Capabilities of this thread, and of what it starts. */
#include "confine/caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "portwall/confine.h"
#include "portwall/own.h"

/* As the kernel has it, so that to raise and to lower is two calls; libcap-ng
 * reads /proc/self/status anew in each thread and process */
struct caps {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static int get(struct caps *caps)
{
	*caps = (struct caps){
		.header.version = _LINUX_CAPABILITY_VERSION_3,
	};
	return syscall(SYS_capget, &caps->header, caps->data) ? -errno : 0;
}

static uint64_t permitted(const struct caps *caps)
{
	return (uint64_t)caps->data[1].permitted << 32 |
	       caps->data[0].permitted;
}

static uint64_t effective(const struct caps *caps)
{
	return (uint64_t)caps->data[1].effective << 32 |
	       caps->data[0].effective;
}

static void set_effective(struct caps *caps, uint64_t to)
{
	if (effective(caps) == to)
		return;
	caps->data[0].effective = (uint32_t)to;
	caps->data[1].effective = (uint32_t)(to >> 32);
	(void)syscall(SYS_capset, &caps->header, caps->data);
}

uint64_t pw_caps_raise(uint64_t wanted)
{
	struct caps caps;
	uint64_t before;

	if (get(&caps))
		return 0;
	before = effective(&caps);
	set_effective(&caps, before | (wanted & permitted(&caps)));
	return before;
}

void pw_caps_restore(uint64_t before)
{
	struct caps caps;

	if (!get(&caps))
		set_effective(&caps, before & permitted(&caps));
}

bool pw_caps_permit(uint64_t wanted)
{
	struct caps caps;

	/* who cannot be asked is not to be refused: the kernel decides */
	return get(&caps) || !(wanted & ~permitted(&caps));
}

/* Hands libcap-ng the set of all that is left */
static int choose(uint64_t left)
{
	const capng_type_t types =
		(capng_type_t)(CAPNG_PERMITTED | CAPNG_BOUNDING_SET);

	if (capng_get_caps_process())
		return -EIO;
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int cap = 0; cap < 64; cap++)
		if (left & PW_CAP(cap) && capng_update(CAPNG_ADD, types, cap))
			return -EIO;
	return 0;
}

/* Nothing effective, inheritable or ambient. A filter of the service manager may
 * forbid it, who has left us no more than we need then. */
static void lower(struct caps *caps)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(caps->data); i++) {
		caps->data[i].effective = 0;
		caps->data[i].inheritable = 0;
	}
	(void)syscall(SYS_capset, &caps->header, caps->data);
}

/* Who has no more, as in the units of systemd, has no CAP_SETPCAP to narrow the
 * bounding set with, of which capng_apply() would complain to the system log */
int pw_caps_keep(uint64_t keep)
{
	struct caps caps;
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	err = get(&caps);
	if (err)
		return err;
	if (!(permitted(&caps) & ~keep)) {
		lower(&caps);
		return 0;
	}
	err = choose(permitted(&caps) & keep);
	if (err)
		return err;
	(void)capng_apply(CAPNG_SELECT_ALL);
	err = get(&caps);
	if (err)
		return err;
	return permitted(&caps) & ~keep || effective(&caps) ? -EPERM : 0;
}
