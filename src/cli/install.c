// SPDX-License-Identifier: GPL-2.0-or-later
/* install: prepare the file system of an image, from outside, to boot closed. */
#include <string.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/section.h"
#include "portwall/image.h"

static void put_root(const struct pw_image *image, const char *path)
{
	fputs("  ", stdout);
	pw_escape_put(image->root, strlen(image->root), stdout);
	fputs(path, stdout);
}

static void print_installed(const struct cli *cli,
			    const struct pw_image *image)
{
	const struct pw_model *model = image->intent->model;
	char count[32];

	pw_escape_put(image->root, strlen(image->root), stdout);
	printf(": boots closed: %zu section%s, %s rules, proved\n",
	       model->num_sections, plural(model->num_sections),
	       format_count(image->num_rules, count));
	if (!cli->verbose)
		return;
	put_root(image, PW_IMAGE_POLICY);
	puts(" is remembered");
	put_root(image, image->unit);
	printf(" is enabled, in %s\n", image->target);
	for (size_t i = 0; i < image->num_kernels; i++)
		printf("  kernel %s has what the rules need\n",
		       image->kernels[i]);
}

static void describe(struct cli *cli, const struct pw_image *image)
{
	const struct pw_model *model = image->intent->model;
	json_t *kernels = json_array();

	for (size_t i = 0; i < image->num_kernels; i++)
		doc_push(kernels, doc_text(image->kernels[i]));
	doc_set(cli->doc, "root", doc_text(image->root));
	doc_set(cli->doc, "policy", doc_text(PW_IMAGE_POLICY));
	doc_set(cli->doc, "unit", doc_text(image->unit));
	doc_set(cli->doc, "program", doc_text(image->program));
	doc_set(cli->doc, "kernels", kernels);
	doc_set(cli->doc, "sections",
		json_integer((json_int_t)model->num_sections));
	doc_set(cli->doc, "rules", json_integer((json_int_t)image->num_rules));
	doc_set(cli->doc, "digest", doc_hex(model->digest,
					    sizeof(model->digest)));
}

static int refuse(struct cli *cli, bool begun, int err)
{
	int status = status_of(cli, err);

	messages_print(cli);
	fputs(begun ? "portwall: the image may have been changed in part: install it again\n" :
		      "portwall: nothing was changed\n", stderr);
	cli->told = true;
	cli->policy = NULL;	/* no other closing line */
	return status;
}

int cmd_install(struct cli *cli)
{
	struct pw_image image = { .root = cli->root, .policy = cli->policy };
	int err = 0;

	if (!cli->root) {
		pw_diag_error(cli->diags, NULL,
			      "install needs --root DIR, the file system of an image");
		pw_diag_hint(cli->diags, "on a running host: portwall apply");
		return STATUS_WRONG;
	}
	err = pw_image_install(&image, cli->diags);
	if (!err)
		messages_print(cli);
	if (!err && cli->doc)
		describe(cli, &image);
	else if (!err && !cli->quiet)
		print_installed(cli, &image);
	pw_image_clear(&image);
	return err ? refuse(cli, image.begun, err) : STATUS_OK;
}
