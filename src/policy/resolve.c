/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resolves a policy: names to values, sections to sets. */
#include "policy/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/order.h"

static int resolve_addr_names(struct pw_resolver *res, const size_t *order)
{
	const struct pw_names *names = &res->policy->names[PW_KIND_ADDRESSES];
	int err, result = 0;

	for (size_t i = 0; i < names->num; i++) {
		err = pw_resolve_addrs(res, &names->items[order[i]].entry, NULL,
				       &res->addrs[order[i]]);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

static int resolve_names(struct pw_resolver *res, enum pw_kind kind)
{
	static int (*const resolve[])(struct pw_resolver *, const size_t *) = {
		[PW_KIND_ADDRESSES]  = resolve_addr_names,
		[PW_KIND_INTERFACES] = pw_resolve_iface_names,
		[PW_KIND_PORTS]      = pw_resolve_port_names,
	};
	size_t *order;
	int err, result = 0;

	err = pw_names_order(&res->policy->names[kind], &order, res->diags);
	if (err && pw_keep_going(&result, err))
		return err;
	err = resolve[kind](res, order);
	free(order);
	return err ?: result;
}

int pw_resolver_init(struct pw_resolver *res)
{
	const struct pw_names *names = res->policy->names;
	int err, result = 0;

	/* one more than needed: calloc(0) may return NULL */
	res->addrs = calloc(names[PW_KIND_ADDRESSES].num + 1,
			    sizeof(*res->addrs));
	res->ifaces = calloc(names[PW_KIND_INTERFACES].num + 1,
			     sizeof(*res->ifaces));
	res->ports = calloc(names[PW_KIND_PORTS].num + 1, sizeof(*res->ports));
	if (!res->addrs || !res->ifaces || !res->ports)
		return -ENOMEM;
	for (int kind = 0; kind < PW_NUM_NAME_KINDS; kind++) {
		err = resolve_names(res, kind);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

void pw_resolver_clear(struct pw_resolver *res)
{
	const struct pw_names *names = res->policy->names;

	for (size_t i = 0; res->addrs && i < names[PW_KIND_ADDRESSES].num; i++)
		pw_addrs_clear(&res->addrs[i]);
	for (size_t i = 0; res->ifaces && i < names[PW_KIND_INTERFACES].num;
	     i++)
		pw_rangeset_free(res->ifaces[i]);
	for (size_t i = 0; res->ports && i < names[PW_KIND_PORTS].num; i++) {
		for (int t = 0; t < PW_NUM_TRANSPORTS; t++)
			pw_rangeset_free(res->ports[i].set[t]);
	}
	free(res->addrs);
	free(res->ifaces);
	free(res->ports);
}

/* Index of the word that holds, PW_NO_CHOICE for a rate */
static unsigned int choice(const struct pw_block *block, const char *key)
{
	const struct pw_entry *entry = pw_block_entry(block, key);

	return entry ? entry->choice : 0;	/* the first is the default */
}

static int default_bridges(struct pw_rangeset *into)
{
	const struct pw_key *key = pw_key_by_name(PW_KIND_POLICY, "bridges", 7);
	const char *word = key->initial;

	while (*word) {
		size_t len = strcspn(word, ", ");
		struct pw_range range;
		int err = pw_ifname_range(word, len, &range) ?:
			  pw_rangeset_add(into, range.first, range.last);

		if (err)
			return err;
		word += len;
		word += strspn(word, ", ");
	}
	return pw_rangeset_normalise(into);
}

static int set_bridges(struct pw_resolver *res, struct pw_model *model)
{
	const struct pw_block *block = &res->policy->policy;
	const struct pw_entry *entry = pw_block_entry(block, "bridges");

	if (entry && model->containers == PW_CONTAINERS_FOLLOW)
		return pw_resolve_ifaces(res, entry, &model->bridges);
	model->bridges = pw_rangeset_new(128);
	if (!model->bridges)
		return -ENOMEM;
	if (model->containers == PW_CONTAINERS_IGNORE)
		return 0;
	return default_bridges(model->bridges);
}

static int set_guard(struct pw_resolver *res, struct pw_model *model)
{
	const struct pw_block *block = &res->policy->policy;
	const struct pw_entry *entry = pw_block_entry(block, "guard");

	if (entry)
		return pw_resolve_ports(res, entry, PW_TCP, &model->guard);
	model->guard = pw_rangeset_new(16);
	return model->guard ? 0 : -ENOMEM;
}

static void set_choices(const struct pw_block *block, struct pw_model *model)
{
	const struct pw_entry *ping = pw_block_entry(block, "ping");
	const struct pw_entry *log = pw_block_entry(block, "log");

	model->on_default = choice(block, "default");
	model->dhcp = !choice(block, "dhcp");
	model->containers = choice(block, "containers");
	model->established = choice(block, "established");
	model->ping = choice(block, "ping");
	if (ping && ping->choice == PW_NO_CHOICE) {
		model->ping = PW_PING_RATE;
		model->ping_rate = ping->rate;
	}
	if (log && log->choice == PW_NO_CHOICE) {
		model->log_set = true;
		model->log = log->rate;
	}
}

static int set_sections(struct pw_resolver *res, struct pw_model *model)
{
	const struct pw_policy *policy = res->policy;
	int err, result = 0;

	model->sections = calloc(policy->num_sections + 1,
				 sizeof(*model->sections));
	if (!model->sections)
		return -ENOMEM;
	model->num_sections = policy->num_sections;
	for (size_t i = 0; i < policy->num_sections; i++) {
		err = pw_resolve_section(res, &policy->sections[i],
					 &model->sections[i]);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

/* Closing everything is nothing to do by leaving something out */
static int check_opens(struct pw_resolver *res)
{
	const struct pw_policy *policy = res->policy;
	const struct pw_entry *closed = pw_block_entry(&policy->policy,
						       "closed");
	bool opens = policy->num_sections &&
		     policy->sections[0].kind == PW_KIND_ALLOW;
	const struct pw_loc *loc = policy->has_policy ? &policy->policy.loc :
							NULL;

	if (closed && opens && !closed->bad) {
		pw_diag_warning(res->diags, &closed->loc,
				"closed = all has no effect: there are [allow] "
				"sections");
		pw_diag_note(res->diags, &policy->sections[0].loc,
			     "the first is here");
	}
	if (closed || opens || policy->incomplete)
		return 0;
	if (!loc && policy->num_sections)
		loc = &policy->sections[0].loc;
	pw_diag_error(res->diags, loc, "no [allow] section: this policy would "
		      "close every port");
	pw_diag_hint(res->diags, "add one; or, if that is meant, closed = all "
		     "in [policy]");
	return -EINVAL;
}

static int fill_model(struct pw_resolver *res, struct pw_model *model)
{
	int (*const steps[])(struct pw_resolver *, struct pw_model *) = {
		set_bridges, set_guard, set_sections,
	};
	int err, result = 0;

	model->source = strdup(res->policy->main->name);
	if (!model->source)
		return -ENOMEM;
	model->now_ns = res->host->now_ns;
	set_choices(&res->policy->policy, model);
	err = pw_resolver_init(res);
	if (err && pw_keep_going(&result, err))
		return err;
	for (size_t i = 0; i < PW_ARRAY_SIZE(steps); i++) {
		err = steps[i](res, model);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return check_opens(res) ?: result;
}

int pw_policy_resolve(const struct pw_policy *policy,
		      const struct pw_host *host, struct pw_model **out,
		      struct pw_diags *diags)
{
	pw_owned(pw_model_free) struct pw_model *model =
		calloc(1, sizeof(*model));
	struct pw_resolver res = {
		.policy = policy, .host = host, .diags = diags
	};
	int err;

	if (!model)
		return -ENOMEM;
	err = fill_model(&res, model);
	pw_resolver_clear(&res);
	if (err)
		return err;
	err = pw_policy_digest(policy, model->digest);
	if (!err && !policy->bad)
		err = pw_lint(policy, model, diags);
	if (!err)
		*out = PW_TAKE(model);
	return err;
}
