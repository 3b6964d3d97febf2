// SPDX-License-Identifier: GPL-2.0-or-later
/* Who runs the command, and what may they do. */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"

bool has_net_admin(void)
{
	return pw_caps_permit(PW_CAP(CAP_NET_ADMIN));
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
