/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes sections and keys of the lines of a file. */
#include "policy/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#include "policy/check.h"
#include "policy/habits.h"
#include "policy/header.h"
#include "policy/ini.h"
#include "policy/values.h"

/* State while one file is read */
struct parser {
	struct pw_policy *policy;
	const struct pw_source *src;
	struct pw_diags *diags;
	bool included;
	enum pw_kind kind;		/* of the section being read */
	struct pw_block *block;		/* NULL: it defines names */
	bool skip;			/* its header was wrong */
	struct pw_loc seen[PW_NUM_NAME_KINDS];
};

static struct pw_block new_block(const struct parser *parser,
				 const struct pw_line *line)
{
	struct pw_block block = {
		.kind = parser->kind,
		.loc = line->arg_len ? pw_line_arg(parser->src, line) :
				       pw_line_name(parser->src, line),
		.order = parser->policy->num_sections,
	};

	if (line->arg_len)
		memcpy(block.name, pw_loc_text(&block.loc), block.loc.len);
	return block;
}

static int repeated_section(const struct parser *parser,
			    const struct pw_loc *loc,
			    const struct pw_loc *first)
{
	pw_diag_error(parser->diags, loc, "section [%s] is repeated",
		      pw_kind_info(parser->kind)->name);
	pw_diag_note(parser->diags, first, "the first is here");
	return -EINVAL;
}

static int begin_policy(struct parser *parser, const struct pw_line *line)
{
	struct pw_policy *policy = parser->policy;
	struct pw_loc loc = pw_line_name(parser->src, line);

	if (parser->included) {
		parser->skip = true;
		pw_diag_error(parser->diags, &loc,
			      "[policy] in an included file");
		pw_diag_hint(parser->diags, "move it to %s",
			     policy->main->name);
		return -EINVAL;
	}
	parser->block = &policy->policy;
	if (policy->has_policy)
		return repeated_section(parser, &loc, &policy->policy.loc);
	policy->has_policy = true;
	*parser->block = new_block(parser, line);
	return 0;
}

static int begin_names(struct parser *parser, const struct pw_line *line)
{
	struct pw_loc loc = pw_line_name(parser->src, line);
	struct pw_loc *seen = &parser->seen[parser->kind];

	parser->block = NULL;
	if (seen->src)
		return repeated_section(parser, &loc, seen);
	*seen = loc;
	return 0;
}

static int begin_section(struct parser *parser, const struct pw_line *line)
{
	struct pw_policy *policy = parser->policy;
	struct pw_loc name = pw_line_name(parser->src, line);
	int err;

	parser->skip = line->bad;
	if (line->bad) {
		parser->policy->incomplete = true;
		return 0;
	}
	parser->kind = pw_kind_by_name(pw_loc_text(&name), name.len);
	if (parser->kind == PW_KIND_POLICY)
		return begin_policy(parser, line);
	if (parser->kind < PW_NUM_NAME_KINDS)
		return begin_names(parser, line);
	err = PW_ARRAY_PUSH(policy->sections, policy->num_sections,
			    policy->cap_sections, new_block(parser, line));
	if (err)
		return err;
	parser->block = &policy->sections[policy->num_sections - 1];
	return 0;
}

/* The key is right, only not here */
static bool hint_section(const struct parser *parser, const struct pw_loc *loc)
{
	static const struct {
		enum pw_kind kind;
		const char *header;
	} others[] = {
		{ PW_KIND_POLICY, "[policy]" }, { PW_KIND_ALLOW, "[allow NAME]" },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(others); i++) {
		if (!pw_key_by_name(others[i].kind, pw_loc_text(loc), loc->len))
			continue;
		pw_diag_hint(parser->diags, "it is a key of %s",
			     others[i].header);
		return true;
	}
	return false;
}

static void hint_key(const struct parser *parser, const struct pw_loc *loc)
{
	const char *near = pw_key_nearest(parser->kind, pw_loc_text(loc),
					  loc->len);
	const char *habit = parser->kind == PW_KIND_POLICY ?
			    NULL : pw_habit_key(loc);

	if (hint_section(parser, loc))
		return;
	if (habit)
		pw_diag_hint(parser->diags, "%s", habit);
	else if (near)
		pw_diag_hint(parser->diags, "did you mean '%s'?", near);
}

static int unknown_key(const struct parser *parser, const struct pw_loc *loc)
{
	const char *text = pw_loc_text(loc);
	const char *section = pw_kind_info(parser->kind)->name;

	if (pw_loc_is(loc, "track")) {
		pw_diag_error(parser->diags, loc,
			      "'track' is reserved for later");
		return -EINVAL;
	}
	if (parser->kind == PW_KIND_BLOCK &&
	    pw_key_by_name(PW_KIND_ALLOW, text, loc->len)) {
		pw_diag_error(parser->diags, loc,
			      "'%.*s' is a key of [allow], not of [block]",
			      PW_WORD_ARGS(loc));
		return -EINVAL;
	}
	pw_diag_error(parser->diags, loc, "unknown key '%.*s' in [%s]",
		      PW_WORD_ARGS(loc), section);
	hint_key(parser, loc);
	return -EINVAL;
}

static int repeated_key(const struct parser *parser, const struct pw_loc *loc,
			const struct pw_entry *first)
{
	pw_diag_error(parser->diags, loc, "key '%s' is repeated",
		      first->key->name);
	pw_diag_note(parser->diags, &first->loc, "the first is here");
	return -EINVAL;
}

/* The entry that a line of a section with keys of its own adds to */
static int find_entry(struct parser *parser, const struct pw_loc *loc,
		      struct pw_entry **out)
{
	struct pw_block *block = parser->block;
	struct pw_entry entry = { .loc = *loc };
	int err;

	entry.key = pw_key_by_name(block->kind, pw_loc_text(loc), loc->len);
	if (!entry.key)
		return unknown_key(parser, loc);
	for (size_t i = 0; i < block->num_entries; i++) {
		*out = &block->entries[i];
		if ((*out)->key != entry.key)
			continue;
		if (pw_value_is_list(entry.key->value) || entry.key->repeats)
			return 0;
		return repeated_key(parser, loc, *out);
	}
	err = PW_ARRAY_PUSH(block->entries, block->num_entries,
			    block->cap_entries, entry);
	if (!err)
		*out = &block->entries[block->num_entries - 1];
	return err;
}

static const char *const reserved[] = {
	"all", "any", "local", "broadcast", "multicast", "private",
	"link-local", "lo", "ipsec",
};

static int check_new_name(const struct parser *parser,
			  const struct pw_loc *loc)
{
	size_t num = PW_ARRAY_SIZE(reserved);

	/* the last two mean something among interfaces only */
	if (parser->kind != PW_KIND_INTERFACES)
		num -= 2;
	for (size_t i = 0; i < num; i++) {
		if (!pw_loc_is(loc, reserved[i]))
			continue;
		pw_diag_error(parser->diags, loc, "'%s' is a reserved word",
			      reserved[i]);
		pw_diag_hint(parser->diags, "choose another name");
		return -EINVAL;
	}
	return pw_name_check(loc, parser->diags);
}

static int add_name(struct parser *parser, const struct pw_loc *loc,
		    struct pw_entry **out)
{
	struct pw_names *names = &parser->policy->names[parser->kind];
	struct pw_name name = {
		.order = names->num,
		.entry = { .key = pw_kind_info(parser->kind)->keys,
			   .loc = *loc },
	};
	int err = check_new_name(parser, loc);

	if (err)
		return err;
	memcpy(name.name, pw_loc_text(loc), loc->len);
	err = PW_ARRAY_PUSH(names->items, names->num, names->cap, name);
	if (!err)
		*out = &names->items[names->num - 1].entry;
	return err;
}

static int read_key(struct parser *parser, const struct pw_line *line,
		    const struct pw_line *end)
{
	struct pw_loc loc = pw_line_name(parser->src, line);
	struct pw_entry *entry;
	int err;

	err = parser->block ? find_entry(parser, &loc, &entry) :
			      add_name(parser, &loc, &entry);
	if (!err)
		err = pw_value_parse(entry, parser->src, line, end,
				     parser->diags);
	if (err && parser->block)
		parser->block->bad = true;
	return err;
}

/* First line from @line that does not continue it */
static const struct pw_line *end_of_value(const struct pw_line *line,
					  const struct pw_line *end, bool *bad)
{
	*bad = line->bad;
	for (line++; line < end && line->kind == PW_LINE_MORE; line++)
		*bad |= line->bad;
	return line;
}

/* A line that was refused: what it would have said is not to be missed */
static int lost_key(struct parser *parser)
{
	if (parser->block)
		parser->block->bad = true;
	else
		parser->policy->incomplete = true;
	return 0;
}

static int read_lines(struct parser *parser, const struct pw_lines *lines)
{
	const struct pw_line *line, *end, *next;
	int err, result = 0;
	bool bad;

	if (!lines->num)
		return 0;
	end = lines->items + lines->num;
	for (line = lines->items; line < end; line = next) {
		next = line + 1;
		if (line->kind == PW_LINE_SECTION) {
			err = begin_section(parser, line);
		} else {
			next = end_of_value(line, end, &bad);
			if (parser->skip)
				continue;
			err = bad ? lost_key(parser) :
				    read_key(parser, line, next);
		}
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

static int parse_lines(struct parser *parser, struct pw_lines *lines)
{
	int err, result = 0;

	err = pw_lines_read(parser->src, lines, parser->diags);
	if (err && pw_keep_going(&result, err))
		return err;
	if (result && !lines->num)
		parser->policy->incomplete = true;
	err = pw_ini_read(parser->src, lines, parser->diags);
	if (err)
		return err;
	return read_lines(parser, lines) ?: result;
}

int pw_file_parse(struct pw_policy *policy, const struct pw_source *src,
		  bool included, struct pw_diags *diags)
{
	struct parser parser = {
		.policy = policy, .src = src, .diags = diags,
		.included = included, .skip = true,
	};
	struct pw_lines lines = { 0 };
	int err = parse_lines(&parser, &lines);

	free(lines.items);
	return err;
}
