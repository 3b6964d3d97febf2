# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs test functions, each under its own name, and counts.

A test is a function test_*; rows given by @cases are tests of their own. The
closing line is `N passed, N failed, N skipped`.
"""

import argparse
import os
import sys
import time
import traceback

from .netns import become_able
from .world import need_portwall


class Skip(Exception):
    """This test cannot run here; the message says why."""


def cases(*rows):
    """Each row: its name, then the arguments of the test."""
    def mark(function):
        function.cases = [row if isinstance(row, tuple) else (str(row), row)
                          for row in rows]
        return function
    return mark


def families(function):
    """A test of IPv4 and a test of IPv6."""
    return cases(("v4", 4), ("v6", 6))(function)


def collect(modules):
    """(name, function, arguments) of every test, in the order written."""
    for module in modules:
        short = module.__name__.rpartition(".")[2].removeprefix("test_")
        for name, function in vars(module).items():
            if not name.startswith("test_") or not callable(function):
                continue
            base = "%s.%s" % (short, name.removeprefix("test_"))
            for label, *args in getattr(function, "cases", [("",)]):
                yield base + ("/" + label if label else ""), function, args


def run_one(name, function, args):
    """Prints the result; returns its word."""
    begun = time.monotonic()
    word, said, trace = "ok", name, ""
    try:
        function(*args)
    except Skip as err:
        word, said = "SKIP", "%s: %s" % (name, err)
    except Exception:  # pylint: disable=broad-except
        word, trace = "FAIL", traceback.format_exc()
    took = time.monotonic() - begun
    print(word, said + (" (%.1f s)" % took if took > 2 else ""))
    for line in trace.splitlines():
        print("     " + line)
    sys.stdout.flush()
    return word


def pin():
    """One processor: a frame and its sentinel then share their queues."""
    able = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {able[os.getpid() % len(able)]})


def main(modules, options=None):
    """Whole program of a test suite; returns its exit status."""
    parser = options or argparse.ArgumentParser()
    parser.add_argument("--only", metavar="PATTERN", default="",
                        help="run the tests whose name holds PATTERN")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    tests = [t for t in collect(modules) if given.only in t[0]]
    if given.list:
        print("\n".join(name for name, _, _ in tests))
        return 0
    need_portwall(len(tests))
    become_able(len(tests))
    pin()
    words = [run_one(*test) for test in tests]
    print("%d passed, %d failed, %d skipped" % (
        words.count("ok"), words.count("FAIL"), words.count("SKIP")))
    return 1 if "FAIL" in words else 0
