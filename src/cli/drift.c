// SPDX-License-Identifier: GPL-2.0-or-later
/* Drift as documents have it. */
#include "cli/drift.h"

#include "cli/json.h"

const char *drift_word(enum pw_drift_kind kind)
{
	static const char *const words[] = {
		[PW_DRIFT_TABLE_GONE] = "table-gone",
		[PW_DRIFT_ASLEEP] = "asleep", [PW_DRIFT_FLUSHED] = "flushed",
		[PW_DRIFT_ADDED] = "added", [PW_DRIFT_GONE] = "gone",
		[PW_DRIFT_CHANGED] = "changed",
		[PW_DRIFT_FALLBACK] = "fallback",
		[PW_DRIFT_NOT_REMEMBERED] = "not-remembered",
		[PW_DRIFT_FILE] = "file", [PW_DRIFT_DROPS] = "drops",
		[PW_DRIFT_HIDES] = "hides", [PW_DRIFT_MANAGER] = "manager",
	};

	_Static_assert(PW_ARRAY_SIZE(words) == PW_NUM_DRIFT_KINDS,
		       "a word for each kind of drift");
	return words[kind];
}

size_t drift_count(const struct pw_drifts *drifts, enum pw_drift_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < drifts->num; i++)
		count += drifts->list[i].kind == kind;
	return count;
}

json_t *drift_list(const struct pw_drifts *drifts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < drifts->num; i++) {
		const struct pw_drift *drift = &drifts->list[i];
		json_t *object = json_object();

		doc_set(object, "kind", json_string(drift_word(drift->kind)));
		doc_set(object, "text", doc_text(drift->text));
		doc_set(object, "hint", drift->hint ? doc_text(drift->hint) :
						      json_null());
		doc_set(object, "note", json_boolean(drift->note));
		doc_push(list, object);
	}
	return list;
}
