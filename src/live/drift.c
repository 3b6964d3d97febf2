// SPDX-License-Identifier: GPL-2.0-or-later
/* What is no longer as it was applied. */
#include "portwall/drift.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/drift_list.h"
#include "portwall/array.h"

__attribute__((format(printf, 3, 0)))
static int push(struct pw_drifts *drifts, struct pw_drift drift,
		const char *fmt, va_list ap, const char *hint)
{
	if (vasprintf(&drift.text, fmt, ap) < 0)
		return -ENOMEM;
	drift.hint = hint ? strdup(hint) : NULL;
	if (!PW_ARRAY_PUSH(drifts->list, drifts->num, drifts->cap, drift))
		return 0;
	free(drift.text);
	free(drift.hint);
	return -ENOMEM;
}

int pw_drift_add(struct pw_drifts *drifts, enum pw_drift_kind kind,
		 const char *hint, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = push(drifts, (struct pw_drift){ .kind = kind }, fmt, ap, hint);
	va_end(ap);
	return err;
}

int pw_drift_note(struct pw_drifts *drifts, enum pw_drift_kind kind,
		  const char *hint, const char *fmt, ...)
{
	const struct pw_drift note = { .kind = kind, .note = true };
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = push(drifts, note, fmt, ap, hint);
	va_end(ap);
	return err;
}

int pw_drift_find(const struct pw_status *status,
		  const struct pw_intent *intent,
		  const struct pw_where *where, struct pw_drifts **out,
		  struct pw_diags *diags)
{
	pw_owned(pw_drifts_free) struct pw_drifts *drifts =
		calloc(1, sizeof(*drifts));
	int err = drifts ? 0 : -ENOMEM;

	if (!err)
		err = pw_drift_ours(status, intent, where, drifts, diags);
	if (!err)
		err = pw_drift_boot(status, where, drifts);
	if (!err)
		err = pw_drift_others(status, drifts, diags);
	if (!err)
		*out = PW_TAKE(drifts);
	return err;
}

void pw_drifts_free(struct pw_drifts *drifts)
{
	if (!drifts)
		return;
	for (size_t i = 0; i < drifts->num; i++) {
		free(drifts->list[i].text);
		free(drifts->list[i].hint);
	}
	free(drifts->list);
	free(drifts);
}
