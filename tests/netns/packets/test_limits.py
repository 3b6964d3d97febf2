# SPDX-License-Identifier: GPL-2.0-or-later
"""rate, connections and the limit of refusals: up to there, and not beyond."""

import time

from lib import frames
from lib.runner import cases, families
from packets.lines import SOURCE, hold, send, world

A = {4: "203.0.113.1", 6: "2001:db8:a::1"}
B = {4: "203.0.113.2", 6: "2001:db8:b::1"}
NEIGHBOUR_64 = "2001:db8:a::ffff:1"


def passes(w, line, times):
    """How many of so many equal new packets get in."""
    return sum(send(w, line).verdict == "delivered" for _ in range(times))


def count(w, line, times, wanted):
    got = passes(w, line, times)
    assert got == wanted, "%s: %d of %d, wanted %d" % (line, got, times,
                                                       wanted)


@families
def test_rate(family):
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nrate = 5/hour\n[allow b]\ntcp = 23\n")
        count(w, "tcp 22 from " + A[family], 3, 3)
        count(w, "tcp 22 from " + B[family], 9, 2)
        count(w, "tcp 22 from " + A[10 - family], 3, 0)
        count(w, "tcp 23 from " + A[family], 9, 9)
        count(w, "udp 22 from " + A[family], 3, 0)


@families
def test_rate_burst(family):
    with world() as w:
        w.apply("[allow a]\nudp = 53\nrate = 1/day burst 4\n")
        count(w, "udp 53 from " + A[family], 9, 4)


@families
def test_rate_over_several_ports(family):
    """One limit for the section, whatever the port."""
    with world() as w:
        w.apply("[allow a]\ntcp = 22, 80, 9000-9600\nudp = 53\n"
                "rate = 6/hour\nfrom = %s\n[allow b]\ntcp = 80\n"
                "from = 198.51.100.9\n" % A[family])
        end = " from " + A[family]
        count(w, "tcp 22" + end, 2, 2)
        count(w, "tcp 80" + end, 2, 2)
        count(w, "udp 53" + end, 1, 1)
        count(w, "tcp 9500" + end, 3, 1)
        count(w, "tcp 22" + end, 2, 0)


@families
def test_rate_per_source(family):
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nrate = 3/hour per source\n")
        count(w, "tcp 22 from " + A[family], 6, 3)
        count(w, "tcp 22 from " + B[family], 6, 3)
        count(w, "tcp 22 from " + A[family], 2, 0)


def test_rate_per_source_is_by_64():
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nrate = 3/hour per source\n")
        count(w, "tcp 22 from " + A[6], 2, 2)
        count(w, "tcp 22 from " + NEIGHBOUR_64, 3, 1)
        count(w, "tcp 22 from 2001:db8:a:1::1", 5, 3)


@cases(("whole section", ""), ("per source", " per source"))
def test_rate_outlives_apply(how):
    policy = "[allow a]\ntcp = 22\nrate = 5/hour%s\n" % how
    line = "tcp 22 from " + A[4]
    with world() as w:
        w.apply(policy)
        count(w, line, 3, 3)
        w.apply(policy)
        count(w, line, 1, 1)
        w.apply(policy + "[allow b]\nudp = 9\n")
        count(w, line, 4, 1)
        w.apply("[allow b]\nudp = 9\n" + policy)
        count(w, line, 2, 0)


@cases(("whole section", ""), ("per source", " per source"))
def test_rate_recovers(how):
    """Beyond it, the next one gets in when its time has come."""
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nrate = 2/second%s\n" % how)
        line = "tcp 22 from " + A[4]
        count(w, line, 3, 2)
        begun = time.monotonic()
        while send(w, line).verdict != "delivered":
            assert time.monotonic() - begun < 20, "never again"


@families
def test_unlimited_section_costs_nothing(family):
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nrate = 2/hour\n"
                "[allow z]\ntcp = 22\nfrom = %s\n" % A[family])
        count(w, "tcp 22 from " + A[family], 9, 9)
        count(w, "tcp 22 from " + B[family], 5, 2)


@families
def test_limited_sections_in_turn(family):
    """By name, and only the one that admits is charged."""
    with world() as w:
        w.apply("[allow b]\ntcp = 22\nrate = 2/hour\n"
                "[allow c]\ntcp = 22\nrate = 3/hour\nfrom = %s\n"
                % A[family])
        count(w, "tcp 22 from " + B[family], 1, 1)
        count(w, "tcp 22 from " + A[family], 9, 4)
        count(w, "tcp 22 from " + B[family], 2, 0)


@families
def test_limited_wide_section_in_turn(family):
    """However many ports a section has, its turn is by its name."""
    with world() as w:
        w.apply("[allow a]\ntcp = 1-1005\nrate = 2/hour\n"
                "[allow b]\ntcp = 1002\nrate = 2/hour\n")
        count(w, "tcp 1002 from " + A[family], 1, 1)
        count(w, "tcp 1001 from " + A[family], 3, 1)
        count(w, "tcp 1002 from " + A[family], 3, 2)


def test_beyond_rate_is_refused_as_closed():
    with world() as w:
        w.apply("[policy]\ndefault = reject\n"
                "[allow a]\ntcp = 22\nrate = 2/hour\n")
        hold(w, "open tcp 22", "refused tcp 22", "refused tcp 23")


@families
def test_udp_after_the_first_answer(family):
    """Packets are counted until then."""
    with world() as w:
        w.apply("[allow a]\nudp = 53\nrate = 3/hour\n")
        sock = w.listen("udp", 53, w.first.to(family))
        port = w.port()
        pkt = frames.packet(A[family], w.first.to(family),
                            frames.udp(53, port))
        assert w.verdict("eth0", pkt) == "delivered"
        assert w.verdict("eth0", pkt) == "delivered"
        data, peer = sock.recvfrom(100)
        sock.sendto(data, peer)
        for _ in range(6):
            assert w.verdict("eth0", pkt) == "delivered"
        count(w, "udp 53 from " + A[family], 3, 1)


@families
def test_more_sources_than_remembered(family):
    """65,535 of them; later ones share a bucket of 16 times the rate."""
    def source(n):
        return "10.%d.%d.%d" % (n >> 16, n >> 8 & 255, n & 255) \
            if family == 4 else "2001:db8:%x:%x::7" % (n >> 16, n & 0xffff)

    with world() as w:
        w.apply("[allow a]\nudp = 53\nrate = 2/day per source\n")

        def sweep(first, number):
            return len(w.sweep([("eth0", frames.packet(
                source(n), w.first.to(family), frames.udp(53, 999)))
                for n in range(first, first + number)]))
        assert sweep(0, 65535) == 65535
        assert sweep(65536, 500) == 32
        assert sweep(67000, 50) == 0
        assert sweep(0, 500) == 500, "known ones keep their own bucket"
        assert sweep(0, 500) == 0


class Connections:
    """Half of a TCP client: sends a SYN, takes note of the answer."""

    def __init__(self, w, port=22):
        self.w, self.port = w, port
        w.listen("tcp", port)
        self.open = []

    def connect(self, src):
        """True if it was let in."""
        w, sport = self.w, self.w.port()
        dst = w.first.v6 if ":" in src else w.first.v4
        got = w.probe("eth0", frames.packet(src, dst,
                                            frames.tcp(self.port, sport)))
        if got.verdict != "delivered":
            return False
        assert got.kinds == ["syn-ack"], got
        ack = got.replies[0].seq + 1
        self.send(src, dst, sport, "A", ack)
        self.open.append((src, dst, sport, ack))
        return True

    def send(self, src, dst, sport, flags, ack):
        got = self.w.probe("eth0", frames.packet(src, dst, frames.tcp(
            self.port, sport, flags, seq=2, ack=ack)))
        assert got.delivered, "established: " + flags

    def reset(self):
        """Ends the oldest connection."""
        src, dst, sport, ack = self.open.pop(0)
        self.send(src, dst, sport, "RA", ack)

    def in_place_of_one(self, src):
        """One more gets in, as soon as the kernel has counted anew, which
        it does once a tick; and only one."""
        end = time.monotonic() + 20
        while not self.connect(src):
            assert time.monotonic() < end, src + ": nobody gets in any more"
        self.count(src, 3, 0)

    def nobody(self, src):
        """Nobody gets in, however often the kernel counts."""
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            self.count(src, 1, 0)

    def count(self, src, times, wanted):
        got = sum(self.connect(src) for _ in range(times))
        assert got == wanted, "%s: %d of %d, wanted %d" % (src, got, times,
                                                           wanted)


@families
def test_connections(family):
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nconnections = 3\n")
        c = Connections(w)
        c.count(A[family], 2, 2)
        c.count(B[family], 3, 1)
        c.count(A[10 - family], 1, 0)
        c.reset()
        c.in_place_of_one(B[family])


@families
def test_connections_per_source(family):
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nconnections = 2 per source\n")
        c = Connections(w)
        c.count(A[family], 4, 2)
        c.count(B[family], 4, 2)
        c.reset()
        c.count(B[family], 1, 0)
        c.in_place_of_one(A[family])


def test_connections_per_source_are_by_64():
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nconnections = 2 per source\n")
        c = Connections(w)
        c.count(A[6], 1, 1)
        c.count(NEIGHBOUR_64, 3, 1)
        c.count("2001:db8:a:1::1", 3, 2)


@families
def test_more_connected_sources_than_remembered(family):
    """65,535 of them; later ones share 16 times the number."""
    def source(n):
        return "10.%d.%d.%d" % (n >> 16, n >> 8 & 255, n & 255) \
            if family == 4 else "2001:db8:%x:%x::7" % (n >> 16, n & 0xffff)

    with world() as w:
        w.host.sysctl(ipv4__tcp_syncookies=2)   # no queue, whatever comes
        w.apply("[allow a]\ntcp = 22\nconnections = 1 per source\n")
        w.listen("tcp", 22)

        def sweep(first, number, sport):
            return len(w.sweep([("eth0", frames.packet(
                source(n), w.first.to(family), frames.tcp(22, sport)))
                for n in range(first, first + number)], swallow=False))
        assert sweep(0, 65535, 999) == 65535
        assert sweep(65536, 300, 999) == 16
        assert sweep(66000, 50, 999) == 0
        assert sweep(0, 300, 998) == 0


@cases(("whole section", ""), ("per source", " per source"))
def test_connections_outlive_apply(how):
    policy = "[allow a]\ntcp = 22\nconnections = 3%s\n" % how
    with world() as w:
        w.apply(policy)
        c = Connections(w)
        c.count(A[4], 2, 2)
        w.apply(policy)
        c.count(A[4], 3, 1)
        w.apply(policy + "[allow b]\nudp = 9\n")
        c.count(A[4], 2, 0)
        c.reset()
        c.in_place_of_one(A[4])


@families
def test_connections_before_rate(family):
    """What connections turn away is not charged to rate."""
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nconnections = 2\nrate = 3/hour\n")
        c = Connections(w)
        c.count(A[family], 6, 2)
        c.reset()
        c.in_place_of_one(A[family])
        c.reset()
        c.reset()
        c.nobody(A[family])


@families
def test_connections_and_rate_per_source(family):
    with world() as w:
        w.apply("[allow a]\ntcp = 22\nconnections = 2 per source\n"
                "rate = 3/hour per source\n")
        c = Connections(w)
        c.count(A[family], 4, 2)
        c.count(B[family], 4, 2)
        c.reset()
        c.in_place_of_one(A[family])
        c.reset()
        c.nobody(A[family])


@families
def test_ping_rate(family):
    """One for the whole host."""
    with world() as w:
        w.apply("[policy]\nping = 3/hour\n[allow a]\nping = yes\n"
                "from = %s\n" % A[family])
        count(w, "ping from " + B[family], 2, 2)
        count(w, "ping from %s" % SOURCE[family], 3, 1)
        count(w, "ping from " + A[family], 5, 5)


def test_refusals_are_limited():
    """About 100 a second, beyond that silence; never more, and some always."""
    with world() as w:
        w.apply("[policy]\ndefault = reject\n[allow a]\ntcp = 22\n")
        begun = time.monotonic()
        for _ in range(600):
            w.inject("eth0", frames.packet(SOURCE[4], w.first.v4, frames.tcp(
                23, w.port())))
        replies = w.settle()
        seconds = time.monotonic() - begun
        assert 100 <= len(replies) <= 101 + 100 * seconds, len(replies)
        if seconds < 4:
            assert len(replies) < 600
