# SPDX-License-Identifier: GPL-2.0-or-later
"""The lists of src/confine as a test reads them, and strace's words for them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PHASES = ("from the start", "settled")
TESTED = {"IS", "ABOVE", "WITHOUT"}


@dataclass(frozen=True)
class Row:
    """A call, or one with an argument, that is let through."""

    call: str
    kin: bool
    groups: frozenset
    index: int = -1
    test: str = ""
    value: str = ""
    value2: str = ""

    def __str__(self):
        return " ".join(filter(None, (self.call, self.test, self.value,
                                      self.value2)))


def macros(text):
    """#define NAME (A | B), as sets of what they come to"""
    text = text.replace("\\\n", " ")
    found = {}
    for name, value in re.findall(r"#define (\w+) \(([\w\s|]+)\)", text):
        found[name] = words(value, found)
    return found


def words(text, known):
    """A | B as a set, macros resolved"""
    result = set()
    for word in re.findall(r"\w+", text):
        result |= known.get(word, {word})
    return frozenset(result - {"0"})


def read_rows():
    """Every row of lists.c"""
    text = (ROOT / "src/confine/lists.c").read_text()
    known = macros(text)
    text = re.sub(r"#define.*", "", text)
    for kind, call, rest in re.findall(r"\b(ROW|KIN)\((\w+),\s*([^()]+)\)",
                                       text):
        parts = [part.strip() for part in rest.split(",")]
        if len(parts) == 1:
            yield Row(call, kind == "KIN", words(parts[0], known))
            continue
        index, test, value, index2, value2, groups = parts
        yield Row(call, kind == "KIN", words(groups, known), int(index), test,
                  value, value2 if index2 != "0" else "")


def read_jobs():
    """Of jobs.c: job -> groups of each phase, none: as before"""
    text = (ROOT / "src/confine/jobs.c").read_text()
    known = macros(text)
    return {job: tuple(words(phase, known) for phase in phases.split(","))
            for job, phases in re.findall(
                r"\[(PW_JOB_\w+)\] = \{[^{]*\{([^}]*)\}", text)}


def read_commands():
    """Of main.c: command -> job"""
    text = (ROOT / "src/cli/main.c").read_text()
    return dict(re.findall(r'\{ "(\w+)", "[^"]*".*?(PW_JOB_\w+)', text,
                           re.DOTALL))


NAMESPACE = re.compile(r"CLONE_NEW")
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")
WITHOUT = {"PROT_EXEC": re.compile("PROT_EXEC"), "WRITES": WRITES,
           "NAMESPACES": NAMESPACE}


def lets_through(row, args):
    """Is the call with @args, as strace prints them, one of @row?"""
    if not row.test:
        return True
    if not row.groups or row.test == "ABOVE":
        return False
    if row.test == "WITHOUT":
        return not WITHOUT[row.value].search(args)
    given = [arg.strip() for arg in args.split(",")]
    return row.value in given and (not row.value2 or row.value2 in given)


@dataclass(frozen=True)
class Call:
    """A call that strace saw."""

    name: str
    args: str
    phase: int


LINE = re.compile(r"\d+ +(\w+)\((.*?)(?:\) += |\)? <unfinished|$)")


def calls_of(trace):
    """Calls after the first filter; what came of them does not matter."""
    phase = -1
    for line in trace.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        name, args = match.groups()
        if phase >= 0:
            yield Call(name, args, phase)
        if name == "seccomp" and "SECCOMP_SET_MODE_FILTER" in args and \
                re.search(r"= 0$", line):
            phase += 1
