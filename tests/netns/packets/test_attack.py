# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody may try who knows how the rules work."""

import time

from lib import frames
from lib.frames import packet
from lib.runner import cases
from packets.lines import SOURCE, hold, world

OWN_SECONDS = 10    # docs/rules.md: s.own4, s.own6; s.judged4 lives longer

GONE = "10.99.0.50"
TO_THE_HOST = """
table ip service {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr %s dnat to 10.99.0.2
	}
}
""" % GONE


def test_remembered_too_long():
    """What input takes for judged is judged, whatever has changed since."""
    with world("eth0", "eth1", "eth2") as w:
        w.host.nft(TO_THE_HOST)
        w.host.ip("address add %s/32 dev eth0" % GONE)
        w.apply("[policy]\nping = no\n[allow a]\nudp = 53\n")
        hold(w, "open udp 53 on eth1", "open udp 53 on eth2",
             "open udp 53 to " + GONE)
        w.host.ip("address del %s/32 dev eth0" % GONE,
                  "link set eth1 down", "link set eth1 name br-1",
                  "link set br-1 up")
        w.links["br-1"] = w.links.pop("eth1")
        w.links["br-1"].name = "br-1"
        w.host.ip(*("neighbour replace %s lladdr %s nud permanent dev br-1" %
                    (gateway, w.links["br-1"].out_mac.hex(":"))
                    for gateway in (w.links["br-1"].gw4, w.links["br-1"].gw6)))
        w.apply("[policy]\nping = no\nbridges = eth2, br-*\n"
                "[allow a]\nudp = 53\n")
        closed = ["closed %s %s" % (what, where)
                  for what in ("udp 54", "tcp 22", "ping")
                  for where in ("on br-1", "on eth2", "to " + GONE)]
        for wait in (0, OWN_SECONDS + 1):
            time.sleep(wait)
            hold(w, *closed, "open udp 53 on eth2")


@cases("icmp in IPv6", "icmpv6 in IPv4")
def test_control_of_the_other_family(name):
    """ICMP is what its family says: neither pings nor opens anything."""
    with world() as w:
        w.apply("[policy]\ndefault = reject\n[allow a]\nudp = 53\nping = yes\n")
        hold(w, "open ping")
        if name == "icmp in IPv6":
            packets = [packet(SOURCE[6], w.first.v6, frames.icmp(8))]
        else:
            packets = [packet(SOURCE[4], w.first.v4,
                              (frames.ICMPV6, frames.icmp(kind)[1]), ttl=255)
                       for kind in (128, 133, 135, 136)]
        for pkt in packets:
            assert not w.probe("eth0", pkt).delivered


@cases("0.0.0.0", "10.99.0.0", "10.99.0.255", "255.255.255.255", "224.0.0.1",
       "127.0.0.1", "10.99.0.3", "::", "fd99::", "ff02::1", "ff0e::1",
       "fd99::3", "::ffff:198.51.100.7")
def test_never_answered(src):
    """Nobody is there: a refusal would go to others, or to many."""
    with world(forward=True) as w:
        w.apply("[policy]\ndefault = reject\nping = no\n[allow a]\nudp = 53\n")
        hold(w, "refused tcp 77", "refused udp 77", "refused esp")
        to = w.first.to(6 if ":" in src else 4)
        for payload in (frames.tcp(77, 78), frames.udp(77, 78),
                        frames.sctp(77, 78), frames.esp(), frames.ping(to)):
            w.settle()
            w.inject("eth0", packet(src, to, payload))
            got = w.settle()
            assert not got, got
