// SPDX-License-Identifier: GPL-2.0-or-later
/* Lock-out guard: could whoever administers this host connect again? */
#include "live/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/eval.h"
#include "portwall/text.h"

#define SYN 0x02
#define CLIENT_PORT 50000	/* the next connection's own: any high port */
#define HOP_LIMIT 64
#define NAME_BASE "remote-access"

struct judge {
	const struct pw_model *model;
	const struct pw_ruleset *rs;
	struct pw_remotes *remotes;
	uint64_t now_ns;
	bool allow;
	struct pw_diags *diags;
	bool *lacking;		/* by index of @remotes: a section is missing */
	size_t num_lacking, num_refused;
};

static struct pw_packet syn_of(const struct pw_remote *remote,
			       uint64_t now_ns)
{
	struct pw_packet packet = {
		.family = remote->family,
		.src = remote->peer,
		.dst = remote->local,
		.l4proto = IPPROTO_TCP,
		.sport = CLIENT_PORT,
		.dport = remote->port,
		.tcp_flags = SYN,
		.hop_limit = HOP_LIMIT,
		.socket_wildcard = -1,
		.state = PW_CT_NEW,
		.time_ns = now_ns,
	};

	memcpy(packet.iifname, remote->iifname, sizeof(packet.iifname));
	return packet;
}

/* The section that the deciding rule speaks for, NULL: none */
static const struct pw_section *section_of(const struct judge *j,
					   const struct pw_fate *fate)
{
	uint32_t section;

	if (fate->rule == PW_NONE)
		return NULL;
	section = j->rs->chains[fate->chain].rules[fate->rule].section;
	return section < j->model->num_sections ?
		       &j->model->sections[section] : NULL;
}

static void note_limit(const struct judge *j, const struct pw_remote *remote,
		       const struct pw_fate *fate)
{
	const struct pw_section *section = section_of(j, fate);
	char peer[PW_ADDR_STRLEN];

	pw_diag_note(j->diags, NULL,
		     "tcp/%u from %s, by which this host is administered, is let in within a limit%s%s%s",
		     remote->port,
		     pw_addr_format(remote->family, remote->peer, peer),
		     section ? " of section '" : "",
		     section ? section->name : "", section ? "'" : "");
}

static void say(const struct judge *j, const char *text)
{
	if (j->allow)
		pw_diag_warning(j->diags, NULL, "%s", text);
	else
		pw_diag_error(j->diags, NULL, "%s", text);
}

/* Returns whether one more section would help */
static bool report_refused(const struct judge *j,
			   const struct pw_remote *remote,
			   const struct pw_fate *fate)
{
	const struct pw_section *section = section_of(j, fate);
	char peer[PW_ADDR_STRLEN], text[256];

	snprintf(text, sizeof(text),
		 "you could not connect again: tcp/%u from %s on %s would be %s",
		 remote->port,
		 pw_addr_format(remote->family, remote->peer, peer),
		 remote->iifname,
		 fate->outcome == PW_OUT_REFUSE ? "refused" : "dropped");
	say(j, text);
	if (!section || !section->block)
		return true;
	pw_diag_hint(j->diags,
		     "section [block %s] does so, and block beats allow: write except = %s there",
		     section->name, peer);
	return false;
}

/* Ports that anyone may reach share one rule, which speaks for no section */
static uint32_t keeper_of(const struct judge *j,
			  const struct pw_remote *remote,
			  const struct pw_fate *fate)
{
	const struct pw_section *section = section_of(j, fate);
	const struct pw_model *model = j->model;

	if (section)
		return (uint32_t)(section - model->sections);
	for (uint32_t i = 0; i < model->num_sections; i++) {
		section = &model->sections[i];
		if (!section->block && section->any_from && section->any_on &&
		    section->to_local &&
		    pw_rangeset_contains32(section->ports[PW_TCP],
					   remote->port))
			return i;
	}
	return PW_NONE;
}

static int judge_one(struct judge *j, size_t i)
{
	struct pw_remote *remote = &j->remotes->items[i];
	struct pw_packet packet = syn_of(remote, j->now_ns);
	struct pw_fate fate;
	int err = pw_eval_packet(j->rs, &packet, &fate);

	if (err)
		return err;
	if (fate.outcome == PW_OUT_ACCEPT) {
		remote->section = keeper_of(j, remote, &fate);
		if (fate.limited)
			note_limit(j, remote, &fate);
		return 0;
	}
	j->num_refused++;
	j->lacking[i] = report_refused(j, remote, &fate);
	j->num_lacking += j->lacking[i];
	return 0;
}

static bool name_is_taken(const struct pw_model *model, const char *name)
{
	for (size_t i = 0; i < model->num_sections; i++)
		if (!strcmp(model->sections[i].name, name))
			return true;
	return false;
}

/* A name that the policy does not have yet */
static void free_name(const struct pw_model *model, char name[static 40])
{
	snprintf(name, 40, NAME_BASE);
	for (unsigned int n = 2; name_is_taken(model, name); n++)
		snprintf(name, 40, NAME_BASE "-%u", n);
}

/* Ports and peers that lack a section, each once */
static int collect(const struct judge *j, struct pw_rangeset *ports,
		   struct pw_addrs *peers)
{
	int err = 0;

	for (size_t i = 0; !err && i < j->remotes->num; i++) {
		const struct pw_remote *r = &j->remotes->items[i];
		const struct pw_addr_range range = {
			.family = r->family, .range = { r->peer, r->peer },
		};

		if (!j->lacking[i])
			continue;
		err = pw_rangeset_add32(ports, r->port, r->port);
		if (!err)
			err = pw_addrs_add(peers, &range);
	}
	if (!err)
		err = pw_rangeset_normalise(ports);
	return err ? err : pw_addrs_normalise(peers);
}

static void print_ports(const struct pw_rangeset *ports, FILE *out)
{
	for (size_t i = 0; i < ports->num; i++) {
		const struct pw_range32 *r = &ports->r32[i];

		fprintf(out, "%s%" PRIu32, i ? ", " : "", r->first);
		if (r->last != r->first)
			fprintf(out, "-%" PRIu32, r->last);
	}
}

static void print_peers(const struct pw_addrs *peers, FILE *out)
{
	char buf[2 * PW_ADDR_STRLEN];
	bool first = true;

	for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++) {
		for (size_t i = 0; i < peers->set[f]->num; i++) {
			struct pw_range r = pw_rangeset_get(peers->set[f], i);

			fprintf(out, "%s%s", first ? "" : ", ",
				pw_addr_range_format(f, &r, buf));
			first = false;
		}
	}
}

static int hint_section(const struct judge *j, const struct pw_rangeset *ports,
			const struct pw_addrs *peers)
{
	char name[40], *text = NULL, *rest, *line;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return -ENOMEM;
	free_name(j->model, name);
	fprintf(out, "[allow %s]\ntcp = ", name);
	print_ports(ports, out);
	fputs("\nfrom = ", out);
	print_peers(peers, out);
	if (fclose(out))
		return -ENOMEM;
	pw_diag_hint(j->diags, "add this to the policy:");
	pw_diag_hint(j->diags, "%s", "");
	for (rest = text; (line = strsep(&rest, "\n"));)
		pw_diag_hint(j->diags, "%s", line);
	pw_diag_hint(j->diags, "%s", "");
	free(text);
	return 0;
}

static int suggest(const struct judge *j)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_new(16);
	struct pw_addrs peers = { 0 };
	int err = ports ? pw_addrs_init(&peers) : -ENOMEM;

	if (!err)
		err = collect(j, ports, &peers);
	if (!err)
		err = hint_section(j, ports, &peers);
	pw_addrs_clear(&peers);
	return err;
}

int pw_guard_judge(const struct pw_model *model, const struct pw_ruleset *rs,
		   struct pw_remotes *remotes, uint64_t now_ns,
		   bool allow, struct pw_diags *diags)
{
	struct judge j = {
		.model = model, .rs = rs, .remotes = remotes,
		.now_ns = now_ns, .allow = allow, .diags = diags,
		.lacking = calloc(remotes->num + 1, sizeof(bool)),
	};
	int err = j.lacking ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < remotes->num; i++)
		err = judge_one(&j, i);
	if (!err && j.num_lacking)
		err = suggest(&j);
	free(j.lacking);
	if (err || !j.num_refused || allow)
		return err;
	pw_diag_hint(diags, "--allow-lockout applies it all the same");
	return -EINVAL;
}
