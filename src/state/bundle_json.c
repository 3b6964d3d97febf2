// SPDX-License-Identifier: GPL-2.0-or-later
/* A bundle as a JSON document, both ways. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/text.h"

#include "state/bundle.h"
#include "state/bytes_text.h"
#include "state/objects.h"

/* A value that could not be made is found when the document is complete */
static void set(json_t *object, const char *key, json_t *value, bool *bad)
{
	if (json_object_set_new(object, key, value))
		*bad = true;
}

static json_t *text_of(const char *bytes)
{
	char *text;
	json_t *value;

	if (!bytes)
		return json_null();
	text = pw_bytes_print(bytes);
	value = text ? json_string(text) : NULL;
	free(text);
	return value;
}

static json_t *hex_of(const uint8_t bytes[32])
{
	char hex[65];

	pw_hex_format(bytes, hex);
	return json_string(hex);
}

static json_t *number_of(uint64_t n)
{
	return n <= LLONG_MAX ? json_integer((json_int_t)n) : NULL;
}

static json_t *user_of(uid_t uid)
{
	return uid == (uid_t)-1 ? json_null() : json_integer(uid);
}

static json_t *file_of(const struct pw_bundle_file *file, bool *bad)
{
	json_t *object = json_object();

	set(object, "path", text_of(file->path), bad);
	set(object, "dir", text_of(file->dir), bad);
	set(object, "object", hex_of(file->object), bad);
	set(object, "len", number_of(file->len), bad);
	return object;
}

static json_t *glob_of(const struct pw_bundle_glob *glob, bool *bad)
{
	json_t *object = json_object(), *paths = json_array();

	for (size_t i = 0; i < glob->num_paths; i++)
		if (json_array_append_new(paths, text_of(glob->paths[i])))
			*bad = true;
	set(object, "pattern", text_of(glob->pattern), bad);
	set(object, "paths", paths, bad);
	return object;
}

static void add_files(json_t *doc, const struct pw_bundle *bundle, bool *bad)
{
	json_t *files = json_array(), *globs = json_array();

	for (size_t i = 0; i < bundle->num_files; i++)
		if (json_array_append_new(files,
					  file_of(&bundle->files[i], bad)))
			*bad = true;
	for (size_t i = 0; i < bundle->num_globs; i++)
		if (json_array_append_new(globs,
					  glob_of(&bundle->globs[i], bad)))
			*bad = true;
	set(doc, "files", files, bad);
	set(doc, "globs", globs, bad);
}

/* NULL: no memory */
static json_t *document_of(const struct pw_bundle *bundle)
{
	json_t *doc = json_object();
	bool bad = false;

	set(doc, "format", json_integer(PW_BUNDLE_FORMAT), &bad);
	set(doc, "entry", number_of(bundle->entry), &bad);
	set(doc, "origin", number_of(bundle->origin), &bad);
	set(doc, "time_ns", number_of(bundle->time_ns), &bad);
	set(doc, "uid", user_of(bundle->uid), &bad);
	set(doc, "sudo_uid", user_of(bundle->sudo_uid), &bad);
	set(doc, "insecure", json_boolean(bundle->insecure), &bad);
	set(doc, "allow_lockout", json_boolean(bundle->allow_lockout), &bad);
	set(doc, "path", text_of(bundle->path), &bad);
	set(doc, "source", text_of(bundle->source), &bad);
	set(doc, "base", text_of(bundle->base), &bad);
	set(doc, "digest", hex_of(bundle->digest), &bad);
	set(doc, "sections", number_of(bundle->num_sections), &bad);
	set(doc, "services", hex_of(bundle->services), &bad);
	add_files(doc, bundle, &bad);
	if (bad) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

static int print(const json_t *doc, char **text, size_t *len)
{
	FILE *out = pw_text_open(text, len);
	int err;

	if (!out)
		return -ENOMEM;
	err = json_dumpf(doc, out, JSON_INDENT(1));
	putc('\n', out);
	if (!pw_text_close(out, text) && !err)
		return 0;
	free(*text);
	return -ENOMEM;
}

int pw_bundle_print(const struct pw_bundle *bundle, char **bytes, size_t *len)
{
	json_t *doc = document_of(bundle);
	char *text = NULL, *sealed = NULL;
	size_t text_len;

	if (doc && !print(doc, &text, &text_len)) {
		sealed = pw_seal(text, text_len, "", len);
		free(text);
	}
	json_decref(doc);
	if (!sealed)
		return -ENOMEM;
	*bytes = sealed;
	return 0;
}

static int get_text(const json_t *object, const char *key, bool optional,
		    char **out)
{
	const json_t *value = json_object_get(object, key);

	if (optional && json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return -EBADMSG;
	return pw_bytes_parse(json_string_value(value), out);
}

static int get_hex(const json_t *object, const char *key, uint8_t out[32])
{
	const json_t *value = json_object_get(object, key);
	const char *hex = json_string_value(value);

	return hex && pw_hex_parse(hex, json_string_length(value), out)
		       ? 0 : -EBADMSG;
}

static int get_number(const json_t *object, const char *key, uint64_t max,
		      uint64_t *out)
{
	const json_t *value = json_object_get(object, key);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (uint64_t)n > max)
		return -EBADMSG;
	*out = (uint64_t)n;
	return 0;
}

static int get_number32(const json_t *object, const char *key, uint32_t *out)
{
	uint64_t n;
	int err = get_number(object, key, UINT32_MAX, &n);

	if (!err)
		*out = (uint32_t)n;
	return err;
}

static int get_user(const json_t *object, const char *key, uid_t *out)
{
	*out = (uid_t)-1;
	if (json_is_null(json_object_get(object, key)))
		return 0;
	return get_number32(object, key, out);
}

static int get_flag(const json_t *object, const char *key, bool *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		return -EBADMSG;
	*out = json_is_true(value);
	return 0;
}

static int get_file(const json_t *object, struct pw_bundle *bundle)
{
	struct pw_bundle_file *file;
	struct pw_bundle_file empty = { 0 };
	int err = PW_ARRAY_PUSH(bundle->files, bundle->num_files,
				bundle->cap_files, empty);

	if (err)
		return err;
	file = &bundle->files[bundle->num_files - 1];
	return get_text(object, "path", false, &file->path) ?:
	       get_text(object, "dir", true, &file->dir) ?:
	       get_hex(object, "object", file->object) ?:
	       get_number(object, "len", LLONG_MAX, &file->len);
}

static int get_paths(const json_t *list, struct pw_bundle_glob *glob)
{
	size_t num = json_array_size(list);
	int err = 0;

	if (!json_is_array(list))
		return -EBADMSG;
	glob->paths = calloc(num + 1, sizeof(*glob->paths));
	if (!glob->paths)
		return -ENOMEM;
	for (size_t i = 0; i < num && !err; i++) {
		const json_t *path = json_array_get(list, i);

		err = json_is_string(path)
			? pw_bytes_parse(json_string_value(path),
					 &glob->paths[i]) : -EBADMSG;
		glob->num_paths += !err;
	}
	return err;
}

static int get_glob(const json_t *object, struct pw_bundle *bundle)
{
	struct pw_bundle_glob *glob;
	struct pw_bundle_glob empty = { 0 };
	int err = PW_ARRAY_PUSH(bundle->globs, bundle->num_globs,
				bundle->cap_globs, empty);

	if (err)
		return err;
	glob = &bundle->globs[bundle->num_globs - 1];
	return get_text(object, "pattern", false, &glob->pattern) ?:
	       get_paths(json_object_get(object, "paths"), glob);
}

static int get_list(const json_t *doc, const char *key,
		    int (*get)(const json_t *object, struct pw_bundle *bundle),
		    struct pw_bundle *bundle)
{
	const json_t *list = json_object_get(doc, key);
	int err = json_is_array(list) ? 0 : -EBADMSG;

	for (size_t i = 0; !err && i < json_array_size(list); i++)
		err = get(json_array_get(list, i), bundle);
	return err;
}

static int get_all(const json_t *doc, struct pw_bundle *bundle)
{
	uint64_t sections = 0;
	int err = get_number32(doc, "entry", &bundle->entry) ?:
		  get_number32(doc, "origin", &bundle->origin) ?:
		  get_number(doc, "time_ns", LLONG_MAX, &bundle->time_ns) ?:
		  get_user(doc, "uid", &bundle->uid) ?:
		  get_user(doc, "sudo_uid", &bundle->sudo_uid) ?:
		  get_flag(doc, "insecure", &bundle->insecure) ?:
		  get_flag(doc, "allow_lockout", &bundle->allow_lockout) ?:
		  get_text(doc, "path", false, &bundle->path) ?:
		  get_text(doc, "source", false, &bundle->source) ?:
		  get_text(doc, "base", true, &bundle->base) ?:
		  get_hex(doc, "digest", bundle->digest) ?:
		  get_number(doc, "sections", UINT32_MAX, &sections) ?:
		  get_hex(doc, "services", bundle->services) ?:
		  get_list(doc, "files", get_file, bundle) ?:
		  get_list(doc, "globs", get_glob, bundle);

	if (!err && !bundle->num_files)
		err = -EBADMSG;
	bundle->num_sections = sections;
	return err;
}

static int check_format(const json_t *doc)
{
	uint64_t format;
	int err = get_number(doc, "format", LLONG_MAX, &format);

	if (!err && format > PW_BUNDLE_FORMAT)
		return -EPROTONOSUPPORT;
	return !err && format == PW_BUNDLE_FORMAT ? 0 : -EBADMSG;
}

/* jansson leaves out digits that it has no memory for, and says nothing */
static int load(const char *bytes, size_t len, json_t **out)
{
	json_t *doc;

	errno = 0;
	doc = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	if (errno == ENOMEM) {
		json_decref(doc);
		return -ENOMEM;
	}
	*out = doc;
	return doc ? 0 : -EBADMSG;
}

int pw_bundle_parse(const char *bytes, size_t len, struct pw_bundle **out)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	size_t text_len;
	json_t *doc;
	int err;

	if (!pw_sealed(bytes, len, "", &text_len))
		return -EBADMSG;
	err = load(bytes, text_len, &doc);
	if (err)
		return err;
	bundle = calloc(1, sizeof(*bundle));
	err = bundle ? check_format(doc) ?: get_all(doc, bundle) : -ENOMEM;
	json_decref(doc);
	if (err)
		return err;
	*out = PW_TAKE(bundle);
	return 0;
}
