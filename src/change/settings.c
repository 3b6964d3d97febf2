/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What [policy] says of the whole host, and which sections log. */
#include "change/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/escape.h"
#include "portwall/text.h"

static void put_log(bool set, const struct pw_rate *rate, FILE *out)
{
	if (!set) {
		fputs("no", out);
		return;
	}
	pw_rate_print(rate, out);
}

static void put_default(const struct pw_model *model, FILE *out)
{
	fputs(model->on_default == PW_DEFAULT_REJECT ? "reject" : "drop", out);
}

static void put_dhcp(const struct pw_model *model, FILE *out)
{
	fputs(model->dhcp ? "yes" : "no", out);
}

static void put_policy_log(const struct pw_model *model, FILE *out)
{
	put_log(model->log_set, &model->log, out);
}

static void put_containers(const struct pw_model *model, FILE *out)
{
	fputs(model->containers == PW_CONTAINERS_FOLLOW ? "follow" : "ignore",
	      out);
}

static void put_bridges(const struct pw_model *model, FILE *out)
{
	char buf[17];

	for (size_t i = 0; i < model->bridges->num; i++) {
		struct pw_range r = pw_rangeset_get(model->bridges, i);

		fprintf(out, "%s%s", i ? ", " : "", pw_ifname_format(&r, buf));
	}
}

static void put_established(const struct pw_model *model, FILE *out)
{
	fputs(model->established == PW_ESTABLISHED_CUT ? "cut" : "keep", out);
}

static void put_guard(const struct pw_model *model, FILE *out)
{
	for (size_t i = 0; i < model->guard->num; i++) {
		const struct pw_range32 *r = &model->guard->r32[i];

		fprintf(out, "%s%" PRIu32, i ? ", " : "", r->first);
		if (r->last != r->first)
			fprintf(out, "-%" PRIu32, r->last);
	}
	if (!model->guard->num)
		fputs("what sshd listens on", out);
}

/* Whom pings are answered is compared as ports are */
static const struct setting {
	const char *key;
	void (*put)(const struct pw_model *model, FILE *out);
	bool follow;		/* means something with containers = follow */
} settings[] = {
	{ "default", put_default, false },
	{ "dhcp", put_dhcp, false },
	{ "log", put_policy_log, false },
	{ "containers", put_containers, false },
	{ "bridges", put_bridges, true },
	{ "established", put_established, false },
	{ "guard", put_guard, false },
};

/* A NULL @text is lack of memory; takes it */
static int add(struct pw_changes *changes, char *text,
	       const struct pw_section *section)
{
	struct pw_change change = {
		.kind = PW_CHANGE_SETTING, .text = text, .section = section,
		.any_from = true,
	};
	int err = text ? PW_ARRAY_PUSH(changes->list, changes->num,
				       changes->cap, change) : -ENOMEM;

	if (err)
		free(text);
	return err;
}

static char *value_of(const struct setting *setting,
		      const struct pw_model *model)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	setting->put(model, out);
	(void)pw_text_close(out, &text);
	return text;
}

static int compare(const struct setting *setting,
		   const struct pw_model *before, const struct pw_model *after,
		   struct pw_changes *changes)
{
	char *was = value_of(setting, before), *is = value_of(setting, after);
	char *text = NULL;
	int err = was && is ? 0 : -ENOMEM;

	if (!err && strcmp(was, is)) {
		if (asprintf(&text, "%s: %s -> %s", setting->key, was, is) < 0)
			text = NULL;
		err = add(changes, text, NULL);
	}
	free(was);
	free(is);
	return err;
}

static int order_cmp(const struct pw_section *a, const struct pw_section *b)
{
	if (a->block != b->block)
		return a->block ? 1 : -1;
	return strcmp(a->name, b->name);
}

const struct pw_section *pw_section_namesake(const struct pw_model *model,
					     const struct pw_section *section)
{
	size_t low = 0, high = model->num_sections;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = order_cmp(&model->sections[mid], section);

		if (!order)
			return &model->sections[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool same_log(const struct pw_section *a, const struct pw_section *b)
{
	return a->log_set == b->log_set &&
	       (!a->log_set || (a->log.count == b->log.count &&
				a->log.unit_s == b->log.unit_s &&
				a->log.burst == b->log.burst));
}

static int compare_log(const struct pw_section *was,
		       const struct pw_section *is, struct pw_changes *changes)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	if (same_log(was, is))
		return 0;
	out = pw_text_open(&text, &len);
	if (!out)
		return -ENOMEM;
	fprintf(out, "log of %s '%s': ", is->block ? "block" : "allow",
		is->name);
	put_log(was->log_set, &was->log, out);
	fputs(" -> ", out);
	put_log(is->log_set, &is->log, out);
	(void)pw_text_close(out, &text);
	return add(changes, text, is);
}

int pw_settings_compare(const struct pw_model *before,
			const struct pw_model *after,
			struct pw_changes *changes)
{
	bool follow = before->containers == PW_CONTAINERS_FOLLOW &&
		      after->containers == PW_CONTAINERS_FOLLOW;
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(settings); i++)
		if (follow || !settings[i].follow)
			err = compare(&settings[i], before, after, changes);
	for (size_t i = 0; !err && i < after->num_sections; i++) {
		const struct pw_section *is = &after->sections[i];
		const struct pw_section *was = pw_section_namesake(before, is);

		if (was)
			err = compare_log(was, is, changes);
	}
	return err;
}
