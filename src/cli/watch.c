// SPDX-License-Identifier: GPL-2.0-or-later
/* watch: a line for each change of the rules, and for each new listener. */
#include "portwall/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/drift.h"
#include "cli/json.h"
#include "cli/notify.h"
#include "cli/output.h"
#include "cli/where.h"

static const struct event_row {
	const char *word;	/* of documents */
	const char *shown;
	enum mark mark;
} events[] = {
	[PW_EVENT_STARTED] = { "started", "watching", MARK_NOTE },
	[PW_EVENT_CHANGED] = { "changed", "CHANGED", MARK_ERROR },
	[PW_EVENT_APPLIED] = { "applied", "applied", MARK_NOTE },
	[PW_EVENT_TRIAL_OVER] = { "trial-over", "trial over", MARK_WARNING },
	[PW_EVENT_OTHER_TABLE] = { "other-table", "OTHER TABLE", MARK_ERROR },
	[PW_EVENT_LISTENS] = { "listens", "listener", MARK_WARNING },
	[PW_EVENT_HEALED] = { "healed", "put back", MARK_NOTE },
	[PW_EVENT_GAVE_UP] = { "gave-up", "GAVE UP", MARK_ERROR },
	[PW_EVENT_LOST] = { "lost", "lost", MARK_WARNING },
};
_Static_assert(PW_ARRAY_SIZE(events) == PW_NUM_EVENT_KINDS,
	       "a row for each kind of event");

static void put(const char *text)
{
	pw_escape_put(text, strlen(text), stdout);
}

static void print_drifts(const struct pw_drifts *drifts)
{
	for (size_t i = 0; drifts && i < drifts->num; i++) {
		const struct pw_drift *drift = &drifts->list[i];

		fputs("    ", stdout);
		put(drift->text);
		putchar('\n');
		if (!drift->hint)
			continue;
		fputs("    = ", stdout);
		put(drift->hint);
		putchar('\n');
	}
}

static void print_event(const struct cli *cli, const struct pw_event *event)
{
	const struct event_row *row = &events[event->kind];
	char when[32];

	printf("%s ", format_time(event->time_ns, when));
	put_marked(cli, row->mark, row->shown, stdout);
	fputs(": ", stdout);
	put(event->text);
	if (event->pid) {
		fputs(event->listener ? ", by " : ", done by ", stdout);
		put(event->comm);
		printf("[%u]", event->pid);
	}
	putchar('\n');
	print_drifts(event->drifts);
}

static json_t *listener_object(const struct pw_listener *listener)
{
	char addr[PW_ADDR_STRLEN];
	json_t *object = json_object();

	doc_set(object, "protocol", json_integer(listener->proto));
	doc_set(object, "port", json_integer(listener->port));
	doc_set(object, "address",
		doc_text(pw_addr_format(listener->family, listener->addr,
					addr)));
	return object;
}

/* One object, one line */
static int print_object(const struct pw_event *event)
{
	json_t *object = json_object();
	int err;

	doc_set(object, "event", json_string(events[event->kind].word));
	doc_set(object, "time", doc_time(event->time_ns));
	doc_set(object, "text", doc_text(event->text));
	doc_set(object, "pid", event->pid ? json_integer(event->pid) :
					    json_null());
	doc_set(object, "process", *event->comm ? doc_text(event->comm) :
						  json_null());
	doc_set(object, "drift", event->drifts ? drift_list(event->drifts) :
						 json_array());
	doc_set(object, "listener", event->listener ?
		listener_object(event->listener) : json_null());
	err = doc_line(object);
	json_decref(object);
	return err;
}

/* systemctl status shows the last thing that happened */
static void notify(const struct pw_event *event)
{
	char *shown = pw_escape(event->text), text[300];

	/* a line of its own would be an assignment of its own */
	snprintf(text, sizeof(text), "%sSTATUS=%s",
		 event->kind == PW_EVENT_STARTED ? "READY=1\n" : "",
		 shown ? shown : "");
	notify_send(text);
	free(shown);
}

static int tell(void *arg, const struct pw_event *event)
{
	const struct cli *cli = arg;
	int err = 0;

	if (cli->json)
		err = print_object(event);
	else
		print_event(cli, event);
	if (!err && (fflush(stdout) || ferror(stdout)))
		err = -EIO;
	notify(event);
	return err;
}

static void alive(void *arg)
{
	(void)arg;
	notify_send("WATCHDOG=1");
}

/* Readable once somebody wants it to end; -errno */
static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cmd_watch(struct cli *cli)
{
	struct pw_watch watch = {
		.where = where_of(cli), .heal = cli->heal, .tell = tell,
		.alive_ms = notify_watchdog_ms(), .arg = cli,
	};
	int err;

	json_decref(PW_TAKE(cli->doc));	/* each event is one of its own */
	watch.alive = watch.alive_ms ? alive : NULL;
	watch.stop_fd = open_signals();
	if (watch.stop_fd < 0)
		return status_of(cli, watch.stop_fd);
	err = pw_watch_run(&watch, cli->diags);
	close(watch.stop_fd);
	notify_send("STOPPING=1");
	return status_of(cli, err);
}
