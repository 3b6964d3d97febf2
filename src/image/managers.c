// SPDX-License-Identifier: GPL-2.0-or-later
/* Other firewalls that the image starts. */
#include <stdlib.h>
#include <string.h>

#include "image/parts.h"

#define SYSTEM "/etc/systemd/system"

/* They leave our table alone, and drop what it lets in */
static const char *const managers[] = {
	"ufw.service", "firewalld.service", "netfilter-persistent.service",
	"iptables.service", "ip6tables.service", "shorewall.service",
	"ferm.service",
};

static bool wants(const struct root *root, const char *dir, const char *unit)
{
	char *path, *target = NULL;
	bool found;

	if (asprintf(&path, SYSTEM "/%s/%s", dir, unit) < 0)
		return false;
	found = !pw_root_readlink(root, path, &target);
	free(target);
	free(path);
	return found;
}

static bool is_wants_dir(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && !strcmp(dot, ".wants");
}

void pw_image_warn_managers(const struct root *root, struct pw_diags *diags)
{
	char **dirs = NULL;
	size_t num = 0;

	if (pw_root_list(root, SYSTEM, &dirs, &num))
		return;
	for (size_t m = 0; m < PW_ARRAY_SIZE(managers); m++) {
		bool found = false;

		for (size_t i = 0; i < num; i++)
			found |= is_wants_dir(dirs[i]) &&
				 wants(root, dirs[i], managers[m]);
		if (!found)
			continue;
		pw_diag_warning(diags, NULL,
				"%s is enabled in %s: what it drops stays closed, whatever the policy says",
				managers[m], root->path);
		pw_diag_hint(diags, "systemctl --root=%s disable %s",
			     root->path, managers[m]);
	}
	pw_root_list_free(dirs, num);
}
