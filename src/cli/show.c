// SPDX-License-Identifier: GPL-2.0-or-later
/* show: what a policy lets in, as a table of ports, or as text or JSON for nft. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/remembered.h"
#include "cli/section.h"
#include "cli/show.h"
#include "cli/table.h"
#include "portwall/nft.h"
#include "portwall/text.h"

typedef void (*put_fn)(const struct pw_section *s, unsigned int reach,
		       FILE *out);

static const char *const heading[] = {
	"reachable", "from", "on", "section", "line",
};

static const put_fn cells[] = {
	put_reach, put_from, put_on, put_name, put_line,
};

/* What @put prints as a string; NULL when memory is short */
static char *text_of(put_fn put, const struct pw_section *s,
		     unsigned int reach)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	put(s, reach, out);
	(void)pw_text_close(out, &text);
	return text;
}

/* The worst comes first: anyone, then anyone within limits, then the rest */
static int rank_of(const struct pw_section *s)
{
	if (!s->any_from)
		return pw_addrs_empty(&s->from) ? 4 : 3;
	if (!s->any_on)
		return 2;
	return s->rate.set || s->connections.set || s->until_ns;
}

/* Limits, and the file where the line is not the policy's own; NULL: neither */
static int make_note(const struct pw_section *s, const char *source,
		     char **note)
{
	bool own = !strcmp(s->file, source);
	char *limits = text_of(put_limits, s, 0);
	char *file = pw_escape(s->file), *text = NULL;
	int len = limits && file ? 0 : -1;

	if (!len && (*limits || !own))
		len = asprintf(&text, "%s%s%s", limits,
			       *limits && !own ? ", " : "", own ? "" : file);
	free(limits);
	free(file);
	if (len >= 0)
		*note = text;
	return len < 0 ? -ENOMEM : 0;
}

static int add_row(struct table *table, const struct pw_section *s,
		   unsigned int reach, const char *source)
{
	struct table_row row = { .rank = rank_of(s) };
	bool complete = true;

	for (size_t c = 0; c < PW_ARRAY_SIZE(cells); c++) {
		row.cell[c] = text_of(cells[c], s, reach);
		complete &= row.cell[c] != NULL;
	}
	complete &= !make_note(s, source, &row.note);
	if (table_add(table, &row))
		return -ENOMEM;
	return complete ? 0 : -ENOMEM;
}

static int add_rows(struct table *table, const struct pw_model *model)
{
	int err = 0;

	for (size_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *s = &model->sections[i];

		for (unsigned int reach = 0; reach < NUM_REACH; reach++)
			if (!err && !s->block && section_reaches(s, reach))
				err = add_row(table, s, reach, model->source);
	}
	return err;
}

/* Where the column for it is out of reach */
static void put_place(const struct pw_section *s, bool own, FILE *out)
{
	fprintf(out, ", line %u", s->line);
	if (own)
		return;
	fputs(" of ", out);
	pw_escape_put(s->file, strlen(s->file), out);
}

static int print_block(const struct pw_section *s, const char *source,
		       size_t width)
{
	int digits = snprintf(NULL, 0, "%u", s->line);
	bool own = !strcmp(s->file, source);
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);
	int pad, err;

	if (!out)
		return -ENOMEM;
	fputs("blocked: ", out);
	put_block(s, out);
	pad = (int)width - (int)ftell(out);
	if (own && pad > digits)
		fprintf(out, "%*u", pad, s->line);
	else
		put_place(s, own, out);
	err = pw_text_close(out, &text);
	if (!err)
		print_wrapped(text, 0, 9, stdout);
	free(text);
	return err;
}

static void put_always(const struct pw_model *model, FILE *out)
{
	fputs("always: replies, ICMP errors, ND, MLD, IGMP", out);
	if (model->dhcp)
		fputs(", DHCP client", out);
	if (model->ping != PW_PING_NO)
		fputs(", ping", out);
	if (model->ping == PW_PING_RATE) {
		putc(' ', out);
		pw_rate_print(&model->ping_rate, out);
	}
}

static void put_bridges(const struct pw_intent *intent, FILE *out)
{
	const struct pw_host *host = intent->host;
	bool first = true;

	fputs("; container bridges: ", out);
	for (size_t i = 0; i < host->num_ifaces; i++) {
		const char *name = host->ifaces[i].name;

		if (!is_bridge(intent->model, name))
			continue;
		fputs(first ? "" : ", ", out);
		pw_escape_put(name, strlen(name), out);
		first = false;
	}
	if (first)
		fputs(host->ifaces_known ? "none here" : "unknown", out);
}

static void put_rest(const struct pw_intent *intent, FILE *out)
{
	const struct pw_model *model = intent->model;

	fprintf(out, "everything else is %s, on every protocol",
		model->on_default == PW_DEFAULT_REJECT ? "refused" : "dropped");
	if (model->log_set) {
		fputs(", logged ", out);
		pw_rate_print(&model->log, out);
	}
	if (model->containers == PW_CONTAINERS_FOLLOW)
		put_bridges(intent, out);
	else
		fputs("; published container ports are not judged", out);
}

static int print_rest(const struct pw_intent *intent)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);
	int err;

	if (!out)
		return -ENOMEM;
	put_rest(intent, out);
	err = pw_text_close(out, &text);
	if (!err)
		print_wrapped(text, 0, 2, stdout);
	free(text);
	return err;
}

static int print_ports(const struct pw_intent *intent)
{
	const struct pw_model *model = intent->model;
	struct table table = {
		.heading = heading, .num_cols = PW_ARRAY_SIZE(heading),
		.right = true,
	};
	int err = add_rows(&table, model);
	size_t width = 0;

	if (!err && table.num)
		width = table_print(&table, stdout);
	else if (!err)
		puts("reachable: nothing");
	table_clear(&table);
	for (size_t i = 0; !err && i < model->num_sections; i++)
		if (model->sections[i].block)
			err = print_block(&model->sections[i],
					  model->source, width);
	if (err)
		return err;
	put_always(model, stdout);
	putchar('\n');
	return print_rest(intent);
}

static int print_rules(const struct pw_intent *intent, enum show_as as,
		       struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	int err = pw_intent_compile(intent, 1, &rs, diags);

	if (err)
		return err;
	return as == SHOW_NFT ? pw_nft_print(rs, stdout) :
	       pw_nft_print_json(rs, stdout, diags);
}

static int print_as(struct cli *cli, const struct pw_intent *intent)
{
	if (cli->as != SHOW_TABLE)
		return print_rules(intent, cli->as, cli->diags);
	if (cli->doc) {
		show_describe(cli, intent);
		return 0;
	}
	return print_ports(intent);
}

static int load(struct cli *cli, struct pw_intent **out)
{
	const struct pw_trust nobody_asks = { .sudo_uid = (uid_t)-1 };

	if (cli->applied)
		return remembered_load(cli, out);
	return pw_intent_load(cli->policy, &nobody_asks, out, cli->diags);
}

int cmd_show(struct cli *cli)
{
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	int err;

	if (cli->doc && cli->as != SHOW_TABLE)
		return status_of(cli, pw_diag_error(cli->diags, NULL,
					       "show: --json does not go with --as=%s",
					       cli->as == SHOW_NFT ? "nft" :
					       "json"));
	err = load(cli, &intent);
	if (!err)
		err = confine_settle(cli);
	if (!err) {
		messages_print(cli);
		err = print_as(cli, intent);
	}
	return status_of(cli, err);
}
