// SPDX-License-Identifier: GPL-2.0-or-later
/* The unit that boots portwall, as systemd would find it in the image. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/parts.h"
#include "portwall/state.h"

#define UNIT "portwall.service"
#define UNIT_MAX (64u << 10)

/* systemd.unit(5), "Unit File Search Path", as far as an image holds them */
static const char *const unit_dirs[] = {
	"/etc/systemd/system", "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/lib/systemd/system",
};

static const char *const systemds[] = {
	"/usr/lib/systemd/systemd", "/lib/systemd/systemd",
};

static bool has_one(const struct root *root, const char *const *paths,
		    size_t num)
{
	for (size_t i = 0; i < num; i++)
		if (pw_root_is_program(root, paths[i]))
			return true;
	return false;
}

static void need_systemd(const struct root *root, struct pw_diags *diags)
{
	if (has_one(root, systemds, PW_ARRAY_SIZE(systemds)))
		return;
	pw_diag_error(diags, NULL,
		      "%s has no systemd: nothing there would start portwall",
		      root->path);
	pw_diag_hint(diags,
		     "install systemd there, or let your own scripts run `portwall boot` before the network");
}

/* The value of the last line "key=value"; the caller frees; NULL: none */
static char *value_of(const struct pw_source *src, const char *key)
{
	size_t key_len = strlen(key), len;
	char *value = NULL;

	for (uint32_t n = 1; n <= src->num_lines; n++) {
		const char *line = pw_source_line(src, n, &len);

		if (len <= key_len || memcmp(line, key, key_len) ||
		    line[key_len] != '=')
			continue;
		free(value);
		value = strndup(line + key_len + 1, len - key_len - 1);
	}
	return value;
}

/* Does the line start something, or say when not to? systemd.unit(5) */
static bool decides(const char *line)
{
	static const char *const keys[] = {
		"ExecStart", "ExecCondition", "Condition", "Assert",
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(keys); i++)
		if (!strncmp(line, keys[i], strlen(keys[i])))
			return true;
	return false;
}

static bool any_decides(const struct pw_source *src)
{
	bool found = false;
	size_t len;

	for (uint32_t n = 1; n <= src->num_lines && !found; n++) {
		const char *text = pw_source_line(src, n, &len);
		char *line = strndup(text, len);

		found = !line || decides(line + strspn(line, " \t"));
		free(line);
	}
	return found;
}

static void look_at_drop_in(const struct root *root, const char *path,
			    struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src = NULL;

	if (!pw_root_read(root, path, UNIT_MAX, &src) && !any_decides(src))
		return;
	pw_diag_error(diags, NULL,
		      "%s%s decides whether the unit starts, and what: nobody can tell that it does",
		      root->path, path);
	pw_diag_hint(diags, "take that out of it, or: rm %s%s", root->path,
		     path);
}

static void look_at_drop_ins(const struct root *root, const char *dir,
			     struct pw_diags *diags)
{
	char path[512], **names = NULL;
	size_t num = 0;

	if (pw_root_list(root, dir, &names, &num))
		return;
	for (size_t i = 0; i < num; i++) {
		const char *dot = strrchr(names[i], '.');

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (dot && !strcmp(dot, ".conf"))
			look_at_drop_in(root, path, diags);
	}
	pw_root_list_free(names, num);
}

static void refuse_drop_ins(const struct root *root, struct pw_diags *diags)
{
	char dir[128];

	for (size_t i = 0; i < PW_ARRAY_SIZE(unit_dirs); i++) {
		snprintf(dir, sizeof(dir), "%s/" UNIT ".d", unit_dirs[i]);
		look_at_drop_ins(root, dir, diags);
		snprintf(dir, sizeof(dir), "%s/service.d", unit_dirs[i]);
		look_at_drop_ins(root, dir, diags);
	}
}

/* "boot" behind the program, from the directory that is prepared here */
static bool does_boot(const char *command)
{
	static const char state[] = "--state-dir=";
	const char *dir = command ? strstr(command, state) : NULL;
	const char *arg = command ? strstr(command, " boot") : NULL;

	if (!arg || (arg[5] && arg[5] != ' '))
		return false;
	if (!dir)
		return true;
	dir += strlen(state);
	return strcspn(dir, " ") == strlen(PW_STATE_DIR) &&
	       !strncmp(dir, PW_STATE_DIR, strlen(PW_STATE_DIR));
}

/* First word; systemd.service(5): a path may follow special characters */
static char *program_of(char *command)
{
	char *start = command ? command + strspn(command, "@-:+! \t") : NULL;
	char *program = start ? strndup(start, strcspn(start, " \t")) : NULL;

	free(command);
	return program;
}

/* A link to /dev/null, or an empty file */
static bool is_masked(const struct root *root, const char *path,
		      const struct pw_source *src)
{
	char *target = NULL;
	bool masked = src && !src->len;

	if (!pw_root_readlink(root, path, &target))
		masked |= !strcmp(target, "/dev/null");
	free(target);
	return masked;
}

static void refuse_masked(const struct root *root, const char *path,
			  struct pw_diags *diags)
{
	pw_diag_error(diags, NULL, "%s%s masks the unit: it would not start",
		      root->path, path);
	pw_diag_hint(diags, "rm %s%s", root->path, path);
}

static void take_unit(const struct root *root, struct pw_image *image,
		      const struct pw_source *src, struct pw_diags *diags)
{
	char *command = value_of(src, "ExecStart");
	const bool boots = does_boot(command);

	image->program = program_of(command);
	image->target = value_of(src, "WantedBy");
	if (!image->target || !image->program || *image->program != '/') {
		pw_diag_error(diags, NULL,
			      "%s%s starts nothing: no ExecStart= or WantedBy=",
			      root->path, image->unit);
		pw_diag_hint(diags, "take the one that comes with portwall");
	} else if (!pw_root_is_program(root, image->program)) {
		pw_diag_error(diags, NULL,
			      "%s has no program %s, which the unit starts",
			      root->path, image->program);
		pw_diag_hint(diags, "make install DESTDIR=%s", root->path);
	} else if (!boots) {
		pw_diag_error(diags, NULL,
			      "%s%s starts something else than `portwall boot` from "
			      PW_STATE_DIR, root->path, image->unit);
		pw_diag_hint(diags, "take the one that comes with portwall");
	}
}

static int look_at(const struct root *root, const char *path,
		   struct pw_image *image, struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	int err = pw_root_read(root, path, UNIT_MAX, &src);

	if (is_masked(root, path, src)) {
		refuse_masked(root, path, diags);
		return 0;
	}
	if (err)
		return pw_diag_system(diags, -err, "cannot read %s%s",
				      root->path, path);
	image->unit = strdup(path);
	if (!image->unit)
		return -ENOMEM;
	take_unit(root, image, src, diags);
	return 0;
}

int pw_image_find_unit(const struct root *root, struct pw_image *image,
		       struct pw_diags *diags)
{
	char path[128], *target;

	need_systemd(root, diags);
	refuse_drop_ins(root, diags);
	for (size_t i = 0; i < PW_ARRAY_SIZE(unit_dirs); i++) {
		snprintf(path, sizeof(path), "%s/" UNIT, unit_dirs[i]);
		if (!pw_root_readlink(root, path, &target))
			free(target);
		else if (!pw_root_has(root, path, S_IFREG))
			continue;
		return look_at(root, path, image, diags);
	}
	pw_diag_error(diags, NULL, "%s has no %s", root->path, UNIT);
	pw_diag_hint(diags, "install portwall there: make install DESTDIR=%s",
		     root->path);
	return 0;
}
