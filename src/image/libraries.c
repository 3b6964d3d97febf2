// SPDX-License-Identifier: GPL-2.0-or-later
/* Libraries that a program of the image is linked with: are they all there? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/elf.h"
#include "image/parts.h"
#include "portwall/array.h"

#define NUM_LIBRARIES_MAX 256	/* a loop, or no program of ours */
#define CONF_MAX (1u << 20)

/* ld.so(8): the default, beside what ld.so.conf names */
static const char *const default_dirs[] = {
	"/lib", "/usr/lib", "/lib64", "/usr/lib64",
};

/**
 * struct search - Names found, and where they are looked for
 * @names:	libraries, those before @done looked at
 * @dirs:	with slash at the beginning, without one at the end
 */
struct search {
	const struct root *root;
	const char *program;
	struct pw_diags *diags;
	char **names, **dirs;
	size_t num_names, cap_names, num_dirs, cap_dirs;
};

static int add_name(struct search *search, const char *name, size_t max_len)
{
	char *copy;

	for (size_t i = 0; i < search->num_names; i++)
		if (!strncmp(search->names[i], name, max_len))
			return 0;
	if (search->num_names == NUM_LIBRARIES_MAX)
		return -ELIBMAX;
	copy = strndup(name, max_len);
	if (copy && !PW_ARRAY_PUSH(search->names, search->num_names,
				   search->cap_names, copy))
		return 0;
	free(copy);
	return -ENOMEM;
}

static int take_need(void *arg, const char *name, size_t max_len)
{
	return add_name(arg, name, max_len);
}

static int add_dir(struct search *search, const char *dir, size_t len)
{
	char *copy;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	copy = strndup(dir, len);
	if (copy && !PW_ARRAY_PUSH(search->dirs, search->num_dirs,
				   search->cap_dirs, copy))
		return 0;
	free(copy);
	return -ENOMEM;
}

/* Lines of a file of ldconfig(8) that name a directory */
static int add_conf(struct search *search, const char *path)
{
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	int err = 0;
	size_t len;

	if (pw_root_read(search->root, path, CONF_MAX, &src))
		return 0;
	for (uint32_t n = 1; !err && n <= src->num_lines; n++) {
		const char *line = pw_source_line(src, n, &len);

		if (len && *line == '/')
			err = add_dir(search, line, len);
	}
	return err;
}

static int add_dirs(struct search *search)
{
	static const char conf_dir[] = "/etc/ld.so.conf.d";
	char **names = NULL, *path;
	size_t num = 0;
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(default_dirs); i++)
		err = add_dir(search, default_dirs[i],
			      strlen(default_dirs[i]));
	if (!err)
		err = add_conf(search, "/etc/ld.so.conf");
	if (err || pw_root_list(search->root, conf_dir, &names, &num))
		return err;
	for (size_t i = 0; !err && i < num; i++) {
		if (asprintf(&path, "%s/%s", conf_dir, names[i]) < 0) {
			err = -ENOMEM;
			break;
		}
		err = add_conf(search, path);
		free(path);
	}
	pw_root_list_free(names, num);
	return err;
}

/* -ENOENT: in none of the directories */
static int find_library(const struct search *search, const char *name,
			struct pw_source **out)
{
	int err = -ENOENT;

	if (*name == '/')
		return pw_root_read(search->root, name, ROOT_FILE_MAX, out);
	for (size_t i = 0; err == -ENOENT && i < search->num_dirs; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", search->dirs[i], name) < 0)
			return -ENOMEM;
		err = pw_root_read(search->root, path, ROOT_FILE_MAX, out);
		free(path);
	}
	return err;
}

static int follow(struct search *search, const char *name)
{
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	int err = find_library(search, name, &src);

	if (!err)
		err = pw_elf_needs(src, take_need, search);
	if (!err || err == -ENOMEM)
		return err;
	pw_diag_error(search->diags, NULL,
		      err == -ENOENT ? "%s has no %s, which %s needs" :
				       "%s has a %s that %s cannot use",
		      search->root->path, name, search->program);
	pw_diag_hint(search->diags,
		     "install its package there, or a portwall made for that system");
	return 0;
}

static int follow_all(struct search *search, const struct pw_source *program)
{
	int err = pw_elf_needs(program, take_need, search);

	if (err == -ENOEXEC) {
		pw_diag_warning(search->diags, NULL,
				"%s%s is no program of 64 bits: its libraries were not looked at",
				search->root->path, search->program);
		return 0;
	}
	for (size_t i = 0; !err && i < search->num_names; i++)
		err = follow(search, search->names[i]);
	return err;
}

int pw_image_check_libraries(const struct root *root, const char *program,
			     struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	struct search search = {
		.root = root, .program = program, .diags = diags,
	};
	int err = pw_root_read(root, program, ROOT_FILE_MAX, &src);

	if (err)
		return pw_diag_system(diags, -err, "cannot read %s%s",
				      root->path, program);
	err = add_dirs(&search);
	if (!err)
		err = follow_all(&search, src);
	pw_root_list_free(search.names, search.num_names);
	pw_root_list_free(search.dirs, search.num_dirs);
	return err;
}
