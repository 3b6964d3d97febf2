// SPDX-License-Identifier: GPL-2.0-or-later
/* Temporary openings as words and as JSON. */
#include "cli/opening.h"

#include <stdlib.h>

#include "cli/json.h"
#include "cli/output.h"
#include "portwall/names.h"

static const char *source_text(const struct pw_opening *o,
			       char buf[static 2 * PW_ADDR_STRLEN])
{
	const struct pw_range range = { o->from, o->to };

	return pw_addr_range_format(o->family, &range, buf);
}

void opening_put(const struct pw_opening *o, FILE *out)
{
	const char *proto = pw_proto_name(o->proto);
	char buf[2 * PW_ADDR_STRLEN];

	if (proto)
		fputs(proto, out);
	else
		fprintf(out, "%u", o->proto);
	fprintf(out, "/%u", o->first);
	if (o->last != o->first)
		fprintf(out, "-%u", o->last);
	fprintf(out, " from %s", o->any_from ? "anyone" : source_text(o, buf));
	if (*o->iifname) {
		char *name = pw_escape(o->iifname);

		fprintf(out, " on %s", name ? name : "?");
		free(name);
	}
}

json_t *opening_object(const struct pw_opening *o)
{
	json_t *object = json_object();
	char buf[2 * PW_ADDR_STRLEN];

	doc_set(object, "protocol", json_integer(o->proto));
	doc_set(object, "ports", json_pack("[[i, i]]", o->first, o->last));
	doc_set(object, "from", o->any_from ? json_null() :
		json_string(source_text(o, buf)));
	doc_set(object, "interface", *o->iifname ? doc_text(o->iifname) :
						   json_null());
	doc_set(object, "seconds_left",
		json_integer((json_int_t)((o->left_ms + 999) / 1000)));
	return object;
}
