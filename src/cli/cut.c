// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections that the rules would not let in: as lines, and as a document. */
#include "cli/cut.h"

#include <netinet/in.h>
#include <string.h>

#include "cli/json.h"
#include "cli/output.h"

static bool has_ports(const struct pw_flow *flow)
{
	return flow->proto == IPPROTO_TCP || flow->proto == IPPROTO_UDP ||
	       flow->proto == IPPROTO_SCTP || flow->proto == IPPROTO_UDPLITE ||
	       flow->proto == IPPROTO_DCCP;
}

/* "to tcp/5432", "of gre"; returns @buf */
static const char *format_port(const struct pw_flow *flow,
			       char buf[static 32])
{
	const char *name = pw_proto_name(flow->proto);
	char number[16];

	if (!name) {
		snprintf(number, sizeof(number), "protocol %u", flow->proto);
		name = number;
	}
	if (has_ports(flow))
		snprintf(buf, 32, "to %s/%u", name, flow->dport);
	else
		snprintf(buf, 32, "of %s", name);
	return buf;
}

/* Of ports that are not in the list */
static size_t num_others(const struct pw_cut *cut)
{
	size_t num = cut->num;

	for (size_t i = 0; i < cut->num_list; i++)
		num -= cut->list[i].num;
	return num;
}

/* Returns the columns it took */
static size_t print_line(const struct pw_cut *cut, size_t num,
			 const char *which)
{
	char count[32];
	int len;

	format_count(num, count);
	if (cut->end)
		len = printf("ended %s connection%s %s", count, plural(num),
			     which);
	else
		len = printf("%s connection%s %s live%s on", count,
			     plural(num), which, num == 1 ? "s" : "");
	return len < 0 ? 0 : (size_t)len;
}

static size_t escaped_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += pw_escape_width(*text);
	return width;
}

/* Behind the only line if it fits there, which is @col columns long */
static void print_remedy(const char *policy, size_t num, size_t col)
{
	static const char text[] = "end %s with: portwall apply --cut ";
	const char *them = num == 1 ? "it" : "them";
	size_t width = sizeof(text) - 3 + strlen(them) + escaped_width(policy);

	fputs(col && col + 2 + width <= OUTPUT_WIDTH ? "; " : "\n", stdout);
	printf(text, them);
	pw_escape_put(policy, strlen(policy), stdout);
}

void print_cut(const struct pw_cut *cut, const char *policy)
{
	size_t others = num_others(cut), col = 0;
	char which[32];

	for (size_t i = 0; i < cut->num_list; i++) {
		if (i)
			putchar('\n');
		col = print_line(cut, cut->list[i].num,
				 format_port(&cut->list[i].first, which));
	}
	if (others) {
		putchar('\n');
		print_line(cut, others, "to other ports");
	}
	if (!cut->num)
		return;
	if (!cut->end && policy)
		print_remedy(policy, cut->num, cut->num_list == 1 ? col : 0);
	putchar('\n');
}

static json_t *port_json(const struct pw_cut_port *port)
{
	const struct pw_flow *flow = &port->first;
	json_t *object = json_object();
	char peer[PW_ADDR_STRLEN];

	doc_set(object, "protocol", json_integer(flow->proto));
	doc_set(object, "port", has_ports(flow) ? json_integer(flow->dport)
						: json_null());
	doc_set(object, "connections", json_integer((json_int_t)port->num));
	doc_set(object, "peer",
		doc_text(pw_addr_format(flow->family, flow->src, peer)));
	return object;
}

void describe_cut(json_t *doc, const struct pw_cut *cut)
{
	json_t *object = json_object(), *ports = json_array();

	for (size_t i = 0; i < cut->num_list; i++)
		doc_push(ports, port_json(&cut->list[i]));
	doc_set(object, "known", json_boolean(cut->known));
	doc_set(object, "connections", json_integer((json_int_t)cut->num));
	doc_set(object, "not_judged", json_integer((json_int_t)cut->unknown));
	doc_set(object, "ended", json_boolean(cut->end));
	doc_set(object, "sockets",
		json_integer((json_int_t)cut->ended.sockets));
	doc_set(object, "entries",
		json_integer((json_int_t)cut->ended.entries));
	doc_set(object, "bars", json_integer((json_int_t)cut->ended.bars));
	doc_set(object, "by_port", ports);
	doc_set(doc, "cut", object);
}
