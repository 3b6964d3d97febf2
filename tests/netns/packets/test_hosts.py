# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kind of host needs beside ports: groups, limits, what comes later."""

from lib import frames
from lib.frames import packet
from lib.runner import families
from packets.lines import hold, send, world
from packets.test_containers import connects
from packets.test_many import trust_options
from packets.test_policies import apply_file, shipped, uncommented

NEAR = {4: "192.168.1.9", 6: "fe80::9"}
ANYONE = {4: "203.0.113.99", 6: "2001:db8:ffff::99"}
SSDP = {4: "239.255.255.250", 6: "ff02::c"}
MDNS = {4: "224.0.0.251", 6: "ff02::fb"}


@families
def test_desktop_discovery(family):
    """mDNS and SSDP to their groups, at home and from near alone."""
    with world("eth0", "wlan0") as w:
        for link in w.links:
            w.join(SSDP[family], link)
        apply_file(w, "desktop")
        near, far = NEAR[family], ANYONE[family]
        for port, group, other in ((5353, MDNS, SSDP), (1900, SSDP, MDNS)):
            said = "udp %d to %s from %%s on %%s" % (port, group[family])
            hold(w, "open " + said % (near, "eth0"),
                 "closed " + said % (far, "eth0"),
                 "closed " + said % (near, "wlan0"),
                 "closed udp %d to %s from %s" % (port, other[family], near),
                 "open udp %d from %s" % (port, near))
        hold(w, "closed udp 1716 to %s from %s" % (MDNS[family], near),
             "closed udp 631 to %s from %s" % (MDNS[family], near))


def test_desktop_broadcast():
    """KDE Connect looks for phones with it; NetBIOS and mDNS do not."""
    with world("eth0", "wlan0") as w:
        apply_file(w, "desktop")
        hold(w, "open udp 1716 to broadcast from 192.168.1.9",
             "open udp 1716 to 255.255.255.255 from 192.168.1.9",
             "closed udp 1716 to broadcast from 203.0.113.9",
             "closed udp 1716 to broadcast from 192.168.1.9 on wlan0",
             *("closed udp %d to broadcast from 192.168.1.9" % port
               for port in (137, 138, 631, 1713, 1765, 1900, 5353)))


@families
def test_desktop_search_answers(family):
    """What stands there in comments: answers to a search, from near."""
    with world("eth0", "wlan0") as w:
        apply_file(w, "desktop")
        hold(w, "closed udp 40000 from " + NEAR[family])
        w.portwall("apply", w.file("all.ini", uncommented("desktop")),
                   *trust_options())
        hold(w, "open udp 40000 from " + NEAR[family],
             "closed udp 40000 from " + ANYONE[family],
             "closed udp 40000 from %s on wlan0" % NEAR[family])


def test_cloud_image_gets_its_address():
    """Answers of DHCP servers, and nothing else that is UDP."""
    with world() as w:
        apply_file(w, "cloud-image")
        link = w.first
        for sport, dport, wanted in ((67, 68, "delivered"), (67, 69, "silent"),
                                     (68, 68, "silent")):
            for to in (link.v4, link.broadcast4, "255.255.255.255"):
                got = w.verdict("eth0", packet("10.99.0.1", to, frames.udp(
                    dport, sport)))
                assert got == wanted, (sport, dport, to, got)
        for src, sport, wanted in (("fe80::9", 547, "delivered"),
                                   ("fe80::9", 548, "silent"),
                                   ("2001:db8::9", 547, "silent")):
            got = w.verdict("eth0", packet(src, link.local6, frames.udp(
                546, sport)))
            assert got == wanted, (src, sport, got)


def test_cloud_image_ping():
    with world() as w:
        apply_file(w, "cloud-image")
        for family, management in ((4, "198.51.100.7"), (6, "2001:db8:a::7")):
            hold(w, "open ping from " + management,
                 "closed ping from " + ANYONE[family])


def test_vpn_tunnel_comes_later():
    """wg0 is there after the boot, and again after it was made anew."""
    with world("eth0") as w:
        apply_file(w, "vpn-gateway")
        hold(w, "open udp 51820", "closed tcp 22", "closed tcp 53")
        for _ in range(2):
            peer = w.peer("wg0")
            for port in (22, 53):
                listener = w.listen("tcp", port)
                for family, to in ((4, "10.88.0.1"), (6, "fd88::1")):
                    assert connects(peer, family, to, port, w)
                assert not connects(peer, 4, "10.88.0.1", 8080, w)
                listener.close()
            hold(w, "closed tcp 22", "closed udp 53")
            w.host.ip("link delete wg0")


def test_vpn_by_ipsec():
    """What stands there in comments."""
    with world() as w:
        apply_file(w, "vpn-gateway")
        hold(w, "closed esp", "closed udp 500", "closed udp 4500")
        w.portwall("apply", w.file("all.ini", uncommented("vpn-gateway")),
                   *trust_options())
        hold(w, "open esp", "open udp 500", "open udp 4500", "closed gre",
             "closed tcp 500", "closed tcp 22")


@families
def test_bastion_limits(family):
    """Ten in a row from one source, as many as they like from management."""
    with world() as w:
        w.listen("tcp", 22)
        apply_file(w, "bastion")
        management = {4: "198.51.100.9", 6: "2001:db8:a::9"}[family]
        line = "tcp 22 from "
        kinds = [send(w, line + ANYONE[family]).kinds for _ in range(12)]
        assert kinds == [["syn-ack"]] * 10 + [[]] * 2, kinds
        for _ in range(25):
            assert send(w, line + management).kinds == ["syn-ack"]
        other = {4: "203.0.113.98", 6: "2001:db8:fffe::98"}[family]
        assert send(w, line + other).kinds == ["syn-ack"], "another source"


def test_bastion_keeps_scanners_out():
    """What stands there in comments: a list, but never management."""
    with world() as w:
        w.file("scanners.txt", "203.0.113.0/24\n2001:db8:ffff::/48\n"
               "198.51.100.0/24\n")
        w.portwall("apply", w.file("all.ini", uncommented("bastion")),
                   *trust_options())
        hold(w, "closed tcp 22 from 203.0.113.9",
             "closed tcp 22 from 2001:db8:ffff::99",
             "open tcp 22 from 198.51.100.9", "open tcp 22 from 192.0.2.9")


def test_watched_host():
    """[allow exporters] alone is the policy of a host that is watched."""
    with world() as w:
        text = shipped("monitoring")
        sections = text.split("\n[allow ")
        watched = [s for s in sections if s.startswith(("exporters", "ssh"))]
        assert len(watched) == 2
        w.portwall("apply", w.file("watched.ini", "\n[allow ".join(
            sections[:1] + watched)), *trust_options())
        hold(w, "open tcp 9100 from 192.0.2.9",
             "open tcp 10050 from 2001:db8:9::9",
             "closed tcp 9100 from 192.168.10.9",
             "closed tcp 9090 from 192.168.10.9",
             "closed tcp 10051 from 192.168.10.9")
