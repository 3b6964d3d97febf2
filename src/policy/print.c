/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The normal form of a policy: what parses to the same, in one way only. */
#include "policy/print.h"

#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "policy/resolve.h"
#include "policy/values.h"
#include "portwall/text.h"

#define WIDTH 80
#define INDENT "    "

/* A word as it is printed; @text points into @buf, @owned or a source */
struct word {
	const char *text;
	size_t len;
	char buf[2 * PW_ADDR_STRLEN];
	char *owned;
};

static void set_ports(struct word *word, const struct pw_range32 *ports)
{
	if (ports->first == 1 && ports->last == 65535)
		strcpy(word->buf, "all");
	else if (ports->first == ports->last)
		sprintf(word->buf, "%u", ports->first);
	else
		sprintf(word->buf, "%u-%u", ports->first, ports->last);
}

static void set_value(struct word *word, const struct pw_item *item,
		      enum pw_value_kind kind)
{
	const char *name;

	word->text = word->buf;
	if (kind == PW_VALUE_ADDRS) {
		pw_addr_range_format(item->addr.family, &item->addr.range,
				     word->buf);
	} else if (kind == PW_VALUE_IFACES) {
		pw_ifname_format(&item->iface, word->buf);
	} else if (kind == PW_VALUE_PROTOCOLS) {
		name = pw_proto_name(item->num.first);
		snprintf(word->buf, sizeof(word->buf), "%s", name ?: "");
		if (!name)
			sprintf(word->buf, "%u", item->num.first);
	} else {
		set_ports(word, &item->num);
	}
	word->len = strlen(word->text);
}

/* Relative to the main file, whichever file named it */
static int set_file(struct word *word, const struct pw_policy *policy,
		    const struct pw_item *item)
{
	const char *dir = policy->main->dir, *from = item->loc.src->dir;
	const char *path = policy->lists[item->list].path;
	size_t dir_len;
	int size;

	if (dir == from || (dir && from && !strcmp(dir, from))) {
		word->text = pw_loc_text(&item->loc);
		word->len = item->loc.len;
		return 0;
	}
	dir_len = dir ? strlen(dir) : 0;
	if (dir_len && !strncmp(path, dir, dir_len) && path[dir_len] == '/')
		path += dir_len + 1;
	size = asprintf(&word->owned, "file:%s", path);
	if (size < 0) {
		word->owned = NULL;
		return -ENOMEM;
	}
	word->text = word->owned;
	word->len = size;
	return 0;
}

static int set_word(struct word *word, const struct pw_policy *policy,
		    const struct pw_item *item, enum pw_value_kind kind)
{
	word->owned = NULL;
	if (item->kind == PW_ITEM_FILE)
		return set_file(word, policy, item);
	if (item->kind == PW_ITEM_VALUE) {
		set_value(word, item, kind);
		return 0;
	}
	word->text = pw_loc_text(&item->loc);
	word->len = item->loc.len;
	return 0;
}

/* On one line, continued where it grows too long; @col is where it starts */
static int put_list(FILE *out, const struct pw_policy *policy,
		    const struct pw_entry *entry, size_t col, size_t width)
{
	for (size_t i = 0; i < entry->num_items; i++) {
		bool last = i + 1 == entry->num_items;
		struct word word;

		if (set_word(&word, policy, &entry->items[i],
			     entry->key->value))
			return -ENOMEM;
		if (i && col + 1 + word.len + !last > width) {
			fprintf(out, "\n" INDENT);
			col = strlen(INDENT);
		} else if (i) {
			putc(' ', out);
			col++;
		}
		fwrite(word.text, 1, word.len, out);
		col += word.len;
		if (!last) {
			putc(',', out);
			col++;
		}
		free(word.owned);
	}
	return 0;
}

/* An indented line with '=' would be refused, so these stand alone */
static bool has_equals(const struct pw_entry *entry)
{
	for (size_t i = 0; i < entry->num_items; i++) {
		const struct pw_loc *loc = &entry->items[i].loc;

		if (memchr(pw_loc_text(loc), '=', loc->len))
			return true;
	}
	return false;
}

/* The key again for each word: lists add up */
static int put_lines(FILE *out, const struct pw_policy *policy,
		     const char *name, const struct pw_entry *entry)
{
	for (size_t i = 0; i < entry->num_items; i++) {
		struct word word;

		if (set_word(&word, policy, &entry->items[i],
			     entry->key->value))
			return -ENOMEM;
		fprintf(out, "%s = %.*s\n", name, (int)word.len, word.text);
		free(word.owned);
	}
	return 0;
}

static void put_rate(FILE *out, const struct pw_entry *entry)
{
	const struct pw_rate *rate = &entry->rate;

	if (rate->unit_s)
		pw_rate_print(rate, out);
	else
		fprintf(out, "%" PRIu32, rate->count);
	if (entry->per_source)
		fprintf(out, " per source");
}

static int put_value(FILE *out, const struct pw_policy *policy,
		     const struct pw_entry *entry, size_t col)
{
	char buf[PW_TIME_STRLEN];

	switch (entry->key->value) {
	case PW_VALUE_CHOICE:
	case PW_VALUE_CHOICE_OR_RATE:
		if (entry->choice != PW_NO_CHOICE)
			fputs(entry->key->choices[entry->choice], out);
		else
			put_rate(out, entry);
		return 0;
	case PW_VALUE_LIMIT:
	case PW_VALUE_CONNECTIONS:
		put_rate(out, entry);
		return 0;
	case PW_VALUE_TIME:
		fputs(pw_time_format(entry->time_ns, buf), out);
		return 0;
	case PW_VALUE_TEXT:
		fwrite(pw_loc_text(&entry->value), 1, entry->value.len, out);
		return 0;
	default:
		return put_list(out, policy, entry, col, WIDTH);
	}
}

static int put_entry(FILE *out, const struct pw_policy *policy,
		     const char *name, const struct pw_entry *entry)
{
	bool text = entry->key->value == PW_VALUE_TEXT;
	int err;

	if (pw_value_is_list(entry->key->value) && has_equals(entry))
		return put_lines(out, policy, name, entry);
	/* behind a space it would start a comment */
	if (text && *pw_loc_text(&entry->value) == ';')
		fprintf(out, "%s =", name);
	else
		fprintf(out, "%s = ", name);
	err = put_value(out, policy, entry, strlen(name) + 3);
	putc('\n', out);
	return err;
}

/* Keys in the order of the schema; includes have become part of the policy */
static int put_block(FILE *out, const struct pw_policy *policy,
		     const struct pw_block *block)
{
	const struct pw_kind_info *info = pw_kind_info(block->kind);
	int err = 0;

	fprintf(out, "[%s%s%s]\n", info->name, info->named ? " " : "",
		block->name);
	for (size_t i = 0; i < info->num_keys && !err; i++) {
		const struct pw_key *key = &info->keys[i];
		const struct pw_entry *entry = pw_block_entry(block, key->name);

		if (entry && key->value != PW_VALUE_PATH)
			err = put_entry(out, policy, key->name, entry);
	}
	return err;
}

static int put_names(FILE *out, const struct pw_policy *policy,
		     enum pw_kind kind)
{
	const struct pw_names *names = &policy->names[kind];
	int err = 0;

	fprintf(out, "[%s]\n", pw_kind_info(kind)->name);
	for (size_t i = 0; i < names->num && !err; i++)
		err = put_entry(out, policy, names->items[i].name,
				&names->items[i].entry);
	return err;
}

/* Sections stand apart by a blank line */
static void put_gap(FILE *out, bool *first)
{
	if (!*first)
		putc('\n', out);
	*first = false;
}

int pw_policy_print(const struct pw_policy *policy, FILE *out)
{
	bool first = true;
	int err = 0;

	if (policy->has_policy) {
		put_gap(out, &first);
		err = put_block(out, policy, &policy->policy);
	}
	for (int kind = 0; kind < PW_NUM_NAME_KINDS && !err; kind++) {
		if (!policy->names[kind].num)
			continue;
		put_gap(out, &first);
		err = put_names(out, policy, kind);
	}
	for (size_t i = 0; i < policy->num_sections && !err; i++) {
		put_gap(out, &first);
		err = put_block(out, policy, &policy->sections[i]);
	}
	if (err)
		return err;
	return ferror(out) ? -EIO : 0;
}

char *pw_source_text(const struct pw_policy *policy,
		     const struct pw_entry *entry,
		     const struct pw_entry *except)
{
	char *text = NULL;
	size_t size;
	FILE *out = pw_text_open(&text, &size);
	int err = 0;

	if (!out)
		return NULL;
	if (entry)
		err = put_list(out, policy, entry, 0, SIZE_MAX);
	if (except && !err) {
		fputs(entry ? " except " : "except ", out);
		err = put_list(out, policy, except, 0, SIZE_MAX);
	}
	if (fclose(out) || err) {
		free(text);
		return NULL;
	}
	return text;
}

int pw_policy_digest(const struct pw_policy *policy, uint8_t digest[32])
{
	char *text = NULL;
	size_t size;
	FILE *out = pw_text_open(&text, &size);
	SHA2_CTX ctx;
	int err;

	if (!out)
		return -ENOMEM;
	err = pw_policy_print(policy, out);
	if (fclose(out) || err) {
		free(text);
		return -ENOMEM;
	}
	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)text, size);
	free(text);
	for (size_t i = 0; i < policy->num_lists; i++) {
		for (int f = 0; f < PW_NUM_FAMILIES; f++) {
			uint8_t part[32];

			pw_rangeset_digest(policy->lists[i].addrs.set[f], part);
			SHA256Update(&ctx, part, sizeof(part));
		}
	}
	SHA256Final(digest, &ctx);
	return 0;
}
