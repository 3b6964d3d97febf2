// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of findings: a line for each, those alike as one. */
#include "cli/findings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/table.h"
#include "portwall/text.h"

#define MARK_WIDTH 11		/* columns of the first word */
#define WHAT_WIDTH 10		/* of "tcp/22", and a space */
#define OWNER_WIDTH 16
#define MAX_PORTS 24		/* columns; the document has all */
#define MAX_LISTED 3		/* interfaces, sources and addresses of a line */
#define MAX_LINES 100		/* unless --verbose */

static const struct result_row {
	const char *word;	/* NULL: the state is the word */
	enum mark mark;
} results[PW_NUM_RESULTS] = {
	[PW_RES_PASS] = { NULL, MARK_NOTE },
	[PW_RES_COMPUTED] = { NULL, MARK_NOTE },
	[PW_RES_SKIPPED] = { NULL, MARK_NOTE },
	[PW_RES_WARNING] = { "warning", MARK_WARNING },
	[PW_RES_UNKNOWN] = { "unknown", MARK_WARNING },
	[PW_RES_VIOLATION] = { "VIOLATION", MARK_ERROR },
};

/**
 * struct listing - The table while it is printed
 * @merged:	by finding: it is part of a line above
 * @spoken:	by case: a finding says what its result says
 * @lines:	by result, printed or not
 * @num, @held_back: printed, and not printed because there are too many
 */
struct listing {
	const struct cli *cli;
	const struct pw_report *report;
	bool *merged, *spoken;
	size_t lines[PW_NUM_RESULTS];
	size_t num, held_back;
};

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* -1: none */
static int64_t first_port(const struct pw_finding *f)
{
	if (!f->ports || pw_rangeset_empty(f->ports))
		return -1;
	return (int64_t)pw_rangeset_get(f->ports, 0).first.lo;
}

/* Do they differ in case, interface, source and address alone? */
static bool alike(const struct pw_finding *a, const struct pw_finding *b)
{
	return a->result == b->result && a->state == b->state &&
	       a->proto == b->proto && a->section == b->section &&
	       !a->ports == !b->ports &&
	       (!a->ports || pw_rangeset_equal(a->ports, b->ports)) &&
	       same(a->text, b->text) && same(a->expected, b->expected) &&
	       same(a->owner, b->owner) && same(a->hint, b->hint);
}

/* Different texts of one field of a line's findings */
struct words {
	const char *list[MAX_LISTED];
	size_t num;		/* all of them, as far as they were told apart */
};

static void add_word(struct words *words, const char *word)
{
	if (!word || !*word)
		return;
	for (size_t i = 0; i < words->num && i < MAX_LISTED; i++)
		if (!strcmp(words->list[i], word))
			return;
	if (words->num < MAX_LISTED)
		words->list[words->num] = word;
	words->num++;
}

static void put_words(const char *before, const struct words *words, FILE *out)
{
	for (size_t i = 0; i < words->num && i < MAX_LISTED; i++) {
		fputs(i ? ", " : before, out);
		pw_escape_put(words->list[i], strlen(words->list[i]), out);
	}
	if (words->num > MAX_LISTED)
		fputs(", ..", out);
}

/* What the findings of one line differ in */
struct places {
	struct words ifaces, froms, addrs;
};

/* Those alike stand near each other: the order asks for these before others */
static bool may_be_alike(const struct pw_finding *a, const struct pw_finding *b)
{
	return a->result == b->result && a->state == b->state &&
	       a->section == b->section && a->proto == b->proto &&
	       first_port(a) == first_port(b);
}

static void gather(struct listing *l, size_t first, struct places *places)
{
	const struct pw_finding *list = l->report->findings;

	for (size_t i = first; i < l->report->num_findings; i++) {
		if (!may_be_alike(&list[first], &list[i]))
			break;
		if (l->merged[i] || (i > first && !alike(&list[first],
							 &list[i])))
			continue;
		l->merged[i] = true;
		add_word(&places->ifaces, list[i].iface);
		add_word(&places->froms, list[i].from);
		add_word(&places->addrs, list[i].addr);
	}
}

static void put_section(const struct pw_model *model, uint32_t section,
			FILE *out)
{
	const struct pw_section *s;

	if (!model || section >= model->num_sections)
		return;
	s = &model->sections[section];
	pw_escape_put(s->name, strlen(s->name), out);
	fputs(", ", out);
	if (strcmp(s->file, model->source) != 0) {
		pw_escape_put(s->file, strlen(s->file), out);
		putc(' ', out);
	}
	fprintf(out, "line %" PRIu32, s->line);
}

/* "ssh, line 19"; "" where no section decides; NULL: no memory */
static char *section_text(const struct pw_report *report, uint32_t section)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	put_section(report->model, section, out);
	(void)pw_text_close(out, &text);
	return text;
}

/*
 * @text behind the first word, in as many lines as it takes; @right at the end
 * of the last, or below
 */
static void print_entry(const struct listing *l, enum mark mark,
			const char *word, const char *text, const char *right)
{
	size_t width = OUTPUT_WIDTH - MARK_WIDTH, len;
	size_t pad = MARK_WIDTH - strlen(word), right_len = strlen(right);

	put_marked(l->cli, mark, word, stdout);
	for (;;) {
		len = wrap_piece(text, width);
		printf("%*s%.*s", (int)pad, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
		pad = MARK_WIDTH;
		if (!*text)
			break;
		putchar('\n');
	}
	if (right_len && len + 2 + right_len > width) {
		putchar('\n');
		len = 0;
		printf("%*s", MARK_WIDTH, "");
	}
	if (right_len)
		printf("%*s", (int)(width - len), right);
	putchar('\n');
}

static void print_hint(const char *hint)
{
	char *escaped = pw_escape(hint);

	if (!escaped)
		return;
	printf("%*s", MARK_WIDTH, "");
	print_wrapped(escaped, MARK_WIDTH, MARK_WIDTH, stdout);
	free(escaped);
}

/* Who listens, from where it is reached, and what else is to be said */
static void put_state(const struct pw_finding *f, const struct places *places,
		      FILE *out)
{
	char *owner = f->owner ? pw_escape(f->owner) : NULL;

	if (owner)
		fprintf(out, "%-*s ", OWNER_WIDTH - 1, owner);
	free(owner);
	if (places->froms.num)
		put_words("", &places->froms, out);
	else
		put_words("", &places->addrs, out);
	if (f->text && (!f->owner || f->state == PW_STATE_UNKNOWN)) {
		fputs(places->froms.num || places->addrs.num ? ": " : "", out);
		pw_escape_put(f->text, strlen(f->text), out);
	}
}

static int put_sentence(const struct pw_finding *f,
			const struct places *places, FILE *out)
{
	char *where = NULL, *text;
	size_t len;
	FILE *place = pw_text_open(&where, &len);

	if (!place)
		return -ENOMEM;
	put_words(" on ", &places->ifaces, place);
	put_words(" from ", &places->froms, place);
	put_words(" to ", &places->addrs, place);
	if (pw_text_close(place, &where))
		return -ENOMEM;
	text = pw_finding_sentence(f, where);
	if (text)
		fputs(text, out);
	if (f->owner) {
		fputs(": ", out);
		pw_escape_put(f->owner, strlen(f->owner), out);
	}
	free(where);
	free(text);
	return text ? 0 : -ENOMEM;
}

/* Columns that nothing stands in */
static void trim(char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
}

/* All of the line but its first word and its section; NULL: no memory */
static char *finding_text(const struct pw_finding *f,
			  const struct places *places)
{
	char *what = pw_finding_what(f, MAX_PORTS), *text = NULL;
	size_t len;
	FILE *out = what ? pw_text_open(&text, &len) : NULL;
	int err = out ? 0 : -ENOMEM;

	if (out && *what)
		fprintf(out, "%-*s ", WHAT_WIDTH - 1, what);
	if (out && results[f->result].word)
		err = put_sentence(f, places, out);
	else if (out)
		put_state(f, places, out);
	free(what);
	if (out && !pw_text_close(out, &text) && !err) {
		trim(text);
		return text;
	}
	free(text);
	return NULL;
}

/* Too many lines help nobody */
static bool has_room(struct listing *l, enum pw_result result)
{
	l->lines[result]++;
	if (l->cli->verbose || l->num < MAX_LINES) {
		l->num++;
		return true;
	}
	l->held_back++;
	return false;
}

static int print_finding(struct listing *l, size_t i)
{
	const struct pw_finding *f = &l->report->findings[i];
	const struct result_row *row = &results[f->result];
	struct places places = { 0 };
	char *text, *right;

	gather(l, i, &places);
	if (!has_room(l, f->result))
		return 0;
	text = finding_text(f, &places);
	right = text ? section_text(l->report, f->section) : NULL;
	if (right)
		print_entry(l, row->mark, row->word ? row->word :
			    pw_port_state_name(f->state), text, right);
	if (right && f->hint)
		print_hint(f->hint);
	free(text);
	free(right);
	return right ? 0 : -ENOMEM;
}

/* A case that no finding speaks for */
static int print_case(struct listing *l, const struct pw_case *c)
{
	const struct result_row *row = &results[c->result];
	char *text = NULL;
	size_t len;
	FILE *out;

	if (!has_room(l, c->result))
		return 0;
	out = pw_text_open(&text, &len);
	if (!out)
		return -ENOMEM;
	pw_escape_put(c->suite, strlen(c->suite), out);
	fputs(": ", out);
	pw_escape_put(c->name, strlen(c->name), out);
	if (c->text) {
		fputs(": ", out);
		pw_escape_put(c->text, strlen(c->text), out);
	}
	if (pw_text_close(out, &text))
		return -ENOMEM;
	print_entry(l, row->mark, row->word, text, "");
	free(text);
	return 0;
}

/* Sockets on loopback are one line, unless all is asked for */
static bool is_folded(const struct listing *l, const struct pw_finding *f)
{
	return f->result == PW_RES_PASS && f->state == PW_STATE_LOCAL &&
	       !l->cli->verbose;
}

static int print_result(struct listing *l, enum pw_result result)
{
	const struct pw_report *report = l->report;
	int err = 0;

	for (size_t i = 0; !err && i < report->num_findings; i++)
		if (report->findings[i].result == result && !l->merged[i] &&
		    !is_folded(l, &report->findings[i]))
			err = print_finding(l, i);
	for (size_t i = 0; !err && i < report->num_cases; i++)
		if (report->cases[i].result == result && !l->spoken[i] &&
		    results[result].word)
			err = print_case(l, &report->cases[i]);
	return err;
}

/* "cupsd 631" of cupsd[77]; false: no more room */
static bool put_local(const struct pw_finding *f, FILE *out)
{
	const char *owner = f->owner ? f->owner : "?";
	long before = ftell(out);

	fputs(before > 0 ? ", " : "", out);
	pw_escape_put(owner, strcspn(owner, "["), out);
	if (f->ports && !pw_rangeset_empty(f->ports))
		fprintf(out, " %" PRIu64,
			pw_rangeset_get(f->ports, 0).first.lo);
	return ftell(out) < OUTPUT_WIDTH - MARK_WIDTH - 8;
}

static int print_local(const struct listing *l)
{
	const struct pw_report *report = l->report;
	char *names = NULL, *text = NULL;
	size_t num = 0, len;
	FILE *out = pw_text_open(&names, &len);
	bool room = true;
	int err = 0;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < report->num_findings; i++) {
		if (!is_folded(l, &report->findings[i]))
			continue;
		num++;
		if (room)
			room = put_local(&report->findings[i], out);
	}
	if (pw_text_close(out, &names))
		return -ENOMEM;
	if (num && asprintf(&text, "%zu socket%s on loopback only: %s%s", num,
			    plural(num), names, room ? "" : ", ..") < 0)
		err = -ENOMEM;
	if (num && !err)
		print_entry(l, MARK_NOTE, "local", text, "");
	free(num && !err ? text : NULL);
	free(names);
	return err;
}

static void note_spoken(struct listing *l)
{
	const struct pw_report *report = l->report;

	for (size_t i = 0; i < report->num_findings; i++) {
		const struct pw_finding *f = &report->findings[i];

		if (f->result == report->cases[f->of_case].result)
			l->spoken[f->of_case] = true;
	}
}

/* With --quiet only what asks for action; lines of states are verify's result */
static int print_table(struct listing *l)
{
	enum pw_result last = l->cli->quiet ? PW_RES_UNKNOWN : PW_RES_PASS;
	int err = 0;

	note_spoken(l);
	for (int r = PW_NUM_RESULTS - 1; !err && r >= (int)last; r--)
		err = print_result(l, (enum pw_result)r);
	if (!err && l->held_back)
		printf("... and %zu lines more; --verbose prints all of them\n",
		       l->held_back);
	if (!err && !l->cli->quiet)
		err = print_local(l);
	return err ? err : findings_close(l->cli, l->report, l->lines);
}

int findings_print(const struct cli *cli, const struct pw_report *report)
{
	struct listing l = {
		.cli = cli, .report = report,
		.merged = calloc(report->num_findings + 1, sizeof(bool)),
		.spoken = calloc(report->num_cases + 1, sizeof(bool)),
	};
	int err = l.merged && l.spoken ? findings_open(cli, report) : -ENOMEM;

	if (!err)
		err = print_table(&l);
	free(l.merged);
	free(l.spoken);
	return err;
}
