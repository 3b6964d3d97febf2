// SPDX-License-Identifier: GPL-2.0-or-later
/* Report files: format by ending, written beside and renamed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "portwall/confine.h"
#include "portwall/own.h"
#include "verify/report_priv.h"

#define NAME_TRIES 8	/* names that somebody else has are no mere chance */

static const struct format_row {
	const char *ending;
	int (*put)(const struct pw_report *report, FILE *out);
} formats[PW_NUM_REPORT_FORMATS] = {
	[PW_REPORT_JUNIT] = { ".xml", pw_report_put_junit },
	[PW_REPORT_TAP] = { ".tap", pw_report_put_tap },
	[PW_REPORT_SARIF] = { ".sarif", pw_report_put_sarif },
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "x.xml", and not ".xml" alone */
static bool ends_with(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && !strcmp(name + len - tail, ending);
}

int pw_report_format(const char *path, enum pw_report_format *out,
		     struct pw_diags *diags)
{
	const char *name = base_name(path);

	for (unsigned int i = 0; i < PW_NUM_REPORT_FORMATS; i++) {
		if (ends_with(name, formats[i].ending)) {
			*out = (enum pw_report_format)i;
			return 0;
		}
	}
	pw_diag_error(diags, NULL, "report '%s': its name says no format",
		      path);
	pw_diag_hint(diags,
		     "name it *.xml (JUnit), *.tap (TAP 14) or *.sarif (SARIF 2.1.0)");
	return -EINVAL;
}

/* A report belongs where the user of sudo wants it, in his directories too */
#define REPORT_CAPS PW_CAP(CAP_DAC_OVERRIDE)

/* Creates file @name; its descriptor; negative: error */
static int create(const char *name)
{
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(REPORT_CAPS);
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	return fd;
}

/* A new file in the directory of @path; its name; NULL: @fd is the error */
static char *open_beside(const char *path, int *fd)
{
	static const char pattern[] = "%.*s.portwall-%016" PRIx64;
	size_t dir_len = (size_t)(base_name(path) - path);
	size_t size = dir_len + sizeof(pattern) + 16;
	char *name = malloc(size);
	uint64_t number;

	*fd = name ? -EEXIST : -ENOMEM;
	for (int i = 0; i < NAME_TRIES && *fd == -EEXIST; i++) {
		if (getrandom(&number, sizeof(number), 0) < 0)
			*fd = -errno;
		snprintf(name, size, pattern, (int)dir_len, path, number);
		*fd = *fd == -EEXIST ? create(name) : *fd;
	}
	if (*fd >= 0)
		return name;
	free(name);
	return NULL;
}

static void remove_file(const char *name)
{
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(REPORT_CAPS);

	unlink(name);
}

static int rename_file(const char *from, const char *to)
{
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(REPORT_CAPS);

	return rename(from, to) ? -errno : 0;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int try_file(const char *path)
{
	char *beside;
	int fd;

	if (is_directory(path))
		return -EISDIR;
	beside = open_beside(path, &fd);
	if (!beside)
		return fd;
	close(fd);
	remove_file(beside);
	free(beside);
	return 0;
}

int pw_report_check(const char *path, struct pw_diags *diags)
{
	enum pw_report_format format;
	int err = pw_report_format(path, &format, diags);

	if (err)
		return err;
	err = try_file(path);
	if (err)
		return pw_diag_error(diags, NULL,
				     "report '%s' cannot be written: %s", path,
				     strerror(-err));
	return 0;
}

/* Writes and closes */
static int put_file(const struct pw_report *report,
		    const struct format_row *format, int fd)
{
	FILE *out = fdopen(fd, "w");
	int err;

	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	err = format->put(report, out);
	errno = 0;
	if (fflush(out) || ferror(out))
		err = err ? err : -(errno ? errno : EIO);
	if (fclose(out) && !err)
		err = -(errno ? errno : EIO);
	return err;
}

static int replace_file(const struct pw_report *report,
			const struct format_row *format, const char *path)
{
	int fd, err;
	char *beside = open_beside(path, &fd);

	if (!beside)
		return fd;
	err = put_file(report, format, fd);
	if (!err)
		err = rename_file(beside, path);
	if (err)
		remove_file(beside);
	free(beside);
	return err;
}

int pw_report_write(const struct pw_report *report, const char *path,
		    struct pw_diags *diags)
{
	enum pw_report_format format;
	int err = pw_report_format(path, &format, diags);

	if (err)
		return err;
	err = replace_file(report, &formats[format], path);
	if (err)
		return pw_diag_system(diags, -err, "report '%s'", path);
	return 0;
}
