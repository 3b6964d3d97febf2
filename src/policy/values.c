/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads values: a word of a few, rates, times, text; lists are in items.c. */
#include "policy/values.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "portwall/array.h"

#include "policy/bytes.h"
#include "policy/items.h"

#define COUNT_MAX 1000000u	/* of rates, bursts and connections */
#define YEAR_S (365ull * 86400)
/*
 * nft_limit_eval() has the time of a whole burst in 63 bits of nanoseconds, 292
 * years, and lets nothing pass beyond; nft_limit_init() refuses twice as much
 */
#define REFILL_MAX_S (250 * YEAR_S)

/* The value being read */
struct reader {
	struct pw_entry *entry;
	struct pw_loc value;	/* first line */
	struct pw_words words;
	struct pw_diags *diags;
};

static int parse_list(struct reader *reader)
{
	return pw_items_parse(reader->entry, &reader->words);
}

static const char *choices_text(const struct pw_key *key, char buf[static 64])
{
	buf[0] = '\0';
	for (size_t i = 0; key->choices[i]; i++) {
		if (i)
			strcat(buf, key->choices[i + 1] ? ", " : " or ");
		strcat(buf, key->choices[i]);
	}
	return buf;
}

static bool find_choice(struct reader *reader)
{
	const char *const *choices = reader->entry->key->choices;

	for (unsigned int i = 0; choices[i]; i++) {
		if (pw_loc_is(&reader->value, choices[i])) {
			reader->entry->choice = i;
			return true;
		}
	}
	return false;
}

static int parse_choice(struct reader *reader)
{
	const struct pw_key *key = reader->entry->key;
	char buf[64];

	if (find_choice(reader))
		return 0;
	pw_diag_error(reader->diags, &reader->value,
		      "'%.*s' is not a value of '%s'",
		      PW_WORD_ARGS(&reader->value), key->name);
	pw_diag_hint(reader->diags, "write %s", choices_text(key, buf));
	return -EINVAL;
}

static int bad_rate(struct reader *reader, const struct pw_loc *word)
{
	const struct pw_key *key = reader->entry->key;
	char buf[64];

	if (key->choices[0] && !pw_is_digit(*pw_loc_text(word)))
		pw_diag_error(reader->diags, word,
			      "'%.*s' is not a value of '%s'",
			      PW_WORD_ARGS(word), key->name);
	else
		pw_diag_error(reader->diags, word, "'%.*s' is not a rate",
			      PW_WORD_ARGS(word));
	pw_diag_hint(reader->diags, "write %s%sN/UNIT, such as 6/minute",
		     choices_text(key, buf), key->choices[0] ? ", or " : "");
	pw_diag_hint(reader->diags, "UNIT is second, minute, hour or day");
	return -EINVAL;
}

static int parse_count(struct reader *reader, const struct pw_loc *word,
		       size_t len, uint32_t *out)
{
	uint64_t n;
	int err = pw_decimal(pw_loc_text(word), len, COUNT_MAX, &n);

	if (!err && n) {
		*out = n;
		return 0;
	}
	if (err == -EINVAL) {
		pw_diag_error(reader->diags, word, "'%.*s' is not a number",
			      (int)(len < 60 ? len : 60), pw_loc_text(word));
	} else {
		pw_diag_error(reader->diags, word, "number out of range");
	}
	pw_diag_hint(reader->diags, "write plain decimal, 1 to %u", COUNT_MAX);
	return -EINVAL;
}

static uint32_t unit_by_name(const char *text, size_t len)
{
	static const uint32_t units[] = { 1, 60, 3600, 86400 };

	for (size_t i = 0; i < PW_ARRAY_SIZE(units); i++) {
		const char *name = pw_rate_unit_name(units[i]);

		if (strlen(name) == len && !memcmp(name, text, len))
			return units[i];
	}
	return 0;
}

/* "N/UNIT" */
static int parse_rate_word(struct reader *reader, const struct pw_loc *word)
{
	struct pw_rate *rate = &reader->entry->rate;
	const char *text = pw_loc_text(word);
	const char *slash = memchr(text, '/', word->len);
	int err;

	if (!slash || slash == text)
		return bad_rate(reader, word);
	rate->unit_s = unit_by_name(slash + 1,
				    text + word->len - slash - 1);
	if (!rate->unit_s)
		return bad_rate(reader, word);
	err = parse_count(reader, word, slash - text, &rate->count);
	rate->burst = rate->count;
	return err;
}

/* Limits are no lists, though they are read by words */
static int refuse_comma(const struct reader *reader)
{
	struct pw_loc comma = reader->value;
	const char *text = pw_loc_text(&comma);
	const char *found = memchr(text, ',', comma.len);

	if (!found)
		return 0;
	comma.col += found - text;
	comma.len = 1;
	return pw_diag_error(reader->diags, &comma,
			     "',' does not belong here");
}

/* What follows "N/UNIT" or "N": [burst N] [per source] */
static int parse_limit_tail(struct reader *reader, bool burst, bool source)
{
	struct pw_entry *entry = reader->entry;
	struct pw_loc word;
	int found, err = refuse_comma(reader);

	if (err)
		return err;
	while ((found = pw_words_next(&reader->words, &word)) > 0) {
		struct pw_loc next = word;

		found = pw_words_next(&reader->words, &next);
		if (found < 0)
			return found;
		if (burst && found && pw_loc_is(&word, "burst")) {
			err = parse_count(reader, &next, next.len,
					  &entry->rate.burst);
			if (err)
				return err;
			burst = false;
			continue;
		}
		if (source && found && pw_loc_is(&word, "per") &&
		    pw_loc_is(&next, "source")) {
			entry->per_source = true;
			source = burst = false;
			continue;
		}
		pw_diag_error(reader->diags, &word,
			      "'%.*s' does not belong here",
			      PW_WORD_ARGS(&word));
		return -EINVAL;
	}
	return found;
}

static int check_refill(const struct reader *reader)
{
	const struct pw_rate *rate = &reader->entry->rate;
	uint64_t s = (uint64_t)rate->burst * rate->unit_s / rate->count;

	if (s <= REFILL_MAX_S)
		return 0;
	pw_diag_error(reader->diags, &reader->value,
		      "burst %" PRIu32 " lasts for %llu years", rate->burst,
		      s / YEAR_S);
	pw_diag_hint(reader->diags, "at this rate write at most burst %llu",
		     REFILL_MAX_S * rate->count / rate->unit_s);
	return -EINVAL;
}

static int parse_limit(struct reader *reader, bool with_source)
{
	struct pw_loc word = reader->value;
	const char *form = with_source ? "write N/UNIT [burst N] [per source]" :
					 "write N/UNIT [burst N]";
	int err;

	err = pw_words_next(&reader->words, &word);
	if (err > 0)
		err = parse_rate_word(reader, &word);
	if (err)
		return err;
	err = parse_limit_tail(reader, true, with_source);
	if (err) {
		pw_diag_hint(reader->diags, "%s", form);
		return err;
	}
	return check_refill(reader);
}

static int parse_rate(struct reader *reader)
{
	return parse_limit(reader, true);
}

static int parse_choice_or_rate(struct reader *reader)
{
	if (find_choice(reader))
		return 0;
	return parse_limit(reader, false);
}

static int parse_connections(struct reader *reader)
{
	struct pw_loc word = reader->value;
	int err;

	err = pw_words_next(&reader->words, &word);
	if (err > 0)
		err = parse_count(reader, &word, word.len,
				  &reader->entry->rate.count);
	if (err)
		return err;
	err = parse_limit_tail(reader, false, true);
	if (err)
		pw_diag_hint(reader->diags, "write N [per source]");
	return err;
}

static int parse_time(struct reader *reader)
{
	const struct pw_loc *value = &reader->value;
	int err = pw_time_parse(pw_loc_text(value), value->len,
				&reader->entry->time_ns);

	if (!err)
		return 0;
	if (err == -EDOM) {
		pw_diag_error(reader->diags, value, "time without a zone");
		pw_diag_hint(reader->diags, "add Z, or an offset such as "
			     "+01:00");
	} else if (err == -ERANGE) {
		pw_diag_error(reader->diags, value, "there is no such time");
		pw_diag_hint(reader->diags, "dates from 1970 to 2261, hours to "
			     "23, minutes and seconds to 59");
	} else {
		pw_diag_error(reader->diags, value, "'%.*s' is not a time",
			      PW_WORD_ARGS(value));
		pw_diag_hint(reader->diags, "write 2027-01-31T18:00Z");
	}
	return -EINVAL;
}

static int parse_text(struct reader *reader)
{
	(void)reader;		/* any text; its place is kept */
	return 0;
}

/* A path is one item, so that the key can be repeated */
static int parse_path(struct reader *reader)
{
	struct pw_entry *entry = reader->entry;
	struct pw_item item = { PW_ITEM_FILE, .loc = reader->value };

	if (!reader->value.src->dir && pw_loc_text(&reader->value)[0] != '/') {
		pw_diag_error(reader->diags, &reader->value,
			      "relative path in a policy that is not a file");
		pw_diag_hint(reader->diags, "write the path from the root");
		return -EINVAL;
	}
	return PW_ARRAY_PUSH(entry->items, entry->num_items, entry->cap_items,
			     item);
}

static int (*const parsers[])(struct reader *reader) = {
	[PW_VALUE_CHOICE]         = parse_choice,
	[PW_VALUE_CHOICE_OR_RATE] = parse_choice_or_rate,
	[PW_VALUE_LIMIT]          = parse_rate,
	[PW_VALUE_CONNECTIONS]    = parse_connections,
	[PW_VALUE_TIME]           = parse_time,
	[PW_VALUE_TEXT]           = parse_text,
	[PW_VALUE_PATH]           = parse_path,
	[PW_VALUE_PORTS]          = parse_list,
	[PW_VALUE_PROTOCOLS]      = parse_list,
	[PW_VALUE_ADDRS]          = parse_list,
	[PW_VALUE_IFACES]         = parse_list,
};
_Static_assert(PW_ARRAY_SIZE(parsers) == PW_NUM_VALUE_KINDS, "kind missing");

/* A value that is there, and on one line unless it is a list */
static int check_lines(const struct reader *reader, const struct pw_line *line,
		       const struct pw_line *end)
{
	const struct pw_entry *entry = reader->entry;
	struct pw_loc loc = pw_line_name(reader->value.src, line);

	while (line < end && !line->arg_len)
		line++;
	if (line == end) {
		pw_diag_error(reader->diags, &loc, "key '%.*s' has no value",
			      PW_WORD_ARGS(&loc));
		pw_diag_hint(reader->diags, "give it a value, or leave the key "
			     "out");
		return -EINVAL;
	}
	if (end - reader->words.line > 1 &&
	    !pw_value_is_list(entry->key->value)) {
		loc = pw_line_arg(reader->value.src, reader->words.line + 1);
		pw_diag_error(reader->diags, &loc,
			      "'%s' takes a value on one line",
			      entry->key->name);
		pw_diag_hint(reader->diags, "only lists go on over indented "
			     "lines");
		return -EINVAL;
	}
	return 0;
}

int pw_value_parse(struct pw_entry *entry, const struct pw_source *src,
		   const struct pw_line *line, const struct pw_line *end,
		   struct pw_diags *diags)
{
	struct reader reader = { .entry = entry, .diags = diags };
	int err;

	reader.value = pw_line_arg(src, line);
	pw_words_init(&reader.words, src, line, end, diags);
	entry->value = reader.value;
	entry->choice = PW_NO_CHOICE;
	err = check_lines(&reader, line, end) ?:
	      parsers[entry->key->value](&reader);
	if (err)
		entry->bad = true;
	return err;
}
