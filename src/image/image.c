// SPDX-License-Identifier: GPL-2.0-or-later
/* An image is looked at, then changed; what is wrong with it is told at once. */
#include "portwall/image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/parts.h"
#include "portwall/policy.h"
#include "portwall/state.h"

#define SSH_PORT 22	/* where the policy has no guard: nothing listens yet */

/**
 * struct job - One run
 * @rules:	of the policy, proved
 */
struct job {
	struct pw_image *image;
	struct pw_diags *diags;
	struct root root;
	struct image_files files;
	struct pw_ruleset *rules;
	struct pw_state *state;
	struct pw_capture *capture;
};

static int read_policy(const struct pw_files *files, struct pw_intent **out,
		       struct pw_diags *diags)
{
	const struct pw_trust nobody_asks = { .sudo_uid = (uid_t)-1 };
	pw_owned(pw_intent_free) struct pw_intent *intent =
		calloc(1, sizeof(*intent));
	int err = intent ? pw_host_gather_blind(&intent->host) : -ENOMEM;

	if (!err)
		err = pw_policy_read_from(files, PW_IMAGE_POLICY, &nobody_asks,
					  intent->host, &intent->policy,
					  &intent->model, diags);
	if (err)
		return err;
	*out = PW_TAKE(intent);
	return 0;
}

static int read_first(struct job *job)
{
	int err = read_policy(&job->files.files, &job->image->intent,
			      job->diags);

	if (!err && job->files.policy && job->files.globs)
		err = pw_image_refuse_more(&job->files, NULL, job->diags);
	return err;
}

/* Through what keeps a copy; said is all already */
static int read_again(struct job *job)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_intent_free) struct pw_intent *again = NULL;
	int err = unsaid ? read_policy(pw_capture_files(job->capture), &again,
				       unsaid) : -ENOMEM;

	if (err == -ENOMEM)
		return err;
	if (err || memcmp(again->model->digest,
			  job->image->intent->model->digest,
			  sizeof(again->model->digest)))
		return pw_diag_system(job->diags, ESTALE,
				      "%s changed while it was read",
				      job->image->policy ?: PW_IMAGE_POLICY);
	return 0;
}

static int compile(struct job *job)
{
	const struct pw_ruleset *rs;
	int err = pw_intent_compile(job->image->intent, 1, &job->rules,
				    job->diags);

	if (err)
		return err;
	rs = job->rules;
	for (size_t i = 0; i < rs->num_chains; i++)
		job->image->num_rules += rs->chains[i].num_rules;
	return 0;
}

/* Everything is looked at, so that one run tells all that is missing */
static int look(struct job *job)
{
	size_t before = pw_diags_count(job->diags, PW_ERROR);
	struct pw_image *image = job->image;
	int err = pw_image_find_unit(&job->root, image, job->diags);

	if (!err && image->program &&
	    pw_root_is_program(&job->root, image->program))
		err = pw_image_check_libraries(&job->root, image->program,
					       job->diags);
	if (!err)
		err = pw_image_check_kernels(&job->root, job->rules, image,
					     job->diags);
	if (!err)
		err = pw_image_check_fstab(&job->root, job->diags);
	if (err)
		return err;
	if (pw_diags_count(job->diags, PW_ERROR) > before)
		return -ENOPKG;
	pw_image_warn_managers(&job->root, job->diags);
	return 0;
}

static int system_error(struct job *job, int err, const char *path)
{
	if (!err || err == -ENOMEM)
		return err;
	return pw_diag_system(job->diags, -err, "cannot write %s%s",
			      job->root.path, path);
}

/*
 * Where the directory is to be found from here. A link in the image may point
 * elsewhere from outside: then it is asked for by its own name, which needs
 * /proc, and there may be none in a chroot.
 */
static int path_of(const struct job *job, int fd, char path[static PATH_MAX])
{
	struct stat there, here;
	char self[64];
	ssize_t len;

	if (snprintf(path, PATH_MAX, "%s%s", job->root.path, PW_STATE_DIR) >=
	    PATH_MAX)
		return -ENAMETOOLONG;
	if (!fstat(fd, &there) && !lstat(path, &here) &&
	    there.st_dev == here.st_dev && there.st_ino == here.st_ino)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, path, PATH_MAX - 1);
	if (len < 0)
		return -errno;
	path[len] = '\0';
	return 0;
}

static int open_state(struct job *job)
{
	char path[PATH_MAX];
	int err = pw_root_mkdir(&job->root, PW_STATE_DIR, 0700), fd;

	if (err)
		return system_error(job, err, PW_STATE_DIR);
	fd = pw_root_fd(&job->root, PW_STATE_DIR, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return system_error(job, fd, PW_STATE_DIR);
	err = path_of(job, fd, path);
	close(fd);
	return err ? system_error(job, err, PW_STATE_DIR) :
		     pw_state_open(path, true, &job->state, job->diags);
}

static int make_emergency(struct job *job, char **text)
{
	const struct pw_model *model = job->image->intent->model;
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_new(16);
	int err = ports ? 0 : -ENOMEM;

	if (!err && pw_rangeset_empty(model->guard))
		err = pw_rangeset_add32(ports, SSH_PORT, SSH_PORT);
	else if (!err)
		err = pw_rangeset_add_set(ports, model->guard);
	if (!err)
		err = pw_rangeset_normalise(ports);
	return err ? err : pw_emergency_text(model, ports, text);
}

static int fill_bundle(const struct job *job, struct pw_bundle *bundle)
{
	const struct pw_intent *intent = job->image->intent;

	bundle->time_ns = intent->host->now_ns;
	bundle->sudo_uid = (uid_t)-1;
	bundle->num_sections = intent->model->num_sections;
	memcpy(bundle->digest, intent->model->digest, sizeof(bundle->digest));
	bundle->path = strdup(PW_IMAGE_POLICY);
	bundle->source = strdup(PW_IMAGE_POLICY);
	return bundle->path && bundle->source ? 0 : -ENOMEM;
}

static int stage(struct job *job)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle =
		calloc(1, sizeof(*bundle));
	char *emergency = NULL;
	int err = bundle ? open_state(job) : -ENOMEM;

	if (!err)
		err = pw_capture_new_from(job->state, &job->files.files,
					  &job->capture, job->diags);
	if (!err)
		err = read_again(job);
	if (!err)
		err = fill_bundle(job, bundle);
	if (!err)
		err = make_emergency(job, &emergency);
	if (!err)
		err = pw_state_stage(job->state, bundle, job->capture,
				     job->image->intent->host, emergency,
				     job->diags);
	if (!err)
		err = pw_state_commit(job->state, false, job->diags);
	free(emergency);
	return err;
}

static int put_policy(struct job *job)
{
	const struct pw_source *src;
	int err;

	if (!job->image->policy)
		return 0;
	src = pw_policy_source(job->image->intent->policy, 0);
	err = pw_root_mkdir(&job->root, "/etc/portwall", 0755);
	if (!err)
		err = pw_root_write(&job->root, PW_IMAGE_POLICY, src->text,
				    src->len, 0644);
	return system_error(job, err, PW_IMAGE_POLICY);
}

/* As systemctl enable does */
static int enable(struct job *job)
{
	const struct pw_image *image = job->image;
	char *dir = NULL, *link = NULL;
	int err = asprintf(&dir, "/etc/systemd/system/%s.wants",
			   image->target) < 0 ||
		  asprintf(&link, "%s/%s", dir,
			   strrchr(image->unit, '/') + 1) < 0 ? -ENOMEM : 0;

	if (!err)
		err = pw_root_mkdir(&job->root, dir, 0755);
	if (!err)
		err = pw_root_link(&job->root, link, image->unit);
	err = system_error(job, err, link ?: "");
	free(link);
	free(dir);
	return err;
}

/* The unit first: without anything remembered it loads nothing */
static int change(struct job *job)
{
	int err;

	job->image->begun = true;
	err = put_policy(job);

	if (!err)
		err = enable(job);
	return err ? err : stage(job);
}

static void warn_owner(const struct job *job)
{
	if (!geteuid())
		return;
	pw_diag_warning(job->diags, NULL,
			"what was written to %s belongs to UID %u: as root's alone it counts at boot",
			job->root.path, geteuid());
	pw_diag_hint(job->diags,
		     "chown -R 0:0 %s%s when the image is made, or run this under fakeroot",
		     job->root.path, PW_STATE_DIR);
}

int pw_image_install(struct pw_image *image, struct pw_diags *diags)
{
	struct job job = { .image = image, .diags = diags };
	int err = pw_root_open(image->root, &job.root, diags);

	if (err)
		return err;
	pw_image_files_init(&job.files, &job.root, image->policy);
	err = read_first(&job);
	if (!err)
		err = compile(&job);
	if (!err)
		err = look(&job);
	if (!err)
		err = change(&job);
	if (!err)
		warn_owner(&job);
	pw_capture_free(job.capture);
	pw_state_close(job.state);
	pw_ruleset_free(job.rules);
	close(job.root.fd);
	return err;
}

void pw_image_clear(struct pw_image *image)
{
	pw_intent_free(image->intent);
	free(image->unit);
	free(image->target);
	free(image->program);
	for (size_t i = 0; i < image->num_kernels; i++)
		free(image->kernels[i]);
	free(image->kernels);
	image->intent = NULL;
	image->unit = image->target = image->program = NULL;
	image->kernels = NULL;
	image->num_kernels = image->cap_kernels = 0;
}
