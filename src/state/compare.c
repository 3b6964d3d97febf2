// SPDX-License-Identifier: GPL-2.0-or-later
/* Are the files of a policy what they were when it was applied? */
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/files.h"

#include "state/bundle.h"

#define READ_LEN (64u << 10)	/* bytes in memory at once */

static int hash_file(int fd, uint8_t digest[32])
{
	uint8_t buf[READ_LEN];
	SHA2_CTX ctx;
	ssize_t n;

	SHA256Init(&ctx);
	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		SHA256Update(&ctx, buf, (size_t)n);
	}
	SHA256Final(digest, &ctx);
	return n ? -errno : 0;
}

static int compare_open(int fd, const struct pw_bundle_file *file)
{
	uint8_t digest[32];
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != file->len)
		return 1;
	err = hash_file(fd, digest);
	if (err)
		return err;
	return memcmp(digest, file->object, sizeof(digest)) != 0;
}

/* What came by standard input is nowhere to be compared with */
static int compare_file(int base, const struct pw_bundle_file *file)
{
	int fd, result;

	if (!strcmp(file->path, "-"))
		return 0;
	fd = openat(base, file->path,
		    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = compare_open(fd, file);
	close(fd);
	return result;
}

/* A relative glob starts from where the policy was read; @skip bytes of what it
 * finds say so */
static char *whole_pattern(const struct pw_bundle *bundle, const char *pattern,
			   size_t *skip)
{
	char *base, *whole = NULL;
	size_t len;

	*skip = 0;
	if (*pattern == '/' || !bundle->base)
		return strdup(pattern);
	len = strcmp(bundle->base, "/") ? strlen(bundle->base) : 0;
	base = pw_glob_quote(bundle->base, len);
	if (base && asprintf(&whole, "%s/%s", base, pattern) < 0)
		whole = NULL;
	free(base);
	*skip = len + 1;
	return whole;
}

static bool equal_paths(const struct pw_bundle_glob *glob, char *const *paths,
			size_t num, size_t skip)
{
	if (num != glob->num_paths)
		return false;
	for (size_t i = 0; i < num; i++)
		if (strcmp(paths[i] + skip, glob->paths[i]))
			return false;
	return true;
}

static int compare_glob(const struct pw_bundle *bundle,
			const struct pw_bundle_glob *glob)
{
	size_t skip, num = 0;
	char *pattern = whole_pattern(bundle, glob->pattern, &skip);
	char **paths = NULL;
	int err = pattern ? pw_system_files.match(pw_system_files.arg,
						  pattern, &paths, &num)
			  : -ENOMEM;

	free(pattern);
	if (err)
		return err;
	err = !equal_paths(glob, paths, num, skip);
	pw_paths_free(paths, num);
	return err;
}

static int compare_all(const struct pw_bundle *bundle, int base)
{
	int result = 0;

	for (size_t i = 0; !result && i < bundle->num_files; i++)
		result = compare_file(base, &bundle->files[i]);
	for (size_t i = 0; !result && i < bundle->num_globs; i++)
		result = compare_glob(bundle, &bundle->globs[i]);
	return result;
}

int pw_bundle_compare(const struct pw_bundle *bundle)
{
	int base, result;

	if (!bundle->base)
		return compare_all(bundle, AT_FDCWD);
	base = open(bundle->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base < 0 && errno != ENOENT)
		return -errno;
	/* nowhere, if the directory is gone: absolute paths need none */
	result = compare_all(bundle, base);
	if (base >= 0)
		close(base);
	return result == -EBADF ? -ENOENT : result;
}
