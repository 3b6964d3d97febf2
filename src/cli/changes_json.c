// SPDX-License-Identifier: GPL-2.0-or-later
/* What changes in ports, as a part of a document. */
#include "cli/changes.h"
#include "cli/json.h"
#include "cli/section.h"

static const char *const kinds[PW_NUM_CHANGES] = {
	[PW_CHANGE_OPENS] = "opens", [PW_CHANGE_CLOSES] = "closes",
	[PW_CHANGE_LIMIT] = "limit", [PW_CHANGE_UNTIL] = "until",
	[PW_CHANGE_SETTING] = "setting", [PW_CHANGE_STAYS] = "stays",
	[PW_CHANGE_REST] = "rest",
};

static json_t *text_or_null(const char *text)
{
	return text ? doc_text(text) : json_null();
}

static void describe_ports(json_t *c, const struct pw_change *change)
{
	doc_set(c, "protocol", change->proto ? json_integer(change->proto) :
					       json_null());
	doc_set(c, "ping", json_boolean(!change->proto));
	doc_set(c, "ports", change->first ?
		json_pack("[[i, i]]", change->first, change->last) :
		json_null());
}

static void describe_place(json_t *c, const struct pw_change *change)
{
	doc_set(c, "from", text_or_null(change->from_text));
	if (!change->any_from)
		doc_set(c, "from_ranges", json_integer((json_int_t)
			addrs_num(&change->from)));
	doc_set(c, "on", text_or_null(change->on_text));
	doc_set(c, "to", text_or_null(change->to_text));
}

static void describe_section(json_t *c, const struct pw_section *s, bool gone)
{
	if (!s) {
		doc_set(c, "section", json_null());
		return;
	}
	doc_set(c, "section", doc_text(s->name));
	doc_set(c, "block", json_boolean(s->block));
	doc_set(c, "gone", json_boolean(gone));
	doc_set(c, "file", gone ? json_null() : doc_text(s->file));
	doc_set(c, "line", gone ? json_null() : json_integer(s->line));
}

static json_t *change_object(const struct changes_view *view,
			     const struct pw_change *change)
{
	json_t *c = json_object();

	doc_set(c, "kind", json_string(kinds[change->kind]));
	if (change->kind != PW_CHANGE_SETTING) {
		struct change_words words = change_words(view, change);

		if (change->kind != PW_CHANGE_REST) {
			describe_ports(c, change);
			describe_place(c, change);
		}
		doc_set(c, "before", json_string(words.before));
		doc_set(c, "after", json_string(words.after));
	}
	doc_set(c, "text", text_or_null(change->text));
	describe_section(c, change->section, change->gone);
	return c;
}

json_t *changes_json(const struct changes_view *view)
{
	json_t *list = json_array();

	for (size_t i = 0; i < view->changes->num; i++)
		doc_push(list, change_object(view, &view->changes->list[i]));
	return list;
}
