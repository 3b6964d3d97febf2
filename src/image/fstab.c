// SPDX-License-Identifier: GPL-2.0-or-later
/* Mounts of the image: is the memory there when the unit reads it? */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/parts.h"

#define FSTAB "/etc/fstab"
#define FSTAB_MAX (1u << 20)
#define NUM_FIELDS 4	/* what, where, type, options: fstab(5) */

/* They need a network, and the network comes after the rules */
static const char *const network_types[] = {
	"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs",
};

struct mount {
	char *text;			/* the line, cut into fields */
	const char *field[NUM_FIELDS];
};

/* False: a comment, or no mount */
static bool mount_parse(struct mount *m, const char *line, size_t len)
{
	char *rest;

	m->text = rest = strndup(line, len);
	for (size_t i = 0; rest && i < NUM_FIELDS; i++) {
		rest += strspn(rest, " \t");
		m->field[i] = strsep(&rest, " \t");
	}
	if (m->text && m->field[NUM_FIELDS - 1] && *m->field[0] != '#')
		return true;
	free(m->text);
	return false;
}

/* Is the directory of what is remembered at or below this place? */
static bool holds_state(const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	return !strncmp(dir, PW_STATE_DIR, len) &&
	       (PW_STATE_DIR[len] == '/' || !PW_STATE_DIR[len]) && len > 1;
}

static bool has_option(const char *options, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

static bool is_of_network(const struct mount *m)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(network_types); i++)
		if (!strcmp(m->field[2], network_types[i]))
			return true;
	return has_option(m->field[3], "_netdev");
}

static bool is_mounted(const struct root *root, const char *dir)
{
	int fd = pw_root_fd(root, dir, O_PATH | O_DIRECTORY);
	struct stat st, top;
	bool mounted = fd >= 0 && !fstat(fd, &st) && !fstat(root->fd, &top) &&
		       st.st_dev != top.st_dev;

	if (fd >= 0)
		close(fd);
	return mounted;
}

static void judge(const struct root *root, const struct mount *m,
		  struct pw_diags *diags)
{
	const char *dir = m->field[1];

	if (has_option(m->field[3], "nofail") || is_of_network(m)) {
		pw_diag_error(diags, NULL,
			      "%s" FSTAB ": a boot may go on without %s, where the policy is remembered",
			      root->path, dir);
		pw_diag_hint(diags,
			     "keep " PW_STATE_DIR " on a local file system, without nofail");
	} else if (!is_mounted(root, dir)) {
		pw_diag_warning(diags, NULL,
				"%s" FSTAB " mounts %s, which is no mount now",
				root->path, dir);
		pw_diag_hint(diags,
			     "what is remembered must be in the file system that is mounted there at boot");
	}
}

int pw_image_check_fstab(const struct root *root, struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	int err = pw_root_read(root, FSTAB, FSTAB_MAX, &src);
	size_t len;

	if (err == -ENOENT)
		return 0;
	if (err)
		return pw_diag_system(diags, -err, "cannot read %s" FSTAB,
				      root->path);
	for (uint32_t n = 1; n <= src->num_lines; n++) {
		const char *line = pw_source_line(src, n, &len);
		struct mount m = { 0 };

		if (!mount_parse(&m, line, len))
			continue;
		if (holds_state(m.field[1]))
			judge(root, &m, diags);
		free(m.text);
	}
	return 0;
}
