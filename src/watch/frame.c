// SPDX-License-Identifier: GPL-2.0-or-later
/* Events on their way from the process that looks to the one that tells. */
#include "watch/frame.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/write.h"
#include "portwall/array.h"
#include "portwall/text.h"

#define MAX_DRIFTS 50		/* of one event; the rest is for status */
#define MAX_LEN (1u << 20)	/* bytes of a frame */
#define READ_LEN 4096

/*
 * Both ends are one program. Behind the head come the text, and for each drift
 * its text and hint, all with their NUL.
 */
struct head {
	uint32_t len;		/* bytes, with this head */
	uint32_t kind;
	uint64_t time_ns;
	uint32_t pid;
	uint32_t num_drifts;
	char comm[16];
	uint32_t num_listeners;	/* 0 or 1 */
	struct pw_listener listener;
};

static void put_text(const char *text, FILE *out)
{
	fwrite(text, 1, strlen(text) + 1, out);
}

static void put_drifts(const struct pw_drifts *drifts, uint32_t num, FILE *out)
{
	for (uint32_t i = 0; i < num; i++) {
		const struct pw_drift *drift = &drifts->list[i];

		fputc((int)drift->kind, out);
		fputc(drift->note ? 1 : 0, out);
		put_text(drift->text, out);
		put_text(drift->hint ? drift->hint : "", out);
	}
}

/* Takes @text */
static int finish(int fd, FILE *out, char **text, const size_t *len)
{
	struct head head;
	int err = fclose(out) ? -ENOMEM : 0;

	if (!err) {
		memcpy(&head, *text, sizeof(head));
		head.len = (uint32_t)*len;
		memcpy(*text, &head, sizeof(head));
		err = pw_write_all(fd, *text, *len);
	}
	free(*text);
	return err;
}

int pw_frame_send(int fd, const struct pw_event *event)
{
	struct head head;
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return -ENOMEM;
	memset(&head, 0, sizeof(head));	/* its gaps are sent, too */
	head.kind = event->kind;
	head.time_ns = event->time_ns;
	head.pid = event->pid;
	snprintf(head.comm, sizeof(head.comm), "%s", event->comm);
	head.num_drifts = event->drifts ? (uint32_t)event->drifts->num : 0;
	if (head.num_drifts > MAX_DRIFTS)
		head.num_drifts = MAX_DRIFTS;
	head.num_listeners = event->listener ? 1 : 0;
	if (event->listener)
		head.listener = *event->listener;
	fwrite(&head, 1, sizeof(head), out);
	put_text(event->text, out);
	put_drifts(event->drifts, head.num_drifts, out);
	return finish(fd, out, &text, &len);
}

int pw_frame_send_result(int fd, const void *result, size_t result_len)
{
	struct head head;
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return -ENOMEM;
	memset(&head, 0, sizeof(head));
	head.kind = PW_FRAME_RESULT;
	fwrite(&head, 1, sizeof(head), out);
	fwrite(result, 1, result_len, out);
	return finish(fd, out, &text, &len);
}

int pw_frames_read(struct pw_frames *frames, int fd)
{
	char *buf = frames->buf;
	ssize_t len;

	if (frames->cap - frames->len < READ_LEN) {
		buf = pw_array_grow(buf, &frames->cap, frames->len + READ_LEN,
				    1);
		if (!buf)
			return -ENOMEM;
		frames->buf = buf;
	}
	len = read(fd, buf + frames->len, READ_LEN);
	if (len < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	frames->len += (size_t)len;
	return len > 0;
}

/* A text that ends before @end, or NULL */
static const char *get_text(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = memchr(text, '\0', (size_t)(end - text));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

/* For a member that is only read */
static char *lent(const char *text)
{
	const union {
		const char *text;
		char *lent;
	} u = { text };

	return u.lent;
}

static int get_drift(const char **at, const char *end, struct pw_drift *drift)
{
	const char *text, *hint;

	if (end - *at < 2 || (unsigned char)**at >= PW_NUM_DRIFT_KINDS)
		return -EBADMSG;
	drift->kind = (enum pw_drift_kind)*(*at)++;
	drift->note = *(*at)++;
	text = get_text(at, end);
	hint = text ? get_text(at, end) : NULL;
	if (!hint)
		return -EBADMSG;
	drift->text = lent(text);
	drift->hint = *hint ? lent(hint) : NULL;
	return 0;
}

static bool is_whole(const struct head *head)
{
	return head->num_drifts <= MAX_DRIFTS && head->num_listeners <= 1 &&
	       (unsigned int)head->listener.family < PW_NUM_FAMILIES &&
	       memchr(head->comm, '\0', sizeof(head->comm));
}

static int take_event(const struct head *head, const char *at, const char *end,
		      const struct pw_frame_reader *reader)
{
	struct pw_drift list[MAX_DRIFTS];
	const struct pw_drifts drifts = { list, head->num_drifts, MAX_DRIFTS };
	const struct pw_event event = {
		.kind = (enum pw_event_kind)head->kind,
		.time_ns = head->time_ns, .text = get_text(&at, end),
		.pid = head->pid, .comm = head->comm,
		.drifts = head->num_drifts ? &drifts : NULL,
		.listener = head->num_listeners ? &head->listener : NULL,
	};
	int err = event.text && is_whole(head) ? 0 : -EBADMSG;

	for (uint32_t i = 0; !err && i < head->num_drifts; i++)
		err = get_drift(&at, end, &list[i]);
	return err ? err : reader->event(reader->arg, &event);
}

static int take(const struct head *head, const char *frame,
		const struct pw_frame_reader *reader)
{
	const char *at = frame + sizeof(*head), *end = frame + head->len;

	if (head->kind < PW_FRAME_RESULT)
		return take_event(head, at, end, reader);
	return reader->result(reader->arg, at, (size_t)(end - at));
}

int pw_frames_take(struct pw_frames *frames,
		   const struct pw_frame_reader *reader)
{
	size_t at = 0;
	int err = 0;

	while (!err && frames->len - at >= sizeof(struct head)) {
		struct head head;

		memcpy(&head, frames->buf + at, sizeof(head));
		if (head.len < sizeof(head) || head.len > MAX_LEN ||
		    head.kind > PW_FRAME_RESULT)
			return -EBADMSG;
		if (frames->len - at < head.len)
			break;
		err = take(&head, frames->buf + at, reader);
		at += head.len;
	}
	if (at) {
		memmove(frames->buf, frames->buf + at, frames->len - at);
		frames->len -= at;
	}
	return err;
}

void pw_frames_clear(struct pw_frames *frames)
{
	free(frames->buf);
	*frames = (struct pw_frames){ 0 };
}
