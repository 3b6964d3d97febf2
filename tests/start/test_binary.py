# SPDX-License-Identifier: GPL-2.0-or-later
"""What the compiler and the linker were told, read from what they made."""
import os
import re
import shutil
import subprocess
import tempfile

from netns.lib.runner import Skip, cases

from netns.lib.need import need
from netns.lib.world import PORTWALL

# Of each translation unit, as gcc notes it in the debugging information
NOTED = ("-O2", "-fstack-protector-strong", "-fno-delete-null-pointer-checks",
         "-fno-strict-aliasing", "-fPIE", "-fstack-clash-protection",
         "-ftrivial-auto-var-init=zero", "-fzero-call-used-regs=used-gpr")
CET = "x86 feature: IBT, SHSTK"
# A shell, plug-ins, the caller's locale, and what writes without a bound
NEVER = re.compile(
    r" U (system|popen|posix_spawnp?|exec\w+|dlopen|setlocale|newlocale|gets|"
    r"wordexp|mktemp|tmpnam|tempnam|tmpfile|alloca)(@|$)", re.M)


def said(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True,
                          timeout=60, env={**os.environ, "LC_ALL": "C"}).stdout


def segments(headers, kind):
    """Flags of the program headers of a kind."""
    return [match.group(1).strip() for match in re.finditer(
        r"^ +%s +(?:0x\w+ +){5}([RWE ]{3})" % kind, headers, re.M)]


def flaws(path):
    """What is not as it should be, as words."""
    headers, dynamic = said("readelf", "-hlW", path), \
        said("readelf", "-dW", path)
    symbols = said("nm", "-D", path)
    loads = segments(headers, "LOAD")
    looks = {
        "no PIE": not re.search(r"Type: +DYN", headers),
        "no RELRO": not segments(headers, "GNU_RELRO"),
        "lazy binding": not re.search(r"FLAGS_1.*\bNOW\b", dynamic),
        "executable stack": segments(headers, "GNU_STACK") != ["RW"],
        "code that can be written": any(
            "W" in flags and "E" in flags for flags in loads),
        "headers among code": not loads or "E" in loads[0],
        "text relocations": "TEXTREL" in dynamic,
        "a path for libraries": bool(re.search("RPATH|RUNPATH", dynamic)),
        "no stack protector": "__stack_chk_fail" not in symbols,
        "no fortified calls": not re.search(r"__\w+_chk\b", symbols.replace(
            "__stack_chk", "")),
        "calls " + ", ".join(sorted(match.group(1) for match in
                                    NEVER.finditer(symbols))):
            bool(NEVER.search(symbols)),
    }
    return {word for word, holds in looks.items() if holds}


def need_tools(*names):
    for name in names:
        if not shutil.which(name):
            raise Skip(name + " is missing")


def is_sanitized():
    return "__asan_init" in said("nm", "-D", PORTWALL)


def test_portwall():
    need_tools("readelf", "nm")
    if is_sanitized():
        raise Skip("this is a build with the sanitizers")
    found = flaws(PORTWALL)
    need(not found, ", ".join(sorted(found)))


def test_flags_of_files():
    """No file was compiled with less than the others."""
    need_tools("readelf", "nm")
    if is_sanitized():
        raise Skip("this is a build with the sanitizers")
    units = re.findall(r"DW_AT_producer +: (.*)",
                       said("readelf", "--debug-dump=info", PORTWALL))
    units = [unit for unit in units if "GNU C" in unit and "-g" in unit]
    if not units:
        raise Skip("not compiled by gcc")
    for unit in units:
        lacks = [flag for flag in NOTED if flag not in
                 unit.replace("-fpie", "-fPIE").split()]
        need(not lacks, "%s in: %s" % (lacks, unit))


def notes(path):
    return said("readelf", "-nW", path)


def test_branches_are_checked():
    """Every object says so; the whole only if the C library's objects do."""
    need_tools("readelf", "cc")
    if "x86_64" not in said("cc", "-dumpmachine"):
        raise Skip("not a processor of that kind")
    if is_sanitized():
        raise Skip("this is a build with the sanitizers")
    objects = [os.path.join(place, name) for place, _, names in os.walk(
        os.path.join(os.path.dirname(PORTWALL), "src"))
               for name in names if name.endswith(".o")]
    need(len(objects) > 50, "only %d objects" % len(objects))
    out = notes_of(objects)
    lacking = [path for path in objects if CET not in out[path]]
    need(not lacking, "not so: %s" % lacking)
    start = said("cc", "-print-file-name=Scrt1.o").strip()
    need(CET not in notes(start) or CET in notes(PORTWALL), "not the whole")


def notes_of(paths):
    parts = re.split(r"^File: ", said("readelf", "-nW", *paths), flags=re.M)
    return {part.partition("\n")[0]: part for part in parts[1:]}


# --- the same looks at programs that are made badly ---------------------------

GOOD = ("-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong", "-fPIE",
        "-pie", "-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code")
CODE = """#include <stdio.h>
#include <string.h>
#ifdef RELOCATE
__asm__(".text\\n.quad puts\\n");
#endif
#ifdef MIX
__asm__(".section mixed,\\"awx\\"\\n.quad 0\\n");
#endif
int main(int argc, char **argv)
{
	char text[40];

	strcpy(text, argv[argc - 1]);
	return puts(text);
}
"""


@cases(
    ("as it should be", [], None),
    ("no PIE", ["-fno-pie", "-no-pie"], "no PIE"),
    ("no RELRO", ["-Wl,-z,norelro"], "no RELRO"),
    ("lazy binding", ["-Wl,-z,lazy"], "lazy binding"),
    ("executable stack", ["-Wl,-z,execstack"], "executable stack"),
    ("one section", ["-DMIX"], "code that can be written"),
    ("mixed code", ["-Wl,-z,noseparate-code"], "headers among code"),
    ("text relocation", ["-DRELOCATE", "-Wl,-z,notext"], "text relocations"),
    ("library path", ["-Wl,-rpath,/tmp"], "a path for libraries"),
    ("no stack protector", ["-fno-stack-protector"], "no stack protector"),
    ("not fortified", ["-U_FORTIFY_SOURCE"], "no fortified calls"),
    ("a shell", ["-Dputs=system", "-include", "stdlib.h"], "calls system"),
)
def test_offender(options, flaw):
    need_tools("readelf", "nm", "cc")
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "program")
        done = subprocess.run(
            ["cc", "-x", "c", "-", "-o", path, *GOOD, *options], input=CODE,
            capture_output=True, text=True, check=False, timeout=60)
        need(done.returncode == 0, done.stderr)
        found = flaws(path)
        need(flaw in found if flaw else not found, "found: %s" % found)
