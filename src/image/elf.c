// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program or library asks of its loader: elf(5). */
#include "image/elf.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* An image may be anybody's: above what linkers write it is no program */
#define NUM_ENTRIES_MAX 4096u

/**
 * struct elf - A file that was read, of 64 bits and the byte order here
 * @strings_len: to the end of its segment
 * @strings:	its dynamic string table, ends with a NUL
 */
struct elf {
	const char *bytes;
	size_t len;
	const Elf64_Phdr *headers;
	size_t num_headers;
	const char *strings;
	size_t strings_len;
};

static bool lies_within(const struct elf *elf, uint64_t at, uint64_t len)
{
	return at <= elf->len && len <= elf->len - at;
}

static int elf_open(const struct pw_source *src, struct elf *elf)
{
	const Elf64_Ehdr *head = (const void *)src->text;
	const union { uint16_t word; uint8_t first; } order = { .word = 1 };
	uint8_t data = order.first ? ELFDATA2LSB : ELFDATA2MSB;

	*elf = (struct elf){ .bytes = src->text, .len = src->len };
	if (src->len < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 ||
	    head->e_ident[EI_DATA] != data ||
	    head->e_phentsize != sizeof(Elf64_Phdr) ||
	    head->e_phoff % sizeof(uint64_t) ||
	    !lies_within(elf, head->e_phoff,
			 head->e_phnum * sizeof(Elf64_Phdr)))
		return -ENOEXEC;
	elf->headers = (const void *)(src->text + head->e_phoff);
	elf->num_headers = head->e_phnum;
	return 0;
}

/* NULL: there is none, or it lies outside of the file */
static const char *segment(const struct elf *elf, uint32_t type,
			   size_t *len)
{
	for (size_t i = 0; i < elf->num_headers; i++) {
		const Elf64_Phdr *h = &elf->headers[i];

		if (h->p_type != type || !lies_within(elf, h->p_offset,
						      h->p_filesz))
			continue;
		*len = h->p_filesz;
		return elf->bytes + h->p_offset;
	}
	return NULL;
}

/* What is at an address of memory, to the end of its segment */
static const char *at_address(const struct elf *elf, uint64_t address,
			      size_t *len)
{
	for (size_t i = 0; i < elf->num_headers; i++) {
		const Elf64_Phdr *h = &elf->headers[i];

		if (h->p_type != PT_LOAD || address < h->p_vaddr ||
		    address - h->p_vaddr >= h->p_filesz ||
		    !lies_within(elf, h->p_offset, h->p_filesz))
			continue;
		*len = h->p_filesz - (address - h->p_vaddr);
		return elf->bytes + h->p_offset + (address - h->p_vaddr);
	}
	return NULL;
}

static void find_strings(struct elf *elf, const Elf64_Dyn *dyn,
			 size_t num)
{
	uint64_t at = 0;

	for (size_t i = 0; i < num && dyn[i].d_tag != DT_NULL; i++)
		if (dyn[i].d_tag == DT_STRTAB)
			at = dyn[i].d_un.d_ptr;
	elf->strings = at ? at_address(elf, at, &elf->strings_len) : NULL;
}

static int visit_name(const char *name, size_t max_len,
		      int (*visit)(void *arg, const char *name,
				   size_t max_len), void *arg)
{
	if (strnlen(name, max_len) >= PATH_MAX)
		return -ENOEXEC;
	return visit(arg, name, max_len);
}

static int visit_needed(const struct elf *elf, const Elf64_Dyn *dyn, size_t num,
			int (*visit)(void *arg, const char *name,
				     size_t max_len), void *arg)
{
	int err = 0;

	for (size_t i = 0; !err && i < num && dyn[i].d_tag != DT_NULL; i++) {
		uint64_t at = dyn[i].d_un.d_val;

		if (dyn[i].d_tag == DT_NEEDED && at < elf->strings_len)
			err = visit_name(elf->strings + at,
					 elf->strings_len - at, visit, arg);
	}
	return err;
}

int pw_elf_needs(const struct pw_source *src,
		 int (*visit)(void *arg, const char *name, size_t max_len),
		 void *arg)
{
	const char *loader;
	const Elf64_Dyn *dyn;
	struct elf elf;
	size_t len = 0;
	int err = elf_open(src, &elf);

	if (err)
		return err;
	loader = segment(&elf, PT_INTERP, &len);
	if (loader)
		err = visit_name(loader, len, visit, arg);
	dyn = (const void *)segment(&elf, PT_DYNAMIC, &len);
	if (err || !dyn || (uintptr_t)dyn % sizeof(uint64_t))
		return err;
	if (len > NUM_ENTRIES_MAX * sizeof(*dyn))
		return -ENOEXEC;
	find_strings(&elf, dyn, len / sizeof(*dyn));
	return visit_needed(&elf, dyn, len / sizeof(*dyn), visit, arg);
}
