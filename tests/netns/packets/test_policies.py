# SPDX-License-Identifier: GPL-2.0-or-later
"""The policies that are shipped: what they list is open, and nothing else."""

import itertools
import os
import random
import re

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
# Sources, and neighbours of them that are none
LAN = ("192.168.10.0", "192.168.10.255", "fd00:10::",
       "fd00:10::ffff:ffff:ffff:ffff")
NOT_LAN = ("192.168.9.255", "192.168.11.0", "fd00:11::1", "fd00:f:ffff::")
MONITORING = ("192.0.2.9", "2001:db8:9::9")
NOT_MONITORING = ("192.0.2.8", "192.0.2.10", "2001:db8:9::8", "2001:db8:9::a")
SWARM = ("443 2377 7946", "4789 7946")
CONTROL_PLANE = ("192.0.2.10", "192.0.2.12", "2001:db8:10::1")
WORKERS = ("192.0.2.128", "192.0.2.255", "2001:db8:11::1")
NOT_NODES = ("192.0.2.9", "192.0.2.13", "192.0.2.127", "192.0.3.0",
             "2001:db8:12::1")
TUNNELS = "4789 8472 51820-51821"
NODE_PORTS = "30000-32767"
POD = ("10.244.0.9", "fd00:244::9")
NEAR = ("192.168.1.9", "10.9.9.9", "172.31.255.255", "169.254.9.9", "fd12::9",
        "fe80::9")
NOT_NEAR = ANYONE + ("172.32.0.1", "2001:db8:2::9")
DESKTOP = ("631 1714-1764", "1714-1764 1900 5353")
GUEST = ("192.168.122.9", "fd00:122::9", "fe80::9")
HOSTS = ("192.0.2.30", "192.0.2.33", "2001:db8:30::1")
NOT_HOSTS = ("192.0.2.29", "192.0.2.34", "2001:db8:31::1")

# policy, link, sources, open TCP ports, open UDP ports
OPEN = (
    ("web-server", "eth0", ANYONE + NOT_MANAGEMENT, "80 443", "443"),
    ("web-server", "eth0", MANAGEMENT, "22 80 443", "443"),
    ("dns", "eth0", ANYONE + NOT_MANAGEMENT, "", ""),
    ("dns", "eth0", LAN, "53 853", "53 853"),
    ("dns", "eth0", NOT_LAN + ("203.0.113.52", "203.0.113.54"), "", ""),
    ("dns", "eth0", ("203.0.113.53",), "53", ""),
    ("dns", "eth0", MANAGEMENT, "22", ""),
    ("database", "vlan20", ("10.20.0.0", "10.20.0.255", "fd00:20::1"),
     "5432", ""),
    ("database", "eth0", ("10.20.0.0", "10.20.0.255", "fd00:20::1"), "", ""),
    ("database", "vlan20", ("10.20.1.0", "10.20.1.8", "fd00:21::1"), "", ""),
    ("database", "eth0", ("10.20.1.7",), "5432", ""),
    ("database", "vlan20", ("10.20.1.7",), "5432", ""),
    ("database", "eth0", MONITORING, "9187", ""),
    ("database", "eth0", NOT_MONITORING, "", ""),
    ("database", "eth0", MANAGEMENT, "22", ""),
    ("database", "eth0", ANYONE + NOT_MANAGEMENT, "", ""),
    ("docker-host", "eth0", ANYONE + NOT_MANAGEMENT, "443", ""),
    ("docker-host", "eth0", MANAGEMENT, "22 443", ""),
    ("docker-host", "eth0", ("192.0.2.20", "192.0.2.24", "2001:db8:20::1"),
     *SWARM),
    ("docker-host", "eth0", ("192.0.2.19", "192.0.2.25", "2001:db8:21::1"),
     "443", ""),
    ("mail", "eth0", ANYONE + NOT_MANAGEMENT + NOT_LAN, "25 465 587 993", ""),
    ("mail", "eth0", LAN, "25 465 587 993 4190", ""),
    ("mail", "eth0", MANAGEMENT, "22 25 465 587 993", ""),
    ("bastion", "eth0", ANYONE + MANAGEMENT + NOT_MANAGEMENT, "22", ""),
    ("game-server", "eth0", ANYONE + NOT_MANAGEMENT, "25565",
     "2456-2458 27015"),
    ("game-server", "eth0", MANAGEMENT + ("198.51.100.6", "198.51.100.8"),
     "22 25565", "2456-2458 27015"),
    ("game-server", "eth0", ("198.51.100.7",), "22 25565 25575 27020",
     "2456-2458 27015"),
    ("cloud-image", "eth0", ANYONE + NOT_MANAGEMENT, "", ""),
    ("cloud-image", "eth0", MANAGEMENT, "22", ""),
    ("monitoring", "eth0", LAN, "514 3000 6514 9090 9093 10051", "162 514"),
    ("monitoring", "eth0", NOT_LAN + NOT_MONITORING, "", ""),
    ("monitoring", "eth0", ("203.0.113.0", "203.0.113.255", "2001:db8:c::1"),
     "10051", ""),
    ("monitoring", "eth0", ("203.0.114.0", "203.0.112.255", "2001:db8:d::1"),
     "", ""),
    ("monitoring", "eth0", MONITORING, "9100 10050", ""),
    ("monitoring", "eth0", MANAGEMENT, "22", ""),
    ("vpn-gateway", "eth0", ANYONE + MANAGEMENT, "", "51820"),
    ("vpn-gateway", "wg0", ANYONE + MANAGEMENT, "22 53", "53 51820"),
    ("desktop", "eth0", NEAR, *DESKTOP),
    ("desktop", "enp3s0", NEAR[:1], *DESKTOP),
    ("desktop", "eth0", NOT_NEAR + MANAGEMENT, "", ""),
    ("desktop", "wlan0", NEAR + NOT_NEAR, "", ""),
    ("libvirt-host", "eth0", ANYONE + NOT_MANAGEMENT + NOT_HOSTS + GUEST, "",
     ""),
    ("libvirt-host", "eth0", MANAGEMENT, "22", ""),
    ("libvirt-host", "eth0", HOSTS, "16514 49152-49215", ""),
    ("libvirt-host", "virbr0", GUEST, "53", "53 67 547"),
    ("libvirt-host", "virbr1", GUEST, "53", "53 67 547"),
    ("kubernetes-control-plane", "eth0", ANYONE + NOT_MANAGEMENT + NOT_NODES
     + POD, "6443", ""),
    ("kubernetes-control-plane", "eth0", CONTROL_PLANE,
     "2379-2380 6443 10250 10257 10259", TUNNELS),
    ("kubernetes-control-plane", "eth0", WORKERS, "6443", TUNNELS),
    ("kubernetes-control-plane", "eth0", MANAGEMENT, "22 6443", ""),
    ("kubernetes-control-plane", "cni0", POD, "6443", ""),
    ("kubernetes-node", "eth0", ANYONE + NOT_MANAGEMENT + NOT_NODES + POD,
     NODE_PORTS, NODE_PORTS),
    ("kubernetes-node", "eth0", CONTROL_PLANE, "10250 " + NODE_PORTS,
     TUNNELS + " " + NODE_PORTS),
    ("kubernetes-node", "eth0", WORKERS, NODE_PORTS,
     TUNNELS + " " + NODE_PORTS),
    ("kubernetes-node", "eth0", MANAGEMENT, "22 " + NODE_PORTS, NODE_PORTS),
    ("kubernetes-node", "cni0", POD, NODE_PORTS, NODE_PORTS),
)

# Policies whose table of what is open is above; each that is shipped
NAMES = sorted({row[0] for row in OPEN})

# What listens on such hosts and is to stay closed
OFTEN = (1433, 2375, 2376, 2381, 3000, 3002, 3306, 3310, 5355, 5900, 6379,
         8053, 8080, 8443, 9000, 9099, 9101, 10024, 10025, 10248, 10249,
         10255, 10256, 11332, 11334, 16509, 27017, 49151, 65535)


def ranges(text):
    """[(22, 22), (30000, 32767)] of "22 30000-32767\""""
    return [(int(first), int(last or first)) for first, _, last in
            (word.partition("-") for word in text.split())]


def edges():
    """What is named somewhere, as far as a range has ends, and neighbours."""
    for _, _, _, *texts in OPEN:
        for first, last in itertools.chain(*map(ranges, texts)):
            yield from (first - 1, first, first + 1, last - 1, last, last + 1)


# Every low port, all edges, and some more
PORTS = sorted({*range(1024), *OFTEN, *edges(),
                *random.Random(1).sample(range(65536), 99)})


def wanted(text):
    return {port for port in PORTS
            if any(first <= port <= last for first, last in ranges(text))}


def shipped(name):
    """Its text."""
    with open(os.path.join(ROOT, "policies", name + ".ini"),
              encoding="utf-8") as file:
        return file.read()


def apply_file(w, name):
    """A copy of it, which whoever runs the tests owns."""
    w.portwall("apply", w.file(name + ".ini", shipped(name)),
               *trust_options())


def ports_from(w, link, source, make):
    dst = w.links[link].to(6 if ":" in source else 4)
    sport = w.port()
    passed = w.sweep([(link, frames.packet(source, dst, make(p, sport)))
                      for p in PORTS])
    return {PORTS[n] for n in passed}


@cases(*(("%s on %s from %s" % (name, link, sources[0]), name, link, sources,
          tcp, udp) for name, link, sources, tcp, udp in OPEN))
def test_open(name, link, sources, tcp, udp):
    with world(*dict.fromkeys(("eth0", link))) as w:
        apply_file(w, name)
        for source in sources:
            for proto, text in (("tcp", tcp), ("udp", udp)):
                got = ports_from(w, link, source, getattr(frames, proto))
                wrong = got ^ wanted(text)
                assert not wrong, "%s from %s: wrong are %s" % (
                    proto, source, sorted(wrong)[:20])


# policy, closed although they listen, open, sources, link
LISTENING = (
    ("web-server", (8080, 3306, 9000), (80, 443), ANYONE, "eth0"),
    ("dns", (953, 8053), (53, 853), ("192.168.10.9", "fd00:10::9"), "eth0"),
    ("database", (3306, 27017), (5432,), ("10.20.1.7",), "eth0"),
    ("docker-host", (2375, 2376), (2377,), ("192.0.2.20", "2001:db8:20::1"),
     "eth0"),
    ("mail", (11334, 3310, 6379, 10025), (25, 993, 4190),
     ("192.168.10.9", "fd00:10::9"), "eth0"),
    ("bastion", (111, 2222), (22,), ANYONE, "eth0"),
    ("game-server", (3002, 27015), (25565, 25575), ("198.51.100.7",), "eth0"),
    ("cloud-image", (111, 25, 5353), (22,), MANAGEMENT, "eth0"),
    ("monitoring", (9100, 9115), (9090, 514), LAN, "eth0"),
    ("vpn-gateway", (22, 53), (), ANYONE, "eth0"),
    ("vpn-gateway", (111, 8080), (22, 53), ANYONE, "wg0"),
    ("desktop", (22, 445), (631, 1716), NEAR[:1] + NEAR[4:5], "eth0"),
    ("desktop", (631, 1716, 5353), (), NEAR[:1] + NEAR[4:5], "wlan0"),
    ("libvirt-host", (5900, 16509), (16514, 49152), HOSTS, "eth0"),
    ("libvirt-host", (22, 5900, 16514), (53,), GUEST[:2], "virbr0"),
    ("kubernetes-control-plane", (10248, 2381, 9100), (2379, 10250),
     CONTROL_PLANE, "eth0"),
    ("kubernetes-control-plane", (2379, 10250, 10257), (6443,), WORKERS,
     "eth0"),
    ("kubernetes-node", (10255, 10249, 10256), (10250,), CONTROL_PLANE,
     "eth0"),
    ("kubernetes-node", (10250, 22), (30080,), WORKERS, "eth0"),
)


@cases(*(("%s on %s" % (row[0], row[4]), *row) for row in LISTENING))
def test_listening_but_not_listed(name, unlisted, listed, sources, link):
    with world(*dict.fromkeys(("eth0", link))) as w:
        for port in unlisted + listed:
            w.listen("tcp", port)
            w.listen("udp", port)
        for source in sources:
            way_back(w, link, source)
            assert send(w, "tcp %d from %s on %s" % (
                unlisted[0], source, link)).kinds == ["syn-ack"], \
                "without rules"
        apply_file(w, name)
        for source in sources:
            hold(w, *("closed %s %d from %s on %s" % (proto, port, source,
                                                      link)
                      for port in unlisted for proto in ("tcp", "udp")
                      if (name, proto, port) not in BY_UDP))
            for port in listed:
                got = send(w, "tcp %d from %s on %s" % (port, source, link))
                assert got.kinds == ["syn-ack"], (port, source)


# Closed for TCP alone
BY_UDP = {("game-server", "udp", 27015)}


def way_back(w, link, source):
    """Answers to it leave by the link that it came from."""
    to = w.links[link]
    w.host.ip("route replace %s via %s" % (
        source, to.gw6 if ":" in source else to.gw4))


def test_every_one():
    """None is shipped that is not tested here."""
    names = sorted(name[:-4] for name in os.listdir(
        os.path.join(ROOT, "policies")))
    assert names == NAMES == sorted({row[0] for row in LISTENING})


# What a policy says otherwise than all others
SAID = {
    "cloud-image": {"open ping": "closed ping from 203.0.113.99"},
    "docker-host": {"closed esp from 192.0.2.22": "open esp from 192.0.2.22"},
}


@cases(*((name, name) for name in NAMES))
def test_unasked(name):
    """What every host needs, and what none should give."""
    with world() as w:
        apply_file(w, name)
        said = SAID.get(name, {})
        hold(w, *(said.get(line, line) for line in (
            "open ping", "closed sctp 22", "closed gre", "closed tcp 0",
            "closed udp 5353 to group", "closed udp 137 to broadcast",
            "closed udp 53 from ::ffff:127.0.0.1",
            "closed esp from 192.0.2.22", "closed esp")))


def uncommented(name):
    """The policy with all that is offered in comments."""
    return re.sub(r"^; (?=\[[a-z].*\]$|[a-z]+ *= )", "", shipped(name),
                  flags=re.M)


@cases(*((name, name) for name in NAMES))
def test_what_is_offered(name):
    """What stands in comments can be had by taking the mark away."""
    with world() as w:
        w.file("scanners.txt", "203.0.113.77\n")
        w.portwall("check", w.file("all.ini", uncommented(name)))


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
