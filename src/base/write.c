// SPDX-License-Identifier: GPL-2.0-or-later
/* All of some bytes to a descriptor. */
#include "base/write.h"

#include <errno.h>
#include <unistd.h>

int pw_write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		len -= (size_t)done;
	}
	return 0;
}
