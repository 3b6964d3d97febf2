// SPDX-License-Identifier: GPL-2.0-or-later
/* open and close: ports beside the policy, for a while. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/opening.h"
#include "cli/output.h"
#include "cli/where.h"
#include "portwall/array.h"
#include "portwall/host.h"
#include "portwall/names.h"
#include "portwall/text.h"

#define ONE_EACH "write a word for each: tcp/80 tcp/443"

/**
 * struct asked - What the words of the command line mean
 * @host:	services, gathered when a name is met
 * @ports, @num_ports: protocol and ports of each word
 * @list, @num: the same for each source and interface
 * @count:	ports in @list
 */
struct asked {
	struct cli *cli;
	struct pw_host *host;
	struct pw_opening *ports;
	size_t num_ports, cap_ports;
	struct pw_opening *list;
	size_t num, cap, count;
};

static void clear_asked(struct asked *asked)
{
	pw_host_free(asked->host);
	free(asked->ports);
	free(asked->list);
}

static int read_proto(struct asked *asked, const char *word, size_t len,
		      uint8_t *proto)
{
	static const uint8_t with_ports[] = { IPPROTO_TCP, IPPROTO_UDP,
					      IPPROTO_SCTP };

	if (!word[len] || pw_proto_by_name(word, len, proto))
		*proto = 0;
	for (size_t i = 0; i < PW_ARRAY_SIZE(with_ports); i++)
		if (*proto == with_ports[i])
			return 0;
	pw_diag_error(asked->cli->diags, NULL,
		      "'%s' does not begin with tcp/, udp/ or sctp/", word);
	pw_diag_hint(asked->cli->diags, "write for example tcp/2222");
	return -EINVAL;
}

/* @hint: NULL: none */
static int wrong_port(struct asked *asked, const char *word, const char *why,
		      const char *hint)
{
	pw_diag_error(asked->cli->diags, NULL, "'%s': %s", word, why);
	if (hint)
		pw_diag_hint(asked->cli->diags, "%s", hint);
	return -EINVAL;
}

/* -ERANGE: no port */
static int read_number(const char **text, uint16_t *port)
{
	const char *at = *text;
	uint32_t n = 0;

	for (; *at >= '0' && *at <= '9' && n <= UINT16_MAX; at++)
		n = n * 10 + (uint32_t)(*at - '0');
	if (at == *text || !n || n > UINT16_MAX)
		return -ERANGE;
	*text = at;
	*port = (uint16_t)n;
	return 0;
}

static int read_range(struct asked *asked, const char *word, const char *text,
		      struct pw_opening *out)
{
	int err = read_number(&text, &out->first);

	out->last = out->first;
	if (!err && *text == '-') {
		text++;
		err = read_number(&text, &out->last);
	}
	if (err || *text)
		return wrong_port(asked, word, "ports are 1 to 65535",
				  NULL);
	if (out->last < out->first)
		return wrong_port(asked, word, "the range runs backwards",
				  NULL);
	return 0;
}

static int read_service(struct asked *asked, const char *word,
			const char *name, struct pw_opening *out)
{
	const struct pw_service *service;
	int err = asked->host ? 0 : pw_host_gather_blind(&asked->host);

	if (err)
		return err;
	service = pw_host_service(asked->host, name, strlen(name), out->proto);
	if (!service)
		return wrong_port(asked, word,
				  "no such service in /etc/services",
				  strchr(name, ',') ? ONE_EACH : NULL);
	out->first = out->last = service->port;
	return 0;
}

static int read_word(struct asked *asked, const char *word)
{
	struct pw_opening opening = { .any_from = true };
	size_t len = strcspn(word, "/");
	const char *text = word + len + 1;
	int err = read_proto(asked, word, len, &opening.proto);

	if (err)
		return err;
	if (text[strspn(text, "0123456789-")])
		err = read_service(asked, word, text, &opening);
	else
		err = read_range(asked, word, text, &opening);
	return err ? err : PW_ARRAY_PUSH(asked->ports, asked->num_ports,
					 asked->cap_ports, opening);
}

static int wrong_from(struct asked *asked, const char *text, const char *why,
		      const char *hint)
{
	pw_diag_error(asked->cli->diags, NULL, "--from=%s: %s", text, why);
	if (hint)
		pw_diag_hint(asked->cli->diags, "%s", hint);
	return -EINVAL;
}

/* @text NULL: anyone */
static int read_from(struct asked *asked, const char *text,
		     struct pw_opening *out)
{
	struct pw_addr_range addr;

	if (!text)
		return 0;
	if (pw_addr_range_parse(text, strlen(text), &addr))
		return wrong_from(asked, text, "not an address or prefix",
				  "names of the policy's [addresses] are not known here");
	if (pw_range_prefix_len(&addr.range, pw_family_bits(addr.family)) < 0)
		return wrong_from(asked, text, "a range is no prefix",
				  "give each prefix with a --from of its own");
	if (addr.host_bits)
		return wrong_from(asked, text, "bits are set behind the prefix",
				  NULL);
	out->any_from = false;
	out->family = addr.family;
	out->from = addr.range.first;
	out->to = addr.range.last;
	return 0;
}

/* @text NULL: every interface */
static int read_on(struct asked *asked, const char *text,
		   struct pw_opening *out)
{
	struct pw_range range;

	if (!text)
		return 0;
	if (pw_ifname_range(text, strlen(text), &range) ||
	    pw_value_cmp(range.first, range.last))
		return pw_diag_error(asked->cli->diags, NULL,
				     "--on=%s: not the name of one interface",
				     text);
	snprintf(out->iifname, sizeof(out->iifname), "%s", text);
	return 0;
}

static int add(struct asked *asked, const struct pw_opening *like)
{
	int err = 0;

	for (size_t i = 0; i < asked->num_ports && !err; i++) {
		struct pw_opening opening = *like;

		opening.proto = asked->ports[i].proto;
		opening.first = asked->ports[i].first;
		opening.last = asked->ports[i].last;
		asked->count += (size_t)opening.last - opening.first + 1;
		err = PW_ARRAY_PUSH(asked->list, asked->num, asked->cap,
				    opening);
	}
	return err;
}

/* Each port for each source on each interface */
static int combine(struct asked *asked)
{
	const struct cli_list *from = &asked->cli->from, *on = &asked->cli->on;
	int err = 0;

	for (size_t i = 0; i < (from->num ? from->num : 1) && !err; i++)
		for (size_t j = 0; j < (on->num ? on->num : 1) && !err; j++) {
			struct pw_opening like = { .any_from = true };

			err = read_from(asked, from->num ? from->list[i] : NULL,
					&like);
			if (!err)
				err = read_on(asked,
					      on->num ? on->list[j] : NULL,
					      &like);
			if (!err)
				err = add(asked, &like);
		}
	return err;
}

static int read_asked(struct asked *asked)
{
	struct cli *cli = asked->cli;
	int err = 0;

	for (size_t i = 0; i < cli->num_args && !err; i++)
		err = read_word(asked, cli->args[i]);
	return err ? err : combine(asked);
}

/* In this day's time, or with the date */
static const char *format_end(uint64_t ms, char buf[static 32])
{
	time_t now = time(NULL), end = now + (time_t)(ms / 1000);
	struct tm today, then;

	localtime_r(&now, &today);
	localtime_r(&end, &then);
	strftime(buf, 32, today.tm_yday == then.tm_yday &&
		 today.tm_year == then.tm_year ? "%H:%M:%S" :
						 "%Y-%m-%d %H:%M:%S", &then);
	return buf;
}

static void print_opened(const struct pw_open *open)
{
	char end[32], left[DURATION_LEN];

	for (size_t i = 0; i < open->num; i++) {
		fputs("open: ", stdout);
		opening_put(&open->list[i], stdout);
		printf(" until %s (%s)\n", format_end(open->ms, end),
		       duration_words(open->ms, left));
	}
}

static void describe_opened(struct cli *cli, const struct pw_open *open)
{
	json_t *list = json_array();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < open->num; i++) {
		struct pw_opening opening = open->list[i];
		json_t *object;

		opening.left_ms = open->ms;
		object = opening_object(&opening);
		doc_set(object, "until",
			doc_time(((uint64_t)now.tv_sec + open->ms / 1000) *
				 1000000000));
		doc_set(object, "blocked", json_boolean(open->blocked[i]));
		doc_push(list, object);
	}
	doc_set(cli->doc, "openings", list);
}

static bool is_several(const struct pw_opening *o)
{
	return !o->any_from && pw_value_cmp(o->from, o->to);
}

static void warn_blocked(struct cli *cli, const struct pw_open *open)
{
	char *text = NULL;
	size_t len;

	for (size_t i = 0; i < open->num; i++) {
		FILE *out = open->blocked[i] ? pw_text_open(&text, &len) :
					       NULL;

		if (!out)
			continue;
		opening_put(&open->list[i], out);
		if (fclose(out))
			continue;
		pw_diag_warning(cli->diags, NULL,
				"%s: a [block] of the policy beats it", text);
		if (is_several(&open->list[i]))
			pw_diag_hint(cli->diags,
				     "at least for some of these addresses");
		free(text);
		text = NULL;
	}
}

/* It may come later; a wrong name would open nothing without a word */
static void warn_absent(struct cli *cli)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_host_free) struct pw_host *host = NULL;

	if (!cli->on.num || !unsaid || pw_host_gather_ifaces(&host, unsaid) ||
	    !host->ifaces_known)
		return;
	for (size_t i = 0; i < cli->on.num; i++) {
		if (pw_host_iface(host, cli->on.list[i]))
			continue;
		pw_diag_warning(cli->diags, NULL,
				"there is no interface '%s' now",
				cli->on.list[i]);
		pw_diag_hint(cli->diags,
			     "what comes in on it is let in once there is one");
	}
}

static int open_asked(struct cli *cli, const struct asked *asked)
{
	struct pw_open open = {
		.where = where_of(cli), .list = asked->list, .num = asked->num,
		.ms = cli->for_ms,
	};
	int err = pw_open(&open, cli->diags);

	if (err)
		return err;
	cli->changed = true;
	warn_blocked(cli, &open);
	warn_absent(cli);
	messages_print(cli);
	if (cli->doc)
		describe_opened(cli, &open);
	else if (!cli->quiet)
		print_opened(&open);
	free(open.blocked);
	return 0;
}

static int check_open(struct cli *cli)
{
	if (!cli->num_args) {
		pw_diag_error(cli->diags, NULL, "open: which port?");
		pw_diag_hint(cli->diags,
			     "write for example: portwall open tcp/2222 --for 30m");
		return -EINVAL;
	}
	if (cli->for_ms)
		return 0;
	pw_diag_error(cli->diags, NULL, "open needs --for: how long");
	pw_diag_hint(cli->diags,
		     "write --for 30m; what is to stay open belongs in the policy");
	return -EINVAL;
}

static int check_count(const struct asked *asked)
{
	if (asked->count <= OPEN_MAX_PORTS)
		return 0;
	pw_diag_error(asked->cli->diags, NULL,
		      "%zu ports are too many: at most %d are opened at once",
		      asked->count, OPEN_MAX_PORTS);
	pw_diag_hint(asked->cli->diags,
		     "what is to be reached as a whole belongs in the policy");
	return -EINVAL;
}

int cmd_open(struct cli *cli)
{
	struct asked asked = { .cli = cli };
	int err = check_open(cli);

	if (!err)
		err = read_asked(&asked);
	if (!err)
		err = check_count(&asked);
	if (!err)
		err = open_asked(cli, &asked);
	clear_asked(&asked);
	return status_of(cli, err);
}

static int check_close(struct cli *cli)
{
	bool narrowed = cli->from.num || cli->on.num;

	if (cli->all && (cli->num_args || narrowed))
		return pw_diag_error(cli->diags, NULL,
				     "close --all takes no ports, --from or --on");
	if (cli->all || cli->num_args)
		return 0;
	pw_diag_error(cli->diags, NULL, "close: which port?");
	pw_diag_hint(cli->diags, "write for example: portwall close tcp/2222, or --all");
	return -EINVAL;
}

static void print_closed(const struct cli *cli, size_t closed)
{
	char count[32];

	if (cli->doc)
		doc_set(cli->doc, "closed", json_integer((json_int_t)closed));
	else if (closed && !cli->quiet)
		printf("closed: %s opening%s\n", format_count(closed, count),
		       plural(closed));
	else if (!cli->quiet)
		puts("nothing to close: none of it was open for a while");
}

int cmd_close(struct cli *cli)
{
	struct asked asked = { .cli = cli };
	struct pw_open open = { .where = where_of(cli) };
	int err = check_close(cli);

	if (!err)
		err = read_asked(&asked);
	open.list = asked.list;
	open.num = asked.num;
	if (!err)
		err = pw_close(&open, cli->diags);
	clear_asked(&asked);
	cli->changed = open.closed;
	if (err)
		return status_of(cli, err);
	print_closed(cli, open.closed);
	return open.closed ? STATUS_OK : STATUS_DIFFERENT;
}
