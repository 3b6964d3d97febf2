#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random policies: what the kernel does with packets against the second reader.

Every policy is checked (the program proves its rules at each check); some are
applied in a namespace and met with packets. A policy is made from SEED/NUMBER
alone: `--seed S --first N --count 1` shows one again. Without options it is
always the same policies; `--seed random` takes new ones.
"""

import argparse
import ipaddress
import itertools
import os
import random
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "netns")]

# pylint: disable=wrong-import-position
import random_policies as pools
from lib import frames
from lib.netns import CommandError, Netns, become_able
from lib.runner import pin
from lib.world import PORTWALL, World, need_portwall
from reader import Host, Packet, Policy, PolicyError

PER_POLICY = 3000   # packets
REFUSALS = 40       # answers looked at, less than the limit of 100 a second
# For other protocols the kernel answers only where a checksum seems right
ANSWERED = (1, 6, 17, 50, 58, 132)

VALID = """
table inet pwt_valid {
	chain input {
		type filter hook input priority 0; policy accept;
		ct state invalid,established drop
	}
}
"""

TCP_PORTS = [53, 54, 998, 999, *pools.PORTS, 1012, 1013, 65535, 1, 0]
NUMBERS = {"esp": 50, "gre": 47, "ospf": 89, "vrrp": 112, "253": 253}


def payloads(family):
    """(protocol, port, source port, type, hops, payload) of packets."""
    sports = itertools.cycle(range(20000, 60000, 7))
    for proto, make in ((6, frames.tcp), (17, frames.udp),
                        (132, frames.sctp)):
        for port in TCP_PORTS:
            sport = next(sports)
            yield proto, port, sport, -1, 64, make(port, sport)
    for sport, port in ((67, 68), (68, 67), (67, 69), (547, 546), (547, 68)):
        yield 17, port, sport, -1, 64, frames.udp(port, sport)
    for number in (*NUMBERS.values(), 254):
        yield number, 0, 0, -1, 64, frames.raw(number)
    for proto in (frames.UDPLITE, frames.DCCP):
        make = frames.dccp if proto == frames.DCCP else \
            lambda d, s: frames.udp(d, s, proto=frames.UDPLITE)
        yield proto, 1003, 0, -1, 64, make(1003, next(sports))
    if family == 4:
        yield 1, 0, 0, 8, 64, frames.icmp(8)
        yield 1, 0, 0, 13, 64, frames.icmp(13, data=bytes(12))
        yield 2, 0, 0, -1, 1, frames.igmp()
        yield 2, 0, 0, -1, 2, frames.igmp()
        return
    yield 58, 0, 0, 128, 64, frames.icmp6(128)
    yield 58, 0, 0, 139, 64, frames.icmp6(139)
    yield 58, 0, 0, 135, 255, frames.neighbour_solicit("fd99:0::2")
    yield 58, 0, 0, 135, 254, frames.neighbour_solicit("fd99:0::2")
    yield 58, 0, 0, 134, 255, frames.router_advert()
    yield 58, 0, 0, 130, 1, frames.mld(130)


def sources(family):
    if family == 4:
        return pools.V4 + ["198.17.255.255", "198.18.0.16", "10.20.30.40",
                           "10.99.0.3"]
    return pools.V6 + ["2001:db8:4:ffff:ffff:ffff:ffff:ffff",
                       "2001:db8:5::10", "fc00::5", "fe80::9", "fd99:0::3",
                       "::ffff:198.18.0.1"]


def destinations(family, link):
    if family == 4:
        return [link.v4, link.v4_second, "10.99.0.2", "10.99.0.3",
                link.broadcast4, pools.GROUPS[0], pools.OTHER_GROUPS[0]]
    return [link.v6, link.v6_second, link.local6, "fd99:0::2", "fd99:0::3",
            pools.GROUPS[1], pools.OTHER_GROUPS[1]]


class Grid:
    """Every packet, made once: (as the reader sees it, link, bytes, frame)."""

    def __init__(self, world):
        self.world = world
        self.all = [packet for link in world.links.values()
                    for family in (4, 6)
                    for packet in self.packets(link, family)]

    def packets(self, link, family):
        built = list(payloads(family))
        for src in sources(family):
            for dst in destinations(family, link):
                for n, what in enumerate(built):
                    # A quarter of the crossing, the same one in each run
                    key = "%s %s %d %d" % (src, dst, n, link.index)
                    if zlib.crc32(key.encode()) % 4 == 0:
                        yield self.one(link, src, dst, what)

    def one(self, link, src, dst, what):
        proto, port, sport, kind, hops, payload = what
        pkt = frames.packet(src, dst, payload, ttl=hops)
        packet = Packet(link.name, ipaddress.ip_address(src),
                        ipaddress.ip_address(dst), proto, port, sport, kind,
                        hops)
        return packet, link.name, pkt, self.world.frame(
            link.name, pkt, self.world.cookie(swallow=True))


def make_host(world):
    own, broadcast = set(), set()
    for link in world.links.values():
        own |= {ipaddress.ip_address(a) for a in (
            link.v4, link.v4_second, link.v6, link.v6_second, link.local6)}
        broadcast.add(ipaddress.ip_address(link.broadcast4))
    return Host(own, broadcast, time.time())


class Differential:
    """The host, its packets, and how policies are compared on it."""

    def __init__(self):
        self.world = World(*pools.LINKS)
        for group in pools.GROUPS + pools.OTHER_GROUPS:
            for link in pools.LINKS:
                self.world.join(group, link)
        self.grid = Grid(self.world).all
        self.host = make_host(self.world)
        # What the kernel drops, or cannot track, tells nothing about rules
        self.world.host.nft(VALID)
        whole = self.world.sweep_frames([(g[1], g[3]) for g in self.grid])
        lost = len(self.grid) - len(whole)
        self.grid = [self.grid[n] for n in sorted(whole)]
        self.world.host.nft("delete table inet pwt_valid")
        if len(self.grid) < PER_POLICY or lost > len(self.grid) // 5:
            raise AssertionError("%d of %d packets arrive without rules" % (
                len(whole), len(whole) + lost))

    def catches_an_offender(self):
        """One port more than the policy says must be noticed."""
        text = "[policy]\n[allow a]\ntcp = 1000-%d\n"
        return self.differences(text % 1005, random.Random(0), text % 1004)[0]

    def differences(self, text, rng, loaded=None):
        """Lines that say where kernel and reader differ, number accepted."""
        policy = Policy(text)
        if policy.reject:       # the limit of answers starts afresh
            self.world.portwall("clear", "--yes")
        self.world.apply(loaded or text)
        sample = rng.sample(self.grid, min(PER_POLICY, len(self.grid)))
        wanted = [policy.judge(g[0], self.host) for g in sample]
        found = list(self.refusals(sample, wanted))
        passed = self.world.sweep_frames([(g[1], g[3]) for g in sample])
        for n, (packet, *_rest) in enumerate(sample):
            if (wanted[n] in ("accept", "limited")) != (n in passed):
                found.append("%s: reader says %s, kernel %s" % (
                    packet, wanted[n],
                    "accepts" if n in passed else "does not accept"))
        return found, sum(w in ("accept", "limited") for w in wanted)

    def refusals(self, sample, wanted):
        """Closed ports: which are answered, and which are left in silence."""
        closed = [n for n, w in enumerate(wanted) if w in ("drop", "refuse")
                  and sample[n][0].proto in ANSWERED]
        for n in closed[:REFUSALS]:
            packet, link, pkt, _ = sample[n]
            outcome = self.world.probe(link, pkt, swallow=True)
            if outcome.verdict != {"drop": "silent",
                                   "refuse": "refused"}[wanted[n]]:
                yield "%s: reader says %s, host is %s %s" % (
                    packet, wanted[n], outcome.verdict, outcome.kinds)


def sections(text):
    return [part for part in text.split("\n\n") if part.strip()]


def shrink(text, fails):
    """Leave out sections, then lines, as long as it fails."""
    for split, join in ((sections, "\n\n"), (str.splitlines, "\n")):
        parts = split(text)
        n = 0
        while n < len(parts):
            fewer = parts[:n] + parts[n + 1:]
            if fails(join.join(fewer) + "\n"):
                parts = fewer
            else:
                n += 1
        text = join.join(parts) + "\n"
    return text


def failure(number, text, lines):
    print("FAIL  policy %s" % number)
    for line in text.splitlines() + lines[-8:]:
        print("      " + line)


def checks(netns, number, text):
    """True if the program takes the policy and proves its rules."""
    done = netns.run([PORTWALL, "check", "-"], text, check=False)
    if done.returncode:
        failure(number, text, ["check: exit %d" % done.returncode] +
                (done.stdout + done.stderr).splitlines())
    return done.returncode == 0


def apply_one(diff, number, text):
    """True if packets fare as the reader says, and how many were accepted."""
    def find(candidate):
        return diff.differences(candidate, random.Random(number))[0]

    def fails(candidate):
        try:
            return bool(find(candidate))
        except (PolicyError, CommandError, OSError, KeyError):
            return False
    try:
        lines, accepted = diff.differences(text, random.Random(number))
    except CommandError as err:
        failure(number, text, str(err).splitlines())
        return False, 0
    if lines:
        small = shrink(text, fails)
        failure(number, small, find(small) or lines)
    return not lines, accepted


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="5")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=40,
                        help="policies met with packets")
    parser.add_argument("--check", type=int, default=160,
                        help="further policies that are only checked")
    given = parser.parse_args()
    if given.seed == "random":
        given.seed = str(random.randrange(1 << 32))
    print("seed %s: %d policies with packets, %d more checked" % (
        given.seed, given.count, given.check))
    need_portwall(given.count + given.check)
    become_able(given.count + given.check)
    pin()
    with tempfile.TemporaryDirectory() as files:
        return run(given, files)


def run(given, files):
    plain = Netns("check")
    passed = failed = accepted = 0
    diff = Differential() if given.count else None
    if diff and not diff.catches_an_offender():
        print("FAIL  control: a port too many was not noticed")
        failed += 1
    for n in range(given.first, given.first + given.count + given.check):
        number = "%s/%d" % (given.seed, n)
        text = pools.generate(number, files)
        good = checks(plain, number, text)
        if good and n < given.first + given.count:
            good, letting = apply_one(diff, number, text)
            accepted += letting
        passed += good
        failed += not good
    print("%d packets were to be accepted" % accepted)
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
