# SPDX-License-Identifier: GPL-2.0-or-later
"""Published ports obey the policy by the port as the sender wrote it."""

import contextlib
import select
import socket

from lib import frames
from lib.frames import packet
from lib.runner import cases, families
from packets import engines
from packets.lines import SOURCE, hold, send, world

REMOTE = {4: "192.0.2.80", 6: "2001:db8:80::80"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
engine_cases = cases(*engines.ENGINES)


@contextlib.contextmanager
def host(engine, bridge_name, links=("eth0", "eth1")):
    """A host with one container that listens; gives world and bridge."""
    b = engines.bridge(bridge_name, 17)
    with world(*links, forward=True) as w:
        inside = w.container("c1", b.name, b.v4, b.v6, b.gw4, b.gw6)
        for port in (80, 443, 6379):
            w.listen("tcp", port, netns=inside)
        w.listen("udp", 53, netns=inside)
        if engine:
            engine(w, b)
        yield w, b


def tables_of_others(w):
    """Text of every table but portwall's own and the observer's."""
    names = [line.split()[1:] for line in
             w.host.run(["nft", "list", "tables"]).stdout.splitlines()]
    return "".join(
        w.host.run(["nft", "-s", "list", "table", *name]).stdout
        for name in names if name[1] not in ("portwall", "pwt_seen"))


def connects(netns, family, address, port, w=None):
    """Whether a TCP connection from a namespace comes about."""
    sock = netns.socket(FAMILY[family], socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect_ex((address, port))
        if w:       # silence is bounded as ever
            w.settle()
            ready = select.select([], [sock], [], 0)[1]
        else:
            ready = select.select([], [sock], [], 20)[1]
        return bool(ready) and not sock.getsockopt(socket.SOL_SOCKET,
                                                   socket.SO_ERROR)
    finally:
        sock.close()


def direct(b, verdict):
    """Lines about a packet routed straight to the container."""
    return ["%s tcp 80 to %s" % (verdict, a) for a in (b.v4, b.v6)] + \
        ["%s udp 53 to %s" % (verdict, a) for a in (b.v4, b.v6)]


PUBLISHED = ("tcp 8080", "tcp 8443", "udp 5300")


@engine_cases
def test_published(engine, name):
    with host(engine, name) as (w, b):
        hold(w, *("forwarded %s on %s" % (what, link) for what in PUBLISHED
                  for link in w.links))
        before = tables_of_others(w)
        w.apply("[allow web]\ntcp = 8080\n")
        for link in w.links:
            hold(w, *(line + " on " + link for line in (
                "forwarded tcp 8080", "closed tcp 8443", "closed udp 5300",
                "closed tcp 80", "closed tcp 443", "closed udp 53",
                "closed tcp 6379", *direct(b, "closed"))))
            for family in (4, 6):
                got = send(w, "tcp 8080 on " + link, family)
                assert got.kinds == ["syn-ack"], got
        assert tables_of_others(w) == before
        w.apply("[allow web]\ntcp = 8443\nudp = 5300\n")
        hold(w, "forwarded tcp 8443", "forwarded udp 5300", "closed tcp 8080")
        w.portwall("clear", "--yes")
        hold(w, "forwarded tcp 8080", "forwarded tcp 8443")
        assert tables_of_others(w) == before


@engine_cases
def test_port_of_the_container_is_not_the_port(engine, name):
    with host(engine, name) as (w, b):
        w.apply("[allow a]\ntcp = 80, 443\nudp = 53\n")
        hold(w, "closed tcp 8080", "closed tcp 8443", "closed udp 5300",
             "open tcp 80", *direct(b, "closed"))


@engine_cases
def test_from_and_on(engine, name):
    with host(engine, name) as (w, _):
        w.apply("[allow a]\ntcp = 8080\nfrom = 203.0.113.0/24, "
                "2001:db8:a::/48\non = eth1\n[allow b]\ntcp = 8443\n"
                "[block c]\nfrom = 192.0.2.0/24\n")
        hold(w, "forwarded tcp 8080 from 203.0.113.1 on eth1",
             "forwarded tcp 8080 from 2001:db8:a::1 on eth1",
             "closed tcp 8080 from 203.0.113.1 on eth0",
             "closed tcp 8080 from 198.51.100.7 on eth1",
             "closed tcp 8080 from 2001:db8:b::1 on eth1",
             "forwarded tcp 8443 on eth0",
             "closed tcp 8443 from 192.0.2.1 on eth0")


@engine_cases
def test_engine_starts_later(engine, name):
    """Nothing has to be applied again."""
    with host(None, name) as (w, b):
        w.apply("[allow a]\ntcp = 8080\n")
        engine(w, b)
        hold(w, "forwarded tcp 8080", "closed tcp 8443", "closed udp 5300",
             *direct(b, "closed"))


@engine_cases
def test_published_on_loopback(engine, name):
    """From the wire it is never reached, though the kernel would route it."""
    with host(engine, name) as (w, _):
        w.host.sysctl(ipv4__conf__all__route_localnet=1)
        hold(w, "forwarded tcp 6379 to 127.0.0.1")
        w.apply("[allow a]\ntcp = all\n")
        hold(w, "closed tcp 6379 to 127.0.0.1", "forwarded tcp 8080")


@engine_cases
def test_ignored(engine, name):
    with host(engine, name) as (w, b):
        w.apply("[policy]\ncontainers = ignore\n[allow a]\ntcp = 22\n")
        hold(w, "forwarded tcp 8080", "forwarded udp 5300", "closed tcp 80",
             "open tcp 22", "closed tcp 23", "closed udp 53 to broadcast",
             "forwarded tcp 80 to " + b.v6)


@engine_cases
def test_reject_of_a_published_port(engine, name):
    with host(engine, name) as (w, _):
        w.apply("[policy]\ndefault = reject\n[allow a]\ntcp = 8080\n")
        hold(w, "refused tcp 8443", "refused udp 5300", "forwarded tcp 8080",
             "refused tcp 9999")


@engine_cases
def test_outward(engine, name):
    """What containers begin is not judged, and its answers come back."""
    with host(engine, name) as (w, _):
        w.apply("[policy]\nclosed = all\nping = no\n")
        inside = w.containers["c1"]
        for family in (4, 6):
            tcp_outward(w, inside, family)
            udp_outward(w, inside, family)


def tcp_outward(w, inside, family):
    sock = inside.socket(FAMILY[family], socket.SOCK_STREAM)
    sock.setblocking(False)
    w.settle()
    sock.connect_ex((REMOTE[family], 80))
    syn = [r for r in w.settle() if r.proto == frames.TCP][0]
    assert syn.dst == REMOTE[family]
    w.inject("eth0", packet(REMOTE[family], syn.src, frames.tcp(
        syn.sport, 80, "SA", seq=9, ack=syn.seq + 1)))
    w.settle()
    assert select.select([], [sock], [], 0)[1]
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    sock.close()


def udp_outward(w, inside, family):
    sock = inside.socket(FAMILY[family], socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.connect((REMOTE[family], 53))
    w.settle()
    sock.send(b"question")
    out = [r for r in w.settle() if r.proto == frames.UDP][0]
    w.inject("eth0", packet(REMOTE[family], out.src, frames.udp(
        out.sport, 53, b"answer")))
    w.settle()
    assert sock.recv(100) == b"answer"
    assert send(w, "udp %d to %s" % (out.sport, out.src)).verdict == "silent"
    sock.close()


@engine_cases
def test_inside_the_host(engine, name):
    """Host to container, to its own published port, and hairpin."""
    with host(engine, name) as (w, b):
        w.apply("[policy]\nclosed = all\n")
        inside = w.containers["c1"]
        for family in (4, 6):
            here = w.first.to(family)
            assert connects(w.host, family, b.to(family), 80), "container"
            assert connects(w.host, family, here, 8080), "published"
            if engine is engines.podman:    # docker leaves it to a proxy
                assert connects(inside, family, here, 8443), "hairpin"


@cases(("docker iptables", engines.docker_iptables),
       ("docker nftables", engines.docker_nft))
def test_hairpin_from_another_bridge(engine):
    """From a bridge of the host published ports are not judged."""
    with host(engine, "docker0") as (w, _):
        c = engines.bridge("br-5f0c", 18)
        inside = w.container("c2", c.name, c.v4, c.v6, c.gw4, c.gw6)
        if engine is engines.docker_iptables:
            for tool in ("iptables", "ip6tables"):
                w.host.run([tool, "-A", "FORWARD", "-i", c.name, "-j",
                            "ACCEPT"])
                w.host.run([tool, "-A", "FORWARD", "-o", c.name, "-j",
                            "ACCEPT"])
        w.apply("[policy]\nclosed = all\n")
        for family in (4, 6):
            assert connects(inside, family, w.first.to(family), 8080)
        hold(w, "closed tcp 8080")


@engine_cases
def test_second_bridge(engine, name):
    """A compose network: published and not, straight and from beside."""
    with host(engine, name) as (w, b):
        c = engines.bridge("br-5f0c11aa22bb", 18)
        inside = w.container("c2", c.name, c.v4, c.v6, c.gw4, c.gw6)
        w.listen("tcp", 80, netns=inside)
        for ip, to in (("ip", c.v4), ("ip6", "[%s]" % c.v6)):
            w.host.nft("""
table %s compose {
	chain pre {
		type nat hook prerouting priority dstnat - 1; policy accept;
		fib daddr type local tcp dport 9000-9001 dnat to %s:80
	}
}""" % (ip, to))
        if engine is engines.docker_iptables:
            for tool in ("iptables", "ip6tables"):
                w.host.run([tool, "-A", "FORWARD", "-o", c.name, "-j",
                            "ACCEPT"])
        w.apply("[allow a]\ntcp = 8080, 9000\n")
        hold(w, "forwarded tcp 9000", "closed tcp 9001", "forwarded tcp 8080",
             "closed tcp 8443", *direct(b, "closed"), *direct(c, "closed"))


@families
def test_container_to_host(family):
    """The host's own ports are judged for containers as for anybody."""
    with host(engines.docker_nft, "docker0") as (w, b):
        inside = w.containers["c1"]
        for port in (53, 3306, 22):
            w.listen("tcp", port)
        w.apply("[allow dns]\ntcp = 53\non = docker0\n[allow ssh]\ntcp = 22\n"
                "from = 198.51.100.0/24, 2001:db8:1::/48\n")
        gateway = b.gw4 if family == 4 else b.gw6
        for address in (gateway, w.first.to(family)):
            assert connects(inside, family, address, 53)
            assert not connects(inside, family, address, 3306, w)
            assert not connects(inside, family, address, 22, w)
        hold(w, "closed tcp 53", "open tcp 22", "closed tcp 3306")


@families
def test_spoofed_from_the_wire(family):
    """Addresses behind the bridge say nothing when they come from outside."""
    with host(engines.docker_nft, "docker0") as (w, b):
        gateway = b.gw4 if family == 4 else b.gw6
        w.host.sysctl(ipv4__conf__all__accept_local=1)
        w.apply("[allow dns]\ntcp = 53\non = docker0\n"
                "[allow a]\ntcp = 22, 8080\n"
                "[allow b]\ntcp = 23\nfrom = %s\n" % gateway)
        hold(w, "open tcp 22", "forwarded tcp 8080",
             "closed tcp 22 from " + gateway,
             "closed tcp 23 from " + gateway,
             "closed tcp 8080 from " + gateway,
             "closed tcp 53 from " + b.to(family),
             "closed tcp 80 from %s to %s" % (gateway, b.to(family)),
             "closed tcp 53 to " + gateway,
             "open tcp 22 to " + gateway,
             "closed tcp 80 to " + b.to(family))


@families
def test_neighbours_behind_a_bridge(family):
    """ARP and neighbour discovery work there under any policy."""
    with host(None, "docker0") as (w, b):
        inside = w.containers["c1"]
        w.listen("tcp", 53)
        w.apply("[policy]\nping = no\n[allow dns]\ntcp = 53\n"
                "on = docker0\n[block rest]\nudp = all\n")
        inside.ip("neighbour flush all nud permanent")
        w.host.ip("neighbour flush all nud permanent dev docker0")
        assert connects(inside, family, b.gw4 if family == 4 else b.gw6, 53)
        assert connects(w.host, family, b.to(family), 80)


def hears(sock, w):
    """What has arrived at a socket by now."""
    w.settle()
    try:
        return sock.recv(100)
    except BlockingIOError:
        return None


def test_broadcast_from_a_bridge():
    """A DHCP server for guests, and nobody else's broadcasts."""
    with host(None, "virbr0") as (w, b):
        servers = {port: w.listen("udp", port) for port in (67, 69)}
        w.apply("[allow dhcpd]\nudp = 67\nto = local, broadcast\n"
                "on = virbr*\n")
        guest = w.containers["c1"].socket(socket.AF_INET, socket.SOCK_DGRAM)
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        guest.setsockopt(socket.SOL_SOCKET, 25, b"eth0\0")  # SO_BINDTODEVICE
        for to in ("255.255.255.255", "172.17.0.255", b.gw4):
            for port, server in servers.items():
                guest.sendto(b"discover", (to, port))
                assert hears(server, w) == (b"discover" if port == 67
                                            else None), (to, port)
        guest.close()
        hold(w, "closed udp 67 to broadcast", "closed udp 67")


@families
def test_icmp_errors_for_containers(family):
    """A router tells a container, and a published one, of its packets."""
    with host(engines.docker_nft, "docker0") as (w, _):
        w.apply("[policy]\nping = no\n[allow a]\ntcp = 8080\n")
        inside = w.containers["c1"]
        sock = inside.socket(FAMILY[family], socket.SOCK_DGRAM)
        w.settle()
        sock.connect((REMOTE[family], 5000))
        sock.send(b"question")
        out = [r for r in w.settle() if r.proto == frames.UDP][0]
        assert errs(w, family, out.src, frames.udp(5000, out.sport)) == \
            "forwarded"
        assert errs(w, family, out.src, frames.udp(5000, out.sport ^ 1)) == \
            "silent"
        sock.close()
        sport, here = w.port(), w.first.to(family)
        got = w.probe("eth0", packet(REMOTE[family], here, frames.tcp(
            8080, sport)))
        assert got.kinds == ["syn-ack"]
        assert errs(w, family, here, frames.tcp(
            sport, 8080, "SA", got.replies[0].seq, 2)) == "forwarded"


def errs(w, family, src, quoted):
    """Verdict on a router's complaint about a packet from @src."""
    about = packet(src, REMOTE[family], quoted)
    make, kind, code = (frames.icmp, 3, 4) if family == 4 else (
        frames.icmp6, 2, 0)
    return w.verdict("eth0", packet("203.0.113.250" if family == 4 else
                                    "2001:db8:fa::1", src, make(
                                        kind, code, b"\0\0\5\0", about)))


def test_direct_routing_in_the_policy():
    """An address behind the bridge is not the host's: no section opens it."""
    with host(engines.docker_nft, "docker0") as (w, b):
        w.apply("[allow a]\ntcp = all\nudp = all\n")
        hold(w, *direct(b, "closed"), "forwarded tcp 8080")


def test_forwarding_elsewhere():
    """Between interfaces that are no bridges nothing is judged."""
    with world("eth0", "eth1", forward=True) as w:
        w.apply("[policy]\nclosed = all\n")
        hold(w, "forwarded tcp 80 to 10.99.1.77",
             "forwarded udp 53 to fd99:1::77",
             "forwarded tcp 80 to 10.99.0.77 on eth1")


def test_other_bridges():
    """bridges names what is a bridge, and nothing else is one."""
    with host(engines.docker_nft, "lan0") as (w, b):
        w.apply("[allow a]\ntcp = 8080\n")
        hold(w, "forwarded tcp 8080", "closed tcp 8443",
             "forwarded tcp 80 to " + b.v6)
        w.apply("[policy]\nbridges = lan*\n[allow a]\ntcp = 8080\n")
        hold(w, "forwarded tcp 8080", "closed tcp 8443", *direct(b, "closed"))


@cases(("at once", False), ("when memory fades", True))
def test_interface_becomes_a_bridge(later):
    """What was judged under the policy before is judged anew."""
    with world("eth0", "eth1") as w:
        w.apply("[policy]\nping = no\n[allow a]\ntcp = 22\n")
        hold(w, "open tcp 22 on eth1", "closed ping on eth1")
        w.apply("[policy]\nping = no\nbridges = eth1\n[allow b]\ntcp = 23\n")
        if later:
            forget(w, "s.own")
        hold(w, "closed ping on eth1", "closed tcp 22 on eth1",
             "closed udp 9 on eth1", "open tcp 23 on eth1")
        w.apply("[policy]\nping = no\n[allow c]\ntcp = 24\n")
        if later:
            forget(w, "s.own")
        hold(w, "closed ping on eth1", "closed tcp 23 on eth1",
             "open tcp 24 on eth1", "open tcp 24 on eth0")


def forget(w, prefix):
    """Empty the sets of that name, as time does."""
    for line in w.host.run(["nft", "list", "sets", "inet"]).stdout.split("\n"):
        words = line.split()
        if words[:1] == ["set"] and words[1].startswith(prefix):
            w.host.nft("flush set inet portwall " + words[1])


# --- kube-proxy ---------------------------------------------------------------

@contextlib.contextmanager
def node():
    """A node with two pods behind cni0; the first serves."""
    b = engines.bridge("cni0", 42)
    other = engines.Bridge("cni0", "172.42.0.3", "fd00:42::3", b.gw4, b.gw6)
    with world("eth0", forward=True) as w:
        pod = w.container("p1", b.name, b.v4, b.v6, b.gw4, b.gw6)
        w.container("p2", b.name, other.v4, other.v6, b.gw4, b.gw6)
        w.listen("tcp", 80, netns=pod)
        w.listen("tcp", engines.API_PORT)
        engines.kube_proxy(w, b, b, w.first)
        yield w


@families
def test_pod_to_service(family):
    """DNAT of an address that is not the host's."""
    with node() as w:
        c = engines.bridge("br-pods", 43)
        w.container("p3", c.name, c.v4, c.v6, c.gw4, c.gw6)
        service = engines.SERVICE[family]
        # Between pods of one bridge only where frames of bridges meet NAT
        able = [pod for pod in w.containers
                if connects(w.containers[pod], family, service, 80, w)]
        assert {"p1", "p3"} <= set(able), able
        w.apply("[policy]\nclosed = all\n")
        for pod in able:
            assert connects(w.containers[pod], family, service, 80), pod


@families
def test_pod_to_a_service_of_the_host(family):
    """It is judged by the host's port, as any arrival from there."""
    with node() as w:
        pod, service = w.containers["p2"], engines.API[family]
        w.apply("[allow a]\ntcp = 443\n")
        assert not connects(pod, family, service, 443, w)
        w.apply("[allow a]\ntcp = %d\non = cni0\n" % engines.API_PORT)
        assert connects(pod, family, service, 443)
        hold(w, "closed tcp %d" % engines.API_PORT)


@families
def test_service_of_the_host_from_the_wire(family):
    with node() as w:
        line = "tcp 443 to " + engines.API[family]
        hold(w, "open " + line)
        w.apply("[allow a]\ntcp = 443\n")
        hold(w, "closed " + line)
        w.apply("[allow a]\ntcp = %d\n" % engines.API_PORT)
        hold(w, "open " + line, "closed tcp 443")


def test_node_port():
    with node() as w:
        port = "tcp %d" % engines.NODE_PORT
        hold(w, "forwarded " + port)
        w.apply("[allow a]\ntcp = 80\n")
        hold(w, "closed " + port)
        w.apply("[allow a]\ntcp = %d\n" % engines.NODE_PORT)
        hold(w, "forwarded " + port)


# --- NAT to the host itself ---------------------------------------------------

REDIRECT = """
table inet redirects {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 80 redirect to :8080
		udp dport 53 redirect to :5353
	}
}
"""


@cases(("before", True), ("after", False))
def test_redirect(before):
    """Judged by the port that was written, whatever it becomes."""
    with world() as w:
        w.listen("tcp", 8080)
        if before:
            w.host.nft(REDIRECT)
        w.apply("[allow a]\ntcp = 80\nudp = 53\n")
        if not before:
            w.host.nft(REDIRECT)
        hold(w, "open tcp 80", "open udp 53", "closed tcp 8080",
             "closed udp 5353")
        for family in (4, 6):
            assert send(w, "tcp 80", family).kinds == ["syn-ack"]
        w.apply("[allow a]\ntcp = 8080\nudp = 5353\n")
        hold(w, "closed tcp 80", "closed udp 53", "open tcp 8080",
             "open udp 5353")


def test_published_connection_lives_on():
    """An established one outlives applies that close its port."""
    with host(engines.docker_nft, "docker0") as (w, _):
        w.apply("[allow a]\ntcp = 8080\n")
        for family in (4, 6):
            sport, here = w.port(), w.first.to(family)
            got = w.probe("eth0", packet(SOURCE[family], here, frames.tcp(
                8080, sport)))
            ack = got.replies[0].seq + 1
            for policy in ("[allow a]\ntcp = 8080\n",
                           "[policy]\nclosed = all\n",
                           "[allow a]\ntcp = 8080\n"):
                w.apply(policy)
                got = w.probe("eth0", packet(SOURCE[family], here, frames.tcp(
                    8080, sport, "A", seq=2, ack=ack)))
                assert got.verdict == "forwarded", policy
