// SPDX-License-Identifier: GPL-2.0-or-later
/* Who runs the command, and what may they do. */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"

bool has_net_admin(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return true;	/* not to be told here: the kernel decides */
	return data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective &
	       CAP_TO_MASK(CAP_NET_ADMIN);
}

uid_t sudo_uid(void)
{
	const char *text = getenv("SUDO_UID");
	unsigned long uid;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return (uid_t)-1;
	errno = 0;
	uid = strtoul(text, &end, 10);
	return errno || *end || uid > UINT32_MAX ? (uid_t)-1 : (uid_t)uid;
}
