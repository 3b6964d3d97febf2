// SPDX-License-Identifier: GPL-2.0-or-later
/* The document of --json: fields in order, text that is always valid. */
#include "cli/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"

#define SCHEMA 1	/* of all documents; field names are stable within it */

/* A value that could not be made poisons the document: see doc_end() */
static bool incomplete;

json_t *doc_text(const char *text)
{
	json_t *value = json_string(text);
	char *copy;

	if (value)
		return value;
	copy = pw_escape(text);
	value = copy ? json_string(copy) : NULL;
	free(copy);
	return value;
}

json_t *doc_time(uint64_t ns)
{
	time_t t = (time_t)(ns / 1000000000u);
	char buf[32];
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    !strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(buf);
}

json_t *doc_ranges(const struct pw_rangeset *set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < set->num; i++) {
		struct pw_range r = pw_rangeset_get(set, i);

		doc_push(list, json_pack("[I, I]", (json_int_t)r.first.lo,
					 (json_int_t)r.last.lo));
	}
	return list;
}

json_t *doc_hex(const uint8_t *bytes, size_t len)
{
	char hex[65];

	for (size_t i = 0; i < len && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return json_string(hex);
}

void doc_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		incomplete = true;
}

void doc_push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		incomplete = true;
}

int doc_begin(struct cli *cli)
{
	cli->doc = json_object();
	if (!cli->doc)
		return -ENOMEM;
	doc_set(cli->doc, "schema", json_integer(SCHEMA));
	doc_set(cli->doc, "command", json_string(cli->command->name));
	doc_set(cli->doc, "exit", json_integer(STATUS_OK));
	if (cli->policy)
		doc_set(cli->doc, "policy", doc_text(cli->policy));
	return 0;
}

static json_t *message(const struct pw_diag *diag)
{
	static const char *const severities[] = {
		[PW_ERROR] = "error", [PW_WARNING] = "warning",
		[PW_NOTE] = "note",
	};
	json_t *m = json_object();

	doc_set(m, "severity", json_string(severities[diag->severity]));
	if (diag->where) {
		doc_set(m, "file", doc_text(diag->where));
		doc_set(m, "line", json_integer(diag->line));
		doc_set(m, "column", json_integer(diag->col));
		doc_set(m, "length", json_integer(diag->len));
	}
	doc_set(m, "text", doc_text(diag->text));
	if (diag->hint)
		doc_set(m, "hint", doc_text(diag->hint));
	return m;
}

static int check_complete(void)
{
	if (!incomplete)
		return 0;
	fputs("portwall: out of memory\n", stderr);
	return -ENOMEM;
}

/* Of what is no printable ASCII the library leaves DEL as it is */
static int put_part(const char *part, size_t len, void *unused)
{
	(void)unused;
	for (size_t i = 0; i < len; i++)
		if (part[i] == '\177')
			fputs("\\u007f", stdout);
		else
			putchar(part[i]);
	return 0;
}

/* A terminal obeys more than the escapes below U+0020 */
static int dump(const json_t *value, size_t flags)
{
	if (json_dump_callback(value, put_part, NULL,
			       flags | JSON_ENSURE_ASCII))
		incomplete = true;
	putchar('\n');
	return check_complete();
}

int doc_line(const json_t *object)
{
	int err = check_complete();

	if (err)
		return err;
	return dump(object, JSON_COMPACT);
}

int doc_end(struct cli *cli, int status)
{
	json_t *messages = json_array();

	for (size_t i = 0; i < pw_diags_kept(cli->diags); i++)
		doc_push(messages, message(pw_diags_get(cli->diags, i)));
	doc_set(cli->doc, "exit", json_integer(status));
	doc_set(cli->doc, "messages", messages);
	if (check_complete())
		return -ENOMEM;
	return dump(cli->doc, JSON_INDENT(2));
}
