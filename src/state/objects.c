// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes of files, kept by their SHA-256. */
#include "state/objects.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "portwall/source.h"

#define COMPARE_LEN (64u << 10)	/* bytes of an object in memory at once */

void pw_hex_format(const uint8_t bytes[32], char hex[static 65])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool pw_hex_parse(const char *hex, size_t len, uint8_t bytes[32])
{
	if (len != 64)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void pw_bytes_digest(const char *bytes, size_t len, uint8_t digest[32])
{
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)bytes, len);
	SHA256Final(digest, &ctx);
}

static bool fd_holds(int fd, const char *bytes, size_t len)
{
	char buf[COMPARE_LEN];
	ssize_t n;

	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return !n && !len;
		if ((size_t)n > len || memcmp(buf, bytes, (size_t)n))
			return false;
		bytes += n;
		len -= (size_t)n;
	}
}

bool pw_object_holds(const struct pw_state *state, const uint8_t digest[32],
		     const char *bytes, size_t len)
{
	uint64_t found;
	char name[65];
	bool same;
	int fd;

	pw_hex_format(digest, name);
	if (pw_store_open(state, PW_DIR_OBJECTS, name, &fd, &found))
		return false;
	same = found == len && fd_holds(fd, bytes, len);
	close(fd);
	return same;
}

int pw_object_put(const struct pw_state *state, const char *bytes, size_t len,
		  uint8_t digest[32])
{
	char name[65], staged[32];
	int err;

	pw_bytes_digest(bytes, len, digest);
	/* an object that was damaged is made good again */
	if (pw_object_holds(state, digest, bytes, len))
		return 0;
	pw_hex_format(digest, name);
	/* several runs may store objects at once */
	snprintf(staged, sizeof(staged), ".staged-%d", getpid());
	err = pw_store_write(state, PW_DIR_OBJECTS, staged, bytes, len);
	if (!err)
		err = pw_store_move(state, PW_DIR_OBJECTS, staged, name);
	if (err)
		pw_store_remove(state, PW_DIR_OBJECTS, staged);
	return err;
}

int pw_object_get(const struct pw_state *state, const uint8_t digest[32],
		  char **bytes, size_t *len, struct pw_diags *diags)
{
	uint8_t found[32];
	char name[65], *read;
	size_t read_len;
	int err;

	pw_hex_format(digest, name);
	err = pw_store_read(state, PW_DIR_OBJECTS, name, PW_LIST_MAX_LEN,
			    &read, &read_len);
	if (err == -ENOENT)
		return pw_store_damaged(state, PW_DIR_OBJECTS, name,
					"is missing", diags);
	if (err == -EBADMSG)
		return pw_store_damaged(state, PW_DIR_OBJECTS, name,
					"is damaged", diags);
	if (err)
		return pw_store_failed(state, PW_DIR_OBJECTS, name, "read",
				       err, diags);
	pw_bytes_digest(read, read_len, found);
	if (memcmp(found, digest, sizeof(found))) {
		free(read);
		return pw_store_damaged(state, PW_DIR_OBJECTS, name,
					"is damaged", diags);
	}
	*bytes = read;
	*len = read_len;
	return 0;
}

static int lock(const struct pw_state *state, int how)
{
	int err;

	do
		err = flock(state->fd[PW_DIR_OBJECTS], how) ? -errno : 0;
	while (err == -EINTR);
	return err;
}

int pw_objects_share(const struct pw_state *state)
{
	return lock(state, LOCK_SH);
}

int pw_objects_own(const struct pw_state *state)
{
	return lock(state, LOCK_EX | LOCK_NB);
}

void pw_objects_leave(const struct pw_state *state)
{
	lock(state, LOCK_UN);
}
