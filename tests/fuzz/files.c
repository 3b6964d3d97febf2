// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of a policy, out of one input. */
#include "files.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "fuzz.h"

#define MARK "=== "

static char domain[] = "domain", http[] = "http", https[] = "https",
	    ntp[] = "ntp", smtp[] = "smtp", ssh[] = "ssh";

static struct pw_service services[] = {
	{ domain, 53, 6 },  { domain, 53, 17 }, { http, 80, 6 },
	{ https, 443, 6 },  { https, 443, 17 }, { ntp, 123, 17 },
	{ smtp, 25, 6 },    { ssh, 22, 6 },
};

static struct pw_iface ifaces[] = {
	{ .name = "br0", .index = 2, .is_bridge = true },
	{ .name = "eth0", .index = 3 },
	{ .name = "eth1", .index = 4, .master = 2 },
	{ .name = "lo", .index = 1 },
	{ .name = "wlan0", .index = 5 },
};

const struct pw_host input_host = {
	.ifaces = ifaces, .num_ifaces = PW_ARRAY_SIZE(ifaces),
	.ifaces_known = true,
	.services = services, .num_services = PW_ARRAY_SIZE(services),
	.now_ns = 1800000000ull * 1000000000,
};

const struct pw_trust input_trust = { .check = false };

static struct input_file *find(struct input *input, const char *path)
{
	for (size_t i = 0; i < input->num; i++) {
		if (!strcmp(input->list[i].path, path))
			return &input->list[i];
	}
	return NULL;
}

/* As pw_source_load(): a list has no index of its lines */
static int load(void *arg, const char *path, const struct pw_loc *at,
		size_t max_len, const struct pw_trust *trust,
		struct pw_source **out, struct pw_diags *diags)
{
	const struct input_file *file = find(arg, path);
	struct pw_source *src;

	(void)trust;
	if (!file)
		return pw_diag_error(diags, at, "cannot open %s", path);
	src = pw_source_from_text(path, INPUT_DIR, file->text, file->len);
	if (!src)
		return -ENOMEM;
	if (max_len > PW_POLICY_MAX_LEN) {
		free(src->lines);
		src->lines = NULL;
		src->num_lines = 0;
	}
	*out = src;
	return 0;
}

static int cmp_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int match(void *arg, const char *pattern, char ***paths, size_t *num)
{
	struct input *input = arg;
	char **found = calloc(input->num + 1, sizeof(*found));
	size_t n = 0;

	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < input->num; i++) {
		if (fnmatch(pattern, input->list[i].path,
			    FNM_PATHNAME | FNM_PERIOD))
			continue;
		found[n++] = strdup(input->list[i].path);
		MUST(found[n - 1]);
	}
	qsort(found, n, sizeof(*found), cmp_paths);
	*paths = found;
	*num = n;
	return 0;
}

/* The line that begins the next file at or behind @text, @end if none does */
static const char *next_mark(const char *text, const char *end)
{
	const char *line = text, *newline;

	while (line < end) {
		if ((size_t)(end - line) >= strlen(MARK) &&
		    !memcmp(line, MARK, strlen(MARK)))
			return line;
		newline = memchr(line, '\n', end - line);
		line = newline ? newline + 1 : end;
	}
	return end;
}

void input_add(struct input *input, const char *name, size_t name_len,
	       const char *text, size_t len)
{
	char *path = NULL;

	MUST(asprintf(&path, INPUT_DIR "/%.*s", (int)name_len, name) >= 0);
	if (find(input, path) || !name_len) {
		free(path);
		return;
	}
	input->list[input->num++] = (struct input_file){ path, text, len };
}

void input_init(struct input *input, const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size;
	const char *stop = next_mark(text, end), *name, *newline;

	*input = (struct input){ .files = { load, match, input } };
	input_add(input, "main.ini", strlen("main.ini"), text, stop - text);
	while (stop < end && input->num < INPUT_FILES) {
		name = stop + strlen(MARK);
		newline = memchr(name, '\n', end - name) ?: end;
		text = newline < end ? newline + 1 : end;
		stop = input->num + 1 < INPUT_FILES ? next_mark(text, end)
						    : end;
		input_add(input, name, newline - name, text, stop - text);
	}
}

void input_replace_main(struct input *input, const char *text, size_t len)
{
	input->list[0].text = text;
	input->list[0].len = len;
}

void input_clear(struct input *input)
{
	for (size_t i = 0; i < input->num; i++)
		free(input->list[i].path);
}
