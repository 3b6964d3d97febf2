# SPDX-License-Identifier: GPL-2.0-or-later
"""status --format=prometheus against a small strict parser of the format."""
import re

from drift.host import host
from netns.lib.need import need

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (\d+)" % (NAME, LABEL, LABEL))


def parse(text):
    """Samples by name and labels; fails on what is not of the format"""
    need(text.endswith("\n"), "no end of line")
    help_of, type_of, samples, last = set(), {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            need(name not in help_of and name not in type_of, line)
            help_of.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line.split(" ")[2:]
            need(name in help_of and name not in type_of and
                 kind in ("counter", "gauge"), line)
            need(name.endswith("_total") == (kind == "counter"), line)
            type_of[name] = last = kind and name
        else:
            found = SAMPLE.fullmatch(line)
            need(found, "no sample: " + line)
            name, labels, value = found.groups()
            need(name == last, "not below its type: " + line)
            key = (name, labels or "")
            need(key not in samples, "twice: " + line)
            samples[key] = int(value)
    return samples


def metrics(one):
    done = one.portwall("status", "--format=prometheus")
    need(done.returncode == 0, "exit %d: %s" % (done.returncode, done.stderr))
    return parse(done.stdout)


def test_nothing_in_force():
    with host(remembers=False) as one:
        found = metrics(one)
        need(found["portwall_in_force", ""] == 0 and
             found["portwall_generation", ""] == 0, repr(found))


def test_in_force():
    with host(remembers=False) as one:
        one.apply()
        found = metrics(one)
        need(found["portwall_in_force", ""] == 1 and
             found["portwall_generation", ""] == 1, repr(found))
        need(found["portwall_applied_timestamp_seconds", ""] > 1700000000,
             repr(found))
        for section in ("ssh", "web", "db"):
            need(found["portwall_section_connections_total",
                       'section="%s",verdict="accepted"' % section] == 0,
                 repr(found))
        need(sum(value for (name, _), value in found.items()
                 if name == "portwall_drift") == 0, repr(found))


def test_counts_drift():
    with host(remembers=False) as one:
        one.apply()
        one.nft("add rule inet portwall input counter accept")
        need(metrics(one)["portwall_drift", 'kind="added"'] == 1, "drift")


def test_not_with_json():
    with host(remembers=False) as one:
        done = one.portwall("status", "--format=prometheus", "--json")
        need(done.returncode == 2, "exit %d" % done.returncode)
