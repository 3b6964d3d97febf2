/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a policy, out of one input; a small host to read it on. */
#ifndef FUZZ_FILES_H
#define FUZZ_FILES_H

#include "portwall/policy.h"

#define INPUT_FILES 16		/* those behind belong to the last */
#define INPUT_DIR "dir"
#define INPUT_MAIN INPUT_DIR "/main.ini"

/**
 * struct input_file - One file of an input
 * @path:	"dir/NAME"; the caller's
 * @text:	@len bytes of the input, not NUL-terminated
 */
struct input_file {
	char *path;
	const char *text;
	size_t len;
};

/**
 * struct input - All of them
 *
 * The first is INPUT_MAIN. A line "=== NAME" ends a file and begins another;
 * no policy has such a line.
 */
struct input {
	struct input_file list[INPUT_FILES];
	size_t num;
	struct pw_files files;
};

/* @data is borrowed; to be cleared in any case */
void input_init(struct input *input, const uint8_t *data, size_t size);
void input_clear(struct input *input);
/* One more, unless there is one of this name; @text is borrowed */
void input_add(struct input *input, const char *name, size_t name_len,
	       const char *text, size_t len);
/* The same files, but for INPUT_MAIN, which is @text from now on; borrowed */
void input_replace_main(struct input *input, const char *text, size_t len);

/* Services domain, http, https, ntp, smtp and ssh; interfaces eth0, lo, wlan0,
 * and eth1, a port of br0; the 15th of January 2027 */
extern const struct pw_host input_host;
extern const struct pw_trust input_trust;

#endif
