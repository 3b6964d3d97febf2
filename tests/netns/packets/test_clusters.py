# SPDX-License-Identifier: GPL-2.0-or-later
"""Shipped policies for Kubernetes and libvirt, beside the rules of those."""

import contextlib
import re
import socket

from lib.runner import cases
from packets import clusters, engines
from packets.lines import hold, send, world
from packets.test_containers import (FAMILY, connects, direct, hears,
                                     tcp_outward, udp_outward)
from packets.test_many import trust_options
from packets.test_policies import apply_file, shipped, uncommented

# A pod of another node, as it comes through the tunnel
OTHER_POD = {4: "172.43.0.9", 6: "fd00:43::9"}
WORKER = {4: "192.0.2.130", 6: "2001:db8:11::130"}
CONTROL_PLANE = {4: "192.0.2.10", 6: "2001:db8:10::10"}


@contextlib.contextmanager
def node(proxy):
    """Two pods behind cni0, the first serves; a tunnel to other nodes."""
    b = engines.bridge("cni0", 42)
    beside = engines.Bridge("cni0", "172.42.0.3", "fd00:42::3", b.gw4, b.gw6)
    with world("eth0", "flannel.1", forward=True) as w:
        pod = w.container("p1", b.name, b.v4, b.v6, b.gw4, b.gw6)
        w.container("p2", b.name, beside.v4, beside.v6, b.gw4, b.gw6)
        w.listen("tcp", 80, netns=pod)
        for port in (22, 2379, 10250, 10255, engines.API_PORT):
            w.listen("tcp", port)
        for address in OTHER_POD.values():
            w.host.ip("route add %s dev flannel.1" % address)
        proxy(w, b, b, w.first)
        yield w, b


proxies = cases(*clusters.PROXIES)


@proxies
def test_ports_of_a_node(proxy):
    with node(proxy) as (w, b):
        web = "tcp %d" % engines.NODE_PORT
        hold(w, "forwarded " + web, *direct(b, "forwarded"))
        apply_file(w, "kubernetes-node")
        hold(w, "forwarded " + web, "open tcp 30081", "open udp 32767",
             "closed tcp 80", "closed tcp 10250", "closed tcp 10255",
             *direct(b, "closed"))
        for family in (4, 6):
            assert send(w, web, family).kinds == ["syn-ack"]
            hold(w, "open tcp 10250 from " + CONTROL_PLANE[family],
                 "closed tcp 10250 from " + WORKER[family],
                 "open udp 8472 from " + WORKER[family],
                 "closed udp 8472 from 203.0.113.9")


@proxies
def test_pods_of_other_nodes(proxy):
    """Through a tunnel they reach pods here, but no ports of the node."""
    with node(proxy) as (w, b):
        apply_file(w, "kubernetes-node")
        for family in (4, 6):
            source = " from %s on " % OTHER_POD[family]
            hold(w, "forwarded tcp 80 to %s%sflannel.1" % (b.to(family),
                                                           source),
                 "closed tcp 80 to %s%seth0" % (b.to(family), source),
                 "closed tcp 10250%sflannel.1" % source,
                 "closed tcp 22%sflannel.1" % source)


@proxies
def test_pods_without_a_tunnel(proxy):
    """Routed ones have to be reached: what the policy says of bridges."""
    with node(proxy) as (w, b):
        text = re.sub(r"(?m)^bridges = .*\n +.*$", "bridges = docker0",
                      shipped("kubernetes-node"))
        w.portwall("apply", w.file("routed.ini", text), *trust_options())
        hold(w, *("forwarded tcp 80 to %s from %s" % (b.to(f), OTHER_POD[f])
                  for f in (4, 6)),
             "forwarded tcp %d" % engines.NODE_PORT, "closed tcp 10250")


@proxies
def test_pods_of_a_node(proxy):
    """They reach the service and each other, and nothing of the node."""
    with node(proxy) as (w, b):
        pod = w.containers["p2"]
        reached = {(family, kind) for family in (4, 6)
                   for kind, address, port in targets(w, b, family)
                   if connects(pod, family, address, port, w)}
        # Between pods of one bridge only where frames of bridges meet NAT
        assert {(4, "pod"), (6, "pod"), (4, "kubelet"),
                (6, "kubelet")} <= reached, reached
        apply_file(w, "kubernetes-node")
        after = {(family, kind) for family in (4, 6)
                 for kind, address, port in targets(w, b, family)
                 if connects(pod, family, address, port, w)}
        assert after == reached - {(4, "kubelet"), (6, "kubelet")}, after
        w.portwall("apply", w.file("all.ini", uncommented("kubernetes-node")),
                   *trust_options())
        for family in (4, 6):
            here = w.first.to(family)
            assert connects(pod, family, here, 10250), "metrics-server"
            assert not connects(pod, family, here, 22, w)
            hold(w, "open tcp 10250 from " + WORKER[family],
                 "closed tcp 10250", "open tcp 443")


def targets(w, b, family):
    yield "pod", b.to(family), 80
    yield "service", engines.SERVICE[family], 80
    yield "node port", w.first.to(family), engines.NODE_PORT
    yield "kubelet", w.first.to(family), 10250


@proxies
def test_pods_of_a_control_plane(proxy):
    """The API server by its service; neither etcd nor kubelet nor SSH."""
    with node(proxy) as (w, _):
        apply_file(w, "kubernetes-control-plane")
        pod = w.containers["p2"]
        for family in (4, 6):
            assert connects(pod, family, engines.API[family], 443)
            for port in (2379, 10250, 22):
                assert not connects(pod, family, w.first.to(family), port, w)
            hold(w, "open tcp 2379 from " + CONTROL_PLANE[family],
                 "closed tcp 2379 from " + WORKER[family])
        hold(w, "open tcp 6443", "closed tcp 2379", "closed tcp 10250")


def test_calico_in_the_control_plane():
    """What stands there in comments: BGP and IP in IP, from nodes alone."""
    with world() as w:
        w.portwall("apply", w.file("all.ini",
                                   uncommented("kubernetes-control-plane")),
                   *trust_options())
        for family in (4, 6):
            hold(w, "open proto 4 from " + WORKER[family],
                 "open tcp 179 from " + WORKER[family])
        hold(w, "closed proto 4", "closed tcp 179")


# --- libvirt ------------------------------------------------------------------

@contextlib.contextmanager
def hypervisor(libvirt):
    """A host with one guest of a NAT network."""
    b = engines.bridge("virbr0", 122)
    with world(forward=True) as w:
        guest = w.container("g1", b.name, b.v4, b.v6, b.gw4, b.gw6)
        w.listen("tcp", 22, netns=guest)
        libvirt(w, b)
        yield w, b, guest


libvirts = cases(*clusters.LIBVIRTS)


@libvirts
def test_dhcp_for_guests(libvirt):
    """To all in the network and to the group; libvirt alone cannot open it."""
    with hypervisor(libvirt) as (w, _, guest):
        servers = {port: w.listen("udp", port) for port in (67, 69, 547)}
        w.join("ff02::1:2", "virbr0")
        w.apply("[allow ssh]\ntcp = 22\n")
        assert not asks(w, guest, servers[67], "255.255.255.255", 67)
        apply_file(w, "libvirt-host")
        for to, port in (("255.255.255.255", 67), ("172.122.0.255", 67),
                         ("172.122.0.1", 67), ("ff02::1:2", 547),
                         ("fd00:122::1", 547)):
            assert asks(w, guest, servers[port], to, port), (to, port)
        assert not asks(w, guest, servers[69], "255.255.255.255", 69)
        assert not asks(w, guest, servers[69], "172.122.0.1", 69)
        hold(w, "closed udp 67 to broadcast", "closed udp 67",
             "closed udp 547")


def asks(w, guest, server, to, port):
    """Whether a datagram of the guest gets to a server of the host."""
    family = 6 if ":" in to else 4
    sock = guest.socket(FAMILY[family], socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, 25, b"eth0\0")   # SO_BINDTODEVICE
    sock.sendto(b"discover", (to, port))
    heard = hears(server, w)
    sock.close()
    return heard == b"discover"


@libvirts
def test_guests_and_the_host(libvirt):
    """Names for guests; no SSH, console, or libvirt itself."""
    with hypervisor(libvirt) as (w, b, guest):
        for port in (53, 22, 5900, 16509, 16514):
            w.listen("tcp", port)
        for family in (4, 6):
            assert connects(guest, family, w.first.to(family), 5900)
        apply_file(w, "libvirt-host")
        for family, gateway in ((4, b.gw4), (6, b.gw6)):
            assert connects(guest, family, gateway, 53)
            for port in (22, 5900, 16509, 16514):
                assert not connects(guest, family, gateway, port, w), port
                assert not connects(guest, family, w.first.to(family), port,
                                    w), port
            tcp_outward(w, guest, family)
            udp_outward(w, guest, family)


@libvirts
def test_forwarded_to_a_guest(libvirt):
    """By a hook; obeys the policy by its number on the host."""
    with hypervisor(libvirt) as (w, b, _):
        clusters.forward_port(w, b, 8022, 22)
        if libvirt is clusters.libvirt_iptables:
            for tool in ("iptables", "ip6tables"):
                w.host.run([tool, "-I", "FORWARD", "-o", b.name, "-j",
                            "ACCEPT"])
        else:
            for ip in ("ip", "ip6"):
                w.host.nft("insert rule %s libvirt_network guest_input "
                           "ct status dnat accept" % ip)
        hold(w, "forwarded tcp 8022")
        apply_file(w, "libvirt-host")
        hold(w, "closed tcp 8022", "closed tcp 22 from 203.0.113.9",
             "closed tcp 22 to " + b.v4, "closed tcp 22 to " + b.v6)
        w.portwall("apply", w.file("more.ini", shipped("libvirt-host") +
                                   "[allow guest]\ntcp = 8022\n"),
                   *trust_options())
        hold(w, "forwarded tcp 8022", "closed tcp 22 to " + b.v6)
