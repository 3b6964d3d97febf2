// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds files to a fuzz target, each once: NAME_fuzz PATH..., where a PATH is a
 * file or a directory of files. It is main() where libFuzzer is not.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "grammar.h"

#define HANG_S 120	/* one input that takes longer hangs */

/* Nothing is changed here: what targets have for libFuzzer is not called */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	(void)data;
	(void)max_size;
	return size;
}

static int feed_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	struct stat st;
	uint8_t *bytes;
	size_t len;

	if (!in || fstat(fileno(in), &st)) {
		perror(path);
		return -EIO;
	}
	bytes = malloc(st.st_size);	/* as long as it is: for ASan */
	len = bytes ? fread(bytes, 1, st.st_size, in) : 0;
	fclose(in);
	if (len != (size_t)st.st_size) {
		fprintf(stderr, "%s: not read whole\n", path);
		free(bytes);
		return -EIO;
	}
	alarm(HANG_S);
	LLVMFuzzerTestOneInput(bytes, len);
	alarm(0);
	free(bytes);
	return 0;
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int feed_dir(const char *path, size_t *num)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_file, alphasort), err = 0;

	for (int i = 0; i < count; i++) {
		char *file = NULL;

		if (!err && asprintf(&file, "%s/%s", path,
				     entries[i]->d_name) < 0)
			err = -ENOMEM;
		if (!err) {
			err = feed_file(file);
			free(file);
		}
		free(entries[i]);
	}
	if (count < 0)
		return -errno;
	free(entries);
	*num += count;
	return err;
}

int main(int argc, char **argv)
{
	size_t num = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st)) {
			perror(argv[i]);
			return 2;
		}
		if (S_ISDIR(st.st_mode) ? feed_dir(argv[i], &num)
					: feed_file(argv[i]))
			return 2;
		num += !S_ISDIR(st.st_mode);
	}
	printf("%zu inputs\n", num);
	return 0;
}
