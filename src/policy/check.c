/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks bytes and lines of a policy, so that libinih cannot misread one. */
#include "policy/check.h"

#include <errno.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/names.h"
#include "portwall/own.h"

#include "policy/bytes.h"
#include "policy/header.h"

/* State of one pass over the lines */
struct pass {
	const struct pw_source *src;
	struct pw_diags *diags;
	struct pw_lines *out;
	uint32_t line;		/* of the line being read */
	const char *text;	/* of it, behind a byte order mark */
	size_t len;
	uint32_t mark_len;
	bool in_section;	/* a section header came before */
};

static struct pw_loc span(const struct pass *pass, size_t from, size_t len)
{
	return (struct pw_loc){ pass->src, pass->line,
				pass->mark_len + (uint32_t)from + 1,
				len ? (uint32_t)len : 1 };
}

static int check_bytes(struct pass *pass)
{
	size_t at = pw_bytes_find_bad(pass->text, pass->len);
	struct pw_loc loc = span(pass, at, 1);
	unsigned char byte;

	if (at == pass->len)
		return 0;
	byte = pass->text[at];
	if (!byte) {
		pw_diag_error(pass->diags, &loc, "NUL byte in the text");
	} else if (byte == '\r') {
		pw_diag_error(pass->diags, &loc,
			      "carriage return that does not end a line");
		pw_diag_hint(pass->diags, "lines end in LF or in CR LF");
	} else if (byte < 0x80) {
		pw_diag_error(pass->diags, &loc, "control byte 0x%02x", byte);
	} else {
		pw_diag_error(pass->diags, &loc, "byte 0x%02x is not UTF-8",
			      byte);
	}
	return -EINVAL;
}

static int check_len(struct pass *pass)
{
	struct pw_loc loc = span(pass, 0, 1);

	if (pass->len <= PW_LINE_MAX_LEN)
		return 0;
	pw_diag_error(pass->diags, &loc,
		      "line of %zu bytes; a line may have %u", pass->len,
		      PW_LINE_MAX_LEN);
	pw_diag_hint(pass->diags, "continue a list on indented lines, or use "
		     "a list file: file:PATH");
	return -EINVAL;
}

/* End of the text that starts at @from: before " ;" and white space */
static size_t end_of_text(const struct pass *pass, size_t from)
{
	size_t end = from;

	for (size_t i = from; i < pass->len; i++) {
		char c = pass->text[i];

		if (c == ';' && i && pw_is_space(pass->text[i - 1]))
			break;
		if (!pw_is_space(c))
			end = i + 1;
	}
	return end;
}

static int push(struct pass *pass, struct pw_line line)
{
	struct pw_lines *out = pass->out;

	line.line = pass->line;
	line.name += pass->mark_len;
	line.arg += pass->mark_len;
	return PW_ARRAY_PUSH(out->items, out->num, out->cap, line);
}

/* The header is well formed; is it one of ours? */
static int push_header(struct pass *pass, struct pw_line line)
{
	int err = push(pass, line);

	if (err)
		return err;
	err = pw_header_check(pass->src, &pass->out->items[pass->out->num - 1],
			      pass->diags);
	pass->out->items[pass->out->num - 1].bad = err;
	return err;
}

/* Keeps a line in its place that an error was reported for */
static int push_bad(struct pass *pass, enum pw_line_kind kind)
{
	int err = push(pass, (struct pw_line){ .kind = kind, .bad = true });

	return err ? err : -EINVAL;
}

/* The two words between [ and ] must stand as they are meant to */
static bool split_header(const struct pass *pass, size_t end,
			 struct pw_line *line)
{
	const char *text = pass->text;
	const char *gap = memchr(text + 1, ' ', end - 1);
	size_t name_end = gap ? (size_t)(gap - text) : end;

	line->name = 1;
	line->name_len = name_end - 1;
	if (gap) {
		line->arg = name_end + 1;
		line->arg_len = end - line->arg;
	}
	for (size_t i = 1; i < end; i++) {
		if (pw_is_space(text[i]) && i != name_end)
			return false;
	}
	return line->name_len && (!gap || line->arg_len);
}

static int read_section(struct pass *pass)
{
	size_t end = end_of_text(pass, 0);
	const char *close = memchr(pass->text, ']', end);
	size_t len = close ? (size_t)(close - pass->text) : end;
	struct pw_loc loc = span(pass, 0, end);
	struct pw_line line = { .kind = PW_LINE_SECTION };

	pass->in_section = true;
	if (!close) {
		pw_diag_error(pass->diags, &loc, "section without ']'");
		pw_diag_hint(pass->diags, "write [KIND] or [KIND NAME]");
		return push_bad(pass, line.kind);
	}
	if (len + 1 != end) {
		loc = span(pass, len + 1, end - len - 1);
		pw_diag_error(pass->diags, &loc, "text after ']'");
		pw_diag_hint(pass->diags, "a comment there starts with ' ;'");
		return push_bad(pass, line.kind);
	}
	if (memchr(pass->text + 1, '[', len - 1) ||
	    !split_header(pass, len, &line)) {
		pw_diag_error(pass->diags, &loc,
			      "not a section header: '%.*s'",
			      (int)(end < 60 ? end : 60), pass->text);
		pw_diag_hint(pass->diags, "write [KIND] or [KIND NAME], with "
			     "one space between the words");
		return push_bad(pass, line.kind);
	}
	return push_header(pass, line);
}

static int no_key(struct pass *pass, size_t end)
{
	struct pw_loc loc = span(pass, 0, end);
	const char *colon = memchr(pass->text, ':', end);

	if (colon) {
		loc = span(pass, colon - pass->text, 1);
		pw_diag_error(pass->diags, &loc,
			      "':' does not separate a key from its value");
		pw_diag_hint(pass->diags, "write KEY = VALUE");
	} else {
		pw_diag_error(pass->diags, &loc, "line without '='");
		pw_diag_hint(pass->diags, "write KEY = VALUE; lines that "
			     "continue a list are indented");
	}
	return push_bad(pass, PW_LINE_KEY);
}

static int bad_key(struct pass *pass, size_t len)
{
	struct pw_loc loc = span(pass, 0, len);
	const char *colon = memchr(pass->text, ':', len);

	if (colon)
		return no_key(pass, len);
	if (!len) {
		pw_diag_error(pass->diags, &loc, "no key before '='");
	} else if (pw_is_name(pass->text, len)) {
		pw_diag_error(pass->diags, &loc,
			      "name of %zu bytes; a name may have %d", len,
			      PW_NAME_MAX);
	} else {
		pw_diag_error(pass->diags, &loc, "'%.*s' is not a key",
			      (int)(len < 60 ? len : 60), pass->text);
		pw_diag_hint(pass->diags, "letters, digits, '_', '.' and '-', "
			     "first a letter or '_'");
	}
	return push_bad(pass, PW_LINE_KEY);
}

static int read_key(struct pass *pass)
{
	size_t end = end_of_text(pass, 0);
	const char *equals = memchr(pass->text, '=', end);
	size_t key_len = equals ? (size_t)(equals - pass->text) : 0;
	struct pw_line line = { .kind = PW_LINE_KEY };
	struct pw_loc loc;

	if (!equals)
		return no_key(pass, end);
	line.arg = key_len + 1;
	while (key_len && pw_is_space(pass->text[key_len - 1]))
		key_len--;
	line.name_len = key_len;
	if (!pw_is_name(pass->text, key_len) || key_len > PW_NAME_MAX)
		return bad_key(pass, key_len);
	if (!pass->in_section) {
		loc = span(pass, 0, end);
		pw_diag_error(pass->diags, &loc, "key before any section");
		pw_diag_hint(pass->diags, "put a header such as [policy] or "
			     "[allow NAME] above it");
		return push_bad(pass, line.kind);
	}
	/* the value may start right behind '=', but never with " ;" */
	end = end_of_text(pass, line.arg);
	while (line.arg < end && pw_is_space(pass->text[line.arg]))
		line.arg++;
	line.arg_len = end - line.arg;
	return push(pass, line);
}

/* What the line directly above is, NULL if it is blank or a comment */
static const struct pw_line *line_above(const struct pass *pass)
{
	const struct pw_lines *out = pass->out;

	if (!out->num || out->items[out->num - 1].line + 1 != pass->line)
		return NULL;
	return &out->items[out->num - 1];
}

static const char *why_not_more(const struct pass *pass, size_t from,
				size_t end)
{
	const struct pw_line *above = line_above(pass);

	if (pass->text[from] == '[')
		return "a section header must not be indented";
	if (memchr(pass->text + from, '=', end - from))
		return "a key must not be indented";
	if (!above)
		return "indented line below a blank line or a comment";
	if (above->kind == PW_LINE_SECTION)
		return "indented line directly below a section header";
	return NULL;
}

static int read_more(struct pass *pass, size_t from)
{
	size_t end = end_of_text(pass, from);
	const char *why = why_not_more(pass, from, end);
	const struct pw_line *above = line_above(pass);
	struct pw_line line = {
		.kind = PW_LINE_MORE, .arg = from, .arg_len = end - from
	};
	struct pw_loc loc = span(pass, from, end - from);

	if (why) {
		pw_diag_error(pass->diags, &loc, "%s", why);
		pw_diag_hint(pass->diags, "indent only the lines that "
			     "continue a list, directly below it");
		return push_bad(pass, line.kind);
	}
	line.bad = above->bad;
	return push(pass, line);
}

static int read_line(struct pass *pass)
{
	size_t from = 0;
	int err;

	err = check_len(pass) ?: check_bytes(pass);
	if (err)
		return push_bad(pass, pass->text[0] == '[' ? PW_LINE_SECTION :
							     PW_LINE_KEY);
	while (from < pass->len && pw_is_space(pass->text[from]))
		from++;
	if (from == pass->len || strchr(";#", pass->text[from]))
		return 0;
	if (from)
		return read_more(pass, from);
	return pass->text[0] == '[' ? read_section(pass) : read_key(pass);
}

/* UTF-16 is one mistake, not one a line */
static int check_encoding(struct pass *pass)
{
	const char *text = pass->src->text;
	struct pw_loc loc;

	if (pass->src->len < 2 || (memcmp(text, "\xff\xfe", 2) &&
				   memcmp(text, "\xfe\xff", 2)))
		return 0;
	loc = span(pass, 0, 2);
	pw_diag_error(pass->diags, &loc, "this is UTF-16 text");
	pw_diag_hint(pass->diags, "save it as UTF-8");
	return -EINVAL;
}

static void get_line(struct pass *pass)
{
	static const char mark[] = "\xef\xbb\xbf";

	pass->text = pw_source_line(pass->src, pass->line, &pass->len);
	pass->mark_len = 0;
	if (pass->line == 1 && pass->len >= 3 && !memcmp(pass->text, mark, 3)) {
		pass->mark_len = 3;
		pass->text += 3;
		pass->len -= 3;
	}
}

int pw_lines_read(const struct pw_source *src, struct pw_lines *out,
		  struct pw_diags *diags)
{
	struct pass pass = { .src = src, .diags = diags, .out = out };
	int result = 0;

	pass.line = 1;
	if (check_encoding(&pass))
		return -EINVAL;
	for (; pass.line <= src->num_lines; pass.line++) {
		int err;

		get_line(&pass);
		err = read_line(&pass);
		if (err && err != -EINVAL)
			return err;
		result = err ?: result;
	}
	return result;
}

struct pw_loc pw_line_name(const struct pw_source *src,
			   const struct pw_line *line)
{
	return (struct pw_loc){ src, line->line, line->name + 1,
				line->name_len ?: 1 };
}

struct pw_loc pw_line_arg(const struct pw_source *src,
			  const struct pw_line *line)
{
	return (struct pw_loc){ src, line->line, line->arg + 1,
				line->arg_len ?: 1 };
}
