# SPDX-License-Identifier: GPL-2.0-or-later
"""What every policy does without being asked, in both families."""

import socket
import struct

from lib import frames as f
from lib.frames import packet
from lib.runner import cases, families
from packets.lines import GROUP, SOURCE, hold, world

POLICY = "[policy]\nping = no\n[allow a]\ntcp = 22\nudp = 53\n"
HOST4, HOST6, NEAR = "10.99.0.2", "fd99::2", "fe80::9"
REMOTE = {4: "192.0.2.80", 6: "2001:db8:80::80"}
HBH = f.hop_by_hop()


def mld(kind, src=NEAR, ttl=1, dst="ff02::1", ext=(HBH,)):
    return packet(src, dst, f.mld(kind), ttl=ttl, extensions=ext)


def icmp6(kind, src, ttl, dst=HOST6):
    return packet(src, dst, f.icmp6(kind, rest=bytes(4), data=bytes(16)),
                  ttl=ttl)


# name, packet, whether it gets in
WITHOUT_STATE = (
    ("neighbour solicitation", packet(
        NEAR, "ff02::1:ff00:2", f.neighbour_solicit(HOST6), ttl=255), True),
    ("neighbour solicitation to unicast", packet(
        "2001:db8:1::7", HOST6, f.neighbour_solicit(HOST6), ttl=255), True),
    ("neighbour solicitation from afar", packet(
        NEAR, HOST6, f.neighbour_solicit(HOST6), ttl=254), False),
    ("neighbour advertisement", icmp6(136, NEAR, 255), True),
    ("neighbour advertisement from afar", icmp6(136, NEAR, 64), False),
    ("router solicitation", icmp6(133, NEAR, 255, "ff02::2"), None),
    ("router advertisement", packet(
        NEAR, "ff02::1", f.router_advert(), ttl=255), True),
    ("router advertisement, global source", packet(
        "2001:db8:1::7", "ff02::1", f.router_advert(), ttl=255), False),
    ("router advertisement from afar", packet(
        NEAR, "ff02::1", f.router_advert(), ttl=64), False),
    ("redirect, global source", icmp6(137, "2001:db8:1::7", 255), False),
    ("MLD query", mld(130), True),
    ("MLD query without a header", mld(130, ext=()), True),
    ("MLD query, global source", mld(130, "2001:db8:1::7"), False),
    ("MLD query from nowhere", mld(130, "::"), False),
    ("MLD report", mld(131, dst=GROUP[6]), True),
    ("MLD report from nowhere", mld(131, "::", dst=GROUP[6]), True),
    ("MLD report, global source", mld(143, "2001:db8:1::7"), False),
    ("MLDv2 report from nowhere", mld(143, "::"), True),
    ("IGMP", packet(SOURCE[4], GROUP[4], f.igmp(), ttl=1), True),
    ("IGMP query", packet(SOURCE[4], "224.0.0.1", f.igmp(0x11), ttl=1), True),
    ("IGMP from afar", packet(SOURCE[4], GROUP[4], f.igmp(), ttl=2), False),
    ("IGMP to unicast", packet(SOURCE[4], HOST4, f.igmp(), ttl=1), False),
    ("timestamp request", packet(
        SOURCE[4], HOST4, f.icmp(13, data=bytes(12))), False),
    ("address mask request", packet(SOURCE[4], HOST4, f.icmp(17)), False),
    ("node information", packet(SOURCE[6], HOST6, f.icmp6(139)), False),
    ("echo reply nobody asked for", packet(SOURCE[4], HOST4, f.icmp(0)),
     False),
    ("IPv6 echo reply nobody asked for", packet(SOURCE[6], HOST6,
                                                f.icmp6(129)), False),
    ("destination unreachable, no quote", packet(
        SOURCE[4], HOST4, f.icmp(3, 3, data=b"")), False),
    ("packet too big, no quote", packet(
        SOURCE[6], HOST6, f.icmp6(2, data=b"")), False),
)


@cases(*WITHOUT_STATE)
def test_control(pkt, gets_in):
    with world() as w:
        if gets_in is None:     # the kernel listens to ff02::2 on routers
            w.join("ff02::2")
            gets_in = True
        assert w.verdict("eth0", pkt) == "delivered", "without rules"
        w.apply(POLICY)
        assert w.verdict("eth0", pkt) == (
            "delivered" if gets_in else "silent")


def test_control_messages_are_not_for_ports():
    """ND and its kin open nothing else: no TCP with hop limit 255."""
    with world() as w:
        w.apply(POLICY)
        for ttl in (1, 255):
            assert w.verdict("eth0", packet(NEAR, HOST6, f.tcp(23, 99),
                                            ttl=ttl)) == "silent"


DHCP = (
    ("v4 to unicast", packet("10.99.0.1", HOST4, f.udp(68, 67)), True),
    ("v4 to broadcast", packet("10.99.0.1", "255.255.255.255",
                               f.udp(68, 67)), True),
    ("v4 other source port", packet("10.99.0.1", HOST4, f.udp(68, 66)),
     False),
    ("v4 to the server", packet("10.99.0.1", HOST4, f.udp(67, 68)), False),
    ("v6", packet(NEAR, "fe80::2", f.udp(546, 547)), True),
    ("v6 global source", packet(SOURCE[6], HOST6, f.udp(546, 547)), False),
    ("v6 other source port", packet(NEAR, "fe80::2", f.udp(546, 546)), False),
    ("v4 ports over v6", packet(NEAR, "fe80::2", f.udp(68, 67)), False),
)


@cases(*DHCP)
def test_dhcp(pkt, gets_in):
    with world() as w:
        w.apply(POLICY)
        assert (w.verdict("eth0", pkt) == "delivered") == gets_in
        w.apply("[policy]\ndhcp = no\n[allow a]\ntcp = 22\n")
        assert w.verdict("eth0", pkt) == "silent", "with dhcp = no"


MARTIANS = (
    ("from 127.0.0.1", "127.0.0.1", HOST4),
    ("from 127.9.9.9", "127.9.9.9", HOST4),
    ("to 127.0.0.1", "198.51.100.7", "127.0.0.1"),
    ("to 127.255.255.254", "198.51.100.7", "127.255.255.254"),
    ("from ::ffff:127.0.0.1", "::ffff:127.0.0.1", HOST6),
    ("from ::ffff:198.51.100.7", "::ffff:198.51.100.7", HOST6),
    ("from the own address", "fd99::3", HOST6),
    ("from the very address", HOST6, HOST6),
    ("from the own IPv4 address", "10.99.0.3", HOST4),
)


@cases(*MARTIANS)
def test_martian(src, dst):
    """Never on an open port, though the kernel lets it pass here."""
    with world() as w:
        w.host.sysctl(ipv4__conf__all__route_localnet=1,
                      ipv4__conf__eth0__route_localnet=1,
                      ipv4__conf__all__accept_local=1)
        udp, ping = (packet(src, dst, p) for p in (
            f.udp(53, 77), f.ping(dst)))
        assert w.verdict("eth0", udp) == "delivered", "without rules"
        w.apply("[policy]\ndefault = reject\nping = yes\n"
                "[allow a]\ntcp = all\nudp = all\nping = yes\n")
        hold(w, "open udp 53", "open ping")
        for pkt in (udp, ping, packet(src, dst, f.tcp(22, 78)),
                    packet(src, dst, f.sctp(22, 79))):
            got = w.probe("eth0", pkt)
            assert got.verdict == "silent", got


def test_loopback_from_the_wire_v6():
    with world() as w:
        w.apply("[allow a]\ntcp = all\nudp = all\n")
        for src, dst in (("::1", HOST6), (SOURCE[6], "::1"), ("::1", "::1")):
            assert w.verdict("eth0", packet(src, dst, f.udp(53))) == "silent"


@families
def test_fragments(family):
    """They are judged as the whole packet."""
    with world() as w:
        w.apply(POLICY)

        def parts(port, size, reverse=False):
            whole = packet(SOURCE[family], w.first.to(family), f.udp(
                port, w.port(), b"x" * 300))
            cut = f.fragments(whole, size, w.port())
            return cut[::-1] if reverse else cut
        for reverse in (False, True):
            for size in (8, 24, 160):
                got = w.probe("eth0", parts(53, size, reverse))
                assert got.verdict == "delivered", (size, reverse)
                got = w.probe("eth0", parts(54, size, reverse))
                assert got.verdict == "silent", (size, reverse)
        assert w.verdict("eth0", parts(53, 160)[0]) == "silent"
        assert w.verdict("eth0", parts(53, 160)[1]) == "silent"


EXTENSIONS = (
    ("hop by hop", (f.hop_by_hop(b"\1\4\0\0\0\0"),)),
    ("destination options", (f.dest_opts(),)),
    ("routing", (f.routing(),)),
    ("three of them", (f.hop_by_hop(b"\1\4\0\0\0\0"), f.routing(),
                       f.dest_opts())),
    ("options twice", (f.dest_opts(), f.dest_opts(b"\1\2\0\0"))),
)


@cases(*EXTENSIONS)
def test_extension_headers(headers):
    """They hide no port."""
    with world() as w:
        w.apply(POLICY)

        def probe(payload):
            return w.verdict("eth0", packet(SOURCE[6], HOST6, payload,
                                            extensions=headers))
        assert probe(f.tcp(22, w.port())) == "delivered"
        assert probe(f.udp(53, w.port())) == "delivered"
        assert probe(f.tcp(23, w.port())) == "silent"
        assert probe(f.udp(22, w.port())) == "silent"
        assert probe(f.ping(HOST6)) == "silent"


@cases(*((flags, flags) for flags in ("F", "FPU", "SF", "SR", "R")),
       ("none", ""))
def test_invalid_tcp(flags):
    """Not even on an open port, and never answered."""
    with world() as w:
        w.apply("[policy]\ndefault = reject\n[allow a]\ntcp = 22\n")
        w.listen("tcp", 22)
        for family in (4, 6):
            for port in (22, 23):
                got = w.probe("eth0", packet(
                    SOURCE[family], w.first.to(family),
                    f.tcp(port, w.port(), flags, ack=9)))
                assert got.verdict == "silent", got


@families
def test_ack_without_connection(family):
    """The first apply keeps old connections, and opens no port by that."""
    with world() as w:
        w.listen("tcp", 25)
        w.apply(POLICY)
        for port in (23, 25):
            assert w.verdict("eth0", packet(
                SOURCE[family], w.first.to(family),
                f.tcp(port, w.port(), "A", ack=7))) == "silent", port


# --- what answers to the host's own packets ----------------------------------

def udp_out(w, family, port=5000):
    """The host sends a datagram; returns the socket, its address and port."""
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    sock = w.host.socket(kind, socket.SOCK_DGRAM)
    w.kept.append(sock)
    sock.setblocking(False)
    sock.connect((REMOTE[family], port))
    sock.send(b"question")
    w.settle()
    return sock, *sock.getsockname()[:2]


@families
def test_replies_to_udp(family):
    with world() as w:
        w.apply(POLICY)
        sock, here, port = udp_out(w, family)
        assert w.verdict("eth0", packet(
            REMOTE[family], here, f.udp(port, 5001))) == "silent"
        assert w.verdict("eth0", packet(
            SOURCE[family], here, f.udp(port, 5000))) == "silent"
        assert w.verdict("eth0", packet(
            REMOTE[family], here, f.udp(port, 5000, b"answer"))) == "delivered"
        assert sock.recv(100) == b"answer"


@families
def test_replies_to_tcp(family):
    with world() as w:
        w.apply(POLICY)
        kind = socket.AF_INET6 if family == 6 else socket.AF_INET
        sock = w.host.socket(kind, socket.SOCK_STREAM)
        sock.setblocking(False)
        w.settle()
        sock.connect_ex((REMOTE[family], 80))
        syn = [r for r in w.settle() if r.proto == f.TCP][0]

        def reply(flags, ack, data=b"", seq=500):
            return packet(REMOTE[family], syn.src, f.tcp(
                syn.sport, 80, flags, seq=seq, ack=ack, data=data))
        assert w.verdict("eth0", reply("SA", syn.seq + 1)) == "delivered"
        assert w.verdict("eth0", reply("PA", syn.seq + 1, b"hello", 501)) == \
            "delivered"
        assert sock.recv(100) == b"hello"
        sock.close()


ERRORS = (
    ("unreachable", 4, 3, 3, True), ("fragmentation needed", 4, 3, 4, True),
    ("time exceeded", 4, 11, 0, True), ("parameter problem", 4, 12, 0, True),
    ("source quench", 4, 4, 0, False), ("redirect", 4, 5, 1, False),
    ("unreachable v6", 6, 1, 4, True), ("packet too big", 6, 2, 0, True),
    ("time exceeded v6", 6, 3, 0, True),
    ("parameter problem v6", 6, 4, 0, True),
)


def icmp_error(family, kind, code, src, here, quoted):
    make = f.icmp if family == 4 else f.icmp6
    rest = struct.pack("!I", 1280)
    return packet(src, here, make(kind, code, rest, quoted))


@cases(*ERRORS)
def test_icmp_error(family, kind, code, gets_in):
    """Of the host's own connection, from any router; of others never."""
    with world() as w:
        w.apply(POLICY)
        _, here, port = udp_out(w, family)

        def error(sport):
            quoted = packet(here, REMOTE[family], f.udp(5000, sport))
            return icmp_error(family, kind, code, SOURCE[family], here, quoted)
        assert w.verdict("eth0", error(port + 1)) == "silent"
        assert w.verdict("eth0", error(port)) == (
            "delivered" if gets_in else "silent")


@families
def test_icmp_error_cannot_carry_others(family):
    """An error for a flow of somebody else: only to whom the flow belongs."""
    with world() as w:
        w.apply(POLICY)
        _, here, port = udp_out(w, family)
        others = {w.first.to(family), w.first.to_second(family)} - {here}
        quoted = packet(here, REMOTE[family], f.udp(5000, port))
        kind = 3 if family == 4 else 1
        assert w.verdict("eth0", icmp_error(
            family, kind, 3, SOURCE[family], others.pop(), quoted)) == "silent"


UNTRACKED = """
table inet raw {
	chain pre {
		type filter hook prerouting priority raw; policy accept;
		notrack
	}
}
"""


@families
def test_expected_connections_are_not_related(family):
    """A helper would make an expectation; none is accepted by the table."""
    with world() as w:
        w.apply(POLICY)
        listing = w.host.nft_list("table inet portwall")
        assert "helper" not in listing
        hold(w, "closed tcp 20 from " + SOURCE[family])


def test_untracked():
    """Judged like new ones."""
    with world() as w:
        w.host.nft(UNTRACKED)
        w.apply("[policy]\nping = no\n[allow a]\ntcp = 22\n"
                "[allow b]\nudp = 5353\nto = multicast\n"
                "[block e]\nfrom = 203.0.113.0/24, 2001:db8:bad::/48\n")
        hold(w, "open tcp 22", "closed tcp 23", "closed ping",
             "open udp 5353 to group", "closed udp 5354 to group",
             "closed tcp 22 from 203.0.113.9", "closed esp",
             "closed tcp 22 from 2001:db8:bad::9")


def connects(w, address, port, family):
    """Whether a socket of the host reaches one of the host."""
    sock = w.host.socket(family, socket.SOCK_STREAM)
    sock.settimeout(5)
    try:
        sock.connect((address, port))
        return True
    except OSError:
        return False
    finally:
        sock.close()


def test_loopback():
    """The host reaches itself, on every port and by every address."""
    with world() as w:
        w.listen("tcp", 3306)
        w.apply("[policy]\nclosed = all\ncontainers = follow\n"
                "[block all]\ntcp = all\n")
        for address in ("127.0.0.1", "127.3.2.1", HOST4, "10.99.0.3"):
            assert connects(w, address, 3306, socket.AF_INET), address
        for address in ("::1", HOST6, "fd99::3"):
            assert connects(w, address, 3306, socket.AF_INET6), address
        hold(w, "closed tcp 3306")
