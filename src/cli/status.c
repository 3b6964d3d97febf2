// SPDX-License-Identifier: GPL-2.0-or-later
/* status: what is in force since when, and what it let in. */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/output.h"

#define MAX_NAME 44	/* columns */

/* What a counter counts, by the beginning of its name (docs/rules.md) */
enum counted { COUNT_SECTION, COUNT_GROUP, COUNT_PING, COUNT_BLOCK,
	       COUNT_DROPPED, COUNT_REFUSED, NUM_COUNTED };

static const struct counted_row {
	const char *prefix;	/* of the name */
	bool exact;		/* it is the whole name */
	const char *shown;	/* instead of the rest of the name */
	const char *note;
	const char *key;	/* of the document */
} counted[NUM_COUNTED] = {
	[COUNT_SECTION] = { "n.", false, NULL, NULL, "sections" },
	[COUNT_GROUP] = { "q.", false, NULL, NULL, "groups" },
	[COUNT_PING] = { "e.ping", true, "ping", NULL, "ping" },
	[COUNT_BLOCK] = { "b.", false, NULL, "dropped", "blocks" },
	[COUNT_DROPPED] = { "e.dropped", true, "everything else", "dropped",
			    "dropped" },
	[COUNT_REFUSED] = { "e.refused", true, "everything else", "refused",
			    "refused" },
};

/* One line: a counter of the generation in force */
struct line {
	enum counted what;
	const char *name;	/* borrowed */
	uint64_t packets, bytes;
};

struct lines {
	struct line *items;
	size_t num;
};

static bool find_counted(const char *name, enum counted *out)
{
	for (unsigned int i = 0; i < NUM_COUNTED; i++) {
		const struct counted_row *row = &counted[i];
		size_t len = strlen(row->prefix);

		if (strncmp(name, row->prefix, len) || (row->exact && name[len]))
			continue;
		*out = i;
		return true;
	}
	return false;
}

/* A group's comment names its sections */
static const char *shown_name(const struct pw_obj *obj, enum counted what)
{
	if (counted[what].shown)
		return counted[what].shown;
	if (what == COUNT_GROUP && obj->comment)
		return obj->comment;
	return obj->name + strlen(counted[what].prefix);
}

/* By kind; what counted most comes first */
static int line_cmp(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	if (x->packets != y->packets)
		return x->packets > y->packets ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int gather_lines(const struct pw_ruleset *rules, struct lines *out)
{
	struct lines lines = { calloc(rules->num_objs + 1,
				      sizeof(*lines.items)), 0 };

	if (!lines.items)
		return -ENOMEM;
	for (size_t i = 0; i < rules->num_objs; i++) {
		const struct pw_obj *obj = &rules->objs[i];
		struct line line = { .packets = obj->packets,
				     .bytes = obj->bytes };

		if (obj->kind != PW_O_COUNTER ||
		    !find_counted(obj->name, &line.what))
			continue;
		line.name = shown_name(obj, line.what);
		lines.items[lines.num++] = line;
	}
	qsort(lines.items, lines.num, sizeof(*lines.items), line_cmp);
	*out = lines;
	return 0;
}

/* Columns for names; sections' names fit, the lists of groups are cut */
static size_t name_width(const struct lines *lines)
{
	size_t width = strlen("section    ");

	for (size_t i = 0; i < lines->num; i++) {
		size_t len = strlen(lines->items[i].name);

		if (len > MAX_NAME)
			len = MAX_NAME;
		if (len > width)
			width = len;
	}
	return width;
}

static void put_padded(const char *name, size_t width)
{
	size_t len = strlen(name);

	if (len <= width) {
		pw_escape_put(name, len, stdout);
		printf("%*s", (int)(width - len), "");
	} else {
		pw_escape_put(name, width - 3, stdout);
		fputs("...", stdout);
	}
}

static void print_lines(const struct lines *lines)
{
	static const char title[] = "new connections";
	size_t width = name_width(lines);
	char count[32];

	if (!lines->num)
		return;
	put_padded("section", width);
	printf("%s\n", title);
	for (size_t i = 0; i < lines->num; i++) {
		const struct line *line = &lines->items[i];
		const char *note = counted[line->what].note;

		put_padded(line->name, width);
		printf("%*s%s%s\n", (int)strlen(title),
		       format_count(line->packets, count), note ? "   " : "",
		       note ? note : "");
	}
}

/* "root", or the number of a user without a name; returns @buf */
static const char *user_name(uid_t uid, char buf[static 40])
{
	/* cppcheck-suppress getpwuidCalled ; there is one thread */
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(buf, 40, "%s", pw->pw_name);
	else
		snprintf(buf, 40, "user %u", uid);
	return buf;
}

static void put_user(const struct pw_stamp *stamp)
{
	char name[40];
	const char *user = user_name(stamp->uid, name);

	pw_escape_put(user, strlen(user), stdout);
	if (stamp->sudo_uid == (uid_t)-1)
		return;
	user = user_name(stamp->sudo_uid, name);
	fputs(" (", stdout);
	pw_escape_put(user, strlen(user), stdout);
	putchar(')');
}

static void print_head(const struct cli *cli, const struct pw_status *status)
{
	const struct pw_stamp *stamp = &status->kernel->stamp;
	char when[32];

	if (*stamp->source)
		pw_escape_put(stamp->source, strlen(stamp->source), stdout);
	else
		fputs("unknown policy", stdout);
	printf(", applied %s by ", format_time(stamp->time_ns, when));
	put_user(stamp);
	printf(", generation %" PRIu32 ", ", stamp->generation);
	if (status->kernel->dormant)
		put_marked(cli, MARK_ERROR,
			   "put to sleep: none of it has an effect", stdout);
	else if (status->changed)
		put_marked(cli, MARK_ERROR, "changed by somebody since",
			   stdout);
	else
		fputs("unchanged since", stdout);
	putchar('\n');
	if (stamp->insecure)
		puts("who may write the policy was not checked (--insecure-permissions)");
	if (!status->changed)
		return;
	fputs("put it back: portwall apply ", stdout);
	pw_escape_put(stamp->source, strlen(stamp->source), stdout);
	putchar('\n');
}

static json_t *line_object(const struct line *line)
{
	json_t *object = json_object();

	doc_set(object, line->what == COUNT_GROUP ? "sections" : "section",
		doc_text(line->name));
	doc_set(object, "packets", json_integer((json_int_t)line->packets));
	doc_set(object, "bytes", json_integer((json_int_t)line->bytes));
	return object;
}

static void describe_lines(struct cli *cli, const struct lines *lines)
{
	for (unsigned int what = 0; what < NUM_COUNTED; what++) {
		json_t *list = json_array();
		uint64_t packets = 0;

		for (size_t i = 0; i < lines->num; i++) {
			if (lines->items[i].what != what)
				continue;
			doc_push(list, line_object(&lines->items[i]));
			packets += lines->items[i].packets;
		}
		if (counted[what].exact) {
			json_decref(list);
			list = json_integer((json_int_t)packets);
		}
		doc_set(cli->doc, counted[what].key, list);
	}
}

static void describe(struct cli *cli, const struct pw_status *status,
		     const struct lines *lines)
{
	const struct pw_stamp *stamp = &status->kernel->stamp;
	json_t *doc = cli->doc;
	char name[40];

	doc_set(doc, "in_force", json_true());
	doc_set(doc, "changed", json_boolean(status->changed));
	doc_set(doc, "policy", doc_text(stamp->source));
	doc_set(doc, "applied", doc_time(stamp->time_ns));
	doc_set(doc, "user", doc_text(user_name(stamp->uid, name)));
	doc_set(doc, "sudo_user", stamp->sudo_uid == (uid_t)-1 ? json_null() :
		doc_text(user_name(stamp->sudo_uid, name)));
	doc_set(doc, "generation", json_integer(stamp->generation));
	doc_set(doc, "digest", doc_hex(stamp->digest, sizeof(stamp->digest)));
	doc_set(doc, "insecure_permissions", json_boolean(stamp->insecure));
	describe_lines(cli, lines);
}

static int print_in_force(struct cli *cli, const struct pw_status *status)
{
	struct lines lines;
	int err = gather_lines(status->rules, &lines);

	if (err)
		return status_of(cli, err);
	if (cli->doc) {
		describe(cli, status, &lines);
	} else {
		print_head(cli, status);
		print_lines(&lines);
	}
	free(lines.items);
	return status->changed ? STATUS_DIFFERENT : STATUS_OK;
}

static int print_unmade(struct cli *cli)
{
	if (cli->doc)
		doc_set(cli->doc, "in_force", json_false());
	else
		puts("table inet " PW_TABLE " is there, but this portwall did not make it");
	return STATUS_DIFFERENT;
}

/* A first apply that failed leaves no base chain, so somebody was at work */
static bool is_emptied(const struct pw_kernel *kernel)
{
	for (size_t i = 0; kernel->exists && i < kernel->rules->num_chains; i++)
		if (kernel->rules->chains[i].hook != PW_HOOK_NONE)
			return true;
	return false;
}

/* The policy of chain input is drop, so it may well close everything */
static int print_emptied(struct cli *cli)
{
	if (cli->doc) {
		doc_set(cli->doc, "in_force", json_false());
		doc_set(cli->doc, "changed", json_true());
	} else {
		puts("somebody emptied table inet " PW_TABLE ": no policy is in force, and ports that\n"
		     "should be open may be closed; apply a policy again, or: portwall clear");
	}
	return STATUS_DIFFERENT;
}

static int print_nothing(struct cli *cli)
{
	if (cli->doc)
		doc_set(cli->doc, "in_force", json_false());
	else
		puts("nothing is in force: portwall closes no port of this host");
	return STATUS_DIFFERENT;
}

/* The table holds what no portwall makes; a message says what */
static int print_foreign(struct cli *cli)
{
	if (cli->doc)
		doc_set(cli->doc, "changed", json_true());
	else
		puts("table inet portwall was changed by somebody");
	return STATUS_DIFFERENT;
}

int cmd_status(struct cli *cli)
{
	pw_owned(pw_status_free) struct pw_status *status = NULL;
	int err = pw_status_read(&status, cli->diags);

	if (err == -EOPNOTSUPP)
		return print_foreign(cli);
	if (err)
		return status_of(cli, err);
	messages_print(cli);
	if (status->kernel->exists && status->kernel->format != PW_FORMAT)
		return print_unmade(cli);
	if (status->kernel->current)
		return print_in_force(cli, status);
	return is_emptied(status->kernel) ? print_emptied(cli) :
					    print_nothing(cli);
}
