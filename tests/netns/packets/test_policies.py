# SPDX-License-Identifier: GPL-2.0-or-later
"""The policies that are shipped: what they list is open, and nothing else."""

import os
import random

from lib import frames
from lib.runner import cases
from lib.world import ROOT
from packets import engines
from packets.lines import hold, send, world
from packets.test_many import trust_options

ANYONE = ("203.0.113.99", "2001:db8:ffff::99")
MANAGEMENT = ("198.51.100.0", "198.51.100.255", "2001:db8:a::",
              "2001:db8:a::ffff:ffff:ffff:ffff")
NOT_MANAGEMENT = ("198.51.99.255", "198.51.101.0", "2001:db8:a:1::",
                  "2001:db8:9:ffff:ffff:ffff:ffff:ffff")
WEB = ({80, 443}, {443})
SWARM = ({443, 2377, 7946}, {7946, 4789})

# policy, link, sources, open TCP ports, open UDP ports
OPEN = (
    ("web-server", "eth0", ANYONE + NOT_MANAGEMENT, *WEB),
    ("web-server", "eth0", MANAGEMENT, {22, 80, 443}, {443}),
    ("dns", "eth0", ANYONE + NOT_MANAGEMENT, set(), set()),
    ("dns", "eth0", ("192.168.10.0", "192.168.10.255", "fd00:10::",
                     "fd00:10::ffff:ffff:ffff:ffff"), {53, 853}, {53, 853}),
    ("dns", "eth0", ("192.168.9.255", "192.168.11.0", "fd00:11::1",
                     "fd00:f:ffff::", "203.0.113.52", "203.0.113.54"),
     set(), set()),
    ("dns", "eth0", ("203.0.113.53",), {53}, set()),
    ("dns", "eth0", MANAGEMENT, {22}, set()),
    ("database", "vlan20", ("10.20.0.0", "10.20.0.255", "fd00:20::1"),
     {5432}, set()),
    ("database", "eth0", ("10.20.0.0", "10.20.0.255", "fd00:20::1"),
     set(), set()),
    ("database", "vlan20", ("10.20.1.0", "10.20.1.8", "fd00:21::1"),
     set(), set()),
    ("database", "eth0", ("10.20.1.7",), {5432}, set()),
    ("database", "vlan20", ("10.20.1.7",), {5432}, set()),
    ("database", "eth0", ("192.0.2.9", "2001:db8:9::9"), {9187}, set()),
    ("database", "eth0", ("192.0.2.8", "192.0.2.10", "2001:db8:9::8",
                          "2001:db8:9::a"), set(), set()),
    ("database", "eth0", MANAGEMENT, {22}, set()),
    ("database", "eth0", ANYONE + NOT_MANAGEMENT, set(), set()),
    ("docker-host", "eth0", ANYONE + NOT_MANAGEMENT, {443}, set()),
    ("docker-host", "eth0", MANAGEMENT, {22, 443}, set()),
    ("docker-host", "eth0", ("192.0.2.20", "192.0.2.24", "2001:db8:20::1"),
     *SWARM),
    ("docker-host", "eth0", ("192.0.2.19", "192.0.2.25", "2001:db8:21::1"),
     {443}, set()),
)

# Every low port, what is named or its neighbour somewhere, and some more
PORTS = sorted({
    *range(1024), 1433, 2375, 2376, 2377, 2378, 3000, 3306, 4788, 4789, 4790,
    5353, 5431, 5432, 5433, 6379, 7945, 7946, 7947, 8053, 8080, 8443, 9000,
    9186, 9187, 9188, 27017, 65535, *random.Random(1).sample(range(65536), 99)})


def apply_file(w, name):
    """A copy of it, which whoever runs the tests owns."""
    with open(os.path.join(ROOT, "policies", name + ".ini"),
              encoding="utf-8") as file:
        path = w.file(name + ".ini", file.read())
    w.portwall("apply", path, *trust_options())


def ports_from(w, link, source, make):
    dst = w.links[link].to(6 if ":" in source else 4)
    sport = w.port()
    passed = w.sweep([(link, frames.packet(source, dst, make(p, sport)))
                      for p in PORTS])
    return {PORTS[n] for n in passed}


@cases(*(("%s on %s from %s" % (name, link, sources[0]), name, link, sources,
          tcp, udp) for name, link, sources, tcp, udp in OPEN))
def test_open(name, link, sources, tcp, udp):
    with world("eth0", "vlan20") as w:
        apply_file(w, name)
        for source in sources:
            for proto, wanted in (("tcp", tcp), ("udp", udp)):
                got = ports_from(w, link, source, getattr(frames, proto))
                assert got == wanted, "%s from %s: wrong are %s" % (
                    proto, source, sorted(got ^ wanted)[:20])


LISTENING = (
    ("web-server", (8080, 3306, 9000), (80, 443), ANYONE),
    ("dns", (953, 8053), (53, 853), ("192.168.10.9", "fd00:10::9")),
    ("database", (3306, 27017), (5432,), ("10.20.1.7",)),
    ("docker-host", (2375, 2376), (2377,), ("192.0.2.20", "2001:db8:20::1")),
)


@cases(*((row[0], *row) for row in LISTENING))
def test_listening_but_not_listed(name, unlisted, listed, sources):
    with world() as w:
        for port in unlisted + listed:
            w.listen("tcp", port)
            w.listen("udp", port)
        for source in sources:
            assert send(w, "tcp %d from %s" % (unlisted[0], source)).kinds \
                == ["syn-ack"], "without rules"
        apply_file(w, name)
        for source in sources:
            hold(w, *("closed %s %d from %s" % (proto, port, source)
                      for port in unlisted for proto in ("tcp", "udp")))
            for port in listed:
                got = send(w, "tcp %d from %s" % (port, source))
                assert got.kinds == ["syn-ack"], (port, source)


@cases(*((name, name) for name in ("web-server", "dns", "database",
                                   "docker-host")))
def test_unasked(name):
    """What every host needs, and what none should give."""
    with world() as w:
        apply_file(w, name)
        hold(w, "open ping", "closed sctp 22", "closed gre", "closed tcp 0",
             "closed udp 5353 to group", "closed udp 137 to broadcast",
             "closed udp 53 from ::ffff:127.0.0.1",
             "open esp from 192.0.2.22" if name == "docker-host"
             else "closed esp from 192.0.2.22", "closed esp")


DNAT = """
table %s nat {
	chain docker {
		%s
	}
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		iifname != "docker0" fib daddr type local jump docker
	}
}
"""


def test_docker_host_published():
    """443:8443 is open; 5432:5432, 8080:80 and a port of 127.0.0.1 are not."""
    published = {443: 8443, 5432: 5432, 8080: 80}
    b = engines.bridge("docker0", 17)
    with world("eth0", "eth1", forward=True) as w:
        inside = w.container("c1", b.name, b.v4, b.v6, b.gw4, b.gw6)
        for port in set(published.values()) | {6379}:
            w.listen("tcp", port, netns=inside)
        w.host.sysctl(ipv4__conf__all__route_localnet=1)
        for ip, to in (("ip", b.v4), ("ip6", "[%s]" % b.v6)):
            rules = ["tcp dport %d dnat to %s:%d" % (port, to, inner)
                     for port, inner in published.items()]
            if ip == "ip":
                rules.append("ip daddr 127.0.0.1 tcp dport 6379 dnat to "
                             "%s:6379" % b.v4)
            w.host.nft(DNAT % (ip, "\n\t\t".join(rules)))
        hold(w, "forwarded tcp 8080", "forwarded tcp 5432",
             "forwarded tcp 6379 to 127.0.0.1")
        apply_file(w, "docker-host")
        for link in ("eth0", "eth1"):
            hold(w, *(line + " on " + link for line in (
                "forwarded tcp 443", "closed tcp 8080", "closed tcp 5432",
                "closed tcp 6379 to 127.0.0.1", "closed tcp 6379",
                "closed tcp 8443", "closed tcp 8443 to " + b.v4,
                "closed tcp 8443 to " + b.v6)))
            for family in (4, 6):
                got = send(w, "tcp 443 on " + link, family)
                assert got.kinds == ["syn-ack"], got
