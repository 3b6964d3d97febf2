# SPDX-License-Identifier: GPL-2.0-or-later
"""Every port, every protocol, and long lists."""

import ipaddress
import os
import random
import time

from lib import frames
from lib.runner import cases, families
from packets.lines import SOURCE, hold, world

EVERY_PORT = """
[policy]
ping = no
[ports]
some = 1000-1999, 8080
[allow a]
tcp = 22, 80, some
udp = 53, 30000-65535
[allow b]
tcp = 5432-5433
from = 203.0.113.0/24, 2001:db8:a::/48
[block c]
tcp = 1500-1509
"""
OPEN = {
    "tcp": {22, 80, 8080, *range(1000, 1500), *range(1510, 2000)},
    "udp": {53, *range(30000, 65536)},
}


@cases(*((proto + " IPv%d" % family, proto, family)
         for proto in OPEN for family in (4, 6)))
def test_every_port(proto, family):
    with world() as w:
        w.apply(EVERY_PORT)
        make = getattr(frames, proto)
        link = w.first
        found = w.sweep([("eth0", frames.packet(
            SOURCE[family], link.to(family), make(port, 17)))
            for port in range(65536)])
        assert found == OPEN[proto], sorted(found ^ OPEN[proto])[:20]


@families
def test_every_protocol(family):
    """Without a word in the policy no protocol gets in, whatever it is."""
    extensions = {0, 43, 44, 60} if family == 6 else set()
    numbers = [n for n in range(256) if n not in extensions]
    with world() as w:
        packets = [("eth0", frames.packet(SOURCE[family], w.first.to(family),
                                          frames.raw(n, bytes(range(40)))))
                   for n in numbers]
        before = {numbers[n] for n in w.sweep(packets)}
        w.apply("[allow a]\ntcp = 22\nprotocol = esp\n")
        after = {numbers[n] for n in w.sweep(packets)}
    assert len(before) > 240, "arrive without rules: %s" % sorted(before)
    assert after == {frames.ESP}, sorted(after)


def random_list(rng, family):
    """2,000 lines and the addresses they hold, as ranges of integers."""
    base = int(ipaddress.ip_address(
        "10.0.0.0" if family == 4 else "2001:db8::"))
    make = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    bits = 32 if family == 4 else 128
    ranges, lines = [], []
    at = base
    for _ in range(1000):
        at += rng.randrange(1, 200)
        kind = rng.randrange(3)
        if kind == 0:
            last = at
            lines.append(str(make(at)))
        elif kind == 1:
            last = at + rng.randrange(40)
            lines.append("%s-%s" % (make(at), make(last)))
        else:
            size = 1 << rng.randrange(5)
            at = at // size * size + size
            last = at + size - 1
            lines.append("%s/%d" % (make(at), bits - size.bit_length() + 1))
        ranges.append((at, last))
        at = last + 1
    return lines, ranges, make


def trust_options():
    """In a user namespace the directory / is nobody's."""
    return [] if os.stat("/").st_uid == 0 else ["--insecure-permissions"]


@cases(("allow", "allow", True), ("block", "block", False))
def test_list_file(kind, opens):
    """Each range of a list of 2,000: both ends, and what is beyond."""
    rng = random.Random(2000)
    text, probes = [], []
    for family in (4, 6):
        lines, ranges, make = random_list(rng, family)
        text += lines
        held = set()
        for lo, hi in ranges:
            held.update(range(lo, hi + 1))
        for lo, hi in ranges:
            for n in {lo - 1, lo, hi, hi + 1}:
                probes.append((family, str(make(n)), n in held))
    rng.shuffle(text)
    with world() as w:
        path = w.file("list.txt", "# some\n" + "\n".join(text) + "\n\n")
        extra = "" if opens else "[allow all]\ntcp = 22\n"
        w.apply("%s[%s a]\ntcp = 22\nfrom = file:%s\n" % (extra, kind, path),
                *trust_options())
        passed = w.sweep([("eth0", frames.packet(
            src, w.first.to(family), frames.tcp(22, 99)))
            for family, src, _ in probes])
    wrong = [probes[n] for n in range(len(probes))
             if (n in passed) != (probes[n][2] == opens)]
    assert not wrong, wrong[:10]
    assert 0 < len(passed) < len(probes)


def test_list_file_missing():
    """What is in force stays."""
    with world() as w:
        w.apply("[allow a]\ntcp = 22\n")
        done = w.apply("[allow a]\ntcp = 23\nfrom = file:/nowhere/at/all\n",
                       check=False)
        assert done.returncode == 2, done
        hold(w, "open tcp 22", "closed tcp 23")


RANGES = (
    ("one wide", "1004-65535", (1004, 65535), (1003, 0)),
    ("wide and single", "1000, 1002, 1010, 1004-65535",
     (1000, 1002, 1004, 65535), (999, 1001, 1003)),
    ("every other", ", ".join("%d-%d" % (n, n + 499)
                              for n in range(1000, 65000, 1000)),
     (1000, 1499, 64000, 64499), (999, 1500, 63999, 64500)),
    ("odd", ", ".join(str(n) for n in range(1, 6000, 2)), (1, 5999),
     (2, 5998, 6001)),
)


@cases(*((name + how, ports, extra, opened, closed)
         for name, ports, opened, closed in RANGES
         for how, extra in ((", anyone", ""),
                            (", some", "except = 203.0.113.1\n"),
                            (", limited", "rate = 99/hour\n"))))
def test_many_ports(ports, extra, opened, closed):
    """They cost an apply no more than a few ports, give or take."""
    with world() as w:
        begun = time.monotonic()
        w.apply("[allow a]\ntcp = 22\n")
        few = time.monotonic() - begun
        w.apply("[allow a]\ntcp = %s\n%s" % (ports, extra))
        many = time.monotonic() - begun - few
        hold(w, *("open tcp %d" % port for port in opened),
             *("closed tcp %d" % port for port in closed))
        assert many < 40 * few, "%.3f s, and %.3f s" % (few, many)


def test_other_links_than_known():
    """A link that comes after the apply is judged as any other."""
    with world("eth0", "late0") as w:
        w.host.ip("link set late0 name hidden0")
        w.apply("[allow a]\ntcp = 22\non = late0\n[allow b]\ntcp = 80\n")
        w.host.ip("link set hidden0 name late0", "link set late0 up")
        hold(w, "open tcp 22 on late0", "closed tcp 22 on eth0",
             "open tcp 80 on late0", "closed tcp 23 on late0")
