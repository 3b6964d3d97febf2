// SPDX-License-Identifier: GPL-2.0-or-later
/* The table as text that "nft -f" loads. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "nft/keys.h"
#include "nft/print.h"
#include "nft/words.h"
#include "portwall/addr.h"
#include "portwall/nft.h"
#include "ruleset/elems.h"

#define LINE_MAX_COLS 72

/**
 * struct list - Elements between braces, broken into lines
 * @col:	columns used on this line; 0: nothing printed yet
 */
struct list {
	FILE *out;
	int col;
};

/* One element, which is never broken; a line is begun when it is full */
__attribute__((format(printf, 2, 3)))
static void list_add(struct list *list, const char *fmt, ...)
{
	va_list ap;
	int len;

	if (!list->col) {
		fputs("\t\telements = { ", list->out);
	} else if (list->col > LINE_MAX_COLS) {
		fputs(",\n\t\t\t     ", list->out);
		list->col = 0;
	} else {
		fputs(", ", list->out);
	}
	if (!list->col)
		list->col = 29;
	va_start(ap, fmt);
	len = vfprintf(list->out, fmt, ap);
	va_end(ap);
	list->col += len + 2;
}

static void list_end(struct list *list)
{
	if (list->col)
		fputs(" }\n", list->out);
}

static void add_range(struct list *list, const struct pw_set *set,
		      const struct pw_range *range)
{
	enum pw_family family = set->type == PW_T_IPV4 ? PW_IPV4 : PW_IPV6;
	char buf[2 * PW_ADDR_STRLEN];

	switch (set->type) {
	case PW_T_IPV4:
	case PW_T_IPV6:
		list_add(list, "%s", pw_addr_range_format(family, range, buf));
		break;
	case PW_T_IFNAME:
		list_add(list, "\"%s\"", pw_ifname_format(range, buf));
		break;
	default:
		if (pw_value_cmp(range->first, range->last))
			list_add(list, "%" PRIu64 "-%" PRIu64, range->first.lo,
				 range->last.lo);
		else
			list_add(list, "%" PRIu64, range->first.lo);
	}
}

static void print_elems(const struct pw_set *set, FILE *out)
{
	struct pw_set_iter iter = { 0 };
	struct list list = { out, 0 };
	struct pw_range piece;

	while (pw_set_next_piece(set, &iter, &piece))
		add_range(&list, set, &piece);
	list_end(&list);
}

static void print_flags(const struct pw_set *set, FILE *out)
{
	const struct {
		bool set;
		const char *name;
	} flags[] = {
		{ set->constant, "constant" }, { set->dynamic, "dynamic" },
		{ set->interval, "interval" }, { set->timeout, "timeout" },
	};
	const char *before = "\t\tflags ";

	for (size_t i = 0; i < PW_ARRAY_SIZE(flags); i++) {
		if (!flags[i].set)
			continue;
		fprintf(out, "%s%s", before, flags[i].name);
		before = ",";
	}
	if (*before == ',')
		fputc('\n', out);
}

static void print_comment(const char *comment, FILE *out)
{
	if (!comment)
		return;
	fputs("\t\tcomment ", out);
	print_quoted(comment, out);
	fputc('\n', out);
}

static void print_set(const struct pw_set *set, FILE *out)
{
	fprintf(out, "\n\tset %s {\n\t\ttype %s\n", set->name,
		pw_set_key_info(set->type)->text);
	/* nft declares the size of a set with elements itself */
	if (set->size && !(set->constant && set->elems))
		fprintf(out, "\t\tsize %u\n", set->size);
	print_flags(set, out);
	if (set->timeout_ms) {
		fputs("\t\ttimeout ", out);
		print_time_ms(set->timeout_ms, out);
		fputc('\n', out);
	}
	print_comment(set->comment, out);
	print_elems(set, out);
	fputs("\t}\n", out);
}

static void print_map_key(enum pw_map_key kind, uint32_t key, FILE *out)
{
	switch (kind) {
	case PW_K_PROTO_PORT:
		print_protocol(key >> 16, out);
		fprintf(out, " . %u", key & UINT16_MAX);
		break;
	case PW_K_PROTO:
		print_protocol(key, out);
		break;
	case PW_K_FIB_DADDR:
		print_addrtype(key, out);
		break;
	default:
		fprintf(out, "%u", key);
	}
}

static void print_map_elem(const struct pw_ruleset *rs,
			   const struct pw_map *map,
			   const struct pw_map_elem *elem, FILE *out)
{
	print_map_key(map->key, elem->key, out);
	fputs(" : ", out);
	if (map->counters)
		fprintf(out, "\"%s\"", rs->objs[elem->obj].name);
	else
		print_verdict(rs, &elem->verdict, out);
}

static void print_map(const struct pw_ruleset *rs, const struct pw_map *map,
		      FILE *out)
{
	fprintf(out, "\n\tmap %s {\n\t\ttype %s : %s\n", map->name,
		pw_map_key_info(map->key)->text,
		map->counters ? "counter" : "verdict");
	if (map->num_elems)
		fprintf(out, "\t\tsize %zu\n\t\telements = { ",
			map->num_elems);
	for (size_t i = 0; i < map->num_elems; i++) {
		if (i)
			fputs(",\n\t\t\t     ", out);
		print_map_elem(rs, map, &map->elems[i], out);
	}
	fputs(map->num_elems ? " }\n\t}\n" : "\t}\n", out);
}

static void print_obj(const struct pw_obj *obj, FILE *out)
{
	fprintf(out, "\n\t%s %s {\n",
		obj->kind == PW_O_LIMIT ? "limit" : "counter", obj->name);
	print_comment(obj->comment, out);
	if (obj->kind == PW_O_LIMIT) {
		fputs("\t\trate ", out);
		print_rate(&obj->rate, out);
		fputc('\n', out);
	}
	fputs("\t}\n", out);
}

static void print_chain(const struct pw_ruleset *rs,
			const struct pw_chain *chain, FILE *out)
{
	fprintf(out, "\n\tchain %s {\n", chain->name);
	if (chain->hook != PW_HOOK_NONE)
		fprintf(out, "\t\ttype filter hook %s priority %d; policy %s;\n",
			hook_word(chain->hook), chain->priority,
			chain->policy == PW_V_DROP ? "drop" : "accept");
	for (size_t i = 0; i < chain->num_rules; i++) {
		fputs("\t\t", out);
		print_rule(rs, &chain->rules[i], out);
		fputc('\n', out);
	}
	fputs("\t}\n", out);
}

int pw_nft_print(const struct pw_ruleset *rs, FILE *out)
{
	fputs("table inet " PW_TABLE " {", out);
	for (size_t i = 0; i < rs->num_objs; i++)
		print_obj(&rs->objs[i], out);
	for (size_t i = 0; i < rs->num_sets; i++)
		print_set(&rs->sets[i], out);
	for (size_t i = 0; i < rs->num_maps; i++)
		print_map(rs, &rs->maps[i], out);
	for (size_t i = 0; i < rs->num_chains; i++)
		print_chain(rs, &rs->chains[i], out);
	fputs("}\n", out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
