# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits of resources, from ample to nothing."""
import shutil
from unittest import mock

from netns.lib.runner import Skip, cases

from environ.tally import CHOSEN, LONG, ROWS, Tally, behind
from netns.faults.host import SECOND

FEW_MB = (2, 4, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24, 32, 64)
MB = [part / 4 for part in range(8, 100)] + [32, 48, 64, 128] if LONG else \
    FEW_MB
KB = (8, 16, 32, 64, 128, 256, 1024)


@cases(("memory", "as", [int(mb * (1 << 20)) for mb in MB], ("old", "new")),
       ("data", "data", [int(mb * (1 << 18)) for mb in MB], ("old", "new")),
       ("files", "nofile", range(0, 14), ("old", "new")),
       ("stack", "stack", [kb << 10 for kb in KB], ("new",)),
       ("size of files", "fsize", (0, 1, 40, 500, 700, 1000, 4000, 100000),
        ("old", "new")),
       ("processor", "cpu", (0, 1), ()),
       ("processes", "nproc", (0, 1), ("new",)),
       ("locked memory", "memlock", (0,), ("new",)),
       ("signals", "sigpending", (0,), ("new",)))
def test_limit(name, values, must):
    if not shutil.which("prlimit"):
        raise Skip("prlimit is missing")
    tally = Tally()
    for row in CHOSEN if LONG else [ROWS[n] for n in ("apply", "open")]:
        for value in values:
            tally.attempt(row, behind(tally.stage, "prlimit", "--%s=%d" % (
                name, value)), "%s %d" % (name, value))
    tally.end(name, *must)


# 65,535 ports of which no two are neighbours in a protocol, 10,000 sources
def listed(items):
    return ",\n    ".join(map(str, items))


LARGE = "[allow ssh]\ntcp = 22\n" + "".join(
    "[allow %s]\n%s = %s\nfrom = %s\n" % (
        proto, proto, listed(range(first, 65536, 2)), listed(
            "192.%d.%d.%d" % (i >> 14 & 255, i >> 6 & 255, i << 2 & 255)
            for i in range(10000)))
    for proto, first in (("tcp", 1), ("udp", 2)))


BIG = [ROWS["apply"]]


@cases(("small", False), *([("large", True)] if LONG else []))
def test_sockets(is_large):
    """No buffer can be made larger; refused, or done all the same."""
    if not shutil.which("strace"):
        raise Skip("strace is missing")
    second = LARGE if is_large else SECOND
    with mock.patch("netns.faults.host.SECOND", second):
        tally = Tally()
        for row in BIG if is_large else CHOSEN:
            tally.attempt(row, behind(
                tally.stage, "strace", "-f", "-qq", "-o", "/dev/null", "-e",
                "trace=setsockopt", "-e", "inject=setsockopt:error=EPERM"),
                          "buffers")
        tally.end("%s batch, small buffers" % (
            "large" if is_large else "small"))
